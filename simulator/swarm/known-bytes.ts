// Bytes of which both ends know what they must be, so that each can say at once which one is wrong.

/** First bytes of a swarm session towards the panel: which session it is, and what the panel shall do. */
export interface Opening {
  readonly id: number;
  readonly bytes: number;
  readonly pieceBytes: number;
  readonly everyMs: number;
  readonly panelThen: "stays" | "ends" | "resets";
}

export const openingBytes = 24;
const mark = 0x50_53_57_4d;
const endings = ["stays", "ends", "resets"] as const;

export function writeOpening(opening: Opening): Uint8Array {
  const bytes = Buffer.alloc(openingBytes);
  const { id, pieceBytes, everyMs, panelThen } = opening;
  for (const [at, value] of [mark, id, opening.bytes, pieceBytes, everyMs, endings.indexOf(panelThen)].entries()) {
    bytes.writeUInt32BE(value, at * 4);
  }
  return bytes;
}

/** Undefined if these bytes have been altered on their way. */
export function readOpening(bytes: Uint8Array): Opening | undefined {
  const view = Buffer.from(bytes);
  const [found, id = 0, down = 0, pieceBytes = 0, everyMs = 0, ending = 0] = [0, 1, 2, 3, 4, 5].map((at) =>
    view.readUInt32BE(at * 4),
  );
  const panelThen = endings[ending];
  if (found !== mark || panelThen === undefined) return undefined;
  return { id, bytes: down, pieceBytes, everyMs, panelThen };
}

export type Direction = "up" | "down";

/** What session `id` carries in one direction from `offset` on, after the opening. */
export function knownBytes(id: number, direction: Direction, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  const key = id * 2 + (direction === "up" ? 0 : 1);
  for (let at = 0; at < length; at += 1) bytes[at] = knownByte(key, offset + at);
  return bytes;
}

/** Counts and judges what arrives of one direction of a session. */
export class Arrived {
  readonly #key: number;
  #count = 0;
  #wrongAt: number | undefined;

  constructor(id: number, direction: Direction) {
    this.#key = id * 2 + (direction === "up" ? 0 : 1);
  }

  get count(): number {
    return this.#count;
  }

  /** Place of the first byte that is not what was sent there; undefined while there is none. */
  get wrongAt(): number | undefined {
    return this.#wrongAt;
  }

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && this.#wrongAt === undefined; at += 1) {
      if (bytes[at] !== knownByte(this.#key, this.#count + at)) this.#wrongAt = this.#count + at;
    }
    this.#count += bytes.length;
  }
}

/** Neighbours differ, and so do places one piece or one session apart. */
function knownByte(key: number, offset: number): number {
  return Math.imul(offset + Math.imul(key, 0x85eb_ca6b), 0x9e37_79b1) >>> 24;
}
