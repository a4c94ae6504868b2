// The alarms of a gateway as the cloud gives them.
import { getJson, putJson } from "../cloud/api-client.ts";

export interface Alarm {
  readonly id: string;
  readonly type: string;
  readonly text: string;
  readonly severity: string;
  readonly status: string;
  /** How often it was raised. */
  readonly count: number;
  readonly time: string;
  readonly firstOccurrenceTime: string;
}

/** Alarms shown; older ones stay in the cloud. */
export const alarmsMax = 100;

export async function fetchAlarms(
  deviceId: string,
  withCleared: boolean,
  signal: AbortSignal,
): Promise<readonly Alarm[]> {
  const status = withCleared ? "" : "&status=ACTIVE,ACKNOWLEDGED";
  const answer = await getJson<{ readonly alarms: readonly Alarm[] }>(
    `/alarm/alarms?source=${encodeURIComponent(deviceId)}&pageSize=${alarmsMax}${status}`,
    signal,
  );
  // What stands comes before what is over, the worst first, and of these the newest first, as they came.
  return [...answer.alarms].sort((one, other) => rank(one) - rank(other));
}

export async function setAlarmStatus(alarmId: string, status: "ACKNOWLEDGED" | "CLEARED"): Promise<void> {
  await putJson(`/alarm/alarms/${encodeURIComponent(alarmId)}`, { status });
}

const severities = ["CRITICAL", "MAJOR", "MINOR", "WARNING"];

function rank({ severity, status }: Alarm): number {
  const place = severities.indexOf(severity);
  return (status === "CLEARED" ? severities.length + 1 : 0) + (place < 0 ? severities.length : place);
}
