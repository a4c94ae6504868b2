// The board's health for the status of the gateway.
import type { Alarm } from "./alarms.ts";
import type { HealthSnapshot } from "./health.machine.ts";
import { diskUsedPercent, memoryUsedPercent } from "./sample.ts";

export interface HealthStatus {
  /** Of the last look, in ms since the Unix epoch; what could not be read is left out. */
  readonly atMs?: number;
  readonly celsius?: number;
  readonly load1?: number;
  readonly memoryUsedPercent?: number;
  readonly diskUsedPercent?: number;
  readonly uptimeS?: number;
  readonly isClockSynchronised?: boolean;
  /** Too hot to open another tunnel. */
  readonly isHot: boolean;
  /** Active ones. */
  readonly alarms: readonly Alarm[];
}

/** Undefined: the part does not run. */
export function healthStatus(snapshot: HealthSnapshot | undefined): HealthStatus {
  if (snapshot === undefined) return { isHot: false, alarms: [] };
  const { sample, isHot, alarms } = snapshot.context.health;
  return {
    ...present({
      atMs: sample?.atMs,
      celsius: sample?.celsius,
      load1: sample?.system?.load1,
      memoryUsedPercent: memoryUsedPercent(sample?.system),
      diskUsedPercent: diskUsedPercent(sample?.system),
      uptimeS: sample?.system?.uptimeS,
      isClockSynchronised: sample?.isClockSynchronised,
    }),
    isHot,
    alarms: Object.values(alarms),
  };
}

/** Without what is undefined. */
function present<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
