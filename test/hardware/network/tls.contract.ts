// How the network port dials with TLS: what it accepts, and the word for each refusal.
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { closes, readBytes, readToEnd } from "../streams.ts";
import { connectionOf, type NetworkUnderTest, reasonOf, shortWaitMs, waitMs, worldsOf } from "./world.ts";

export function describeTls(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld } = worldsOf(make);
  describe(`network port, ${form}: TLS`, () => {
    it("connects to a server whose certificate bears the name and whose authority is among the extra ones", () =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer("good")), ...world.tls };
        const near = connectionOf(await world.settles(world.dialer.dialTls(target, { timeoutMs: waitMs })));
        expect([near.remoteAddress, near.remotePort]).toEqual([target.address, target.port]);
        near.stream.write("world");
        expect((await world.settles(readBytes(near.stream, 11))).toString()).toBe("hello world");
        near.reset();
      }));

    it("keeps reading open after end(), over TLS too", () =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer("good")), ...world.tls };
        const near = connectionOf(await world.settles(world.dialer.dialTls(target, { timeoutMs: waitMs })));
        near.stream.end("last words");
        expect((await world.settles(readToEnd(near.stream))).toString()).toBe("hello last words");
      }));

    it.each([
      ["idle", (_stream: Duplex) => {}],
      ["with bytes under way", (stream: Duplex) => stream.write(Buffer.alloc(8 * 1024 * 1024))],
      ["right after end()", (stream: Duplex) => stream.end("last")],
    ])("reset() closes a TLS connection quietly at this end, %s", (_when, prepare) =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer("good")), ...world.tls };
        const near = connectionOf(await world.settles(world.dialer.dialTls(target, { timeoutMs: waitMs })));
        const closed = closes(near.stream);
        prepare(near.stream);
        near.reset();
        expect(await world.settles(closed)).toEqual({ errorCode: undefined });
        near.reset();
      }),
    );

    it.each([
      { kind: "unknown-authority", reason: "tls.unknown-authority" },
      { kind: "wrong-name", reason: "tls.wrong-name" },
      { kind: "expired", reason: "tls.expired" },
      { kind: "not-yet-valid", reason: "tls.not-yet-valid" },
    ] as const)("says $reason for a certificate of the kind $kind", ({ kind, reason }) =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer(kind)), ...world.tls };
        const dialled = world.dialer.dialTls(target, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(dialled))).toBe(reason);
      }),
    );

    it("says tls.unknown-authority when the extra authority is not given", () =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer("good")), serverName: world.tls.serverName };
        const dialled = world.dialer.dialTls(target, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(dialled))).toBe("tls.unknown-authority");
      }));

    it("says tls.wrong-name when another name is asked for than the certificate bears", () =>
      withWorld(async (world) => {
        const target = { ...(await world.openTlsServer("good")), ...world.tls, serverName: "other.example" };
        const dialled = world.dialer.dialTls(target, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(dialled))).toBe("tls.wrong-name");
      }));

    it("says tls.failed for a server that speaks something else", () =>
      withWorld(async (world) => {
        const { server, serverAddress, settles } = world;
        const listening = await settles(
          server.listen({ address: serverAddress, port: 0 }, ({ stream }) => stream.write("RFB 003.008\n")),
        );
        if (!listening.ok) throw new Error(listening.detail);
        const target = { address: serverAddress, port: listening.listener.port, ...world.tls };
        const dialled = world.dialer.dialTls(target, { timeoutMs: waitMs });
        expect(reasonOf(await settles(dialled))).toBe("tls.failed");
        await settles(listening.listener.close());
      }));

    it("says timeout for a server that accepts and then says nothing, and closes the connection", () =>
      withWorld(async (world) => {
        const { server, serverAddress, settles } = world;
        const accepted = Promise.withResolvers<Connection>();
        const listening = await settles(server.listen({ address: serverAddress, port: 0 }, accepted.resolve));
        if (!listening.ok) throw new Error(listening.detail);
        const target = { address: serverAddress, port: listening.listener.port, ...world.tls };
        const dialled = world.dialer.dialTls(target, { timeoutMs: shortWaitMs });
        expect(reasonOf(await settles(dialled))).toBe("timeout");
        const { stream } = await settles(accepted.promise);
        stream.resume();
        // Either is an end: in order, or by a reset.
        await settles(new Promise((resolve) => stream.once("end", resolve).once("close", resolve)));
        await settles(listening.listener.close());
      }));

    it("says reset for a server that resets during the handshake", () =>
      withWorld(async (world) => {
        const { server, serverAddress, settles } = world;
        const listening = await settles(
          server.listen({ address: serverAddress, port: 0 }, (connection) => {
            connection.stream.once("data", () => connection.reset());
          }),
        );
        if (!listening.ok) throw new Error(listening.detail);
        const target = { address: serverAddress, port: listening.listener.port, ...world.tls };
        const dialled = world.dialer.dialTls(target, { timeoutMs: waitMs });
        expect(reasonOf(await settles(dialled))).toBe("reset");
        await settles(listening.listener.close());
      }));
  });
}
