// What happened to the gateway since its start, gathered from what it logs: since when, why, how often.
import type { Clock } from "#hardware/ports.ts";
import type { LogEntry, LogFields } from "../log.ts";
import type {
  ConnectivityState,
  GatewayCounters,
  RegistrationState,
  StateReason,
  StateSince,
} from "./gateway-status.ts";

/** Distinct words kept: of the closed lists of reasons there are fewer. */
const reasonsMax = 100;

interface Held<T> {
  readonly state: T;
  /** Of the monotonic clock: the wall clock may have been wrong then. */
  readonly atMs: number;
}

interface Said {
  readonly why: StateReason;
  readonly atMs: number;
  readonly retryInMs: number | undefined;
}

export class GatewayHistory {
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  #registration: Held<RegistrationState>;
  #connectivity: Held<ConnectivityState>;
  /** By the first part of the event's name. */
  readonly #said = new Map<string, Said>();
  #online = 0;
  #dropped = 0;
  #tunnelsOpened = 0;
  #bytesUp = 0;
  #bytesDown = 0;
  readonly #offline = new Map<string, number>();
  readonly #closed = new Map<string, number>();
  /** When a tunnel was asked for, by operation. */
  readonly #requested = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
    this.#registration = { state: "unregistered", atMs: this.#startedAtMs };
    this.#connectivity = { state: "offline", atMs: this.#startedAtMs };
  }

  noteStates(registration: RegistrationState, connectivity: ConnectivityState): void {
    const atMs = this.#clock.monotonicMs();
    if (registration !== this.#registration.state) this.#registration = { state: registration, atMs };
    if (connectivity === this.#connectivity.state) return;
    if (connectivity === "online") {
      this.#online += 1;
      this.#said.delete("connectivity");
    }
    this.#connectivity = { state: connectivity, atMs };
  }

  noteEntry({ event, fields = {} }: LogEntry): void {
    const [part = ""] = event.split(".");
    if (event === "connectivity.offline" || part === "registration") this.#noteWords(part, event, fields);
    switch (event) {
      case "connectivity.offline":
        count(this.#offline, fields.reason);
        return;
      case "connectivity.message-dropped":
        this.#dropped += numberOf(fields.count) || 1;
        return;
      case "registration.completed":
        this.#said.delete("registration");
        return;
      case "tunnel.requested":
        this.#requested.set(String(fields.operation), this.#clock.monotonicMs());
        return;
      case "tunnel.opened":
        this.#tunnelsOpened += 1;
        return;
      case "tunnel.closed":
        count(this.#closed, fields.reason);
        this.#bytesUp += numberOf(fields.bytesUp);
        this.#bytesDown += numberOf(fields.bytesDown);
        this.#requested.delete(String(fields.operation));
        return;
    }
  }

  get startedAtMs(): number {
    return this.#wallMs(this.#startedAtMs);
  }

  /** Undefined for a tunnel that was not asked for. */
  requestedAtMs(operation: string): number | undefined {
    const atMs = this.#requested.get(operation);
    return atMs === undefined ? undefined : this.#wallMs(atMs);
  }

  registrationSince(): StateSince {
    return this.#since(this.#registration, this.#registration.state === "registered" ? undefined : "registration");
  }

  connectivitySince(): StateSince {
    return this.#since(this.#connectivity, this.#connectivity.state === "online" ? undefined : "connectivity");
  }

  /** Messages for the cloud that were dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  counters(): GatewayCounters {
    return {
      online: this.#online,
      offline: Object.fromEntries(this.#offline),
      tunnelsOpened: this.#tunnelsOpened,
      tunnelsClosed: Object.fromEntries(this.#closed),
      bytesUp: this.#bytesUp,
      bytesDown: this.#bytesDown,
    };
  }

  #noteWords(part: string, event: string, fields: LogFields): void {
    const { reason, detail, what, why, advice, retryInMs } = fields;
    const words = { reason, detail: detail ?? what ?? why, advice };
    const said = Object.entries(words).filter(([, value]) => typeof value === "string");
    if (said.length === 0) return;
    this.#said.set(part, {
      why: { event, ...Object.fromEntries(said) },
      atMs: this.#clock.monotonicMs(),
      retryInMs: typeof retryInMs === "number" ? retryInMs : undefined,
    });
  }

  #since({ atMs }: Held<unknown>, part: string | undefined): StateSince {
    const sinceMs = this.#wallMs(atMs);
    const said = part === undefined ? undefined : this.#said.get(part);
    if (said === undefined) return { sinceMs };
    const retryAtMs = said.retryInMs === undefined ? undefined : said.atMs + said.retryInMs;
    const isAhead = retryAtMs !== undefined && retryAtMs > this.#clock.monotonicMs();
    return { sinceMs, why: said.why, ...(isAhead ? { retryAtMs: this.#wallMs(retryAtMs) } : {}) };
  }

  /** What the wall clock of now says of a moment of the monotonic clock. */
  #wallMs(monotonicMs: number): number {
    return Math.round(this.#clock.nowMs() - (this.#clock.monotonicMs() - monotonicMs));
  }
}

function count(counts: Map<string, number>, word: unknown): void {
  const key = typeof word === "string" ? word : "unknown";
  if (!counts.has(key) && counts.size >= reasonsMax) return;
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
