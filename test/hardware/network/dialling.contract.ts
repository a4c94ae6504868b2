// How the network port dials: its outcomes, limits and the signal to give up.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { readBytes } from "../streams.ts";
import { connectionOf, type NetworkUnderTest, reasonOf, shortWaitMs, waitMs, worldsOf } from "./world.ts";

export function describeDialling(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld } = worldsOf(make);
  describe(`network port, ${form}: dialling`, () => {
    it("says refused where nothing listens", () =>
      withWorld(async (world) => {
        const listening = await world.settles(world.server.listen({ address: world.serverAddress, port: 0 }, () => {}));
        if (!listening.ok) throw new Error(listening.detail);
        await world.settles(listening.listener.close());
        const target = { address: world.serverAddress, port: listening.listener.port };
        const dialled = world.dialer.dial(target, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(dialled))).toBe("refused");
        const overTls = world.dialer.dialTls({ ...target, serverName: "x.example" }, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(overTls))).toBe("refused");
      }));

    it("says timeout where nothing answers, after the time given", () =>
      withWorld(async (world) => {
        const target = await world.openSilentTarget();
        const startMs = performance.now();
        const dialled = world.dialer.dial(target, { timeoutMs: shortWaitMs });
        expect(reasonOf(await world.settles(dialled))).toBe("timeout");
        expect(performance.now() - startMs).toBeLessThan(waitMs);
      }));

    it("says aborted when the signal fires while it waits", () =>
      withWorld(async (world) => {
        const target = await world.openSilentTarget();
        const controller = new AbortController();
        const dialled = world.dialer.dial(target, { timeoutMs: waitMs, signal: controller.signal });
        controller.abort();
        expect(reasonOf(await world.settles(dialled))).toBe("aborted");
      }));

    it("says aborted and dials nothing when the signal has fired before", () =>
      withWorld(async (world) => {
        let accepted = 0;
        const listening = await world.settles(
          world.server.listen({ address: world.serverAddress, port: 0 }, () => {
            accepted += 1;
          }),
        );
        if (!listening.ok) throw new Error(listening.detail);
        const options = { timeoutMs: waitMs, signal: AbortSignal.abort() };
        const target = { address: world.serverAddress, port: listening.listener.port };
        expect(reasonOf(await world.settles(world.dialer.dial(target, options)))).toBe("aborted");
        const tlsTarget = { ...target, serverName: "x.example" };
        expect(reasonOf(await world.settles(world.dialer.dialTls(tlsTarget, options)))).toBe("aborted");
        await world.settles(listening.listener.close());
        expect(accepted).toBe(0);
      }));

    it("leaves a connection alone once it stands: a later abort changes nothing", () =>
      withWorld(async (world) => {
        const accepted = Promise.withResolvers<Connection>();
        const listening = await world.settles(
          world.server.listen({ address: world.serverAddress, port: 0 }, accepted.resolve),
        );
        if (!listening.ok) throw new Error(listening.detail);
        const controller = new AbortController();
        const target = { address: world.serverAddress, port: listening.listener.port };
        const dialled = world.dialer.dial(target, { timeoutMs: waitMs, signal: controller.signal });
        const near = connectionOf(await world.settles(dialled));
        controller.abort();
        near.stream.write("still here");
        const far = await world.settles(accepted.promise);
        expect((await world.settles(readBytes(far.stream, 10))).toString()).toBe("still here");
        near.reset();
        await world.settles(listening.listener.close());
      }));
  });
}
