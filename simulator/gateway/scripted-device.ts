// A serial device from a script: a greeting, a prompt, and answers to the lines that it is sent.
import type { SerialSettings, TimerHandle } from "#hardware/ports.ts";
import type { ConnectedDevice, DeviceLine, SerialDevice } from "./serial-device.ts";
import { usualSettings } from "./serial-device.ts";

export interface ScriptLine {
  /** The whole line (without its end), or what a part of it must be like. */
  readonly expects: string | RegExp;
  /** Lines are ended with CR LF; a function is given what was matched. */
  readonly answers: string | ((match: readonly string[]) => string);
  /** Default 20. */
  readonly afterMs?: number;
}

export interface DeviceScript {
  readonly settings?: SerialSettings;
  /** Said when somebody opens the port. */
  readonly greeting?: string;
  /** Said after the greeting and after each answer. */
  readonly prompt?: string;
  /** Sends back what is typed, as a console does; default true. */
  readonly echoes?: boolean;
  readonly script: readonly ScriptLine[];
  /** To what no line of the script fits. */
  readonly otherwise?: string;
}

const answersAfterMs = 20;
/** What is typed beyond this without an end of line is forgotten. */
const lineBytesMax = 1024;
const backspace = 0x08;
const del = 0x7f;

export function scriptedDevice(script: DeviceScript): SerialDevice {
  return {
    settings: script.settings ?? usualSettings,
    connect: (line) => new ScriptedDevice(script, line),
  };
}

class ScriptedDevice implements ConnectedDevice {
  readonly #script: DeviceScript;
  readonly #line: DeviceLine;
  readonly #timers = new Set<TimerHandle>();
  #typed: number[] = [];
  #lastByte = 0;

  constructor(script: DeviceScript, line: DeviceLine) {
    this.#script = script;
    this.#line = line;
  }

  opened(isOpen: boolean): void {
    this.#typed = [];
    if (isOpen) this.#say(`${withLineEnds(this.#script.greeting ?? "")}${this.#script.prompt ?? ""}`);
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      const isSecondOfPair = byte === 0x0a && this.#lastByte === 0x0d;
      this.#lastByte = byte;
      if (isSecondOfPair) continue;
      if (byte === 0x0d || byte === 0x0a) this.#lineIsDone();
      else if (byte === backspace || byte === del) this.#erase();
      else if (this.#typed.length < lineBytesMax) {
        this.#typed.push(byte);
        if (this.#script.echoes !== false) this.#line.send(Uint8Array.of(byte));
      }
    }
  }

  close(): void {
    for (const timer of this.#timers) this.#line.clock.clearTimeout(timer);
    this.#timers.clear();
  }

  #erase(): void {
    if (this.#typed.pop() !== undefined && this.#script.echoes !== false) this.#say("\b \b");
  }

  #lineIsDone(): void {
    const text = Buffer.from(this.#typed).toString("latin1");
    this.#typed = [];
    if (this.#script.echoes !== false) this.#say("\r\n");
    const { answer, afterMs } = this.#answerTo(text);
    const timer = this.#line.clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#say(`${withLineEnds(answer)}${this.#script.prompt ?? ""}`);
    }, afterMs);
    this.#timers.add(timer);
  }

  #answerTo(text: string): { readonly answer: string; readonly afterMs: number } {
    for (const { expects, answers, afterMs = answersAfterMs } of this.#script.script) {
      const match = typeof expects === "string" ? (text === expects ? [text] : null) : expects.exec(text);
      if (match !== null) return { answer: typeof answers === "string" ? answers : answers([...match]), afterMs };
    }
    return { answer: text === "" ? "" : (this.#script.otherwise ?? ""), afterMs: answersAfterMs };
  }

  #say(text: string): void {
    if (text !== "") this.#line.send(Buffer.from(text, "latin1"));
  }
}

function withLineEnds(text: string): string {
  return text === "" ? "" : `${text.replaceAll("\n", "\r\n")}\r\n`;
}
