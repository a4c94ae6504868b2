// Records a site in memory: everything that arrives anywhere on its network, and the bytes themselves if they are wanted.
import type { Arrival, Conversation } from "../network/conversation.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { KeptDeliveries } from "../record/kept-deliveries.ts";
import { RunRecorder } from "../record/run-recorder.ts";
import type { SimulatedClock } from "../simulated-clock.ts";

export interface SiteRecorderOptions {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  /** Whether the delivered bytes themselves are kept too. */
  readonly keepBytes: boolean;
}

export class SiteRecorder extends RunRecorder {
  readonly kept: KeptDeliveries | undefined;
  readonly #clock: SimulatedClock;
  /** Connections over which real TLS passes: of its bytes only the lengths are the same for one seed. */
  readonly #enciphered = new WeakSet<Conversation>();

  constructor({ clock, network, keepBytes }: SiteRecorderOptions) {
    super(() => clock.monotonicMs());
    this.#clock = clock;
    this.kept = keepBytes ? new KeptDeliveries() : undefined;
    network.watchArrivals((conversation, arrival) => this.#take(conversation, arrival));
  }

  #take(conversation: Conversation, arrival: Arrival): void {
    const { client, server, link } = conversation;
    if (beginsTls(arrival.bytes)) this.#enciphered.add(conversation);
    this.arrived({ link: link.name, client, server, arrival, isEnciphered: this.#enciphered.has(conversation) });
    this.kept?.take(this.#clock.monotonicMs(), conversation, arrival);
  }
}

/**
 * Whether a ClientHello begins here, by itself or as the contents of a websocket frame: panels that want TLS get the real
 * one, with keys that OpenSSL draws. The simulated TLS of hosts has JSON in its records and is in clear.
 */
function beginsTls(bytes: Uint8Array): boolean {
  return [0, 2, 4].some((at) => bytes[at] === 0x16 && bytes[at + 1] === 0x03 && bytes[at + 5] === 0x01);
}
