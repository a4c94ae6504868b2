// What a device measured, and what alarms and events it tells of (protocol.md 4.4): the cloud's parser.
import {
  decimalNumber,
  documentName,
  documentNames,
  groupsOf,
  malformed,
  optionalNumber,
  optionalTime,
  required,
} from "./upstream-fields.ts";

export const alarmSeverities = ["CRITICAL", "MAJOR", "MINOR", "WARNING"] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];

/** One number of a measurement. `unit` may be empty. */
export interface MeasuredValue {
  readonly fragment: string;
  readonly series: string;
  readonly value: number;
  readonly unit: string;
}

export interface Position {
  /** Degrees. */
  readonly lat: number;
  readonly lng: number;
  /** Metres. */
  readonly alt?: number;
  readonly accuracy?: number;
}

/** Times are ISO 8601 with zone; without one the server's time counts. */
export type DataMessage =
  /** 200, 201, 210, 211, 212 */
  | {
      readonly kind: "create-measurement";
      readonly type: string;
      readonly values: readonly MeasuredValue[];
      readonly time?: string;
    }
  /** 301 to 304; the text may be empty. */
  | {
      readonly kind: "raise-alarm";
      readonly severity: AlarmSeverity;
      readonly type: string;
      readonly text: string;
      readonly time?: string;
    }
  /** 305 */
  | { readonly kind: "set-alarm-severity"; readonly type: string; readonly severity: AlarmSeverity }
  /** 306 */
  | { readonly kind: "clear-alarm"; readonly type: string }
  /** 307 */
  | { readonly kind: "remove-alarm-fragments"; readonly type: string; readonly fragments: readonly string[] }
  /** 400 */
  | { readonly kind: "create-event"; readonly type: string; readonly text: string; readonly time?: string }
  /** 401; 402 also moves the device there. */
  | {
      readonly kind: "create-location-event";
      readonly position: Position;
      readonly movesDevice: boolean;
      readonly time?: string;
    }
  /** 407 */
  | { readonly kind: "remove-event-fragments"; readonly type: string; readonly fragments: readonly string[] };

/** Type of a measurement that template 200 makes, which has no field for it. */
const customMeasurementType = "c8y_CustomMeasurement";

/** Undefined for another template's message. Throws ProtocolError `smartrest.malformed` naming the template and the field. */
export function parseDataMessage(fields: readonly string[]): DataMessage | undefined {
  switch (fields[0]) {
    case "200":
      return {
        kind: "create-measurement",
        type: customMeasurementType,
        values: [measuredValue(fields, 1)],
        ...optionalTime(fields, 5),
      };
    case "201":
      return parseMeasurement(fields);
    case "210":
      return parseSignalStrength(fields);
    case "211":
      return oneValue(fields, "c8y_TemperatureMeasurement", "T", "C");
    case "212":
      return oneValue(fields, "c8y_Battery", "level", "%");
    case "400":
      return {
        kind: "create-event",
        type: required(fields, 1, "type"),
        text: fields[2] ?? "",
        ...optionalTime(fields, 3),
      };
    case "401":
    case "402": {
      const movesDevice = fields[0] === "402";
      return { kind: "create-location-event", position: readPosition(fields), movesDevice, ...optionalTime(fields, 5) };
    }
    case "407":
      return {
        kind: "remove-event-fragments",
        type: required(fields, 1, "type"),
        fragments: documentNames(fields, 2, "fragment"),
      };
    default:
      return parseAlarmMessage(fields);
  }
}

function parseAlarmMessage(fields: readonly string[]): DataMessage | undefined {
  switch (fields[0]) {
    case "301":
    case "302":
    case "303":
    case "304":
      return {
        kind: "raise-alarm",
        severity: alarmSeverities[Number(fields[0]) - 301] ?? "WARNING",
        type: required(fields, 1, "type"),
        text: fields[2] ?? "",
        ...optionalTime(fields, 3),
      };
    case "305":
      return { kind: "set-alarm-severity", type: required(fields, 1, "type"), severity: readSeverity(fields, 2) };
    case "306":
      return { kind: "clear-alarm", type: required(fields, 1, "type") };
    case "307":
      return {
        kind: "remove-alarm-fragments",
        type: required(fields, 1, "type"),
        fragments: documentNames(fields, 2, "fragment"),
      };
    default:
      return undefined;
  }
}

function parseMeasurement(fields: readonly string[]): DataMessage {
  const type = required(fields, 1, "type");
  const time = optionalTime(fields, 2);
  // Without any value the first one is what is missing.
  const starts = fields.length <= 3 ? [3] : groupsOf(fields, 3, 4);
  return { kind: "create-measurement", type, values: starts.map((at) => measuredValue(fields, at)), ...time };
}

function parseSignalStrength(fields: readonly string[]): DataMessage {
  const type = "c8y_SignalStrength";
  const rssi = optionalNumber(fields, 1, "rssi");
  const ber = optionalNumber(fields, 2, "ber");
  const values = [
    ...(rssi === undefined ? [] : [{ fragment: type, series: "rssi", value: rssi, unit: "dBm" }]),
    ...(ber === undefined ? [] : [{ fragment: type, series: "ber", value: ber, unit: "%" }]),
  ];
  if (values.length === 0) throw malformed(fields, 1, "rssi", "is missing, and so is ber: one of them must be there");
  return { kind: "create-measurement", type, values, ...optionalTime(fields, 3) };
}

function oneValue(fields: readonly string[], type: string, series: string, unit: string): DataMessage {
  const value = decimalNumber(fields, 1, "value");
  return {
    kind: "create-measurement",
    type,
    values: [{ fragment: type, series, value, unit }],
    ...optionalTime(fields, 2),
  };
}

function measuredValue(fields: readonly string[], at: number): MeasuredValue {
  return {
    fragment: documentName(fields, at, "fragment"),
    series: documentName(fields, at + 1, "series"),
    value: decimalNumber(fields, at + 2, "value"),
    unit: fields[at + 3] ?? "",
  };
}

function readSeverity(fields: readonly string[], index: number): AlarmSeverity {
  const wanted = required(fields, index, "severity");
  const severity = alarmSeverities.find((known) => known === wanted);
  if (severity === undefined) {
    throw malformed(fields, index, "severity", `must be one of ${alarmSeverities.join(", ")}`);
  }
  return severity;
}

/** Latitude, longitude, altitude and accuracy in fields 1 to 4. */
export function readPosition(fields: readonly string[]): Position {
  const alt = optionalNumber(fields, 3, "alt");
  const accuracy = optionalNumber(fields, 4, "accuracy");
  return {
    lat: decimalNumber(fields, 1, "lat"),
    lng: decimalNumber(fields, 2, "lng"),
    ...(alt === undefined ? {} : { alt }),
    ...(accuracy === undefined ? {} : { accuracy }),
  };
}
