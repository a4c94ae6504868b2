// The measurements and alarms that a gateway tells of, and its lists of logs and configurations (protocol.md 4.3, 4.4): the writers.
import { cutToBytes } from "../printable.ts";
import { writeUpstream } from "./line.ts";
import type { AlarmSeverity, MeasuredValue } from "./parse-data.ts";

/** Longest text of an alarm, in bytes of UTF-8; longer ones are cut on a character border. */
export const alarmTextBytesMax = 1_000;

const alarmTemplates: Readonly<Record<AlarmSeverity, string>> = {
  CRITICAL: "301",
  MAJOR: "302",
  MINOR: "303",
  WARNING: "304",
};

/** 111: the SIM and the cell of a cellular modem, `c8y_Mobile`; what is not known is left empty. */
export function setMobile(mobile: {
  readonly imei?: string | undefined;
  readonly iccid?: string | undefined;
  readonly imsi?: string | undefined;
  readonly mcc?: string | undefined;
  readonly mnc?: string | undefined;
  /** Location area and cell, decimal. */
  readonly lac?: number | undefined;
  readonly cellId?: number | undefined;
}): string {
  const { imei, iccid, imsi, mcc, mnc, lac, cellId } = mobile;
  return writeUpstream(["111", ...[imei, iccid, imsi, mcc, mnc, lac, cellId].map((value) => String(value ?? ""))]);
}

/** 118: replaces the list of logs that may be asked for. */
export function setSupportedLogs(names: readonly string[]): string {
  return writeUpstream(["118", ...names]);
}

/** 119: replaces the list of configurations that may be asked for and sent. */
export function setSupportedConfigurations(types: readonly string[]): string {
  return writeUpstream(["119", ...types]);
}

/** 201: several values of one moment, at least one. `time` is ISO 8601 with zone; without it the server's time counts. */
export function createMeasurement(measurement: {
  readonly type: string;
  readonly values: readonly MeasuredValue[];
  readonly time?: string;
}): string {
  const { type, values, time = "" } = measurement;
  const fields = values.flatMap(({ fragment, series, value, unit }) => [fragment, series, decimal(value), unit]);
  return writeUpstream(["201", type, time, ...fields]);
}

/** 210: signal strength in dBm; the bit error rate is not told. */
export function measureSignal(rssiDbm: number, time?: string): string {
  return writeUpstream(["210", decimal(rssiDbm), "", ...(time === undefined ? [] : [time])]);
}

/** 211: a temperature in degrees Celsius. */
export function measureTemperature(celsius: number, time?: string): string {
  return writeUpstream(["211", decimal(celsius), ...(time === undefined ? [] : [time])]);
}

/** 301 to 304: an alarm is active. */
export function raiseAlarm(alarm: {
  readonly severity: AlarmSeverity;
  readonly type: string;
  readonly text: string;
  readonly time?: string;
}): string {
  const { severity, type, text, time } = alarm;
  const fields = [alarmTemplates[severity], type, cutToBytes(text, alarmTextBytesMax)];
  return writeUpstream(time === undefined ? fields : [...fields, time]);
}

/** 305: the active alarm of this type has another severity. */
export function setAlarmSeverity(type: string, severity: AlarmSeverity): string {
  return writeUpstream(["305", type, severity]);
}

/** 306: what the alarm of this type told of is over. */
export function clearAlarm(type: string): string {
  return writeUpstream(["306", type]);
}

/** At most three decimals, never with an exponent. */
function decimal(value: number): string {
  return String(Number(value.toFixed(3)));
}
