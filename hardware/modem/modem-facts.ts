// What a modem's answers say of its SIM, its network and its signal (3GPP TS 27.007). Pure; garbage says nothing.
import { valuesOf } from "./at-lines.ts";
import type { AtAnswer } from "./at-session.ts";

export type SimState = "ready" | "absent" | "pin-required" | "puk-required" | "failing" | "unknown";

export type NetworkRegistration = "home" | "roaming" | "searching" | "denied" | "none" | "unknown";

export interface Cell {
  /** Location or tracking area code, and cell identity. */
  readonly area: number;
  readonly id: number;
}

/** TS 27.007 section 9.2. */
const simErrors: Readonly<Record<number, SimState>> = {
  10: "absent",
  11: "pin-required",
  12: "puk-required",
  13: "failing",
  15: "failing",
  17: "pin-required",
  18: "puk-required",
};

/** What +CPIN? says. */
export function simOf(answer: AtAnswer): SimState {
  if (answer.kind === "refused") return simErrors[answer.code ?? -1] ?? simOfWords(answer.text);
  if (answer.kind !== "ok") return "unknown";
  const [state = ""] = answer.lines.flatMap((line) => valuesOf(line, "+CPIN") ?? []);
  if (state === "READY") return "ready";
  if (/^(SIM PIN2?|PH-\w+ PIN)$/.test(state)) return "pin-required";
  if (/PUK/.test(state)) return "puk-required";
  return /NOT INSERTED|NOT READY|REMOVED/.test(state) ? "absent" : "unknown";
}

/** Of a modem that gives words in place of numbers. */
function simOfWords(text: string): SimState {
  if (/not inserted/i.test(text)) return "absent";
  if (/PUK/i.test(text)) return "puk-required";
  if (/PIN/i.test(text)) return "pin-required";
  return /SIM (failure|wrong)/i.test(text) ? "failing" : "unknown";
}

const registrations: Readonly<Record<string, NetworkRegistration>> = {
  0: "none",
  1: "home",
  2: "searching",
  3: "denied",
  4: "unknown",
  5: "roaming",
  // Registered for SMS only, which is no way to the internet; for emergencies only.
  6: "denied",
  7: "denied",
  8: "denied",
};

export interface Registered {
  readonly registration: NetworkRegistration;
  readonly cell?: Cell;
}

/** What +CREG?, +CGREG? or +CEREG? says; undefined if nothing. `name`: such as "+CEREG". */
export function registrationOf(answer: AtAnswer, name: string): Registered | undefined {
  if (answer.kind !== "ok") return undefined;
  for (const line of answer.lines) {
    // What comes unasked has the form "+CREG: 1" or "+CREG: 1,"1A2B",...": the answer has two numbers at its beginning.
    const [form = "", code = "", area, id] = valuesOf(line, name) ?? [];
    if (!/^[0-5]$/.test(form) || !/^\d$/.test(code)) continue;
    const registration = registrations[code] ?? "unknown";
    const cell = cellOf(area, id);
    return cell === undefined ? { registration } : { registration, cell };
  }
  return undefined;
}

function cellOf(area = "", id = ""): Cell | undefined {
  const isHex = (text: string): boolean => /^[0-9A-F]{1,8}$/i.test(text);
  return isHex(area) && isHex(id) ? { area: Number.parseInt(area, 16), id: Number.parseInt(id, 16) } : undefined;
}

/** The best of several: whoever is registered in one of the networks is. */
export function bestRegistration(found: readonly (Registered | undefined)[]): Registered {
  const order: readonly NetworkRegistration[] = ["home", "roaming", "denied", "searching", "none", "unknown"];
  const known = found.filter((each) => each !== undefined);
  const [best] = known.toSorted((one, other) => order.indexOf(one.registration) - order.indexOf(other.registration));
  return best ?? { registration: "unknown" };
}

/** What +COPS? says: an operator's name, or its number where +COPS=3,2 was said before. */
export function operatorOf(answer: AtAnswer): string | undefined {
  if (answer.kind !== "ok") return undefined;
  const [, , operator] = answer.lines.map((line) => valuesOf(line, "+COPS")).find((each) => each !== undefined) ?? [];
  return operator === undefined || operator === "" ? undefined : operator.slice(0, 64);
}

/** Mobile country and network code in an operator's number of 5 or 6 digits. */
export function networkCodes(number: string | undefined): { readonly mcc: string; readonly mnc: string } | undefined {
  return number !== undefined && /^\d{5,6}$/.test(number)
    ? { mcc: number.slice(0, 3), mnc: number.slice(3) }
    : undefined;
}

/** dBm of +CSQ: 0 is -113 or less, 31 is -51 or more; undefined for 99, not known. */
export function signalOfCsq(answer: AtAnswer): number | undefined {
  const [rssi] = numbersOf(answer, "+CSQ");
  return rssi !== undefined && rssi <= 31 ? -113 + 2 * rssi : undefined;
}

/** dBm of +CESQ, of whichever network it is: GSM, UMTS or LTE; undefined for those that are not known. */
export function signalOfCesq(answer: AtAnswer): number | undefined {
  const [rxlev = 99, , rscp = 255, , , rsrp = 255] = numbersOf(answer, "+CESQ");
  if (rsrp <= 97) return -141 + rsrp;
  if (rscp <= 96) return -121 + rscp;
  return rxlev <= 63 ? -111 + rxlev : undefined;
}

function numbersOf(answer: AtAnswer, name: string): readonly number[] {
  if (answer.kind !== "ok") return [];
  const values = answer.lines.map((line) => valuesOf(line, name)).find((each) => each !== undefined) ?? [];
  return values.map((value) => (/^\d{1,3}$/.test(value) ? Number(value) : Number.POSITIVE_INFINITY));
}

/** 14 to 17 digits in the answer to +CGSN, with or without a name before. */
export function imeiOf(answer: AtAnswer): string | undefined {
  return digitsOf(answer, /^(?:\+CGSN: ?)?"?(\d{14,17})"?$/);
}

export function imsiOf(answer: AtAnswer): string | undefined {
  return digitsOf(answer, /^(?:\+CIMI: ?)?"?(\d{6,15})"?$/);
}

/** 18 to 22 digits, some with a filler F at the end, behind whatever name. */
export function iccidOf(answer: AtAnswer): string | undefined {
  return digitsOf(answer, /^(?:[+^#!]?[A-Z]*: ?)?"?(\d{18,22})F?"?$/i);
}

function digitsOf(answer: AtAnswer, form: RegExp): string | undefined {
  if (answer.kind !== "ok") return undefined;
  return answer.lines.map((line) => form.exec(line)?.[1]).find((digits) => digits !== undefined);
}

/** The first line of a free answer, such as that to +CGMI. */
export function wordsOf(answer: AtAnswer, name: string): string {
  if (answer.kind !== "ok") return "";
  const [line = ""] = answer.lines;
  return line
    .replace(new RegExp(`^\\${name}: ?`, "i"), "")
    .replaceAll('"', "")
    .slice(0, 64);
}
