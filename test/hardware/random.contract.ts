// What every form of the randomness port does.
import { describe, expect, it } from "vitest";
import type { Random } from "#hardware/ports.ts";

export function describeRandomContract(form: string, make: () => Random): void {
  describe(`random port, ${form}`, () => {
    it.each([0, 1, 4, 16, 65_536])("gives exactly %i bytes", (length) => {
      const bytes = make().bytes(length);
      expect(bytes).toBeInstanceOf(Uint8Array);
      expect(bytes).toHaveLength(length);
    });

    it("gives bytes of its own: a later call does not change an earlier answer", () => {
      const random = make();
      const first = random.bytes(64);
      const copy = Uint8Array.from(first);
      random.bytes(64);
      expect(first).toEqual(copy);
    });

    it("gives other bytes with each call", () => {
      const random = make();
      const drawn = new Set(Array.from({ length: 100 }, () => Buffer.from(random.bytes(16)).toString("hex")));
      expect(drawn.size).toBe(100);
    });

    it("uses all values of a byte about equally often", () => {
      const counts = new Array<number>(256).fill(0);
      for (const byte of make().bytes(65_536)) counts[byte] = (counts[byte] ?? 0) + 1;
      // Expected 256 of each, standard deviation 16: eight of them either way.
      expect(Math.min(...counts)).toBeGreaterThan(128);
      expect(Math.max(...counts)).toBeLessThan(384);
    });

    it("draws fractions from 0 to below 1 that spread over the whole range", () => {
      const random = make();
      const tenths = new Array<number>(10).fill(0);
      for (let draw = 0; draw < 5_000; draw += 1) {
        const fraction = random.fraction();
        expect(fraction).toBeGreaterThanOrEqual(0);
        expect(fraction).toBeLessThan(1);
        const tenth = Math.floor(fraction * 10);
        tenths[tenth] = (tenths[tenth] ?? 0) + 1;
      }
      expect(Math.min(...tenths)).toBeGreaterThan(350);
    });

    it("draws fractions of 53 bits: some need more than 32", () => {
      const random = make();
      const fine = Array.from({ length: 50 }, () => random.fraction()).filter((f) => !Number.isInteger(f * 2 ** 32));
      expect(fine.length).toBeGreaterThan(40);
    });
  });
}
