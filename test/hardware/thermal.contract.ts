// What every form of the thermal port does.
import { describe, expect, it } from "vitest";
import type { Thermal } from "#hardware/ports.ts";

export interface ThermalUnderTest {
  readonly thermal: Thermal;
  /** The chip has this temperature from now on. */
  becomes(celsius: number): void;
  /** The sensor has no answer from now on. */
  breaks(): void;
  close?(): Promise<void> | void;
}

export function describeThermalContract(form: string, make: () => ThermalUnderTest | Promise<ThermalUnderTest>): void {
  describe(`thermal port, ${form}`, () => {
    async function withThermal(test: (underTest: ThermalUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it.each([42.5, 0, -12.3, 84.9, 100])("tells %f degrees Celsius, to a tenth", (celsius) =>
      withThermal(async ({ thermal, becomes }) => {
        becomes(celsius);
        expect(await thermal.celsius()).toBeCloseTo(celsius, 1);
      }),
    );

    it("tells of each change", () =>
      withThermal(async ({ thermal, becomes }) => {
        becomes(40);
        const before = await thermal.celsius();
        becomes(60);
        expect([before, await thermal.celsius()]).toEqual([40, 60]);
      }));

    it("is undefined while the sensor has no answer, and does not reject", () =>
      withThermal(async ({ thermal, becomes, breaks }) => {
        becomes(40);
        breaks();
        expect(await thermal.celsius()).toBeUndefined();
      }));
  });
}
