// Bytes of transcripts as people can read them, and every way to feed them.
import fc from "fast-check";

/** Text is Latin-1, numbers are single bytes, `hex("...")` for the rest. */
export function bytes(...parts: readonly (string | number | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === "number") return Buffer.of(part);
      return typeof part === "string" ? Buffer.from(part, "latin1") : part;
    }),
  );
}

export function hex(digits: string): Uint8Array {
  return Buffer.from(digits.replaceAll(" ", ""), "hex");
}

export function toHex(value: Uint8Array): string {
  return Buffer.from(value).toString("hex");
}

export function oneByOne(stream: Uint8Array): Uint8Array[] {
  return Array.from(stream, (byte) => Uint8Array.of(byte));
}

/** The stream cut at random places. */
export function anyPieces(stream: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  return fc.array(fc.nat(stream.length), { maxLength: 8 }).map((cuts) => {
    const ends = [...cuts.sort((a, b) => a - b), stream.length];
    return ends.map((end, index) => stream.subarray(index === 0 ? 0 : ends[index - 1], end));
  });
}
