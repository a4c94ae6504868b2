// What every form of the watchdog port does.
import { describe, expect, it } from "vitest";
import type { Watchdog } from "#hardware/ports.ts";

export interface WatchdogUnderTest {
  readonly watchdog: Watchdog;
  /** Lets time of the hardware's own counter pass. */
  passes(ms: number): Promise<void> | void;
  /** Whether the hardware has rebooted the board. */
  hasRebooted(): boolean;
  close?(): Promise<void> | void;
}

export interface WatchdogWorlds {
  /** One that can be disarmed. */
  usual(): WatchdogUnderTest | Promise<WatchdogUnderTest>;
  /** One that stays armed whatever is asked of it (nowayout). */
  forever(): WatchdogUnderTest | Promise<WatchdogUnderTest>;
}

export function describeWatchdogContract(form: string, worlds: WatchdogWorlds): void {
  describe(`watchdog port, ${form}`, () => {
    async function withWatchdog(
      make: WatchdogWorlds["usual"],
      test: (underTest: WatchdogUnderTest) => Promise<void>,
    ): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close?.();
      }
    }

    it("leaves the board alone until it is armed, whatever else is asked of it", () =>
      withWatchdog(worlds.usual, async ({ watchdog, passes, hasRebooted }) => {
        watchdog.pet();
        expect(watchdog.disarm()).toBe(true);
        await passes(3_600_000);
        expect(hasRebooted()).toBe(false);
      }));

    it("tells the time-out that the hardware took, in whole seconds", () =>
      withWatchdog(worlds.usual, async ({ watchdog }) => {
        const timeoutMs = watchdog.arm(9_500);
        expect(timeoutMs).toBeGreaterThanOrEqual(1_000);
        expect(timeoutMs % 1_000).toBe(0);
        watchdog.disarm();
      }));

    it("leaves the board alone while it is petted within the time-out", () =>
      withWatchdog(worlds.usual, async ({ watchdog, passes, hasRebooted }) => {
        const timeoutMs = watchdog.arm(10_000);
        for (let pets = 0; pets < 20; pets += 1) {
          await passes(timeoutMs * 0.9);
          watchdog.pet();
        }
        await passes(timeoutMs * 0.9);
        expect(hasRebooted()).toBe(false);
        watchdog.disarm();
      }));

    it("reboots the board when it is not petted within the time-out, and not before", () =>
      withWatchdog(worlds.usual, async ({ watchdog, passes, hasRebooted }) => {
        const timeoutMs = watchdog.arm(10_000);
        await passes(timeoutMs / 2);
        watchdog.pet();
        await passes(timeoutMs - 1);
        expect(hasRebooted()).toBe(false);
        await passes(2);
        expect(hasRebooted()).toBe(true);
      }));

    it("takes arming once more for a pet, with the same time-out", () =>
      withWatchdog(worlds.usual, async ({ watchdog, passes, hasRebooted }) => {
        const timeoutMs = watchdog.arm(10_000);
        await passes(timeoutMs - 1);
        expect(watchdog.arm(10_000)).toBe(timeoutMs);
        await passes(timeoutMs - 1);
        expect(hasRebooted()).toBe(false);
        watchdog.disarm();
      }));

    it("leaves the board alone once it is disarmed, and can be armed again", () =>
      withWatchdog(worlds.usual, async ({ watchdog, passes, hasRebooted }) => {
        const timeoutMs = watchdog.arm(10_000);
        expect(watchdog.disarm()).toBe(true);
        await passes(10 * timeoutMs);
        expect(hasRebooted()).toBe(false);
        watchdog.arm(10_000);
        await passes(timeoutMs + 1);
        expect(hasRebooted()).toBe(true);
      }));

    it("says so when the hardware does not let itself be disarmed, and reboots the board then", () =>
      withWatchdog(worlds.forever, async ({ watchdog, passes, hasRebooted }) => {
        const timeoutMs = watchdog.arm(10_000);
        expect(watchdog.disarm()).toBe(false);
        await passes(timeoutMs + 1);
        expect(hasRebooted()).toBe(true);
      }));
  });
}
