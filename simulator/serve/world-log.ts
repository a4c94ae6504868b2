// What happened in a served world, newest kept: faults, panels, links and every delivery that reached an end.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import type { EventsPage, LoggedEvent } from "./api-types.ts";

/** Lines kept; older ones are dropped and counted. */
export const eventsMax = 10_000;
/** Lines of one answer. */
export const pageMax = 1000;
/** Requests that wait for a line at a time. */
const waitersMax = 64;

export interface EventsAsk {
  /** What comes behind this line; from the oldest kept if left out. */
  readonly after?: number;
  readonly limit?: number;
  readonly kind?: string;
  readonly link?: string;
}

type Entry = Pick<LoggedEvent, "kind"> & Readonly<Record<string, unknown>>;

export class WorldLog {
  readonly #clock: Pick<Clock, "monotonicMs" | "setTimeout" | "clearTimeout">;
  readonly #startedAtMs: number;
  #events: LoggedEvent[] = [];
  #lastSeq = 0;
  readonly #waiters = new Set<() => void>();

  constructor(clock: Pick<Clock, "monotonicMs" | "setTimeout" | "clearTimeout">) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
  }

  write(entry: Entry): void {
    this.#lastSeq += 1;
    const atMs = Math.round(this.#clock.monotonicMs() - this.#startedAtMs);
    this.#events.push({ seq: this.#lastSeq, atMs, ...entry });
    // Seldom, as it moves everything.
    if (this.#events.length > eventsMax * 2) this.#events = this.#events.slice(-eventsMax);
    for (const wake of [...this.#waiters]) wake();
  }

  /** Numbers go on, so that who asks `after` one of them is not told old news. */
  empty(): void {
    this.#events = [];
  }

  page(ask: EventsAsk): EventsPage {
    const { after = 0, limit = pageMax } = ask;
    const kept = this.#events.slice(-eventsMax);
    const omitted = Math.max(0, (kept[0]?.seq ?? this.#lastSeq + 1) - after - 1);
    const fitting = kept.filter((event) => event.seq > after && fits(event, ask));
    const events = fitting.slice(0, Math.min(limit, pageMax));
    const isWhole = events.length === fitting.length;
    return { events, omitted, lastSeq: isWhole ? this.#lastSeq : (events.at(-1)?.seq ?? after) };
  }

  /** The page once it is not empty, or as it is after `waitMs`, or when `signal` aborts. */
  async wait(ask: EventsAsk, waitMs: number, signal: AbortSignal): Promise<EventsPage> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.page(ask).events.length > 0) resolve();
    };
    if (waitMs > 0 && this.#waiters.size < waitersMax && !signal.aborted) {
      this.#waiters.add(look);
      const timer: TimerHandle = this.#clock.setTimeout(resolve, waitMs);
      const stop = (): void => resolve();
      signal.addEventListener("abort", stop);
      look();
      await promise;
      signal.removeEventListener("abort", stop);
      this.#clock.clearTimeout(timer);
      this.#waiters.delete(look);
    }
    return this.page(ask);
  }
}

function fits(event: LoggedEvent, { kind, link }: EventsAsk): boolean {
  return (kind === undefined || event.kind === kind) && (link === undefined || event["link"] === link);
}
