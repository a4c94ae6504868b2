// What a gateway measured, as the cloud gives it.
import { getJson } from "../cloud/api-client.ts";
import { type Measurement, type Series, seriesOf } from "./series.ts";

/** Newest measurements that are read: two hours or so of a gateway that measures once a minute. */
const measurementsMax = 300;

export async function fetchSeries(deviceId: string, signal: AbortSignal): Promise<readonly Series[]> {
  const answer = await getJson<{ readonly measurements: readonly Measurement[] }>(
    `/measurement/measurements?source=${encodeURIComponent(deviceId)}&pageSize=${measurementsMax}&revert=true`,
    signal,
  );
  return seriesOf([...answer.measurements].reverse());
}
