// What people have done at the panel's screen: the page they look at, what they have typed, what they hold down.
import type { PageName } from "./hmi-layout.ts";
import type { SetPoint } from "./process-model.ts";

/** Longest text that the order's field takes. */
export const entryLengthMax = 16;
/** Longest number that the keypad takes. */
const digitsMax = 7;

export interface Keypad {
  readonly point: SetPoint;
  text: string;
  /** Why the last number was not taken. */
  complaint: string | undefined;
}

export interface HmiState {
  page: PageName;
  entry: string;
  order: string;
  keypad: Keypad | undefined;
  /** First row of the alarms that is shown. */
  alarmOffset: number;
  /** The target that is held down. */
  pressed: string | undefined;
}

export function firstState(): HmiState {
  return {
    page: "overview",
    entry: "",
    order: "A-1042",
    keypad: undefined,
    alarmOffset: 0,
    pressed: undefined,
  };
}

/** A key of the keypad; undefined: it has been left, with the number that was entered. */
export function presses(keypad: Keypad, face: string): { readonly entered?: number } | undefined {
  keypad.complaint = undefined;
  if (/^[0-9]$/.test(face) && keypad.text.length < digitsMax) keypad.text += face;
  else if (face === "." && !keypad.text.includes(".") && keypad.point.decimals > 0) keypad.text += ".";
  else if (face === "<") keypad.text = keypad.text.slice(0, -1);
  else if (face === "C") keypad.text = "";
  else if (face === "+/-") keypad.text = keypad.text.startsWith("-") ? keypad.text.slice(1) : `-${keypad.text}`;
  else if (face === "Esc") return {};
  else if (face === "OK") return accepted(keypad);
  return undefined;
}

function accepted(keypad: Keypad): { readonly entered: number } | undefined {
  const { point, text } = keypad;
  const value = Number(text);
  if (text === "" || !Number.isFinite(value)) keypad.complaint = "A number is needed";
  else if (value < point.min || value > point.max) keypad.complaint = `${point.min} to ${point.max} ${point.unit}`;
  else return { entered: value };
  return undefined;
}
