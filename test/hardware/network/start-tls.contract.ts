// How the network port begins TLS over a connection that stands: as strict as a dial, and nothing is left of a failure.
import { describe, expect, it } from "vitest";
import type { Connection, TcpTarget } from "#hardware/ports.ts";
import { closes, readBytes, readToEnd } from "../streams.ts";
import { connectionOf, type NetworkUnderTest, reasonOf, shortWaitMs, waitMs, worldsOf } from "./world.ts";

export function describeStartTls(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld, withPair } = worldsOf(make);
  const dials = async ({ dialer, settles }: NetworkUnderTest, { address, port }: TcpTarget): Promise<Connection> =>
    connectionOf(await settles(dialer.dial({ address, port }, { timeoutMs: waitMs })));

  describe(`network port, ${form}: TLS over a connection that stands`, () => {
    it("secures it, and keeps its ends", () =>
      withWorld(async (world) => {
        const below = await dials(world, await world.openTlsServer("good"));
        const started = world.dialer.startTls(below, world.tls, { timeoutMs: waitMs });
        const near = connectionOf(await world.settles(started));
        expect([near.remoteAddress, near.remotePort, near.localAddress, near.localPort]).toEqual([
          below.remoteAddress,
          below.remotePort,
          below.localAddress,
          below.localPort,
        ]);
        near.stream.write("world");
        expect((await world.settles(readBytes(near.stream, 11))).toString()).toBe("hello world");
        near.stream.end("last words");
        expect((await world.settles(readToEnd(near.stream))).toString()).toBe("last words");
        near.reset();
      }));

    it("counts what waits in it, and reset() closes it quietly", () =>
      withWorld(async (world) => {
        const below = await dials(world, await world.openTlsServer("good"));
        const near = connectionOf(await world.settles(world.dialer.startTls(below, world.tls, { timeoutMs: waitMs })));
        const closed = closes(near.stream);
        const bytes = Buffer.alloc(8 * 1024 * 1024);
        near.stream.write(bytes);
        expect(near.heldBytes()).toBeGreaterThanOrEqual(bytes.length);
        near.reset();
        expect(await world.settles(closed)).toEqual({ errorCode: undefined });
        expect(below.stream.destroyed).toBe(true);
      }));

    it.each([
      { kind: "unknown-authority", reason: "tls.unknown-authority" },
      { kind: "wrong-name", reason: "tls.wrong-name" },
      { kind: "expired", reason: "tls.expired" },
      { kind: "not-yet-valid", reason: "tls.not-yet-valid" },
    ] as const)("says $reason for a certificate of the kind $kind, and closes it", ({ kind, reason }) =>
      withWorld(async (world) => {
        const below = await dials(world, await world.openTlsServer(kind));
        const closed = closes(below.stream);
        const started = world.dialer.startTls(below, world.tls, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(started))).toBe(reason);
        await world.settles(closed);
      }),
    );

    it("says tls.unknown-authority when the extra authority is not given", () =>
      withWorld(async (world) => {
        const below = await dials(world, await world.openTlsServer("good"));
        const { serverName } = world.tls;
        const started = world.dialer.startTls(below, { serverName }, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(started))).toBe("tls.unknown-authority");
        expect(below.stream.destroyed).toBe(true);
      }));

    it("says tls.failed for an end that speaks something else, and closes it", () =>
      withPair(async ({ near, far }, world) => {
        far.stream.write("RFB 003.008\n");
        far.stream.resume();
        const started = world.dialer.startTls(near, world.tls, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(started))).toBe("tls.failed");
        expect(near.stream.destroyed).toBe(true);
      }));

    it.each(["timeout", "aborted", "reset"] as const)("says %s, and leaves nothing open", (reason) =>
      withPair(async ({ near, far }, world) => {
        const ended = new Promise((resolve) => far.stream.once("end", resolve).once("close", resolve));
        const controller = new AbortController();
        far.stream.once("data", () => {
          if (reason === "aborted") controller.abort();
          if (reason === "reset") far.reset();
        });
        const { signal } = controller;
        const timeoutMs = reason === "timeout" ? shortWaitMs : waitMs;
        const started = world.dialer.startTls(near, world.tls, { timeoutMs, signal });
        expect(reasonOf(await world.settles(started))).toBe(reason);
        expect(near.stream.destroyed).toBe(true);
        await world.settles(ended);
      }),
    );

    it("says aborted and closes it when the signal has fired before", () =>
      withPair(async ({ near, far }, world) => {
        far.stream.resume();
        const ended = new Promise((resolve) => far.stream.once("end", resolve).once("close", resolve));
        const options = { timeoutMs: waitMs, signal: AbortSignal.abort() };
        expect(reasonOf(await world.settles(world.dialer.startTls(near, world.tls, options)))).toBe("aborted");
        await world.settles(ended);
      }));

    it("says reset for a connection that is closed already", () =>
      withPair(async ({ near }, world) => {
        near.reset();
        const started = world.dialer.startTls(near, world.tls, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(started))).toBe("reset");
      }));
  });
}
