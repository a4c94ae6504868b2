// What a gateway measured, as the cloud gives it, put together by what was measured.
import { getJson } from "../cloud/api-client.ts";

/** A measurement: its fragments hold series of `{value, unit}`. */
export type Measurement = Readonly<Record<string, unknown>> & { readonly time: string };

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** One thing that is measured again and again. */
export interface Series {
  /** `<fragment>.<series>` */
  readonly key: string;
  readonly fragment: string;
  readonly name: string;
  readonly unit: string;
  /** Oldest first, at least one. */
  readonly points: readonly Point[];
}

/** Newest measurements that are read: two hours or so of a gateway that measures once a minute. */
const measurementsMax = 300;

export async function fetchSeries(deviceId: string, signal: AbortSignal): Promise<readonly Series[]> {
  const answer = await getJson<{ readonly measurements: readonly Measurement[] }>(
    `/measurement/measurements?source=${encodeURIComponent(deviceId)}&pageSize=${measurementsMax}&revert=true`,
    signal,
  );
  return seriesOf([...answer.measurements].reverse());
}

/** `measurements`: oldest first. What has no number in it is left out. */
export function seriesOf(measurements: readonly Measurement[]): readonly Series[] {
  const all = new Map<string, { fragment: string; name: string; unit: string; points: Point[] }>();
  for (const measurement of measurements) {
    const atMs = Date.parse(measurement.time);
    for (const [fragment, value] of Object.entries(measurement)) {
      for (const { name, number, unit } of numbersOf(value)) {
        const key = `${fragment}.${name}`;
        const known = all.get(key) ?? { fragment, name, unit, points: [] };
        known.unit = unit;
        known.points.push({ atMs, value: number });
        all.set(key, known);
      }
    }
  }
  return [...all].map(([key, series]) => ({ key, ...series }));
}

function numbersOf(
  fragment: unknown,
): readonly { readonly name: string; readonly number: number; readonly unit: string }[] {
  if (typeof fragment !== "object" || fragment === null) return [];
  return Object.entries(fragment).flatMap(([name, series]) => {
    if (typeof series !== "object" || series === null || typeof series.value !== "number") return [];
    return [{ name, number: series.value, unit: typeof series.unit === "string" ? series.unit : "" }];
  });
}
