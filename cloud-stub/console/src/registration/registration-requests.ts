// Requests to register a gateway, as the cloud keeps them.
import { getJson, postJson, putJson, remove } from "../cloud/api-client.ts";

const base = "/devicecontrol/newDeviceRequests";

export interface RegistrationRequest {
  readonly id: string;
  readonly status: string;
  readonly creationTime?: string;
}

export async function fetchRegistrationRequests(signal: AbortSignal): Promise<readonly RegistrationRequest[]> {
  const answer = await getJson<{ readonly newDeviceRequests: readonly RegistrationRequest[] }>(
    `${base}?pageSize=200`,
    signal,
  );
  return answer.newDeviceRequests;
}

export function requestRegistration(deviceId: string): Promise<unknown> {
  return postJson(base, { id: deviceId });
}

export function acceptRegistration(deviceId: string): Promise<unknown> {
  return putJson(`${base}/${encodeURIComponent(deviceId)}`, { status: "ACCEPTED" });
}

export function removeRegistration(deviceId: string): Promise<void> {
  return remove(`${base}/${encodeURIComponent(deviceId)}`);
}
