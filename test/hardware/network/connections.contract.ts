// How a connection of the network port behaves once it stands.
import { describe, expect, it } from "vitest";
import { closes, readBytes, readToEnd } from "../streams.ts";
import { type NetworkUnderTest, worldsOf } from "./world.ts";

export function describeConnections(form: string, make: () => Promise<NetworkUnderTest>): void {
  const { withPair } = worldsOf(make);
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
