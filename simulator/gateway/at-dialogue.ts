// A modem at its serial line: takes lines of AT commands, echoes, and answers one after the other in its own time.
import type { Clock } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Behaviours } from "./board-behaviour.ts";
import { answerCommand, type ModemAnswer, type ModemState } from "./modem-answers.ts";
import { splitCommandLine } from "./modem-command.ts";
import type { ConnectedDevice, DeviceLine } from "./serial-device.ts";

/** What the modem itself needs for an answer. */
const answerMs = { min: 5, max: 30 } as const;
/** What is typed beyond this without an end of line is forgotten. */
const lineCharactersMax = 556;
/** Lines that wait while one is being answered; the rest is forgotten. */
const linesMax = 8;

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

export interface DialogueOptions {
  readonly state: ModemState;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly behaviours: Behaviours;
  /** It hangs: it takes nothing and says nothing. */
  readonly isMute: () => boolean;
}

export class AtDialogue {
  readonly #options: DialogueOptions;
  #line: DeviceLine | undefined;
  #typed = "";
  #lines: string[] = [];
  #isAnswering = false;

  constructor(options: DialogueOptions) {
    this.#options = options;
  }

  connect(line: DeviceLine): ConnectedDevice {
    this.#line = line;
    return {
      receive: (bytes) => this.#receive(bytes),
      opened: () => {
        this.#typed = "";
        this.#lines = [];
      },
      close: () => {
        this.#line = undefined;
        this.forget();
      },
    };
  }

  /** Says a line of its own, wherever it is in an answer. */
  says(text: string): void {
    if (!this.#options.isMute()) this.#send(text);
  }

  /** What it was asked and has not answered; its timers must be gone. */
  forget(): void {
    this.#typed = "";
    this.#lines = [];
    this.#isAnswering = false;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#options.isMute()) return;
    for (const byte of bytes) {
      if (this.#options.state.isEchoing) this.#line?.send(Uint8Array.of(byte));
      if (byte === carriageReturn) {
        if (this.#lines.length < linesMax) this.#lines.push(this.#typed);
        this.#typed = "";
        this.#answerNext();
      } else if (byte !== lineFeed && this.#typed.length < lineCharactersMax) {
        this.#typed += String.fromCharCode(byte);
      }
    }
  }

  /** One line of commands at a time; the first that fails ends it. */
  #answerNext(): void {
    while (!this.#isAnswering) {
      const line = this.#lines.shift();
      if (line === undefined) return;
      const commands = splitCommandLine(line);
      if (commands !== undefined) this.#answer(commands, 0);
    }
  }

  #answer(commands: readonly string[], at: number): void {
    this.#isAnswering = true;
    const command = commands[at];
    if (command === undefined) {
      this.#reply({ lines: [], result: "OK" }, () => this.#answerNext());
      return;
    }
    const reply = this.#answerTo(command);
    if (reply === undefined) {
      this.#isAnswering = false;
      this.#answerNext();
      return;
    }
    const isLast = at === commands.length - 1;
    if (isLast || reply.result !== "OK") this.#reply(reply, () => this.#answerNext());
    else this.#reply({ ...reply, result: "" }, () => this.#answer(commands, at + 1));
  }

  /** Undefined: a behaviour has taken it and says nothing, so that the line is never answered. */
  #answerTo(command: string): ModemAnswer | undefined {
    const { behaviours, state } = this.#options;
    let given: ModemAnswer | undefined;
    const answer = (lines: readonly string[], result = "OK"): void => {
      given = { lines, result };
    };
    const isHandled = behaviours.handle((each) => each.onModemCommand?.({ text: command, answer }));
    return isHandled ? given : answerCommand(state, command);
  }

  #reply({ lines, result, takesMs = 0 }: ModemAnswer, then: () => void): void {
    const { clock, random, isMute } = this.#options;
    clock.setTimeout(() => {
      const isLast = result !== "";
      if (isLast || isMute()) this.#isAnswering = false;
      if (isMute()) return;
      for (const line of lines) this.#send(line);
      if (isLast) this.#send(result);
      then();
    }, takesMs + random.integer(answerMs.min, answerMs.max));
  }

  #send(text: string): void {
    this.#line?.send(Buffer.from(`\r\n${text}\r\n`, "latin1"));
  }
}
