// What has to be known before a connection begins: names for the bar, and whether the console can open the endpoint at all.
import { errorText, isApiError } from "../cloud/api-error.ts";
import { deviceName, fetchDevice } from "../devices/device.ts";
import { fetchEndpoint, isOpenable } from "../remote-access/endpoint.ts";

export interface Names {
  readonly device: string;
  readonly endpoint: string;
  readonly protocol: string;
}

export type Preparation =
  | { readonly names: Names; readonly problem?: undefined }
  | { readonly names?: Names; readonly problem: string };

/** Reads the names for the bar, and whether the console can open the endpoint at all. */
export async function prepare(deviceId: string, configurationId: string, signal: AbortSignal): Promise<Preparation> {
  try {
    const [device, endpoint] = await Promise.all([
      readDeviceName(deviceId, signal),
      fetchEndpoint(deviceId, configurationId, signal),
    ]);
    const names = { device, endpoint: endpoint.name, protocol: endpoint.protocol };
    if (isOpenable(endpoint.protocol)) return { names };
    return { names, problem: "This endpoint has no screen and no terminal: it needs a native client." };
  } catch (error) {
    return { problem: problemText(error) };
  }
}

/** A person may connect without being allowed to read the inventory: the bar then has to do with the id. */
async function readDeviceName(deviceId: string, signal: AbortSignal): Promise<string> {
  try {
    return deviceName(await fetchDevice(deviceId, signal));
  } catch (error) {
    if (isApiError(error, "api.forbidden")) return `Device ${deviceId}`;
    throw error;
  }
}

/** Why the cloud refused the websocket: a browser does not say, but the same question over HTTP gets an answer. */
export async function findRefusal(deviceId: string, configurationId: string): Promise<string> {
  const outcome = await prepare(deviceId, configurationId, AbortSignal.timeout(15_000));
  return outcome.problem ?? "The cloud did not accept the connection. Try again in a moment.";
}

function problemText(error: unknown): string {
  if (isApiError(error, "api.not-found")) return "This endpoint does not exist, or not any more.";
  if (isApiError(error, "api.unreachable")) return "The cloud does not answer.";
  return errorText(error);
}
