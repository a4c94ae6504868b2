// Reads and writes SSH's own binary forms (RFC 4251 section 5): uint32, string, mpint.
import { damaged, unsupported } from "./key-error.ts";
import { bigintOf, numberBitsMax } from "./key-numbers.ts";

/** Largest number read: what OpenSSH takes, and a byte for the sign. */
const numberBytesMax = numberBitsMax / 8 + 1;

/** Walks through bytes; every read beyond the end throws KeyError `key.damaged`. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(count: number): Buffer {
    if (count > this.left) throw damaged("it ends too early");
    const taken = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  byte(): number {
    return this.take(1).readUInt8(0);
  }

  uint16(): number {
    return this.take(2).readUInt16BE(0);
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64BE(0);
  }

  string(): Buffer {
    return this.take(this.uint32());
  }

  text(): string {
    return this.string().toString("utf8");
  }

  /** A number that is never negative here. */
  mpint(): bigint {
    return numberOf(this.string());
  }

  /** SSH-1's number, and ssh.com's: a count of bits, then as few bytes as hold them. */
  numberOfBits(bits: number): bigint {
    const bytes = Math.ceil(bits / 8);
    if (bytes > this.left) throw damaged("it ends too early");
    return numberOf(this.take(bytes), "unsigned");
  }

  /** Throws unless everything was read. */
  end(): void {
    if (this.left > 0) throw damaged("there is something left after its end");
  }
}

function numberOf(bytes: Buffer, kind: "signed" | "unsigned" = "signed"): bigint {
  if (bytes.length > numberBytesMax) throw unsupported(`A number of this key has more than ${numberBitsMax} bits.`);
  if (kind === "signed" && (bytes[0] ?? 0) >= 0x80) throw damaged("one of its numbers is negative");
  return bigintOf(bytes);
}

export function writeUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function writeString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([writeUint32(bytes.length), bytes]);
}

export function writeMpint(value: bigint): Buffer {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const bytes = Buffer.from(value === 0n ? "" : even, "hex");
  return writeString((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
}
