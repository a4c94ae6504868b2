// The byte reader: pieces in, pieces out, one limit.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader } from "#protocol/byte-reader.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";

const tooLarge = () => new ProtocolError("rfb.too-large", "too much");

function readerOf(limitBytes: number, ...pieces: Uint8Array[]): ByteReader {
  const reader = new ByteReader(limitBytes, tooLarge);
  for (const piece of pieces) reader.push(piece);
  return reader;
}

describe("byte reader", () => {
  it("gives nothing until enough bytes are there", () => {
    const reader = readerOf(10, Uint8Array.of(1, 2));
    expect(reader.take(3)).toBeUndefined();
    expect(reader.available).toBe(2);
    reader.push(Uint8Array.of(3, 4));
    expect(reader.peek(3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.take(3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(reader.takeAll()).toEqual(Uint8Array.of(4));
    expect(reader.takeAll()).toEqual(new Uint8Array(0));
    expect(reader.take(0)).toEqual(new Uint8Array(0));
  });

  it("holds its limit exactly and throws the owner's error one byte above", () => {
    const reader = readerOf(1000, new Uint8Array(999));
    reader.push(Uint8Array.of(1));
    expect(() => reader.push(Uint8Array.of(1))).toThrow("too much");
    expect(reader.take(1000)).toHaveLength(1000);
    reader.push(new Uint8Array(1000));
    expect(reader.available).toBe(1000);
  });

  it("throws rather than wait for more than it may ever hold", () => {
    expect(readerOf(4).take(4)).toBeUndefined();
    expect(() => readerOf(4).take(5)).toThrow("too much");
  });

  it("keeps what is left of it when it grows and when it makes room", () => {
    const stream = Uint8Array.from({ length: 1000 }, (_, index) => index);
    const reader = readerOf(1000, stream.subarray(0, 200));
    expect(reader.take(150)).toEqual(stream.subarray(0, 150));
    reader.push(stream.subarray(200, 700));
    expect(reader.take(500)).toEqual(stream.subarray(150, 650));
    reader.push(stream.subarray(700, 1000));
    expect(reader.takeAll()).toEqual(stream.subarray(650, 1000));
  });

  it("keeps its own copy of what was pushed and hands out copies", () => {
    const source = Uint8Array.of(1, 2);
    const reader = readerOf(4, source);
    source.fill(9);
    const peeked = reader.peek(2);
    peeked?.fill(8);
    expect(reader.take(2)).toEqual(Uint8Array.of(1, 2));
  });

  it("hands out the same stream for any pieces", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 })), fc.array(fc.nat(700)), (pieces, takes) => {
        const reader = new ByteReader(1_000_000, tooLarge);
        const out: Uint8Array[] = [];
        const queue = [...takes];
        for (const piece of pieces) {
          reader.push(piece);
          const taken = reader.take(queue.shift() ?? 1);
          if (taken !== undefined) out.push(taken);
        }
        out.push(reader.takeAll());
        expect(Buffer.concat(out).equals(Buffer.concat(pieces))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
