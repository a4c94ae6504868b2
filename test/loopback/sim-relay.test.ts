// The relay on real sockets: what two programs at the ends of a link see of each fault.
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { duplicate } from "#simulator/faults/duplicate.ts";
import type { Fault } from "#simulator/faults/fault.ts";
import { halfOpen } from "#simulator/faults/half-open.ts";
import { latency } from "#simulator/faults/latency.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { slice } from "#simulator/faults/slice.ts";
import { stall } from "#simulator/faults/stall.ts";
import { throttle } from "#simulator/faults/throttle.ts";
import { RealClock } from "#simulator/loopback/real-clock.ts";
import { RelayNetwork } from "#simulator/loopback/relay-network.ts";
import type { RelayPort } from "#simulator/loopback/relay-port.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { LinkHandle } from "#simulator/site/link-handle.ts";
import { bytesSeen, connectionOpened } from "#simulator/triggers/events.ts";

const limitMs = 10_000;

let clock: RealClock;
let network: RelayNetwork;
let server: Server;
let port: RelayPort;
/** The far ends, in the order in which they came. */
let arrivals: Socket[];
let waitingForFar: ((socket: Socket) => void)[];

beforeEach(async () => {
  clock = new RealClock();
  network = new RelayNetwork({ clock, random: new SeededRandom(3), hosts: ["near", "far"] });
  arrivals = [];
  waitingForFar = [];
  server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    arrivals.push(socket);
    waitingForFar.shift()?.(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const target = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
  port = await network.openPort({ from: "near", to: "far", target: () => target });
});

afterEach(async () => {
  await network.close();
  for (const socket of arrivals) socket.destroy();
  await new Promise((done) => server.close(done));
  expect(network.conversations()).toEqual([]);
  expect(clock.pendingCount).toBe(0);
});

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const late = AbortSignal.timeout(limitMs);
  return await Promise.race([
    promise,
    once(late, "abort").then(() => Promise.reject(new Error(`Waited ${limitMs} ms for ${what}`))),
  ]);
}

function dial(): Socket {
  const socket = connect({ host: "127.0.0.1", port: port.port, allowHalfOpen: true, noDelay: true });
  socket.on("error", () => undefined);
  return socket;
}

const nextFar = (): Promise<Socket> =>
  within(new Promise((resolve) => waitingForFar.push(resolve)), "the far end of a connection");

/** A connection through the relay that both ends have. */
async function pair(): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const arriving = nextFar();
  const near = dial();
  const far = await arriving;
  await within(
    until(() => network.conversations().some(({ isAccepted }) => isAccepted)),
    "the relay to have it",
  );
  return { near, far };
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise((resolve) => setImmediate(resolve));
}

async function read(socket: Socket, bytes: number): Promise<string> {
  let text = "";
  const take = async (): Promise<string> => {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
      text += chunk;
      if (text.length >= bytes) return text;
    }
    return text;
  };
  return await within(take(), `${bytes} bytes, of which came ${JSON.stringify(text)}`);
}

function handle(from?: string): LinkHandle {
  const world = { network, world: {} as never, remember: (_: unknown, lift: () => void) => lift };
  return new LinkHandle(world, from === "far" ? ["far", "near"] : ["near", "far"], from);
}
const lay = (fault: Fault, from?: string) => handle(from).apply(fault);

const ended = (socket: Socket) => within(once(socket.resume(), "end"), "an end of stream");
const failure = async (socket: Socket): Promise<string> => {
  socket.resume();
  const [error] = (await within(once(socket, "error"), "a reset")) as [NodeJS.ErrnoException];
  return error.code ?? "";
};

describe("the relay passes on", () => {
  test("bytes both ways, half-closes, and the rest after them", async () => {
    const { near, far } = await pair();
    near.write("hello");
    expect(await read(far, 5)).toBe("hello");
    near.end();
    await ended(far);
    far.end("still here");
    expect(await read(near, 10)).toBe("still here");
    await within(
      until(() => network.conversations().length === 0),
      "the connection to be forgotten",
    );
    expect(port.bytes).toEqual({ up: 5, down: 10 });
  });

  test("a reset as a reset, in both directions", async () => {
    const one = await pair();
    const seenByFar = failure(one.far);
    one.near.resetAndDestroy();
    expect(await seenByFar).toBe("ECONNRESET");
    const other = await pair();
    const seenByNear = failure(other.near);
    other.far.resetAndDestroy();
    expect(await seenByNear).toBe("ECONNRESET");
  });

  test("a refusal of the target as a reset, as it has accepted already", async () => {
    await new Promise((done) => server.close(done));
    const near = dial();
    expect(await failure(near)).toBe("ECONNRESET");
    server.listen(0, "127.0.0.1");
  });

  test("32 MiB unaltered, and holds no more than its limit for a receiver that does not read", async () => {
    const { near, far } = await pair();
    far.pause();
    const bytes = Buffer.alloc(32 * 1024 * 1024, 7);
    near.write(bytes);
    near.end();
    let most = 0;
    const [connection] = network.conversations();
    await within(
      until(() => {
        most = Math.max(most, connection?.held.up ?? 0);
        return most >= 1024 * 1024;
      }),
      "the relay's buffer to fill",
    );
    let received = 0;
    far.on("data", (chunk: Buffer) => {
      most = Math.max(most, connection?.held.up ?? 0);
      received += chunk.length;
    });
    await ended(far);
    expect(received).toBe(bytes.length);
    expect(most).toBeLessThanOrEqual(1024 * 1024 + 64 * 1024);
  });
});

describe("on real sockets", () => {
  test("latency delays every chunk by its time, and a new connection pays for its handshake", async () => {
    const lift = lay(latency(120));
    const beganAtMs = clock.monotonicMs();
    const arriving = nextFar();
    const near = dial();
    near.write("x");
    const far = await arriving;
    expect(clock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(120);
    expect(await read(far, 1)).toBe("x");
    expect(clock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(360);
    const sentAtMs = clock.monotonicMs();
    far.write("y");
    expect(await read(near, 1)).toBe("y");
    expect(clock.monotonicMs() - sentAtMs).toBeGreaterThanOrEqual(120);
    lift();
  });

  test("slice delivers one byte at a time", async () => {
    const { near, far } = await pair();
    lay(slice(1, 20), "near");
    const chunks: string[] = [];
    far.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
    near.write("abc");
    await within(
      until(() => chunks.length === 3),
      "three pieces",
    );
    expect(chunks).toEqual(["a", "b", "c"]);
  });

  test("throttle takes its time for the bytes", async () => {
    const { near, far } = await pair();
    lay(throttle(20_000));
    const beganAtMs = clock.monotonicMs();
    near.end("x".repeat(8000));
    far.resume();
    await ended(far);
    expect(clock.monotonicMs() - beganAtMs).toBeGreaterThanOrEqual(395);
  });

  test("corrupt turns over one bit", async () => {
    const { near, far } = await pair();
    lay(corrupt(1), "near");
    near.write(Buffer.alloc(16));
    const got = Buffer.from(await read(far, 16), "utf8");
    expect(got.every((byte) => byte === 0)).toBe(false);
  });

  test("stall lets no byte through in one direction, and all of them once it is lifted", async () => {
    const { near, far } = await pair();
    const lift = lay(stall(), "near");
    near.end("held");
    far.write("free");
    expect(await read(near, 4)).toBe("free");
    expect(network.conversations()[0]?.held).toEqual({ up: 4, down: 0 });
    expect(far.bytesRead).toBe(0);
    lift();
    expect(await read(far, 4)).toBe("held");
  });

  test("under a black hole neither a byte, an end, nor a reset passes, until it is lifted", async () => {
    const one = await pair();
    const other = await pair();
    const lift = lay(blackHole());
    const seen: string[] = [];
    for (const [name, socket] of Object.entries({ byte: one.far, reset: other.far })) {
      for (const event of ["data", "end", "error", "close"]) socket.on(event, () => seen.push(`${name} ${event}`));
    }
    one.near.write("x");
    one.near.end();
    other.near.resetAndDestroy();
    // A later connection is accepted by this machine's kernel and taken nowhere.
    const late = dial();
    await within(once(late, "connect"), "the kernel to accept");
    await within(
      until(() => network.conversations().length === 3),
      "the relay to have it",
    );
    expect(seen).toEqual([]);
    expect(arrivals.length).toBe(2);
    const arriving = nextFar();
    lift();
    await arriving;
    await within(
      until(() => seen.includes("byte end") && seen.includes("reset error")),
      "what was held",
    );
    late.destroy();
    one.far.end();
  });

  test("refuse is a refusal by the system, and what is connected lives on", async () => {
    const { near, far } = await pair();
    const lift = lay(refuse());
    await network.settled();
    expect(port.isListening).toBe(false);
    expect(await failure(dial())).toBe("ECONNREFUSED");
    near.write("alive");
    expect(await read(far, 5)).toBe("alive");
    lift();
    await network.settled();
    await pair();
  });

  test("reset breaks off what is open and each new connection", async () => {
    const { near, far } = await pair();
    const both = Promise.all([failure(near), failure(far)]);
    const lift = lay(reset());
    expect(await both).toEqual(["ECONNRESET", "ECONNRESET"]);
    const late = dial();
    await within(once(late, "connect"), "an acceptance");
    expect(await failure(late)).toBe("ECONNRESET");
    expect(arrivals.length).toBe(1);
    lift();
    await pair();
  });

  test("duplicate gives the target a second connection with nobody behind it", async () => {
    lay(duplicate(10));
    const { near, far } = await pair();
    await within(
      until(() => arrivals.length === 2),
      "the second connection",
    );
    const second = arrivals[1];
    if (second !== undefined && !second.destroyed) await failure(second);
    near.write("x");
    expect(await read(far, 1)).toBe("x");
  });

  test("half-open leaves the survivor in the belief until it sends, and then it is told by a reset", async () => {
    const { near, far } = await pair();
    const nearGone = failure(near);
    lay(halfOpen({ end: "near" }));
    expect(await nearGone).toBe("ECONNRESET");
    expect(far.destroyed).toBe(false);
    const farTold = failure(far);
    far.write("are you there?");
    expect(await farTold).toBe("ECONNRESET");
    await within(
      until(() => network.conversations().length === 0),
      "the connection to be forgotten",
    );
  });

  test("an event is told at the moment at which its bytes arrive", async () => {
    const seen: string[] = [];
    network.tap.on(connectionOpened({ nth: 1 }), () => seen.push("opened"));
    network.tap.on(bytesSeen({ bytes: 3 }), () => {
      seen.push("bytes");
      lay(stall());
    });
    const { near, far } = await pair();
    near.write("abc");
    expect(await read(far, 3)).toBe("abc");
    near.write("def");
    await within(
      until(() => network.conversations()[0]?.held.up === 3),
      "the stall",
    );
    expect(seen).toEqual(["opened", "bytes"]);
  });
});
