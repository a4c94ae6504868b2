// Asks a modem one command after the other over its serial line, each with a time limit.
import type { Duplex } from "node:stream";
import type { Clock } from "../ports.ts";
import { AtLines, isEcho, parseResult } from "./at-lines.ts";

/** Most commands are answered within some ms. */
const answerMs = 5_000;
/** Lines of one answer that are kept. */
const linesMax = 32;
/** After an answer that did not come, the next one may be that of the command before: "AT" is asked, and all is dropped until it is so long quiet. */
const quietMs = 300;
/** Longest wait for anything at all then, and in all: a modem that never stops talking is asked all the same. */
const firstWordMs = 1_000;
const quietLimitMs = 3_000;

export interface AtCommand {
  /** What follows "AT". */
  readonly text: string;
  /** What the lines of the answer look like; all others come unasked. */
  readonly answers?: RegExp;
  /** Default 5 s. */
  readonly timeoutMs?: number;
}

export type AtAnswer =
  | { readonly kind: "ok"; readonly lines: readonly string[] }
  /** `code`: as in TS 27.007 section 9.2. */
  | { readonly kind: "refused"; readonly text: string; readonly code?: number }
  | { readonly kind: "silent" }
  /** The line is gone: the modem was pulled out, or somebody closed the port. */
  | { readonly kind: "gone"; readonly why: string };

interface Pending {
  readonly command: AtCommand;
  readonly lines: string[];
  readonly answer: (answer: AtAnswer) => void;
}

export interface AtSessionOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  /** Told of each line that was no answer. */
  readonly unsolicited?: (line: string) => void;
}

export class AtSession {
  readonly #options: AtSessionOptions;
  readonly #lines = new AtLines();
  #pending: Pending | undefined;
  #gone: string | undefined;
  #isLate = false;
  /** Ends the wait for quiet. */
  #wake: (() => void) | undefined;
  #heardAtMs = Number.NEGATIVE_INFINITY;
  /** One at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: AtSessionOptions) {
    this.#options = options;
    const { stream } = options;
    stream.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    stream.on("error", (error: Error) => this.#end(error.message));
    stream.once("close", () => this.#end("the port is closed"));
  }

  /** Answers what is asked with `gone` at once, and leaves no timer; the stream is the owner's to close. */
  abandon(): void {
    this.#end("given up");
  }

  /** Never rejects. */
  ask(command: AtCommand): Promise<AtAnswer> {
    const answer = this.#last.then(() => this.#ask(command));
    this.#last = answer;
    return answer;
  }

  async #ask(command: AtCommand): Promise<AtAnswer> {
    if (this.#isLate && this.#gone === undefined) await this.#resync();
    if (this.#gone !== undefined) return { kind: "gone", why: this.#gone };
    const { stream, clock } = this.#options;
    return await new Promise<AtAnswer>((resolve) => {
      const answer = (given: AtAnswer): void => {
        clock.clearTimeout(timer);
        this.#pending = undefined;
        resolve(given);
      };
      const timer = clock.setTimeout(() => {
        this.#isLate = true;
        answer({ kind: "silent" });
      }, command.timeoutMs ?? answerMs);
      this.#pending = { command, lines: [], answer };
      stream.write(`AT${command.text}\r`);
    });
  }

  /** Brings question and answer together again. */
  async #resync(): Promise<void> {
    const { stream, clock } = this.#options;
    this.#isLate = false;
    const startMs = clock.monotonicMs();
    stream.write("AT\r");
    while (this.#gone === undefined && clock.monotonicMs() - startMs < quietLimitMs) {
      const hasHeard = this.#heardAtMs >= startMs;
      const untilMs = hasHeard ? this.#heardAtMs + quietMs : startMs + firstWordMs;
      const leftMs = untilMs - clock.monotonicMs();
      if (leftMs <= 0) return;
      await this.#waits(leftMs);
    }
  }

  #waits(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => this.#wake?.(), ms);
      this.#wake = () => {
        clock.clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #receive(bytes: Uint8Array): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
    for (const line of this.#lines.receive(bytes)) this.#take(line);
  }

  #take(line: string): void {
    const pending = this.#pending;
    if (isEcho(line)) return;
    const result = parseResult(line);
    if (pending === undefined) {
      // A result that comes now is the late one of a command that was given up.
      if (result === undefined) this.#options.unsolicited?.(line);
      return;
    }
    if (result === undefined) {
      const isAnswer = pending.command.answers?.test(line) === true;
      if (!isAnswer) this.#options.unsolicited?.(line);
      else if (pending.lines.length < linesMax) pending.lines.push(line);
      return;
    }
    const { isOk, text, code } = result;
    if (isOk) pending.answer({ kind: "ok", lines: pending.lines });
    else pending.answer({ kind: "refused", text, ...(code === undefined ? {} : { code }) });
  }

  #end(why: string): void {
    this.#gone ??= why;
    this.#wake?.();
    this.#pending?.answer({ kind: "gone", why: this.#gone });
  }
}
