// The sessions that are live at this moment, as the cloud lists them for an administrator of remote access.
import { getJson, remove } from "../cloud/api-client.ts";

export interface LiveSession {
  readonly id: string;
  readonly deviceId: string;
  readonly endpointId: string;
  readonly endpointName: string;
  readonly protocol: string;
  readonly userName: string;
  readonly clientAddress: string;
  readonly state: "opening" | "open" | "closing";
  readonly requestedTime: string;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

const path = "/service/remoteaccess/sessions";

export async function fetchSessions(signal: AbortSignal): Promise<readonly LiveSession[]> {
  return (await getJson<{ readonly sessions: readonly LiveSession[] }>(path, signal)).sessions;
}

export function endSession(id: string): Promise<void> {
  return remove(`${path}/${encodeURIComponent(id)}`);
}
