// One session of `postern connect` against a cloud in this process: what it holds, how each end is seen through, and whose cloud it bears with.
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { openClientWebSocket } from "#bin/connect/client-websocket.ts";
import type { LocalEnd } from "#bin/connect/local-end.ts";
import { frameBytesMax, queueHighBytes, Session } from "#bin/connect/session.ts";
import type { SessionEnd } from "#bin/connect/session-end.ts";
import { type ForeignAnswers, type ForeignCloud, startForeignCloud } from "../support/foreign-cloud.ts";
import { eventually } from "../support/processes.ts";

const path = "/service/remoteaccess/client/1001/configurations/2";
const address = { deviceId: "1001", endpointId: "2" };
let cloud: ForeignCloud | undefined;
const sessions: Session[] = [];

afterEach(async () => {
  vi.useRealTimers();
  for (const session of sessions.splice(0)) session.stop();
  await cloud?.close();
  cloud = undefined;
});

interface Local extends LocalEnd {
  readonly input: PassThrough;
  readonly output: PassThrough;
  isDestroyed: boolean;
}

function localEnd(isGone?: () => Promise<boolean>): Local {
  const local: Local = {
    input: new PassThrough(),
    output: new PassThrough(),
    isDestroyed: false,
    ...(isGone === undefined ? {} : { isGone }),
    destroy: () => {
      local.isDestroyed = true;
      local.input.destroy();
      local.output.destroy();
    },
  };
  return local;
}

async function opened(
  answers: ForeignAnswers = {},
  options: { local?: Local; answerWaitMs?: number } = {},
): Promise<{ session: Session; local: Local; far: WebSocket }> {
  cloud = await startForeignCloud(answers);
  const login = { origin: cloud.origin, authorization: "Basic dDE6eA==", authorities: [] };
  const next = cloud.nextWebSocket();
  const client = await openClientWebSocket(login, address, new AbortController().signal);
  const local = options.local ?? localEnd();
  const session = new Session(local, client, { answerWaitMs: options.answerWaitMs ?? 60_000 });
  sessions.push(session);
  return { session, local, far: await next };
}

describe("a client websocket", () => {
  it.each([
    ["answers the subprotocol", { subprotocol: "binary" }],
    ["leaves the subprotocol out", {}],
  ])("opens at a cloud that %s, with the login in its header", async (_what, answers) => {
    const { local, far } = await opened(answers);
    expect(cloud?.asked).toEqual([`UPGRADE ${path}`]);
    expect(cloud?.upgraded()).toMatchObject({
      authorization: "Basic dDE6eA==",
      "sec-websocket-protocol": "binary",
    });
    const came = once(far, "message");
    local.input.write("up");
    expect(await came).toEqual([Buffer.from("up"), true]);
    far.send(Buffer.from("down"));
    expect(await once(local.output, "data")).toEqual([Buffer.from("down")]);
  });

  it("does not open at a cloud that answers another subprotocol", async () => {
    await expect(opened({ subprotocol: "other" })).rejects.toMatchObject({ exitCode: 7 });
  });

  it.each([
    [401, 3],
    [403, 4],
    [404, 6],
    [422, 6],
    [429, 3],
    [503, 7],
  ])("that is refused with HTTP %i is exit code %i, with the cloud's own words", async (status, exitCode) => {
    await expect(opened({ refusesUpgrade: status })).rejects.toMatchObject({
      exitCode,
      message: expect.stringContaining(`It says: said with ${status}`),
    });
  });

  it("is given up when it is no longer wanted", async () => {
    cloud = await startForeignCloud();
    const giveUp = new AbortController();
    const opening = openClientWebSocket(
      { origin: cloud.origin, authorization: "Basic x", authorities: [] },
      address,
      giveUp.signal,
    );
    giveUp.abort();
    await expect(opening).rejects.toThrow();
  });
});

describe("the bytes of a session", () => {
  it("go up in frames that any cloud takes, whole and in order", async () => {
    const { local, far } = await opened();
    const sizes: number[] = [];
    const got: Buffer[] = [];
    far.on("message", (data: Buffer) => {
      sizes.push(data.length);
      got.push(data);
    });
    const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, at) => (at * 7) % 251));
    local.input.write(bytes);
    await eventually("all of it", () =>
      sizes.reduce((sum, size) => sum + size, 0) === bytes.length ? true : undefined,
    );
    expect(Buffer.concat(got).equals(bytes)).toBe(true);
    expect(Math.max(...sizes)).toBe(frameBytesMax);
  });

  it("are not taken from the local program while the cloud does not take them", async () => {
    const { session, local, far } = await opened();
    far.pause();
    let given = 0;
    let highest = 0;
    const chunk = Buffer.alloc(64 * 1024, 1);
    // What the system's own buffers take is not ours: more than they can hold.
    for (let rests = 0; rests < 50; ) {
      if (local.input.writableLength + local.input.readableLength < 4 * chunk.length) {
        local.input.write(chunk);
        given += chunk.length;
        rests = 0;
      } else rests += 1;
      await new Promise((resolve) => setTimeout(resolve, rests > 0 ? 10 : 0));
      highest = Math.max(highest, session.queuedBytes);
      expect(given).toBeLessThan(100_000_000);
    }
    expect(highest).toBeGreaterThan(queueHighBytes);
    // One chunk above the mark, and the frames' headers.
    expect(highest).toBeLessThan(queueHighBytes + 2 * chunk.length);
    let got = 0;
    far.on("message", (data: Buffer) => {
      got += data.length;
    });
    far.resume();
    await eventually("all of it", () => (got === given ? true : undefined));
  });

  it("are not taken from the cloud while the local program does not take them", async () => {
    const { session, local, far } = await opened();
    const message = Buffer.alloc(64 * 1024, 1);
    let given = 0;
    let highest = 0;
    for (let rests = 0; rests < 50; ) {
      if (far.bufferedAmount < 4 * message.length) {
        far.send(message);
        given += message.length;
        rests = 0;
      } else rests += 1;
      await new Promise((resolve) => setTimeout(resolve, rests > 0 ? 10 : 0));
      highest = Math.max(highest, session.queuedBytes);
      expect(given).toBeLessThan(100_000_000);
    }
    expect(highest).toBeGreaterThan(queueHighBytes);
    expect(highest).toBeLessThan(queueHighBytes + 4 * message.length);
    let got = 0;
    local.output.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    await eventually("all of it", () => (got === given ? true : undefined));
    expect(session.bytesDown).toBe(given);
  });

  it("may not be text", async () => {
    const { session, far } = await opened();
    far.send("words");
    expect(await session.ended).toMatchObject({ exitCode: 15, reason: "protocol.malformed" });
  });

  it("may not come in a message above the limit", async () => {
    const { session, far } = await opened();
    far.send(Buffer.alloc(1024 * 1024 + 1));
    expect(await session.ended).toMatchObject({ exitCode: 15, reason: "protocol.too-large" });
  });
});

describe("the end of a session", () => {
  it("by the cloud comes after everything that the cloud had sent, also to a program that is slow to take it", async () => {
    const { session, local, far } = await opened();
    const bytes = Buffer.alloc(1_000_000, 2);
    for (let at = 0; at < bytes.length; at += 50_000) far.send(bytes.subarray(at, at + 50_000));
    far.close(4012, "panel.timeout");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(local.isDestroyed).toBe(false);
    let got = 0;
    local.output.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    await once(local.output, "end");
    expect(got).toBe(bytes.length);
    expect(await session.ended).toEqual({
      exitCode: 12,
      reason: "panel.timeout",
      text: "The panel did not answer.",
    } satisfies SessionEnd);
    expect(local.isDestroyed).toBe(true);
  });

  it("by the local program's end of sending waits for the answer, and each piece of it gives more time", async () => {
    const { session, local, far } = await opened({}, { answerWaitMs: 2_500 });
    let isOver = false;
    void session.ended.then(() => {
      isOver = true;
    });
    const closed = once(far, "close");
    let answer = "";
    local.output.on("data", (chunk: Buffer) => {
      answer += String(chunk);
    });
    local.input.end("question");
    await once(far, "message");
    for (const piece of ["a", "b", "c"]) {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      expect(isOver).toBe(false);
      far.send(Buffer.from(piece));
    }
    const lastAtMs = performance.now();
    expect(await closed).toEqual([1000, Buffer.from("client.closed")]);
    expect(performance.now() - lastAtMs).toBeGreaterThan(2_000);
    expect(await session.ended).toMatchObject({ exitCode: 0 });
    expect(answer).toBe("abc");
  }, 15_000);

  it("by want of more of an answer leaves what there is of it to a program that is slow to take it", async () => {
    const { session, local, far } = await opened({}, { answerWaitMs: 1_000 });
    local.input.end("question");
    await once(far, "message");
    const bytes = Buffer.alloc(200_000, 3);
    for (let at = 0; at < bytes.length; at += 50_000) far.send(bytes.subarray(at, at + 50_000));
    await once(far, "close");
    let got = 0;
    local.output.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    expect(await session.ended).toMatchObject({ exitCode: 0 });
    expect(got).toBe(bytes.length);
  }, 15_000);

  it("does not wait for the answer when the program is gone altogether", async () => {
    let isGone = false;
    const { session, local, far } = await opened({}, { local: localEnd(async () => isGone) });
    local.input.end("last words");
    expect(await once(far, "message")).toEqual([Buffer.from("last words"), true]);
    isGone = true;
    expect(await once(far, "close")).toEqual([1000, Buffer.from("client.closed")]);
    expect(await session.ended).toMatchObject({ exitCode: 0 });
  });

  it("by a program that breaks off lets out what it had sent before", async () => {
    const { session, local, far } = await opened();
    const came = once(far, "message");
    local.input.write("before");
    await eventually("it to be read", () => (session.bytesUp === 6 ? true : undefined));
    local.output.destroy(new Error("reset"));
    expect(await came).toEqual([Buffer.from("before"), true]);
    expect(await once(far, "close")).toEqual([1000, Buffer.from("client.closed")]);
    expect(await session.ended).toMatchObject({ exitCode: 0 });
  });

  it("by a cloud that vanishes is cloud.lost", async () => {
    const { session, far } = await opened();
    far.terminate();
    expect(await session.ended).toMatchObject({ exitCode: 14, reason: "cloud.lost" });
  });

  it("comes within 2 s of a person's wish, though the cloud does not answer", async () => {
    const { session, local, far } = await opened();
    far.pause();
    local.input.write(Buffer.alloc(100_000));
    const startedAtMs = performance.now();
    session.stop();
    expect(await session.ended).toMatchObject({ exitCode: 0 });
    expect(performance.now() - startedAtMs).toBeLessThan(4_000);
  });
});

describe("a cloud that says nothing any more", () => {
  const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1_000);
  /** Virtual time for the session alone; the sockets are real. */
  const slowly = () => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });

  it("is lost after 20 s if it used to ping", async () => {
    slowly();
    const { session, far } = await opened();
    const pong = once(far, "pong");
    far.ping();
    await pong;
    far.pause();
    await seconds(19);
    expect(session.bytesUp).toBe(0);
    await seconds(3);
    expect(await session.ended).toMatchObject({ exitCode: 14, reason: "cloud.lost" });
  });

  it("is waited for if it never pinged, as clouds of others do", async () => {
    slowly();
    const { local, far } = await opened();
    await seconds(7_200);
    far.send(Buffer.from("good morning"));
    expect(await once(local.output, "data")).toEqual([Buffer.from("good morning")]);
  });

  it("is not lost for what the local program does not take", async () => {
    slowly();
    const { session, local, far } = await opened();
    const pong = once(far, "pong");
    far.ping();
    await pong;
    const message = Buffer.alloc(64 * 1024);
    for (let at = 0; at < 10; at += 1) far.send(message);
    await eventually("the session to hold back", () => (session.queuedBytes > queueHighBytes ? true : undefined));
    await seconds(300);
    let got = 0;
    local.output.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    await eventually("all of it", () => (got === 10 * message.length ? true : undefined));
  });
});
