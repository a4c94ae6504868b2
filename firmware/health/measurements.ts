// What the cloud is told of one look at the board: a temperature, and one measurement with all other values. Pure.
import type { MeasuredValue } from "#protocol/smartrest/parse-data.ts";
import { createMeasurement, measureTemperature } from "#protocol/smartrest/upstream-data.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import { isoTime } from "../log.ts";
import { diskUsedPercent, type HealthSample, memoryUsedPercent } from "./sample.ts";

/** Type of the measurement; its fragments say what was measured. */
export const measurementType = "postern_Health";
/** Uplinks told of: a board has three or four. */
const uplinksMax = 8;

/** While the clock is known to be wrong the server's time counts, which is that of the arrival. */
export function measurementMessages(sample: HealthSample): readonly OutgoingMessage[] {
  const time = sample.isClockSynchronised === false ? undefined : isoTime(sample.atMs);
  const timed = time === undefined ? {} : { time };
  const values = valuesOf(sample);
  const texts = [
    ...(sample.celsius === undefined ? [] : [measureTemperature(sample.celsius, time)]),
    ...(values.length === 0 ? [] : [createMeasurement({ type: measurementType, values, ...timed })]),
  ];
  return texts.map((text) => ({ text, isRepeatable: true, isKept: true }));
}

function valuesOf({ system, uplinks }: HealthSample): readonly MeasuredValue[] {
  const values: [fragment: string, series: string, value: number | undefined, unit: string][] = [
    ["postern_Load", "load1", system?.load1, ""],
    ["postern_Memory", "used", memoryUsedPercent(system), "%"],
    ["postern_Disk", "used", diskUsedPercent(system), "%"],
    // A series for each uplink: 1 where what is sent to the cloud leaves through it.
    ...uplinks
      .filter(({ name }) => /^[A-Za-z0-9_.:-]{1,64}$/.test(name))
      .slice(0, uplinksMax)
      .map(({ name, isDefault }): [string, string, number, string] => ["postern_Uplink", name, isDefault ? 1 : 0, ""]),
  ];
  return values.flatMap(([fragment, series, value, unit]) =>
    value === undefined ? [] : [{ fragment, series, value, unit }],
  );
}
