// Where a shell's input goes: a terminal's letters or plain bytes, to the line that is typed or to the program that runs.
import { StringDecoder } from "node:string_decoder";
import { LineEditor } from "../terminal/line-editor.ts";
import type { Foreground } from "./command.ts";
import { commandLengthMax } from "./command-line.ts";

/** Letters that wait for their turn behind a program that does not read; more are dropped, as a terminal does. */
const typedAheadMax = 4096;

export interface InputReader {
  readonly isOver: () => boolean;
  readonly foreground: () => Foreground | undefined;
  line(text: string): void;
  interrupt(): void;
  /** Ctrl-D where a line would begin, or the end of what comes. */
  end(): void;
  show(text: string): void;
}

export interface ShellInput {
  /** Whether it can do anything with more. */
  readonly wantsMore: boolean;
  take(bytes: Uint8Array): void;
  /** Nothing more comes. */
  ended(): void;
  /** A program is over: what waited is for the next one. */
  goOn(): void;
}

/** The usual mode of a terminal: an echo, lines, and keys with a meaning of their own. */
export class TerminalInput implements ShellInput {
  readonly wantsMore = true;
  readonly #reader: InputReader;
  readonly #editor: LineEditor;
  readonly #decoder = new StringDecoder("utf8");
  #waiting = "";
  #isReading = false;
  #hasEnded = false;

  constructor(reader: InputReader) {
    this.#reader = reader;
    this.#editor = new LineEditor({ show: (text) => reader.show(text), hasHistory: true });
  }

  take(bytes: Uint8Array): void {
    this.#waiting += this.#decoder.write(Buffer.from(bytes));
    this.goOn();
  }

  ended(): void {
    this.#hasEnded = true;
    this.goOn();
  }

  goOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (this.#waiting !== "" && !this.#reader.isOver()) {
      if (this.#reader.foreground()?.reads === "nothing") {
        if (!this.#interruptsBusy()) break;
        continue;
      }
      const letter = String.fromCodePoint(this.#waiting.codePointAt(0) ?? 0);
      this.#waiting = this.#waiting.slice(letter.length);
      this.#letter(letter);
    }
    this.#isReading = false;
    if (this.#hasEnded && this.#waiting === "" && !this.#reader.isOver()) this.#tellEnd();
  }

  /** A program that does not read: Ctrl-C is for it, and what was typed before that key is gone. The rest waits. */
  #interruptsBusy(): boolean {
    const at = this.#waiting.indexOf("\x03");
    if (at < 0) {
      this.#waiting = this.#waiting.slice(0, typedAheadMax);
      return false;
    }
    this.#waiting = this.#waiting.slice(at + 1);
    this.#reader.show("^C\r\n");
    this.#reader.interrupt();
    return true;
  }

  #letter(letter: string): void {
    const foreground = this.#reader.foreground();
    if (foreground?.reads === "keys") {
      if (letter === "\x03") this.#reader.interrupt();
      else foreground.input?.(Buffer.from(letter, "utf8"));
      return;
    }
    const event = this.#editor.take(letter);
    if (event === undefined) return;
    if (event.kind === "interrupt") this.#reader.interrupt();
    else if (foreground !== undefined) {
      if (event.kind === "end") foreground.inputEnded?.();
      else foreground.input?.(Buffer.from(`${event.text}\n`, "utf8"));
    } else if (event.kind === "end") this.#reader.end();
    else this.#reader.line(event.text);
  }

  #tellEnd(): void {
    const foreground = this.#reader.foreground();
    if (foreground === undefined) this.#reader.end();
    else foreground.inputEnded?.();
  }
}

/** Without a terminal: bytes are what they are; lines of the shell end with LF. */
export class PlainInput implements ShellInput {
  readonly #reader: InputReader;
  #waiting: Buffer = Buffer.alloc(0);
  #isReading = false;
  #hasEnded = false;

  constructor(reader: InputReader) {
    this.#reader = reader;
  }

  get wantsMore(): boolean {
    return this.#reader.foreground()?.reads !== "nothing";
  }

  take(bytes: Uint8Array): void {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    this.goOn();
  }

  ended(): void {
    this.#hasEnded = true;
    this.goOn();
  }

  goOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    while (!this.#reader.isOver() && this.#step()) {
      // Each step uses something up.
    }
    this.#isReading = false;
  }

  #step(): boolean {
    const foreground = this.#reader.foreground();
    if (foreground !== undefined) return this.#feed(foreground);
    const end = this.#waiting.indexOf(0x0a);
    if (end >= 0) {
      const line = this.#waiting.toString("utf8", 0, end);
      this.#waiting = this.#waiting.subarray(end + 1);
      this.#reader.line(line.replace(/\r$/, ""));
      return true;
    }
    if (this.#waiting.length > commandLengthMax) {
      // One that is longer than any line: the shell complains of it, too.
      this.#waiting = this.#waiting.subarray(0, commandLengthMax + 1);
    }
    if (!this.#hasEnded) return false;
    const rest = this.#waiting.toString("utf8");
    this.#waiting = Buffer.alloc(0);
    if (rest === "") this.#reader.end();
    else this.#reader.line(rest);
    return rest !== "";
  }

  #feed(foreground: Foreground): boolean {
    if (foreground.reads === "nothing") return false;
    const bytes = this.#waiting;
    this.#waiting = Buffer.alloc(0);
    if (bytes.length > 0) foreground.input?.(bytes);
    else if (this.#hasEnded) foreground.inputEnded?.();
    return bytes.length > 0 || (this.#hasEnded && this.#reader.foreground() !== foreground);
  }
}
