// Keeps what was delivered, bytes and all, for a capture file; bounded, and honest about what it had to leave out.
import type { Arrival, Conversation, Party } from "../network/conversation.ts";

/** Bytes kept of one run. */
export const keptBytesMax = 64 * 1024 * 1024;

export interface KeptDelivery extends Arrival {
  /** Time since the site's start, in ms. */
  readonly atMs: number;
  readonly client: Party;
  readonly server: Party;
}

export class KeptDeliveries {
  readonly #deliveries: KeptDelivery[] = [];
  #bytes = 0;
  #omitted = 0;

  get deliveries(): readonly KeptDelivery[] {
    return this.#deliveries;
  }

  /** Deliveries that came when no more bytes were kept. */
  get omitted(): number {
    return this.#omitted;
  }

  take(atMs: number, { client, server }: Conversation, arrival: Arrival): void {
    // Once something is left out everything is: a capture with holes in the middle reads as loss.
    if (this.#omitted > 0 || this.#bytes + arrival.bytes.length > keptBytesMax) {
      this.#omitted += 1;
      return;
    }
    this.#bytes += arrival.bytes.length;
    this.#deliveries.push({ atMs, client, server, ...arrival, bytes: new Uint8Array(arrival.bytes) });
  }
}
