// Alarms of the gateway: each raised once and cleared once, whoever tells of it how often. Pure.
import type { AlarmSeverity } from "#protocol/smartrest/parse-data.ts";
import { clearAlarm, raiseAlarm, setAlarmSeverity } from "#protocol/smartrest/upstream-data.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";

export interface Alarm {
  /** Letters, digits and `_.:-`: the cloud keeps one active alarm of a type. */
  readonly alarmType: string;
  readonly severity: AlarmSeverity;
  /** For people, without a secret. */
  readonly text: string;
}

/** The gateway's own types. Those of its other parts stand with these parts. */
export const alarmTypes = {
  hot: "postern_Hot",
  diskFull: "postern_DiskFull",
  memoryLow: "postern_MemoryLow",
  storageFailing: "postern_StorageFailing",
  clockNotSynchronised: "postern_ClockNotSynchronised",
} as const;

/** Alarms by type. */
export type Alarms = Readonly<Record<string, Alarm>>;

/** Types that are active at the same time; one more is not taken. The gateway has about a dozen. */
export const alarmsMax = 64;
const textLengthMax = 500;
const typePattern = /^[A-Za-z0-9_.:-]{1,64}$/;

/** With this alarm; unchanged if it is there already with this severity, or is none that could be raised. */
export function withAlarm(alarms: Alarms, { alarmType, severity, text }: Alarm): Alarms {
  const known = Object.hasOwn(alarms, alarmType) ? alarms[alarmType] : undefined;
  if (known?.severity === severity) return alarms;
  if (!typePattern.test(alarmType) || alarmType === "__proto__") return alarms;
  if (known === undefined && Object.keys(alarms).length >= alarmsMax) return alarms;
  return { ...alarms, [alarmType]: { alarmType, severity, text: text.slice(0, textLengthMax) } };
}

/** Without the alarm of this type; unchanged if there is none. */
export function withoutAlarm(alarms: Alarms, alarmType: string): Alarms {
  if (!Object.hasOwn(alarms, alarmType)) return alarms;
  const { [alarmType]: _cleared, ...rest } = alarms;
  return rest;
}

/** What the cloud must be told so that its active alarms are `after` where they were `before`. `time`: ISO 8601, of the change. */
export function alarmMessages(before: Alarms, after: Alarms, time?: string): readonly OutgoingMessage[] {
  const texts = [
    ...Object.keys(before)
      .filter((type) => !Object.hasOwn(after, type))
      .map(clearAlarm),
    ...Object.values(after).flatMap((alarm) => {
      const { alarmType: type, severity, text } = alarm;
      const known = Object.hasOwn(before, type) ? before[type] : undefined;
      if (known?.severity === severity) return [];
      if (known !== undefined) return [setAlarmSeverity(type, severity)];
      return [raiseAlarm({ severity, type, text, ...(time === undefined ? {} : { time }) })];
    }),
  ];
  return texts.map((text) => ({ text, isRepeatable: true, isKept: true }));
}

/** The alarms of a stored text. Throws Error when it is damaged. */
export function parseAlarms(text: string): Alarms {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new Error("not a list");
  return value.reduce<Alarms>((alarms, each) => withAlarm(alarms, readAlarm(each)), {});
}

export function writeAlarms(alarms: Alarms): string {
  return JSON.stringify(Object.values(alarms));
}

const severities: readonly string[] = ["CRITICAL", "MAJOR", "MINOR", "WARNING"];

function readAlarm(value: unknown): Alarm {
  const { alarmType, severity, text } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof alarmType !== "string" || typeof severity !== "string" || typeof text !== "string") {
    throw new Error("an alarm lacks its type, severity or text");
  }
  if (!severities.includes(severity)) throw new Error("a severity is none of those that there are");
  return { alarmType, severity: severity as AlarmSeverity, text };
}
