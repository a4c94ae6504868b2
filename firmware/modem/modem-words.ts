// What is told of a modem: its troubles as alarms in words, its SIM and its signal as messages. Pure.
import type { ModemFacts, ModemReading } from "#hardware/modem/read-modem.ts";
import { measureSignal, setMobile } from "#protocol/smartrest/upstream-data.ts";
import type { AlarmFact, AlarmSeverity } from "../alarm.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";

/** What keeps a modem from its work. */
export type ModemTrouble =
  /** Its serial port is not there, or cannot be opened. */
  | "missing"
  | "silent"
  | "sim-missing"
  | "pin-required"
  | "puk-required"
  | "sim-failing"
  | "registration-denied"
  | "no-network";

interface TroubleKind {
  readonly alarmType: string;
  readonly severity: AlarmSeverity;
  readonly text: string;
  /** Looks in a row that find it before it is told of; and how many times `resetAfterFailures` before a reset, which may cure it. */
  readonly looksBeforeAlarm: number;
  readonly resetFactor: number;
}

const kinds: Readonly<Record<ModemTrouble, TroubleKind>> = {
  missing: {
    alarmType: "postern_ModemMissing",
    severity: "MAJOR",
    text: "The serial port of the modem is not there or cannot be opened: is it plugged in, and is [modem] port right?",
    looksBeforeAlarm: 3,
    resetFactor: Number.POSITIVE_INFINITY,
  },
  silent: {
    alarmType: "postern_ModemSilent",
    severity: "MAJOR",
    text: "The modem does not answer: if restarting it does not help, it needs a moment without power",
    looksBeforeAlarm: 2,
    resetFactor: 1,
  },
  "sim-missing": {
    alarmType: "postern_SimMissing",
    severity: "MAJOR",
    text: "The modem finds no SIM card: put one in",
    looksBeforeAlarm: 1,
    // Some modems look for a card at their start only.
    resetFactor: 20,
  },
  "pin-required": {
    alarmType: "postern_SimLocked",
    severity: "MAJOR",
    text: "The SIM card asks for its PIN: switch the PIN off with a telephone, since the gateway enters none",
    looksBeforeAlarm: 1,
    resetFactor: Number.POSITIVE_INFINITY,
  },
  "puk-required": {
    alarmType: "postern_SimBlocked",
    severity: "MAJOR",
    text: "The SIM card is blocked after wrong PINs: unblock it with its PUK in a telephone, and switch the PIN off",
    looksBeforeAlarm: 1,
    resetFactor: Number.POSITIVE_INFINITY,
  },
  "sim-failing": {
    alarmType: "postern_SimFailing",
    severity: "MAJOR",
    text: "The SIM card cannot be read: take it out, clean it, put it in again, or replace it",
    looksBeforeAlarm: 2,
    resetFactor: 1,
  },
  "registration-denied": {
    alarmType: "postern_RegistrationDenied",
    severity: "MAJOR",
    text: "The mobile network turns the SIM card away: is its contract active, and is roaming allowed where this is?",
    looksBeforeAlarm: 2,
    resetFactor: 20,
  },
  "no-network": {
    alarmType: "postern_NoMobileNetwork",
    severity: "MINOR",
    text: "The modem finds no mobile network: check the antenna and its place",
    looksBeforeAlarm: 5,
    resetFactor: 5,
  },
};

export const modemTroubles = Object.keys(kinds) as readonly ModemTrouble[];

/** What a look has found wrong; undefined: nothing. */
export function troubleOf(reading: ModemReading): ModemTrouble | undefined {
  if (reading.kind === "gone") return "missing";
  if (reading.kind === "silent") return "silent";
  const { sim, registration } = reading.facts;
  switch (sim) {
    case "absent":
      return "sim-missing";
    case "pin-required":
    case "puk-required":
      return sim;
    case "failing":
      return "sim-failing";
    case "ready":
    case "unknown":
      if (registration === "denied") return "registration-denied";
      return registration === "home" || registration === "roaming" ? undefined : "no-network";
    default:
      return sim satisfies never;
  }
}

/** Whether people are told after so many looks in a row. */
export function isToldAfter(trouble: ModemTrouble, looks: number): boolean {
  return looks >= kinds[trouble].looksBeforeAlarm;
}

/** Whether the modem is restarted after so many looks in a row, and again after as many. */
export function isResetAfter(trouble: ModemTrouble, looks: number, resetAfterFailures: number): boolean {
  const every = resetAfterFailures * kinds[trouble].resetFactor;
  return Number.isFinite(every) && looks > 0 && looks % every === 0;
}

export function troubleRaised(trouble: ModemTrouble): AlarmFact {
  const { alarmType, severity, text } = kinds[trouble];
  return { type: "alarm.raised", alarmType, severity, text };
}

export function troubleCleared(trouble: ModemTrouble): AlarmFact {
  return { type: "alarm.cleared", alarmType: kinds[trouble].alarmType };
}

export function troubleEntry(trouble: ModemTrouble, detail: string | undefined): LogEntry {
  return { level: "warn", event: "modem.troubled", fields: { trouble, advice: kinds[trouble].text, detail } };
}

export function healthyEntry({ maker, model, operator, registration, signalDbm }: ModemFacts): LogEntry {
  return { level: "info", event: "modem.registered", fields: { maker, model, operator, registration, signalDbm } };
}

/** What must differ for the cloud to be told of the SIM again: the cell alone changes too often in some places. */
export function mobileKey({ imei, iccid, imsi, mcc, mnc }: ModemFacts): string {
  return [imei, iccid, imsi, mcc, mnc].join(",");
}

export function mobileMessage({ imei, iccid, imsi, mcc, mnc, cell }: ModemFacts): OutgoingMessage {
  const text = setMobile({ imei, iccid, imsi, mcc, mnc, lac: cell?.area, cellId: cell?.id });
  return { text, isRepeatable: true };
}

export function signalMessage(signalDbm: number): OutgoingMessage {
  return { text: measureSignal(signalDbm), isRepeatable: true, isKept: true };
}
