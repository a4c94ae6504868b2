// What every form of the time service port does.
import { describe, expect, it } from "vitest";
import type { TimeService } from "#hardware/ports.ts";

export interface TimeServiceUnderTest {
  /** Of a machine that was just switched on, with a time server that has not answered yet. */
  readonly timeService: TimeService;
  /** The time server answers; the clock was right before. */
  answers(): void;
  /** Somebody sets the wall clock. */
  jumps(byMs: number): void;
  until(fact: () => unknown, what: string): Promise<void>;
  /** Lets a minute of the machine's time pass. */
  passes(): Promise<void>;
  close?(): void;
}

export function describeTimeServiceContract(form: string, make: () => TimeServiceUnderTest): void {
  describe(`time service port, ${form}`, () => {
    async function withService(test: (underTest: TimeServiceUnderTest) => Promise<void>): Promise<void> {
      const underTest = make();
      try {
        await test(underTest);
      } finally {
        underTest.close?.();
      }
    }

    it("says whether a time server has answered since the start", () =>
      withService(async ({ timeService, answers }) => {
        expect(await timeService.isSynchronised()).toBe(false);
        answers();
        expect(await timeService.isSynchronised()).toBe(true);
      }));

    it("tells once when a time server answers", () =>
      withService(async ({ timeService, answers, until, passes }) => {
        let told = 0;
        timeService.watch(() => (told += 1));
        await passes();
        expect(told).toBe(0);
        answers();
        await until(() => told === 1, "the answer to be told");
        await passes();
        expect(told).toBe(1);
      }));

    it.each([56 * 365 * 86_400_000, -3_600_000])("tells when the clock jumps by %i ms", (byMs) =>
      withService(async ({ timeService, jumps, until, passes }) => {
        let told = 0;
        timeService.watch(() => (told += 1));
        await passes();
        jumps(byMs);
        await until(() => told === 1, "the jump to be told");
        await passes();
        expect(told).toBe(1);
      }),
    );

    it("tells nobody who has had enough", () =>
      withService(async ({ timeService, answers, jumps, until, passes }) => {
        let [stays, leaves] = [0, 0];
        timeService.watch(() => (stays += 1));
        const leave = timeService.watch(() => (leaves += 1));
        await passes();
        leave();
        leave();
        answers();
        jumps(3_600_000);
        await until(() => stays > 0, "the other to be told");
        await passes();
        expect(leaves).toBe(0);
      }));
  });
}
