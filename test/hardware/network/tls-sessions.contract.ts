// What a TLS session of the network port shows and prefers, and the uplink that a dial asks for.
import { describe, expect, it } from "vitest";
import type { TlsSession } from "#hardware/ports.ts";
import { readBytes } from "../streams.ts";
import { connectionOf, type NetworkUnderTest, type OpenTlsServer, reasonOf, waitMs, worldsOf } from "./world.ts";

/** Both ways to a TLS connection. */
const ways = ["dialTls", "startTls"] as const;

async function connects(
  { dialer, settles, tls }: NetworkUnderTest,
  way: (typeof ways)[number],
  server: OpenTlsServer,
  more: Partial<TlsSession>,
): Promise<void> {
  const { address, port } = server;
  const options = { timeoutMs: waitMs };
  const session = { ...tls, ...more };
  const opens = async () => {
    if (way === "dialTls") return await dialer.dialTls({ address, port, ...session }, options);
    const below = connectionOf(await dialer.dial({ address, port }, options));
    return await dialer.startTls(below, session, options);
  };
  const near = connectionOf(await settles(opens()));
  // Only what the server says tells that its side of the handshake is done.
  expect((await settles(readBytes(near.stream, 6))).toString()).toBe("hello ");
  near.reset();
}

export function describeSessions(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld } = worldsOf(make);
  describe.each(ways)(`network port, ${form}: sessions by %s`, (way) => {
    it("shows its certificate with the chain behind it to a server that asks", () =>
      withWorld(async (world) => {
        const server = await world.openTlsServer("good", { asksForClientCertificate: true });
        await connects(world, way, server, { clientCertificate: world.clientCertificate });
        const lines = (pem: string | undefined) => pem?.split(/\r?\n/).filter((line) => line !== "");
        expect(server.peers).toHaveLength(1);
        expect(lines(server.peers[0]?.clientCertificateChain)).toEqual(lines(world.clientCertificate.chain));
      }));

    it("shows none to a server that does not ask, and none where it has none", () =>
      withWorld(async (world) => {
        const silent = await world.openTlsServer("good");
        await connects(world, way, silent, { clientCertificate: world.clientCertificate });
        const asking = await world.openTlsServer("good", { asksForClientCertificate: true });
        await connects(world, way, asking, {});
        for (const { peers } of [silent, asking]) {
          expect(peers).toHaveLength(1);
          expect(peers[0]).not.toHaveProperty("clientCertificateChain");
        }
      }));

    it("says tls.failed, in words, for a certificate whose key is another's, and never the key", () =>
      withWorld(async (world) => {
        const server = await world.openTlsServer("good", { asksForClientCertificate: true });
        const { address, port } = server;
        for (const clientCertificate of world.unusableClientCertificates) {
          const session = { ...world.tls, clientCertificate };
          const options = { timeoutMs: waitMs };
          const opens = async () => {
            if (way === "dialTls") return await world.dialer.dialTls({ address, port, ...session }, options);
            const below = connectionOf(await world.dialer.dial({ address, port }, options));
            return await world.dialer.startTls(below, session, options);
          };
          const outcome = await world.settles(opens());
          expect(outcome).toMatchObject({ ok: false, reason: "tls.failed" });
          const detail = outcome.ok ? "" : outcome.detail;
          expect(detail).toContain("own certificate: ");
          expect(detail).not.toMatch(/PRIVATE KEY|[A-Za-z0-9+/]{40}/);
        }
        expect(server.peers).toEqual([]);
      }));

    it.each([
      ["TLSv1.3", "chacha20", /CHACHA20/],
      ["TLSv1.3", "aes", /AES_128_GCM/],
      ["TLSv1.2", "chacha20", /CHACHA20/],
      ["TLSv1.2", "aes", /AES_?128.GCM/],
    ] as const)("over %s puts the preferred cipher first: %s", (version, cipherPreference, expected) =>
      withWorld(async (world) => {
        const server = await world.openTlsServer("good", { version });
        await connects(world, way, server, { cipherPreference });
        expect(server.peers.map(({ cipher }) => cipher)).toEqual([expect.stringMatching(expected)]);
      }),
    );
  });

  describe(`network port, ${form}: uplinks`, () => {
    it("says unreachable for an uplink that is not up, and dials nothing", () =>
      withWorld(async (world) => {
        const server = await world.openTlsServer("good");
        const target = { address: server.address, port: server.port, uplink: "wwan9" };
        const dialled = await world.settles(world.dialer.dial(target, { timeoutMs: waitMs }));
        expect(dialled).toMatchObject({ ok: false, reason: "unreachable", detail: expect.stringContaining("wwan9") });
        const overTls = world.dialer.dialTls({ ...target, ...world.tls }, { timeoutMs: waitMs });
        expect(reasonOf(await world.settles(overTls))).toBe("unreachable");
        expect(server.peers).toEqual([]);
      }));
  });
}
