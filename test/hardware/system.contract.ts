// What every form of the system port does.
import { describe, expect, it } from "vitest";
import type { System } from "#hardware/ports.ts";

export interface SystemUnderTest {
  readonly system: System;
  /** The port of the same machine for another program, in the same boot and in the next one. */
  again(): System;
  nextBoot(): System;
  /** How often the machine was asked to restart, and took it. */
  restarts(): number | Promise<number>;
  /** From now on it may not be restarted. */
  forbidsRestart(): void;
  close?(): void;
}

export function describeSystemContract(form: string, make: () => SystemUnderTest | Promise<SystemUnderTest>): void {
  describe(`system port, ${form}`, () => {
    async function withSystem(test: (underTest: SystemUnderTest) => Promise<void> | void): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        underTest.close?.();
      }
    }

    it("tells load, memory, disk and uptime, with nothing more free than there is", () =>
      withSystem(async ({ system }) => {
        const facts = await system.facts();
        expect(facts.load1).toBeGreaterThanOrEqual(0);
        expect(facts.uptimeS).toBeGreaterThanOrEqual(0);
        expect(facts.memoryTotalBytes).toBeGreaterThan(0);
        expect(facts.memoryAvailableBytes).toBeGreaterThan(0);
        expect(facts.memoryAvailableBytes).toBeLessThanOrEqual(facts.memoryTotalBytes);
        expect(facts.diskTotalBytes).toBeGreaterThan(0);
        expect(facts.diskFreeBytes).toBeGreaterThanOrEqual(0);
        expect(facts.diskFreeBytes).toBeLessThanOrEqual(facts.diskTotalBytes);
      }));

    it("has at least one core, and says whether it knows AES", () =>
      withSystem(({ system }) => {
        expect(system.cpu().cores).toBeGreaterThanOrEqual(1);
        expect(typeof system.cpu().hasAes).toBe("boolean");
      }));

    it("has one boot id for the whole of a boot, and another after it", () =>
      withSystem(({ system, again, nextBoot }) => {
        expect(system.bootId).toMatch(/^[0-9a-f-]{36}$/);
        expect(again().bootId).toBe(system.bootId);
        expect(nextBoot().bootId).not.toBe(system.bootId);
      }));

    it("restarts the machine", () =>
      withSystem(async ({ system, restarts }) => {
        expect(await system.restart()).toEqual({ ok: true });
        expect(await restarts()).toBe(1);
      }));

    it("says in words why it does not restart", () =>
      withSystem(async ({ system, forbidsRestart, restarts }) => {
        forbidsRestart();
        expect(await system.restart()).toEqual({ ok: false, why: expect.stringMatching(/permit|authent/) });
        expect(await restarts()).toBe(0);
      }));
  });
}
