// Makes the segments of one TCP connection out of what was delivered on it: handshake, numbers, acknowledgements, end.
import { hash } from "node:crypto";
import type { KeptDelivery } from "../../record/kept-deliveries.ts";
import { captureAddress } from "./addresses.ts";
import { type Segment, segmentBytesMax, tcpFlags } from "./tcp-packet.ts";

const { fin, syn, rst, psh, ack } = tcpFlags;
const nothing = new Uint8Array(0);

interface Side {
  readonly address: ReturnType<typeof captureAddress>;
  readonly port: number;
  /** Number of the next byte that it sends. */
  next: number;
  packets: number;
}

export class TcpConversation {
  readonly #client: Side;
  readonly #server: Side;
  #isAccepted = false;

  /** `opening` is the delivery of the dialler's SYN; `turn` tells apart connections between the same two ports. */
  constructor({ client, server }: KeptDelivery, turn: number) {
    const place = `${client.address}:${client.port}>${server.address}:${server.port}/${turn}`;
    const numbers = Buffer.from(hash("sha256", place, "hex").slice(0, 16), "hex");
    // Behind a translation of addresses the capture stands on the dialler's side.
    const called = server.seenAs ?? server;
    this.#client = {
      address: captureAddress(client.address),
      port: client.port,
      next: numbers.readUInt32BE(0),
      packets: 0,
    };
    this.#server = {
      address: captureAddress(called.address),
      port: called.port,
      next: numbers.readUInt32BE(4),
      packets: 0,
    };
  }

  /** Whether a SYN between the same ports is a new connection, and not the same one again. */
  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** What a capture on the wire shows of this delivery. */
  segmentsOf({ at, kind, bytes }: KeptDelivery): readonly Segment[] {
    const sender = at === "server" ? this.#client : this.#server;
    const receiver = at === "server" ? this.#server : this.#client;
    switch (kind) {
      case "open":
        return [this.#segment(sender, receiver, syn)];
      case "accept":
        return this.#accepted();
      case "refuse":
        this.#client.next += 1;
        return [this.#segment(sender, receiver, rst | ack)];
      case "bytes":
        return [...this.#data(sender, receiver, bytes), this.#segment(receiver, sender, ack)];
      case "end": {
        const end = this.#segment(sender, receiver, fin | ack);
        sender.next += 1;
        return [end, this.#segment(receiver, sender, ack)];
      }
      case "reset":
        return [this.#segment(sender, receiver, rst | ack)];
      default:
        return kind satisfies never;
    }
  }

  #accepted(): readonly Segment[] {
    this.#isAccepted = true;
    this.#client.next += 1;
    const answer = this.#segment(this.#server, this.#client, syn | ack);
    this.#server.next += 1;
    return [answer, this.#segment(this.#client, this.#server, ack)];
  }

  #data(sender: Side, receiver: Side, bytes: Uint8Array): readonly Segment[] {
    const segments: Segment[] = [];
    for (let at = 0; at < bytes.length; at += segmentBytesMax) {
      const payload = bytes.subarray(at, at + segmentBytesMax);
      segments.push(this.#segment(sender, receiver, psh | ack, payload));
      sender.next += payload.length;
    }
    return segments;
  }

  #segment(from: Side, to: Side, flags: number, payload: Uint8Array = nothing): Segment {
    from.packets += 1;
    return {
      ...{ from: { address: from.address, port: from.port }, to: { address: to.address, port: to.port } },
      ...{ sequence: from.next, acknowledgement: to.next, flags, payload, identification: from.packets },
    };
  }
}
