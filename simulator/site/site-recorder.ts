// Writes what happens on a site into its record: deliveries, the machines' transitions, faults, steps and log lines.
import { hash } from "node:crypto";
import type { Arrival, Conversation } from "../network/conversation.ts";
import type { SimulatedNetwork } from "../network/network.ts";
import { EventLog } from "../record/event-log.ts";
import { KeptDeliveries } from "../record/kept-deliveries.ts";
import { MachineTransitions } from "../record/machine-transitions.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { LogLine } from "./programs.ts";

/** Hex digits of a hash that are written down. */
const hashDigits = 16;

export interface SiteRecorderOptions {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  /** Whether the delivered bytes themselves are kept too. */
  readonly keepBytes: boolean;
}

export class SiteRecorder {
  readonly record: EventLog;
  readonly kept: KeptDeliveries | undefined;
  readonly #clock: SimulatedClock;
  /** Connections over which real TLS passes: of its bytes only the lengths are the same for one seed. */
  readonly #enciphered = new WeakSet<Conversation>();
  readonly #machines = new MachineTransitions((entry) => this.record.append(entry));

  constructor({ clock, network, keepBytes }: SiteRecorderOptions) {
    this.#clock = clock;
    this.record = new EventLog(() => clock.monotonicMs());
    this.kept = keepBytes ? new KeptDeliveries() : undefined;
    network.watchArrivals((conversation, arrival) => this.#arrived(conversation, arrival));
  }

  /** For the `inspect` of the programs that run machines. */
  get inspect(): MachineTransitions["inspect"] {
    return this.#machines.inspect;
  }

  /** The machines that have run. */
  get machines(): MachineTransitions["machines"] {
    return this.#machines.machines;
  }

  says(text: string): void {
    this.record.append({ kind: "step", text });
  }

  fault(fault: { readonly name: string; readonly on: string }, phase: "begin" | "end"): void {
    this.record.append({ kind: "fault", name: fault.name, on: fault.on, phase });
  }

  /** A line's time is left out: a machine's clock may be wrong, and the record has its own. */
  log(program: "gateway" | "cloud", { time: _, level, event, ...fields }: LogLine): void {
    this.record.append({ kind: "log", program, level, event, fields });
  }

  #arrived(conversation: Conversation, arrival: Arrival): void {
    const { client, server, link } = conversation;
    const { at, kind, bytes } = arrival;
    this.record.append({
      kind: "delivery",
      link: link.name,
      from: at === "server" ? client.host : server.host,
      connection: `${client.host}:${client.port}>${server.host}:${server.port}`,
      delivery: kind,
      bytes: bytes.length,
      ...(kind === "bytes" ? { sha256: this.#hashOf(conversation, bytes) } : {}),
    });
    this.kept?.take(this.#clock.monotonicMs(), conversation, arrival);
  }

  #hashOf(conversation: Conversation, bytes: Uint8Array): string {
    if (beginsTls(bytes)) this.#enciphered.add(conversation);
    return this.#enciphered.has(conversation) ? "enciphered" : hash("sha256", bytes, "hex").slice(0, hashDigits);
  }
}

/**
 * Whether a ClientHello begins here, by itself or as the contents of a websocket frame: panels that want TLS get the real
 * one, with keys that OpenSSL draws. The simulated TLS of hosts has JSON in its records and is in clear.
 */
function beginsTls(bytes: Uint8Array): boolean {
  return [0, 2, 4].some((at) => bytes[at] === 0x16 && bytes[at + 1] === 0x03 && bytes[at + 5] === 0x01);
}
