// A run's deliveries as a capture that Wireshark opens: what each host got and when, steps and faults as comments.
import type { StampedEntry } from "../../record/event-log.ts";
import type { KeptDelivery } from "../../record/kept-deliveries.ts";
import { type CapturedFrame, writePcapng } from "./pcapng.ts";
import { TcpConversation } from "./tcp-conversation.ts";
import { writeFrame } from "./tcp-packet.ts";

export interface CaptureSource {
  readonly deliveries: readonly KeptDelivery[];
  /** Steps and faults of it become comments of the packet that follows. */
  readonly entries: readonly StampedEntry[];
  /** Wall clock of the site at its start, in ms since the Unix epoch. */
  readonly startedAtMs: number;
  readonly title: string;
}

const aboutTls =
  "TLS is simulated: behind a short handshake record the bytes are in clear. For ports 8443 and 8883 choose " +
  '"Decode As", HTTP and MQTT. Packets bear the time of their arrival; acknowledgements are made up at that time.';

export function writeCapture({ deliveries, entries, startedAtMs, title }: CaptureSource): Uint8Array {
  const links = [...new Set(deliveries.map(linkOf))].sort();
  const interfaces = links.map((name) => ({ name, description: `link between ${name.replace("-", " and ")}` }));
  const omitted = omittedOf(entries, deliveries);
  const note = omitted === 0 ? "" : ` The last ${omitted} deliveries of the run are missing: more bytes are not kept.`;
  return writePcapng({ program: "postern sim", comment: `${title}. ${aboutTls}${note}` }, interfaces, framesOf());

  function* framesOf(): Generator<CapturedFrame> {
    const conversations = new Conversations();
    const remarks = remarksOf(entries);
    let told = 0;
    let lastUs = 0n;
    for (const delivery of deliveries) {
      const comments: string[] = [];
      for (; told < remarks.length; told += 1) {
        const remark = remarks[told];
        if (remark === undefined || remark.atMs > delivery.atMs) break;
        comments.push(remark.text);
      }
      for (const segment of conversations.of(delivery).segmentsOf(delivery)) {
        const atUs = BigInt(Math.round((startedAtMs + delivery.atMs) * 1000));
        // Packets of one moment keep their order for whoever sorts by time.
        lastUs = atUs > lastUs ? atUs : lastUs + 1n;
        yield {
          at: links.indexOf(linkOf(delivery)),
          atUs: lastUs,
          frame: writeFrame(segment),
          comments: comments.splice(0),
        };
      }
    }
  }
}

class Conversations {
  readonly #known = new Map<string, TcpConversation>();
  #turns = 0;

  of(delivery: KeptDelivery): TcpConversation {
    const { client, server, kind } = delivery;
    const key = `${client.address}:${client.port}>${server.address}:${server.port}`;
    const known = this.#known.get(key);
    if (known !== undefined && !(kind === "open" && known.isAccepted)) return known;
    this.#turns += 1;
    const made = new TcpConversation(delivery, this.#turns);
    this.#known.set(key, made);
    return made;
  }
}

function linkOf({ client, server }: KeptDelivery): string {
  return [client.host, server.host].sort().join("-");
}

function remarksOf(entries: readonly StampedEntry[]): readonly { readonly atMs: number; readonly text: string }[] {
  return entries.flatMap((entry) => {
    if (entry.kind === "step") return [{ atMs: entry.atMs, text: `step: ${entry.text}` }];
    if (entry.kind !== "fault") return [];
    return [
      { atMs: entry.atMs, text: `fault ${entry.phase === "begin" ? "begins" : "ends"}: ${entry.name} on ${entry.on}` },
    ];
  });
}

function omittedOf(entries: readonly StampedEntry[], deliveries: readonly KeptDelivery[]): number {
  return entries.filter(({ kind }) => kind === "delivery").length - deliveries.length;
}
