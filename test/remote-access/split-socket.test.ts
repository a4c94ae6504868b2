// The splitting connection: what goes in and out arrives, the reader holds the writer back, and both ends close together.
import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { SplitSocket } from "#cloud-stub/remote-access/split-socket.ts";
import { settle, until } from "./manual-clock.ts";
import { makeWire } from "./wire.ts";

/** A masked binary frame of zeros under a mask of zeros. */
function frame(length: number): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0]), Buffer.alloc(length)]);
}

describe("split socket", () => {
  it("switches off on a real socket what would end or delay a quiet session", () => {
    const calls: unknown[] = [];
    const socket = Object.assign(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
      setNoDelay: (isOn: boolean) => calls.push(["noDelay", isOn]),
      setTimeout: (idleMs: number) => calls.push(["timeout", idleMs]),
    });
    new SplitSocket(socket, Buffer.alloc(0), 1000);
    expect(calls).toEqual([
      ["noDelay", true],
      ["timeout", 0],
    ]);
  });

  it("gives the head first", async () => {
    const { near, far } = makeWire();
    const whole = frame(300);
    const socket = new SplitSocket(far, whole.subarray(0, 100), 1000);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    near.write(whole.subarray(100));
    await until("all of it", () => Buffer.concat(chunks).subarray(-1).length === 1 && chunks.length > 3);
    // Two pieces with a header each in place of one.
    expect(Buffer.concat(chunks).filter((byte) => byte === 0x82)).toHaveLength(2);
  });

  it("stops reading when nobody reads", async () => {
    const { near, far } = makeWire();
    const socket = new SplitSocket(far, Buffer.alloc(0), 65_535);
    let taken = 0;
    for (let count = 0; count < 200; count++) near.write(frame(60_000), () => taken++);
    await settle(300);
    expect(taken).toBeLessThan(10);
    expect(socket.incomingBytes).toBeLessThan(256 * 1024);
    socket.resume();
    await until("all taken", () => taken === 200);
  });

  it("passes the end of either side on, and is gone with the connection", async () => {
    const { near, far } = makeWire();
    const socket = new SplitSocket(far, Buffer.alloc(0), 1000);
    socket.resume();
    near.resume();
    near.end();
    await until("the end", () => socket.readableEnded);
    socket.end("bye");
    await until("gone", () => socket.destroyed && far.destroyed && near.readableEnded);
  });

  it("breaks off with a broken connection and breaks it off itself", async () => {
    const first = makeWire();
    const broken = new SplitSocket(first.far, Buffer.alloc(0), 1000);
    const errors: string[] = [];
    broken.on("error", (error: Error & { code?: string }) => errors.push(error.code ?? ""));
    first.near.destroy();
    await until("gone", () => broken.destroyed);
    expect(errors).toEqual(["ECONNRESET"]);
    const second = makeWire();
    new SplitSocket(second.far, Buffer.alloc(0), 1000).destroy();
    await until("gone", () => second.far.destroyed);
  });
});
