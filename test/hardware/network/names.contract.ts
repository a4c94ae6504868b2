// How the network port resolves names and literals, and lists its interfaces.
import { describe, expect, it } from "vitest";
import { type NetworkUnderTest, waitMs, worldsOf } from "./world.ts";

export function describeNames(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld } = worldsOf(make);
  describe(`network port, ${form}: names and interfaces`, () => {
    it.each([
      ["127.0.0.1", "127.0.0.1"],
      ["127.1", "127.0.0.1"],
      ["0x7f.1", "127.0.0.1"],
      ["0177.0.0.1", "127.0.0.1"],
      ["2130706433", "127.0.0.1"],
      ["①27.0.0.1", "127.0.0.1"],
      ["127。0。0。1", "127.0.0.1"],
      ["::1", "::1"],
      ["0:0:0:0:0:0:0:1", "::1"],
      ["FD00::0A", "fd00::a"],
      ["::FFFF:192.168.10.11", "::ffff:192.168.10.11"],
    ])("normalises the literal %s to %s", (literal, canonical) =>
      withWorld(async ({ dialer, settles }) => {
        const outcome = await settles(dialer.resolve(literal, { timeoutMs: waitMs }));
        expect(outcome).toEqual({ ok: true, addresses: [canonical] });
      }),
    );

    it("resolves a known name to its addresses, without regard to case", () =>
      withWorld(async ({ dialer, names, settles }) => {
        for (const name of [names.known, names.known.toUpperCase()]) {
          const outcome = await settles(dialer.resolve(name, { timeoutMs: waitMs }));
          if (!outcome.ok) throw new Error(outcome.detail);
          expect(outcome.addresses.length).toBeGreaterThan(0);
          for (const address of outcome.addresses) expect(names.addresses).toContain(address);
        }
      }));

    it.each([
      ["that is empty", ""],
      ["with a space", "two words"],
      ["with a zero byte", "a\0b"],
      ["of 254 characters", `${"a.".repeat(126)}aa`],
    ])("says name-unknown for a name %s", (_what, name) =>
      withWorld(async ({ dialer, settles }) => {
        const outcome = await settles(dialer.resolve(name, { timeoutMs: waitMs }));
        expect(outcome).toMatchObject({ ok: false, reason: "name-unknown" });
      }),
    );

    it("says name-unknown for a name that does not exist, and names it", () =>
      withWorld(async ({ dialer, names, settles }) => {
        const outcome = await settles(dialer.resolve(names.unknown, { timeoutMs: waitMs }));
        expect(outcome).toMatchObject({ ok: false, reason: "name-unknown" });
        if (!outcome.ok) expect(outcome.detail).toContain(names.unknown);
      }));

    it("says aborted when the signal has fired before it asks", () =>
      withWorld(async ({ dialer, names, settles }) => {
        const options = { timeoutMs: waitMs, signal: AbortSignal.abort() };
        const outcome = await settles(dialer.resolve(names.known, options));
        expect(outcome).toMatchObject({ ok: false, reason: "aborted" });
      }));

    it("lists its interfaces, the loopback one with 127.0.0.1/8 and without the default route", () =>
      withWorld(async ({ dialer, settles }) => {
        const interfaces = await settles(dialer.interfaces());
        const loopback = interfaces.filter(({ isLoopback }) => isLoopback);
        expect(loopback).toHaveLength(1);
        expect(loopback[0]?.hasDefaultRoute).toBe(false);
        expect(loopback[0]?.addresses).toContainEqual({ address: "127.0.0.1", family: 4, prefixLength: 8 });
      }));
  });
}
