// The seed decides everything that is drawn, and streams by name do not disturb one another.
import { describe, expect, it } from "vitest";
import { SeededRandom } from "#simulator/seeded-random.ts";

describe("seeded randomness", () => {
  it("draws the same from the same seed and something else from another", () => {
    const draw = (seed: number): number[] => {
      const random = new SeededRandom(seed);
      return [random.fraction(), random.fraction(), ...random.bytes(5)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it("gives a named stream that does not depend on what was drawn before", () => {
    const one = new SeededRandom(7);
    const other = new SeededRandom(7);
    other.bytes(1000);
    expect(one.child("panel").bytes(16)).toEqual(other.child("panel").bytes(16));
    expect(one.child("panel").bytes(16)).not.toEqual(one.child("link").bytes(16));
  });

  it("spreads fractions evenly over [0, 1)", () => {
    const random = new SeededRandom(1);
    const tenths = new Array<number>(10).fill(0);
    for (let drawn = 0; drawn < 20_000; drawn += 1) {
      const value = random.fraction();
      expect(value >= 0 && value < 1).toBe(true);
      tenths[Math.floor(value * 10)]! += 1;
    }
    for (const count of tenths) expect(count).toBeGreaterThan(1800);
    for (const count of tenths) expect(count).toBeLessThan(2200);
  });

  it("refuses a length outside 0 to 65536", () => {
    expect(() => new SeededRandom(1).bytes(65_537)).toThrow(RangeError);
    expect(new SeededRandom(1).bytes(65_536)).toHaveLength(65_536);
  });
});
