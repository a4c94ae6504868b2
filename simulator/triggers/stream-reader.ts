// Reads a stream of bytes by a generator that asks for what it needs next, however the bytes come in.

/** `take`: exactly so many bytes. `some`: from one up to so many. `skip`: so many are passed over. */
export type Ask = { readonly take: number } | { readonly some: number } | { readonly skip: number };

/** Is given the bytes that it asked for (none for `skip`); when it returns, what still comes is of no interest. */
export type StreamParser = Generator<Ask, void, Uint8Array>;

const none = new Uint8Array(0);

export class StreamReader {
  readonly #parser: StreamParser;
  /** Joined only when an answer needs them: a stream may come byte by byte. */
  #pieces: Uint8Array[] = [];
  #waitingBytes = 0;
  #ask: Ask | undefined;

  constructor(parser: StreamParser) {
    this.#parser = parser;
    this.#go(none);
  }

  /** True once nothing more is of interest. */
  get isDone(): boolean {
    return this.#ask === undefined;
  }

  receive(bytes: Uint8Array): void {
    if (this.#ask === undefined || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#waitingBytes += bytes.length;
    while (this.#ask !== undefined && this.#serves(this.#ask));
    if (this.#ask !== undefined) return;
    this.#pieces = [];
    this.#waitingBytes = 0;
  }

  /** False when more bytes must come first. */
  #serves(ask: Ask): boolean {
    if ("take" in ask) {
      if (this.#waitingBytes < ask.take) return false;
      this.#go(this.#cut(ask.take));
    } else if ("some" in ask) {
      if (this.#waitingBytes === 0) return false;
      this.#go(this.#cut(Math.min(ask.some, this.#waitingBytes)));
    } else {
      const skipped = this.#cut(Math.min(ask.skip, this.#waitingBytes)).length;
      if (skipped < ask.skip) {
        this.#ask = { skip: ask.skip - skipped };
        return false;
      }
      this.#go(none);
    }
    return true;
  }

  #go(bytes: Uint8Array): void {
    const next = this.#parser.next(bytes);
    this.#ask = next.done === true ? undefined : next.value;
  }

  #cut(count: number): Uint8Array {
    const [first = none] = this.#pieces;
    const all = first.length >= count ? first : Buffer.concat(this.#pieces);
    if (all !== first) this.#pieces = [all];
    if (all.length > count) this.#pieces[0] = all.subarray(count);
    else this.#pieces.shift();
    this.#waitingBytes -= count;
    return all.subarray(0, count);
  }
}

/** Exactly `count` bytes. */
export function* take(count: number): Generator<Ask, Buffer, Uint8Array> {
  const bytes = yield { take: count };
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function* skip(count: number): Generator<Ask, void, Uint8Array> {
  if (count > 0) yield { skip: count };
}

/** From one to `count` bytes. */
export function* some(count: number): Generator<Ask, Uint8Array, Uint8Array> {
  return yield { some: count };
}

export function* takeByte(): Generator<Ask, number, Uint8Array> {
  return (yield* take(1)).readUInt8();
}

/** Big-endian, 16 bits. */
export function* takeShort(): Generator<Ask, number, Uint8Array> {
  return (yield* take(2)).readUInt16BE();
}

/** Big-endian, 32 bits. */
export function* takeLong(): Generator<Ask, number, Uint8Array> {
  return (yield* take(4)).readUInt32BE();
}
