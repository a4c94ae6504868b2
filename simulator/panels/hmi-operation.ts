// What people do at the panel's screen: pointer, keys and clipboard, turned into commands to the screen and the machine.
import { contains, pages } from "./hmi-layout.ts";
import { entryLengthMax, firstState, type HmiState, presses } from "./hmi-state.ts";
import { type HmiCommand, targetsOf } from "./hmi-targets.ts";
import type { ProcessModel } from "./process-model.ts";

/** X11 key symbols. */
const keys = { backspace: 0xff08, enter: 0xff0d, keypadEnter: 0xff8d, escape: 0xff1b, insert: 0xff63 } as const;
const [f1, pageUp, pageDown] = [0xffbe, 0xff55, 0xff56];
const leftButton = 1;
const wheel = { up: 8, down: 16 } as const;
/** Longest text that the panel's clipboard holds, in characters. */
const clipboardLengthMax = 4096;

export class HmiOperation {
  readonly state: HmiState = firstState();
  readonly #process: ProcessModel;
  readonly #copied: (text: string) => void;
  #clipboard = "";
  #wasLeftDown = false;

  /** `copied`: called when the panel copies a text. */
  constructor(process: ProcessModel, copied: (text: string) => void) {
    this.#process = process;
    this.#copied = copied;
  }

  get clipboard(): string {
    return this.#clipboard;
  }

  /** What somebody has copied elsewhere. */
  takesClipboard(text: string): void {
    this.#clipboard = text.slice(0, clipboardLengthMax);
  }

  /** The pointer's place as the pages are drawn, and its buttons (bit 0: left, 3 and 4: the wheel). */
  pointer(x: number, y: number, buttons: number): void {
    const isLeftDown = (buttons & leftButton) !== 0;
    const { state } = this;
    if (isLeftDown !== this.#wasLeftDown) {
      const target = targetsOf(state).find(({ area }) => contains(area, x, y));
      if (isLeftDown) state.pressed = target?.id;
      else {
        const { pressed } = state;
        state.pressed = undefined;
        if (target !== undefined && target.id === pressed) this.obey(target.command);
      }
    }
    this.#wasLeftDown = isLeftDown;
    if ((buttons & wheel.up) !== 0) this.obey({ kind: "scroll", rows: -1 });
    if ((buttons & wheel.down) !== 0) this.obey({ kind: "scroll", rows: 1 });
  }

  /** A key that goes down, as X11 numbers it. F1 to F5 are the pages, Insert pastes. */
  key(keysym: number): void {
    const page = pages[keysym - f1];
    if (page !== undefined) this.obey({ kind: "page", page });
    else if (keysym === pageUp || keysym === pageDown) this.obey({ kind: "scroll", rows: keysym === pageUp ? -1 : 1 });
    else if (this.state.keypad !== undefined) this.obey({ kind: "keypad", face: faceOf(keysym) });
    else this.#type(keysym);
  }

  #type(keysym: number): void {
    const { state } = this;
    if (keysym === keys.backspace) state.entry = state.entry.slice(0, -1);
    else if (keysym === keys.escape) state.entry = "";
    else if (keysym === keys.enter || keysym === keys.keypadEnter) this.#store();
    else if (keysym === keys.insert) this.#paste();
    else if (keysym >= 0x20 && keysym <= 0x7e && state.entry.length < entryLengthMax) {
      state.entry += String.fromCharCode(keysym);
    }
  }

  #store(): void {
    const entered = this.state.entry.trim();
    if (entered !== "") this.state.order = entered;
    this.state.entry = "";
  }

  #paste(): void {
    const text = this.#clipboard.replaceAll(/[^\x20-\x7e]/g, "");
    this.state.entry = (this.state.entry + text).slice(0, entryLengthMax);
  }

  obey(command: HmiCommand): void {
    const { state } = this;
    switch (command.kind) {
      case "page":
        Object.assign(state, { page: command.page, keypad: undefined, alarmOffset: 0 });
        return;
      case "machine":
        this.#process.isRunning = !this.#process.isRunning;
        return;
      case "copy":
        this.#clipboard = state.order;
        this.#copied(state.order);
        return;
      case "acknowledge":
        this.#process.alarms.acknowledge();
        return;
      case "scroll":
        if (state.page === "alarms") state.alarmOffset = this.#offset(state.alarmOffset + command.rows);
        return;
      case "setting": {
        const point = this.#process.setPoints[command.index];
        if (point !== undefined) state.keypad = { point, text: "", complaint: undefined };
        return;
      }
      case "keypad":
        this.#pressKey(command.face);
        return;
      default:
        command satisfies never;
    }
  }

  #offset(rows: number): number {
    return Math.max(0, Math.min(rows, this.#process.alarms.entries.length - 1));
  }

  #pressKey(face: string): void {
    const { keypad } = this.state;
    const left = keypad && presses(keypad, face);
    if (keypad === undefined || left === undefined) return;
    if (left.entered !== undefined) this.#process.setsPoint(keypad.point.name, left.entered);
    this.state.keypad = undefined;
  }
}

/** A key of the keypad for a key of the keyboard; keys that it lacks do nothing. */
function faceOf(keysym: number): string {
  if (keysym === keys.backspace) return "<";
  if (keysym === keys.escape) return "Esc";
  if (keysym === keys.enter || keysym === keys.keypadEnter) return "OK";
  if (keysym === 0x2d) return "+/-";
  // The number block has symbols of its own.
  if (keysym >= 0xffb0 && keysym <= 0xffb9) return String(keysym - 0xffb0);
  return keysym === 0xffae ? "." : String.fromCharCode(keysym & 0x7f);
}
