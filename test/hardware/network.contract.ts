// What every form of the network port does.
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Connection, DialOutcome, Listener, Network } from "#hardware/ports.ts";
import { closes, readBytes, readToEnd } from "./streams.ts";

/** One TLS server of the world under test; each presents another certificate. */
export type TlsServerKind = "good" | "unknown-authority" | "wrong-name" | "expired" | "not-yet-valid";

export interface NetworkUnderTest {
  /** The port that dials. */
  readonly dialer: Network;
  /** The port that listens; the same machine as the dialer's, or another. */
  readonly server: Network;
  /** Where the dialer reaches the server, and where the server listens. */
  readonly serverAddress: string;
  /** An IPv4 address that belongs to no machine here, so that nobody can listen on it. */
  readonly foreignAddress: string;
  /** A TCP target that answers nothing at all, not even with a refusal. */
  openSilentTarget(): Promise<{ readonly address: string; readonly port: number }>;
  /** A TLS server that answers each connection with "hello " and then echoes what it receives, its end of stream too. */
  openTlsServer(kind: TlsServerKind): Promise<{ readonly address: string; readonly port: number }>;
  /** The name that the good certificate bears, and the authority that signed all but the unknown one's. */
  readonly tls: { readonly serverName: string; readonly extraAuthorities: readonly string[] };
  /** A name that resolves, with the addresses among which the answer's are, and one that does not exist. */
  readonly names: { readonly known: string; readonly addresses: readonly string[]; readonly unknown: string };
  /** Waits for a promise, letting time pass where time is simulated. */
  settles<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const waitMs = 5_000;
const shortWaitMs = 150;

function connectionOf(outcome: DialOutcome): Connection {
  if (!outcome.ok) throw new Error(`expected a connection, got ${outcome.reason}: ${outcome.detail}`);
  return outcome.connection;
}

function reasonOf(outcome: DialOutcome): string {
  if (!outcome.ok) return outcome.reason;
  outcome.connection.reset();
  return "connected";
}

interface Pair {
  readonly listener: Listener;
  readonly near: Connection;
  readonly far: Connection;
}

async function openPair(world: NetworkUnderTest): Promise<Pair> {
  const accepted = Promise.withResolvers<Connection>();
  const listening = await world.settles(
    world.server.listen({ address: world.serverAddress, port: 0 }, (connection) => accepted.resolve(connection)),
  );
  if (!listening.ok) throw new Error(`cannot listen: ${listening.detail}`);
  const { listener } = listening;
  const target = { address: world.serverAddress, port: listener.port };
  const near = connectionOf(await world.settles(world.dialer.dial(target, { timeoutMs: waitMs })));
  return { listener, near, far: await world.settles(accepted.promise) };
}

export function describeNetworkContract(form: string, make: () => Promise<NetworkUnderTest>): void {
  async function withWorld(test: (world: NetworkUnderTest) => Promise<void>): Promise<void> {
    const world = await make();
    try {
      await test(world);
    } finally {
      await world.close();
    }
  }

  async function withPair(test: (pair: Pair, world: NetworkUnderTest) => Promise<void>): Promise<void> {
    await withWorld(async (world) => {
      const pair = await openPair(world);
      try {
        await test(pair, world);
      } finally {
        pair.near.reset();
        pair.far.reset();
        await world.settles(pair.listener.close());
      }
    });
  }

  describe(`network port, ${form}: connections`, () => {
    it("carries bytes both ways, in order", () =>
      withPair(async ({ near, far }, { settles }) => {
        near.stream.write("from near, ");
        near.stream.write("twice");
        far.stream.write("from far");
        expect((await settles(readBytes(far.stream, 16))).toString()).toBe("from near, twice");
        expect((await settles(readBytes(near.stream, 8))).toString()).toBe("from far");
      }));

    it("names both ends' addresses and ports, each end the other's", () =>
      withPair(async ({ near, far, listener }, world) => {
        expect(near.remoteAddress).toBe(world.serverAddress);
        expect(near.remotePort).toBe(listener.port);
        expect(far.localPort).toBe(listener.port);
        expect([far.remoteAddress, far.remotePort]).toEqual([near.localAddress, near.localPort]);
      }));

    it("keeps reading open after end(): the far end answers into a half-closed connection", () =>
      withPair(async ({ near, far }, { settles }) => {
        near.stream.end("request");
        expect((await settles(readToEnd(far.stream))).toString()).toBe("request");
        far.stream.write("answer, ");
        far.stream.end("whole");
        expect((await settles(readToEnd(near.stream))).toString()).toBe("answer, whole");
      }));

    it("closes both ends without an error after both said their end", () =>
      withPair(async ({ near, far }, { settles }) => {
        const closed = [closes(near.stream), closes(far.stream)];
        near.stream.end();
        far.stream.end();
        expect(await settles(Promise.all(closed))).toEqual([{ errorCode: undefined }, { errorCode: undefined }]);
      }));

    it("reset() closes the near end quietly and the far end with ECONNRESET", () =>
      withPair(async ({ near, far }, { settles }) => {
        const closed = [closes(near.stream), closes(far.stream)];
        near.reset();
        expect(await settles(Promise.all(closed))).toEqual([{ errorCode: undefined }, { errorCode: "ECONNRESET" }]);
        near.reset();
      }));

    it("reset() right after end() still closes both ends", () =>
      withPair(async ({ near, far }, { settles }) => {
        const closed = [closes(near.stream), closes(far.stream)];
        near.stream.end("last");
        near.reset();
        far.stream.end();
        const [nearEnd] = await settles(Promise.all(closed));
        expect(nearEnd).toEqual({ errorCode: undefined });
      }));

    it("reset() drops what still waits to be sent", () =>
      withPair(async ({ near, far }, { settles }) => {
        near.stream.write(Buffer.alloc(8 * 1024 * 1024));
        near.stream.end();
        const closed = [closes(near.stream), closes(far.stream)];
        near.reset();
        expect(await settles(Promise.all(closed))).toEqual([{ errorCode: undefined }, { errorCode: "ECONNRESET" }]);
      }));

    it("survives a reset that nobody listens for, and still closes", () =>
      withPair(async ({ near, far }, { settles }) => {
        const closed = new Promise<void>((resolve) => far.stream.once("close", resolve));
        far.stream.resume();
        near.reset();
        await settles(closed);
        expect(far.stream.destroyed).toBe(true);
      }));

    it("holds nothing when idle, and counts what waits when the far end does not read", () =>
      withPair(async ({ near, far }, { settles }) => {
        expect([near.heldBytes(), far.heldBytes()]).toEqual([0, 0]);
        const chunk = Buffer.alloc(16 * 1024, 7);
        let sentBytes = 0;
        // Whatever the system or the link buffers below us, 64 MiB is more.
        while (sentBytes < 64 * 1024 * 1024) {
          sentBytes += chunk.length;
          if (!near.stream.write(chunk)) {
            const drained = new Promise<string>((resolve) => near.stream.once("drain", () => resolve("drained")));
            const waited = settles(Promise.race([drained, later(near.stream)]));
            if ((await waited) === "waiting") break;
          }
        }
        expect(near.heldBytes()).toBeGreaterThan(0);
        expect(near.heldBytes()).toBeLessThanOrEqual(128 * 1024);
        const received = readBytes(far.stream, sentBytes);
        expect(await settles(received)).toHaveLength(sentBytes);
        expect(near.heldBytes()).toBe(0);
      }));

    it("reports what is not yet acknowledged, or that it cannot tell", () =>
      withPair(async ({ near, far }, { settles }) => {
        near.stream.write("x");
        await settles(readBytes(far.stream, 1));
        const state = await settles(near.delivery());
        if (state === undefined) return;
        expect(state.retransmits).toBe(0);
        expect(state.unacknowledgedBytes).toBeLessThanOrEqual(1);
      }));
  });

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

  describe(`network port, ${form}: listening`, () => {
    it("takes a free port for port 0 and lists what it listens on, ascending, until it closes", () =>
      withWorld(async ({ server, serverAddress, settles }) => {
        expect(server.listeningPorts()).toEqual([]);
        const first = await settles(server.listen({ address: serverAddress, port: 0 }, () => {}));
        const second = await settles(server.listen({ address: serverAddress, port: 0 }, () => {}));
        if (!first.ok || !second.ok) throw new Error("cannot listen");
        const ports = [first.listener.port, second.listener.port];
        expect(first.listener.address).toBe(serverAddress);
        expect(Math.min(...ports)).toBeGreaterThan(0);
        expect(server.listeningPorts()).toEqual(ports.toSorted((a, b) => a - b));
        await settles(first.listener.close());
        expect(server.listeningPorts()).toEqual([second.listener.port]);
        await settles(second.listener.close());
        expect(server.listeningPorts()).toEqual([]);
      }));

    it("says port-taken for a port in use and names it", () =>
      withPair(async ({ listener }, { server, serverAddress, settles }) => {
        const again = await settles(server.listen({ address: serverAddress, port: listener.port }, () => {}));
        expect(again).toMatchObject({ ok: false, reason: "port-taken" });
        if (!again.ok) expect(again.detail).toContain(String(listener.port));
      }));

    it("says address-unavailable for an address of somebody else", () =>
      withWorld(async ({ server, foreignAddress, settles }) => {
        const outcome = await settles(server.listen({ address: foreignAddress, port: 0 }, () => {}));
        expect(outcome).toMatchObject({ ok: false, reason: "address-unavailable" });
      }));

    it("resets open connections when the listener closes", () =>
      withPair(async ({ near, listener }, { settles }) => {
        const closed = closes(near.stream);
        await settles(listener.close());
        expect(await settles(closed)).toEqual({ errorCode: "ECONNRESET" });
        await settles(listener.close());
      }));
  });

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

/** "waiting" once nothing has moved for a while; the poll runs on the stream's own turns, so it needs no clock. */
async function later(stream: { readonly writableLength: number }): Promise<string> {
  for (let turn = 0, last = -1; turn < 50; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (stream.writableLength !== last) turn = 0;
    last = stream.writableLength;
  }
  return "waiting";
}
