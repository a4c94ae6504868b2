// Asks about what somebody types: once typing rests, one question at a time, and only the answer to what stands there now counts.

/** How long after the last key stroke a question is asked. */
export const restMs = 400;

interface LiveCheckOptions<Draft, Answer> {
  /** Undefined: there is nobody who could answer, now or later. A rejection is no answer, this time. */
  readonly ask: (draft: Draft, signal: AbortSignal) => Promise<Answer | undefined>;
  readonly tell: (answer: Answer, draft: Draft) => void;
}

export class LiveCheck<Draft, Answer> {
  readonly #options: LiveCheckOptions<Draft, Answer>;
  readonly #stopping = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is to be asked once the question under way is answered. */
  #next: { readonly draft: Draft } | undefined;
  /** Replaced whenever an answer to what was asked before would be out of date. */
  #current = {};
  #isAsking = false;

  constructor(options: LiveCheckOptions<Draft, Answer>) {
    this.#options = options;
  }

  /** This stands there now: to be asked about after a rest. */
  typed(draft: Draft): void {
    this.forget();
    if (this.#stopping.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#next = { draft };
      if (!this.#isAsking) void this.#askAll();
    }, restMs);
  }

  /** No answer to anything asked so far is wanted any more. */
  forget(): void {
    clearTimeout(this.#timer);
    this.#next = undefined;
    this.#current = {};
  }

  /** For good. */
  stop(): void {
    this.forget();
    this.#stopping.abort();
  }

  /** Never rejects. */
  async #askAll(): Promise<void> {
    this.#isAsking = true;
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const current = this.#current;
      try {
        const answer = await this.#options.ask(next.draft, this.#stopping.signal);
        if (answer === undefined) this.stop();
        else if (current === this.#current) this.#options.tell(answer, next.draft);
      } catch {
        // Saving will say what is wrong.
      }
    }
    this.#isAsking = false;
  }
}
