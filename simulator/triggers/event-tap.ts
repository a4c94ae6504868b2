// Listens in on all connections of a site and calls back when an event has happened.
import type { Arrival, Conversation } from "../network/conversation.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { ConnectionRecogniser } from "./connection-recogniser.ts";
import type { Direction, EventConnection, Happening, ProtocolEvent } from "./protocol-event.ts";

interface Waiting {
  readonly event: ProtocolEvent;
  readonly happened: () => void;
  /** How many more must fit. */
  left: number;
}

interface Line {
  readonly recogniser: ConnectionRecogniser;
  readonly seenBytes: Record<Direction, number>;
}

/**
 * Reads along from the first byte of each connection, so that an event can be waited for on one that stands already. What
 * it calls back is called at the moment at which the bytes arrive, before the receiving program has them.
 */
export class EventTap {
  readonly #lines = new WeakMap<object, Line>();
  readonly #waiting = new Set<Waiting>();

  /** Calls back once, when the nth that fits from now on has happened; the returned function ends the waiting. */
  on(event: ProtocolEvent, happened: () => void): () => void {
    const waiting: Waiting = { event, happened, left: event.nth };
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  /** A connection attempt has reached its host. `key` stands for the connection from now on. */
  opened(key: object, connection: EventConnection): void {
    this.#line(key);
    this.#tell(connection, [{ name: "connection.opened", direction: "up", inside: "tcp", fields: {} }]);
  }

  /** Bytes of one direction have arrived. */
  received(key: object, connection: EventConnection, direction: Direction, bytes: Uint8Array): void {
    const line = this.#line(key);
    const before = line.seenBytes[direction];
    line.seenBytes[direction] = before + bytes.length;
    const happenings = line.recogniser.receive(direction, bytes);
    if (this.#waiting.size === 0) return;
    const fields = { before, bytes: line.seenBytes[direction] };
    this.#tell(connection, [{ name: "bytes.seen", direction, inside: "tcp", fields }, ...happenings]);
  }

  #line(key: object): Line {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { recogniser: new ConnectionRecogniser(), seenBytes: { up: 0, down: 0 } };
      this.#lines.set(key, line);
    }
    return line;
  }

  #tell(connection: EventConnection, happenings: readonly Happening[]): void {
    for (const happening of happenings) {
      for (const waiting of [...this.#waiting]) {
        if (!waiting.event.matches(happening, connection)) continue;
        waiting.left -= 1;
        if (waiting.left > 0) continue;
        this.#waiting.delete(waiting);
        waiting.happened();
      }
    }
  }
}

/** A tap on a simulated network. */
export function tapNetwork(network: SimulatedNetwork): EventTap {
  const tap = new EventTap();
  network.watchArrivals((conversation: Conversation, { at, kind, bytes }: Arrival) => {
    if (kind === "open") tap.opened(conversation, conversation);
    else if (kind === "bytes") tap.received(conversation, conversation, at === "server" ? "up" : "down", bytes);
  });
  return tap;
}
