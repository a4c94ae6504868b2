// What the health machine knows, and how each look and each word of another part changes it. Pure.
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import { isoTime, type LogEntry } from "../log.ts";
import { type Alarm, type Alarms, alarmMessages, alarmsMax, alarmTypes, withAlarm, withoutAlarm } from "./alarms.ts";
import { measurementMessages } from "./measurements.ts";
import { findings, type HealthLimits, type HealthSample, hotMarginCelsius, isOver } from "./sample.ts";

export interface HealthState {
  readonly limits: HealthLimits;
  /** Whether there is a cloud that may be told. */
  readonly isStarted: boolean;
  readonly alarms: Alarms;
  /** The alarms that the cloud knows of. */
  readonly told: Alarms;
  /** Those that were cleared in this run and are not back: a cloud that has not heard of it is told again. */
  readonly gone: Alarms;
  /** Types remembered from the run before that nobody has spoken of in this one. */
  readonly unconfirmed: readonly string[];
  readonly isHot: boolean;
  readonly sample: HealthSample | undefined;
  /** Looks so far. */
  readonly looks: number;
}

export type HealthEffect =
  | { readonly kind: "publish"; readonly message: OutgoingMessage }
  | { readonly kind: "store"; readonly alarms: Alarms }
  | { readonly kind: "log"; readonly entry: LogEntry }
  | { readonly kind: "temperature"; readonly isHot: boolean; readonly celsius: number };

export interface HealthStep {
  readonly state: HealthState;
  readonly effects: readonly HealthEffect[];
}

/** The board is looked at this often, whatever the interval of the measurements: a tunnel must not open when it is hot. */
export const lookEveryMs = 60_000;
/** A part that was the reason for an alarm before a restart has spoken again by then, or the reason is gone. */
export const settleMs = 15 * 60_000;
/** Whether the state can be stored is tried this often, and at each look while it cannot: flash wears. */
export const storageTryEveryMs = 3_600_000;

export function initialHealth(limits: HealthLimits): HealthState {
  return {
    limits,
    isStarted: false,
    alarms: {},
    told: {},
    gone: {},
    unconfirmed: [],
    isHot: false,
    sample: undefined,
    looks: 0,
  };
}

/** What the run before had told the cloud. What has been raised in this one meanwhile stays. */
export function remembered(state: HealthState, told: Alarms): HealthStep {
  const unconfirmed = Object.keys(told).filter((type) => !Object.hasOwn(state.alarms, type));
  const known = { ...told, ...state.told };
  return tell({ ...state, told: known, unconfirmed, alarms: { ...told, ...state.alarms } }, undefined);
}

/** There is a cloud from now on. */
export function started(state: HealthState): HealthStep {
  return tell({ ...state, isStarted: true }, undefined);
}

export function raised(state: HealthState, alarm: Alarm): HealthStep {
  const alarms = withAlarm(state.alarms, alarm);
  return tell({ ...confirmed(state, alarm.alarmType), alarms }, timeOf(state));
}

export function cleared(state: HealthState, alarmType: string): HealthStep {
  return tell({ ...confirmed(state, alarmType), alarms: withoutAlarm(state.alarms, alarmType) }, undefined);
}

/** Some of what the cloud was told has not reached it: it hears how things are now. */
export function retold(state: HealthState): HealthStep {
  const { alarms, gone, isStarted } = state;
  if (!isStarted) return { state, effects: [] };
  const messages = [...alarmMessages(gone, {}), ...alarmMessages({}, alarms)];
  return { state, effects: messages.map((message): HealthEffect => ({ kind: "publish", message })) };
}

/** What nobody has spoken of since the start is over. */
export function settled(state: HealthState): HealthStep {
  const alarms = state.unconfirmed.reduce(withoutAlarm, state.alarms);
  return tell({ ...state, alarms, unconfirmed: [] }, undefined);
}

/** The board was looked at. */
export function looked(before: HealthState, sample: HealthSample): HealthStep {
  const { limits, looks, isStarted } = before;
  let state: HealthState = { ...before, sample, looks: looks + 1 };
  for (const { alarm, has } of findings(sample, limits, (type) => Object.hasOwn(before.alarms, type))) {
    if (has === undefined) continue;
    const change = has ? withAlarm : (alarms: Alarms) => withoutAlarm(alarms, alarm.alarmType);
    state = { ...confirmed(state, alarm.alarmType), alarms: change(state.alarms, alarm) };
  }
  const isDue = isStarted && looks % looksBetween(limits.intervalMs) === 0;
  const measured = isDue ? measurementMessages(sample) : [];
  const told = tell(state, isoTimeOf(sample));
  const heated = temperature(told.state, sample);
  return {
    state: heated.state,
    effects: [
      ...measured.map((message): HealthEffect => ({ kind: "publish", message })),
      ...told.effects,
      ...heated.effects,
    ],
  };
}

/** Whether the next look shall find out if the state can be stored. The program's start has done so. */
export function triesStorage({ looks, alarms, limits }: HealthState): boolean {
  if (Object.hasOwn(alarms, alarmTypes.storageFailing)) return true;
  const every = Math.max(1, Math.round(storageTryEveryMs / lookMs(limits)));
  return looks > 0 && looks % every === 0;
}

export function lookMs({ intervalMs }: Pick<HealthLimits, "intervalMs">): number {
  return Math.min(intervalMs, lookEveryMs);
}

function looksBetween(intervalMs: number): number {
  return Math.max(1, Math.round(intervalMs / lookMs({ intervalMs })));
}

function temperature(state: HealthState, { celsius }: HealthSample): HealthStep {
  const isHot = isOver(celsius, state.limits.hotCelsius, hotMarginCelsius, state.isHot);
  if (celsius === undefined || isHot === state.isHot) return { state, effects: [] };
  return { state: { ...state, isHot }, effects: [{ kind: "temperature", isHot, celsius }] };
}

function confirmed(state: HealthState, alarmType: string): HealthState {
  if (!state.unconfirmed.includes(alarmType)) return state;
  return { ...state, unconfirmed: state.unconfirmed.filter((type) => type !== alarmType) };
}

/** Tells the cloud what it does not know yet, and remembers that. */
function tell(state: HealthState, time: string | undefined): HealthStep {
  const { alarms, told, isStarted } = state;
  if (!isStarted) return { state, effects: [] };
  const messages = alarmMessages(told, alarms, time);
  if (messages.length === 0) return { state: { ...state, told: alarms }, effects: [] };
  return {
    state: { ...state, told: alarms, gone: goneOf(state) },
    effects: [
      ...entries(told, alarms).map((entry): HealthEffect => ({ kind: "log", entry })),
      ...messages.map((message): HealthEffect => ({ kind: "publish", message })),
      { kind: "store", alarms },
    ],
  };
}

function goneOf({ gone, told, alarms }: HealthState): Alarms {
  const before = Object.entries({ ...gone, ...told }).filter(([type]) => !Object.hasOwn(alarms, type));
  return Object.fromEntries(before.slice(-alarmsMax));
}

function entries(before: Alarms, after: Alarms): readonly LogEntry[] {
  const gone = Object.keys(before).filter((type) => !Object.hasOwn(after, type));
  const come = Object.values(after).filter(({ alarmType, severity }) => before[alarmType]?.severity !== severity);
  return [
    ...gone.map((alarmType): LogEntry => ({ level: "info", event: "alarm.cleared", fields: { alarmType } })),
    ...come.map((alarm): LogEntry => ({ level: "warn", event: "alarm.raised", fields: { ...alarm } })),
  ];
}

/** While the clock is known to be wrong, or nobody has looked at it yet, the server's time counts. */
function timeOf({ sample }: HealthState): string | undefined {
  return sample && isoTimeOf(sample);
}

function isoTimeOf({ atMs, isClockSynchronised }: HealthSample): string | undefined {
  return isClockSynchronised === false ? undefined : isoTime(atMs);
}
