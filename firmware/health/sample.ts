// What is looked at each time, and what of it is a reason for an alarm. Pure.
import type { SystemFacts } from "#hardware/ports.ts";
import type { HealthSettings } from "../config/gateway-config.ts";
import { type Alarm, alarmTypes } from "./alarms.ts";

/** One look at the board. What could not be read or is not there is undefined. */
export interface HealthSample {
  /** Wall clock, in ms since the Unix epoch. */
  readonly atMs: number;
  readonly uptimeMs: number;
  readonly celsius: number | undefined;
  readonly system: SystemFacts | undefined;
  /** What prevents the state from being stored, in words; undefined where it can be, or was not tried this time. */
  readonly storageProblem: string | undefined;
  readonly isStorageTried: boolean;
  readonly isClockSynchronised: boolean | undefined;
  readonly uplinks: readonly { readonly name: string; readonly isDefault: boolean }[];
}

export interface HealthLimits extends HealthSettings {
  /** CPU temperature from which no new tunnel is opened. */
  readonly hotCelsius: number;
}

/** What is above a limit is over only once it is this much below it again. */
export const hotMarginCelsius = 5;
export const fullMarginPercent = 5;
/** After its start a board is given this long to find the time. */
export const clockPatienceMs = 15 * 60_000;

/** Whether a value is over its limit, given whether it was before; undefined values change nothing. */
export function isOver(value: number | undefined, limit: number, margin: number, was: boolean): boolean {
  if (value === undefined) return was;
  return was ? value > limit - margin : value >= limit;
}

/** One of the gateway's own alarms and whether there is a reason for it; `has` undefined: not known, as it was. */
export interface Finding {
  readonly alarm: Alarm;
  readonly has: boolean | undefined;
}

/** `isActive`: of the alarm of this type until now. */
export function findings(
  sample: HealthSample,
  limits: HealthLimits,
  isActive: (alarmType: string) => boolean,
): readonly Finding[] {
  const over = (alarmType: string, value: number | undefined, limit: number, margin: number) =>
    value === undefined ? undefined : isOver(value, limit, margin, isActive(alarmType));
  const { hot, diskFull, memoryLow, storageFailing, clockNotSynchronised } = alarmTypes;
  const disk = diskUsedPercent(sample.system);
  const memory = memoryUsedPercent(sample.system);
  const { isClockSynchronised } = sample;
  return [
    finding(hot, "MAJOR", over(hot, sample.celsius, limits.hotCelsius, hotMarginCelsius), {
      text: `The CPU has ${round(sample.celsius)} degrees Celsius: from ${limits.hotCelsius} on no new tunnel is opened`,
    }),
    finding(diskFull, "MAJOR", over(diskFull, disk, limits.diskFullPercent, fullMarginPercent), {
      text: `The disk with the gateway's state is ${round(disk)} % full`,
    }),
    finding(memoryLow, "MINOR", over(memoryLow, memory, limits.memoryFullPercent, fullMarginPercent), {
      text: `${round(memory)} % of the memory is in use`,
    }),
    finding(storageFailing, "CRITICAL", sample.isStorageTried ? sample.storageProblem !== undefined : undefined, {
      text: `The gateway's state cannot be stored: ${sample.storageProblem}`,
    }),
    finding(
      clockNotSynchronised,
      "WARNING",
      // At the start it is no news that the time is not known yet.
      isClockSynchronised === false && sample.uptimeMs < clockPatienceMs
        ? undefined
        : isClockSynchronised === undefined
          ? undefined
          : !isClockSynchronised,
      { text: "The system does not know the time: no time server was reached" },
    ),
  ];
}

export function diskUsedPercent(system: SystemFacts | undefined): number | undefined {
  return system && usedPercent(system.diskTotalBytes, system.diskFreeBytes);
}

export function memoryUsedPercent(system: SystemFacts | undefined): number | undefined {
  return system && usedPercent(system.memoryTotalBytes, system.memoryAvailableBytes);
}

function usedPercent(total: number, free: number): number | undefined {
  return total > 0 ? (100 * (total - free)) / total : undefined;
}

function finding(
  alarmType: string,
  severity: Alarm["severity"],
  has: boolean | undefined,
  { text }: { readonly text: string },
): Finding {
  return { alarm: { alarmType, severity, text }, has };
}

function round(value: number | undefined): string {
  return value === undefined ? "?" : String(Math.round(value * 10) / 10);
}
