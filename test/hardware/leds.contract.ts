// What every form of the LED port does.
import { describe, expect, it } from "vitest";
import type { Leds } from "#hardware/ports.ts";

export interface LedsUnderTest {
  /** A board with the LEDs "status" and "tunnel", of which something else has lit "status". */
  readonly leds: Leds;
  /** What a person who looks at it sees. */
  isLit(name: string): boolean;
  close?(): Promise<void> | void;
}

export function describeLedsContract(form: string, make: () => LedsUnderTest | Promise<LedsUnderTest>): void {
  describe(`LED port, ${form}`, () => {
    async function withLeds(test: (underTest: LedsUnderTest) => void): Promise<void> {
      const underTest = await make();
      try {
        test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it("names the LEDs in ascending order", () =>
      withLeds(({ leds }) => expect(leds.names).toEqual(["status", "tunnel"])));

    it("lights one and leaves the others as they are", () =>
      withLeds(({ leds, isLit }) => {
        leds.set("status", false);
        leds.set("tunnel", true);
        expect([isLit("status"), isLit("tunnel")]).toEqual([false, true]);
        leds.set("status", true);
        expect([isLit("status"), isLit("tunnel")]).toEqual([true, true]);
        leds.set("tunnel", false);
        expect([isLit("status"), isLit("tunnel")]).toEqual([true, false]);
      }));

    it("may be told the same twice", () =>
      withLeds(({ leds, isLit }) => {
        leds.set("status", true);
        leds.set("status", true);
        expect(isLit("status")).toBe(true);
        leds.set("status", false);
        leds.set("status", false);
        expect(isLit("status")).toBe(false);
      }));

    it.each(["", "power", "../status", "STATUS"])("throws for the unknown name %j and changes nothing", (name) =>
      withLeds(({ leds, isLit }) => {
        leds.set("tunnel", true);
        expect(() => leds.set(name, true)).toThrow(/no LED/);
        expect(isLit("tunnel")).toBe(true);
      }),
    );
  });
}
