// What a link fault does to a fixed sequence of deliveries, found out by running it: what was sent when, and arrived when.
import type { Connection } from "#hardware/ports.ts";
import type { LinkFault } from "../fault.ts";
import { pictureMs, shownFromMs, shownUntilMs } from "./shown-parameters.ts";
import { panelAddress, TwoEnds } from "./two-ends.ts";

const chunkBytes = 1000;
const chunks = 10;
const chunkEveryMs = 100;
const endAtMs = 1150;
const dialsAtMs = [350, 650] as const;
export const sampleEveryMs = 10;

export interface Flight {
  readonly kind: "open" | "bytes" | "end";
  readonly sentAtMs: number;
  /** Undefined: has not arrived within the picture. */
  readonly arrivedAtMs: number | undefined;
  /** How much of the chunk this piece is. */
  readonly share: number;
  readonly isAltered: boolean;
}

export interface LinkStory {
  readonly flights: readonly Flight[];
  /** Unacknowledged bytes of the sender's system, one number each 10 ms. */
  readonly unacknowledged: readonly number[];
}

interface Sent {
  readonly kind: Flight["kind"];
  readonly atMs: number;
  hasArrived: boolean;
}

/** The sender is the gateway, the receiver a panel 1 ms away; each chunk is 1 000 bytes of its own letter. */
export async function tellLinkStory(fault: LinkFault): Promise<LinkStory> {
  using ends = new TwoEnds();
  const flights: Flight[] = [];
  const sent = new Map<unknown, Sent>();
  watch(ends, sent, (flight) => flights.push(flight));
  const connection = await connect(ends, sent);
  play(ends, sent, { fault, connection });
  const unacknowledged = await sample(ends, connection);
  for (const { kind, atMs, hasArrived } of sent.values()) {
    if (!hasArrived) flights.push({ kind, sentAtMs: atMs, arrivedAtMs: undefined, share: 1, isAltered: false });
  }
  return { flights: flights.toSorted((one, other) => one.sentAtMs - other.sentAtMs), unacknowledged };
}

/** What reaches the panel is matched with what was sent by its letter, or by its connection. */
function watch({ network, clock }: TwoEnds, sent: ReadonlyMap<unknown, Sent>, arrived: (flight: Flight) => void): void {
  network.watchArrivals((conversation, { at, kind, bytes }) => {
    if (at === "client" || (kind !== "open" && kind !== "bytes" && kind !== "end")) return;
    const known = sent.get(kind === "bytes" ? letterOf(bytes) : kind === "open" ? conversation : "end");
    if (known === undefined) return;
    known.hasArrived = true;
    arrived({
      kind,
      sentAtMs: known.atMs,
      arrivedAtMs: clock.monotonicMs(),
      share: kind === "bytes" ? bytes.length / chunkBytes : 1,
      isAltered: bytes.some((byte) => byte !== bytes[0]),
    });
  });
}

async function connect(ends: TwoEnds, sent: Map<unknown, Sent>): Promise<Connection> {
  await ends.network.host("panel").listen({ address: "0.0.0.0", port: 5900 }, ({ stream }) => {
    stream.on("error", () => undefined).resume();
  });
  const outcome = await ends.clock.until(dial(ends, sent), { what: "the connection" });
  if (!outcome.ok) throw new Error(outcome.detail);
  return outcome.connection;
}

function dial({ network, clock }: TwoEnds, sent: Map<unknown, Sent>) {
  const dialled = network.host("gateway").dial({ address: panelAddress, port: 5900 }, { timeoutMs: 10 * pictureMs });
  sent.set(network.conversations().at(-1), { kind: "open", atMs: clock.monotonicMs(), hasArrived: false });
  return dialled;
}

function play(
  ends: TwoEnds,
  sent: Map<unknown, Sent>,
  { fault, connection: { stream } }: { readonly fault: LinkFault; readonly connection: Connection },
): void {
  const { network, clock } = ends;
  const note = (key: string, kind: Flight["kind"]): void => {
    sent.set(key, { kind, atMs: clock.monotonicMs(), hasArrived: false });
  };
  let lift = (): void => undefined;
  ends.at(shownFromMs, () => {
    lift = network.link("gateway", "panel").apply(fault, "gateway");
  });
  ends.at(shownUntilMs, () => lift());
  for (let index = 0; index < chunks; index += 1) {
    const letter = String.fromCharCode("A".charCodeAt(0) + index);
    ends.at(chunkEveryMs * (index + 1), () => {
      note(letter, "bytes");
      stream.write(letter.repeat(chunkBytes));
    });
  }
  for (const ms of dialsAtMs) ends.at(ms, () => void dial(ends, sent));
  ends.at(endAtMs, () => {
    note("end", "end");
    stream.end();
  });
}

async function sample({ clock }: TwoEnds, connection: Connection): Promise<readonly number[]> {
  const samples: number[] = [];
  for (let ms = 0; ms < pictureMs; ms += sampleEveryMs) {
    await clock.advance(Math.max(0, ms - clock.monotonicMs()));
    samples.push((await connection.delivery())?.unacknowledgedBytes ?? 0);
  }
  return samples;
}

/** The chunk's own letter: of its first three bytes a turned bit leaves two alike. */
function letterOf(bytes: Uint8Array): string {
  const [first = 0, second = first, third = second] = bytes;
  return String.fromCharCode(first === second || first === third ? first : second);
}
