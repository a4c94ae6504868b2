// How long the requests of one HTTP connection may take to arrive, a byte at a time or not at all. Node's own limits need a listening server.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, TimerHandle } from "#hardware/ports.ts";

/** From the connection to the end of the first request's headers, in ms. */
export const firstRequestMs = 30_000;
/** From the end of a request's headers to the end of its body, in ms. */
export const bodyMs = 60_000;
/** From the end of an answer to the end of the next request's headers, in ms: an idle connection is closed before. */
export const nextRequestMs = 150_000;

/** What had not arrived in time; with a body, nothing of the answer has been sent yet. */
export type LateRequest = "headers" | "body" | "body-of-answered";

export class RequestDeadline {
  readonly #clock: Clock;
  readonly #late: (what: LateRequest) => void;
  #timer: TimerHandle | undefined;
  #underWay = 0;
  #isOver = false;

  constructor(clock: Clock, late: (what: LateRequest) => void) {
    this.#clock = clock;
    this.#late = late;
    this.#arm(firstRequestMs, () => this.#late("headers"));
  }

  /** The headers are here. */
  began(request: IncomingMessage, response: ServerResponse): void {
    this.#disarm();
    this.#underWay += 1;
    if (hasBody(request)) {
      this.#arm(bodyMs, () => {
        if (!request.complete) this.#late(response.headersSent ? "body-of-answered" : "body");
      });
    }
    response.once("close", () => {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#arm(nextRequestMs, () => this.#late("headers"));
    });
  }

  /** The connection is no HTTP connection any more, or gone. */
  end(): void {
    this.#isOver = true;
    this.#disarm();
  }

  #arm(ms: number, run: () => void): void {
    this.#disarm();
    if (!this.#isOver) this.#timer = this.#clock.setTimeout(run, ms);
  }

  #disarm(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
