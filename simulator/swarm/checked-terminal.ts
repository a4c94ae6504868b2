// The person at an SSH or Telnet panel of a swarm run: signs in, types line after line, resizes the window, and leaves.
import { ClientSession, type Closed, type EndpointAddress } from "../operator/client-session.ts";
import { OperatorError } from "../operator/cloud-http.ts";
import { TerminalSession } from "../operator/terminal-session.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { Site } from "../site.ts";
import type { TerminalEvent } from "./swarm-plan.ts";
import {
  expectedShow,
  firstSize,
  type Step,
  stepsOf,
  type TerminalSpeech,
  type WindowSize,
} from "./terminal-transcript.ts";

/** What an SSH panel that asks wants to hear. */
export const rightAnswer = "123456";

export class CheckedTerminal {
  readonly plan: TerminalEvent;
  readonly speech: TerminalSpeech;
  readonly askedAtMs: number;
  openedAtMs: number | undefined;
  leftAtMs: number | undefined;
  endedAtMs: number | undefined;
  ending: Closed | undefined;
  refusal: string | undefined;
  /** Lines typed so far, with what must be shown of each. */
  readonly typed: Extract<Step, { kind: "line" }>[] = [];
  /** The window's last size, and when it got it. */
  size: WindowSize = firstSize;
  sizedAtMs: number;
  hasLoggedOut = false;
  readonly finished: Promise<void>;
  readonly #site: Site;
  #steps: readonly Step[];
  #terminal: TerminalSession | undefined;
  #wantsToLeave = false;
  #answered = 0;
  #accepted = 0;

  constructor(
    site: Site,
    {
      plan,
      speech,
      target,
      random,
    }: {
      readonly plan: TerminalEvent;
      readonly speech: TerminalSpeech;
      readonly target: EndpointAddress;
      readonly random: SeededRandom;
    },
  ) {
    this.#site = site;
    this.plan = plan;
    this.speech = speech;
    this.#steps = stepsOf(speech, plan);
    this.askedAtMs = site.clock.monotonicMs();
    this.sizedAtMs = this.askedAtMs;
    this.finished = this.#run(target, random);
  }

  get isOpen(): boolean {
    return this.#terminal?.steps.includes("open") === true;
  }

  /** Everything shown from the first prompt on; undefined while there was none. */
  get shown(): string | undefined {
    const all = this.#terminal?.shown ?? "";
    const at = all.indexOf(this.speech.prompt);
    return at < 0 ? undefined : all.slice(at);
  }

  /** What must be shown when everything has arrived. */
  get expected(): string {
    return expectedShow(this.speech, this.typed, this.hasLoggedOut);
  }

  leave(): void {
    this.#wantsToLeave = true;
    if (this.#terminal !== undefined) this.#leave(this.#terminal);
  }

  async #run(target: EndpointAddress, random: SeededRandom): Promise<void> {
    const { operator, clock } = this.#site;
    let session: ClientSession;
    try {
      session = await ClientSession.open({ http: operator.http, random, patience: clock }, target);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      this.refusal = error.message;
      this.endedAtMs = clock.monotonicMs();
      return;
    }
    this.openedAtMs = clock.monotonicMs();
    const terminal = new TerminalSession(session, firstSize);
    this.#terminal = terminal;
    this.#later(this.plan.everyMs, () => this.#goOn(terminal));
    this.#later(this.plan.lastsMs, () => this.#leave(terminal));
    if (this.#wantsToLeave) this.#leave(terminal);
    this.ending = await terminal.closed;
    this.endedAtMs = clock.monotonicMs();
  }

  #later(delayMs: number, run: () => void): void {
    const timer = this.#site.clock.setNamedTimeout("operator", run, delayMs);
    void this.#terminal?.closed.then(() => this.#site.clock.clearTimeout(timer));
  }

  #goOn(terminal: TerminalSession): void {
    if (terminal.session.ending !== undefined || this.leftAtMs !== undefined) return;
    this.#later(this.plan.everyMs, () => this.#goOn(terminal));
    this.#answers(terminal);
    // Who types before anybody asks may find that nobody listened.
    if (this.shown === undefined) return;
    const [next, ...rest] = this.#steps;
    this.#steps = rest;
    if (next?.kind === "size") this.#resizes(terminal, next.size);
    if (next?.kind === "line") this.#types(terminal, next);
  }

  #types(terminal: TerminalSession, line: Extract<Step, { kind: "line" }>): void {
    this.typed.push(line);
    terminal.types(`${line.text}\n`);
  }

  #resizes(terminal: TerminalSession, size: WindowSize): void {
    this.size = size;
    this.sizedAtMs = this.#site.clock.monotonicMs();
    terminal.resizes(size);
  }

  #answers(terminal: TerminalSession): void {
    const { messages } = terminal.session;
    const { answers } = this.plan;
    if (answers === "never") return;
    // What is waited for has come already; that the session may end meanwhile is told by its end.
    if (messages.filter(({ type }) => type === "host-key").length > this.#accepted) {
      this.#accepted += 1;
      void terminal.acceptsHostKey().catch(() => undefined);
    }
    if (messages.filter(({ type }) => type === "prompt").length > this.#answered) {
      this.#answered += 1;
      void terminal.answers(answers === "rightly" ? rightAnswer : "0").catch(() => undefined);
    }
  }

  #leave(terminal: TerminalSession): void {
    if (this.leftAtMs !== undefined || terminal.session.ending !== undefined) return;
    this.leftAtMs = this.#site.clock.monotonicMs();
    const { leaves } = this.plan;
    if (leaves === "breaks-off") terminal.session.breaks();
    else if (leaves === "in-order" || this.shown === undefined) void terminal.disconnects().catch(() => undefined);
    else {
      this.#types(terminal, { kind: "line", ...this.speech.logOut });
      this.hasLoggedOut = true;
      // A panel that does not hang up is left all the same.
      this.#later(hangUpMs, () => void terminal.disconnects().catch(() => undefined));
    }
  }
}

const hangUpMs = 30_000;
