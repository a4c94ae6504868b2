// Measurements put together by what was measured.

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
