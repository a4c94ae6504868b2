// Gets tokens from the cloud over the MQTT connection that stands: asked for when one is needed, kept until near its end.
import type { Clock, TimerHandle, WaitOptions } from "#hardware/ports.ts";
import { topics } from "#protocol/smartrest/topics.ts";
import { readToken, usableMs } from "./token.ts";

export type TokenOutcome =
  /** A secret. */
  | { readonly ok: true; readonly token: string }
  /** One clause for people. */
  | { readonly ok: false; readonly why: string };

/** What is needed of an MQTT connection. */
export interface TokenLine {
  subscribe(topic: string, qos: 0 | 1): Promise<"granted" | "refused" | "lost">;
  publish(topic: string, payload: string, qos: 0 | 1): Promise<boolean>;
}

/** Questions that are asked for one token, and how long each waits for its answer. */
export const triesMax = 3;
export const tryLimitMs = 20_000;

type Waiter = (outcome: TokenOutcome) => void;

/** One for all who need tokens: they share one question and its answer. */
export class TokenSource {
  readonly #clock: Pick<Clock, "nowMs" | "monotonicMs" | "setTimeout" | "clearTimeout">;
  readonly #waiters = new Set<Waiter>();
  #line: TokenLine | undefined;
  #isSubscribed = false;
  #why = "";
  #tries = 0;
  #timer: TimerHandle | undefined;
  #kept: { readonly token: string; readonly untilMs: number } | undefined;

  constructor(clock: Pick<Clock, "nowMs" | "monotonicMs" | "setTimeout" | "clearTimeout">) {
    this.#clock = clock;
  }

  /** An MQTT connection stands. A token that was had over an earlier one is still good. */
  attached(line: TokenLine): void {
    this.#line = line;
    this.#isSubscribed = false;
    if (this.#waiters.size > 0) this.#ask();
  }

  detached(line: TokenLine): void {
    if (this.#line === line) this.#line = undefined;
  }

  /** A message on the token topic. */
  received(payload: Uint8Array): void {
    const token = readToken(payload);
    if (token === undefined) {
      this.#why = "what the cloud answered is not a token";
      return;
    }
    this.#kept = { token, untilMs: this.#clock.monotonicMs() + usableMs(token, this.#clock.nowMs()) };
    this.#tell({ ok: true, token });
  }

  /** Never rejects. Whoever waits longer than its limit leaves; an answer that comes later is kept for the next. */
  token({ timeoutMs, signal }: WaitOptions): Promise<TokenOutcome> {
    const kept = this.#kept;
    if (kept !== undefined && this.#clock.monotonicMs() < kept.untilMs) {
      return Promise.resolve({ ok: true, token: kept.token });
    }
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve({ ok: false, why: "given up" });
      const finish = (outcome: TokenOutcome): void => {
        this.#waiters.delete(finish);
        this.#clock.clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        if (this.#waiters.size === 0) this.#rest();
        resolve(outcome);
      };
      const abort = (): void => finish({ ok: false, why: "given up" });
      const timer = this.#clock.setTimeout(() => finish({ ok: false, why: this.#whyNot() }), timeoutMs);
      signal?.addEventListener("abort", abort);
      this.#waiters.add(finish);
      if (this.#timer === undefined) this.#begin();
    });
  }

  /** The cloud refused it: it is not handed out again. True, since another can be asked for. */
  refused(token: string): boolean {
    if (this.#kept?.token === token) this.#kept = undefined;
    return true;
  }

  #begin(): void {
    this.#tries = 0;
    this.#why = "";
    this.#tryOnce();
  }

  #tryOnce(): void {
    this.#tries += 1;
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#tries < triesMax) this.#tryOnce();
      else this.#tell({ ok: false, why: this.#whyNot() });
    }, tryLimitMs);
    this.#ask();
  }

  #ask(): void {
    const line = this.#line;
    if (line === undefined) return;
    void this.#askOver(line);
  }

  async #askOver(line: TokenLine): Promise<void> {
    if (!this.#isSubscribed) {
      const answer = await line.subscribe(topics.tokenDown, 0);
      if (line !== this.#line) return;
      this.#isSubscribed = answer === "granted";
      if (answer === "refused") this.#why = `the cloud refuses the topic ${topics.tokenDown}`;
      if (!this.#isSubscribed) return;
    }
    await line.publish(topics.tokenUp, "", 0);
  }

  #whyNot(): string {
    if (this.#line === undefined) return "no token: there is no MQTT connection to ask the cloud for one";
    return `no token: ${this.#why === "" ? "the cloud did not answer the question for one" : this.#why}`;
  }

  #tell(outcome: TokenOutcome): void {
    for (const waiter of [...this.#waiters]) waiter(outcome);
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
