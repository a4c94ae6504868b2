// How the network port listens.
import { describe, expect, it } from "vitest";
import { closes } from "../streams.ts";
import { type NetworkUnderTest, worldsOf } from "./world.ts";

export function describeListening(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withWorld, withPair } = worldsOf(make);
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
}
