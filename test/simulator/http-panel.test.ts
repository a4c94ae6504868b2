// The HTTP panel with raw requests (RFC 9112): its page and its JSON, what it refuses, and its limits.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RunningStatusPanel, statusPanel } from "#simulator/panels/http/status-panel.ts";
import { PanelPlace } from "./ssh-panel-client.ts";

async function browser(place: PanelPlace<RunningStatusPanel>) {
  const { stream } = await place.dials();
  const seen = { text: "", hasEnded: false };
  stream.on("data", (bytes: Buffer) => {
    seen.text += bytes.toString("utf8");
  });
  stream.on("end", () => {
    seen.hasEnded = true;
    stream.end();
  });
  const asks = async (request: string): Promise<string> => {
    const before = seen.text.length;
    stream.write(Buffer.from(request, "latin1"));
    await place.world.clock.advance(500);
    return seen.text.slice(before);
  };
  return { stream, seen, asks };
}

const get = (target: string, fields = "") => `GET ${target} HTTP/1.1\r\nHost: panel\r\n${fields}\r\n`;

describe("an HTTP panel", () => {
  it("shows the machine's living values as a page and as JSON, on one connection", async () => {
    using place = await PanelPlace.start(statusPanel({ title: "MIXER <2>", machine: "mixer" }));
    const { asks, seen } = await browser(place);
    const page = await asks(get("/"));
    expect(page).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(page).toContain("Date: Tue, 24 Nov 2026 08:00:00 GMT\r\n");
    expect(page).toContain("<h1>MIXER &lt;2&gt;</h1>");
    for (const { label } of place.panel.process.signals) expect(page).toContain(label);
    const [head = "", body = ""] = page.split("\r\n\r\n");
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(body)}\r\n`);
    const json = async () => JSON.parse((await asks(get("/status.json?x=1"))).split("\r\n\r\n")[1]!);
    const first = await json();
    expect(Object.keys(first.values)).toEqual(place.panel.process.signals.map(({ name }) => name));
    await place.world.clock.advance(30_000);
    expect((await json()).values).not.toEqual(first.values);
    place.panel.process.isRunning = false;
    expect((await json()).running).toBe(false);
    expect(seen.hasEnded).toBe(false);
    expect(place.panel.requests).toBe(4);
  });

  it("answers HEAD with the same fields and no body, and requests that come together in turn", async () => {
    using place = await PanelPlace.start(statusPanel());
    const { asks } = await browser(place);
    const head = await asks("HEAD /nothing HTTP/1.1\r\nHost: panel\r\n\r\n");
    expect(head).toMatch(/^HTTP\/1\.1 404 Not Found\r\n.*Content-Length: 23\r\n.*\r\n\r\n$/s);
    const answers = await asks(`\r\n${get("/nothing")}${get("/status.json")}${get("/nothing")}`);
    expect(answers.match(/HTTP\/1\.1 (\d+)/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200", "HTTP/1.1 404"]);
    expect(answers).toContain("There is no such page.\n");
  });

  it.each([
    ["Connection: close", get("/nothing", "Connection: close\r\n"), true],
    ["HTTP/1.0", "GET /nothing HTTP/1.0\r\n\r\n", true],
    ["HTTP/1.0 with keep-alive", "GET /nothing HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false],
  ])("at %s ends the connection: %#", async (_what, request, ends) => {
    using place = await PanelPlace.start(statusPanel());
    const { asks, seen } = await browser(place);
    expect(await asks(request)).toContain(`Connection: ${ends ? "close" : "keep-alive"}\r\n`);
    expect(seen.hasEnded).toBe(ends);
  });

  it.each([
    ["405", "DELETE / HTTP/1.1\r\nHost: p\r\n\r\n"],
    ["405", "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 5\r\n\r\nhello"],
    ["400", "GET / HTTP/1.1\r\n\r\n"],
    ["400", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"],
    ["400", "GET / HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n"],
    ["400", "get / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["400", "RFB 003.008\n"],
    ["400", "\x16\x03\x01\x02\x00"],
    ["400", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"],
    ["400", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["413", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n"],
    ["431", `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(9000)}\r\n\r\n`],
    ["431", `GET /${"x".repeat(9000)}`],
    ["501", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["505", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"],
  ])("answers %s to %j", async (status, request) => {
    using place = await PanelPlace.start(statusPanel());
    const { asks, seen } = await browser(place);
    expect((await asks(request)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    expect(seen.hasEnded).toBe(status !== "405");
    if (seen.hasEnded) expect(place.panel.connections).toBe(0);
  });

  it("hangs up after a minute without a request, and at the hundredth", async () => {
    using place = await PanelPlace.start(statusPanel());
    const { asks, seen } = await browser(place);
    expect(await asks(get("/nothing").repeat(100))).toMatch(/Connection: close\r\n\r\nThere is no such page\.\n$/);
    expect(seen.hasEnded).toBe(true);
    const idle = await browser(place);
    await idle.asks("GET / HT");
    await place.world.clock.advance(58_000);
    expect(idle.seen.hasEnded).toBe(false);
    await place.world.clock.advance(3000);
    expect(idle.seen.hasEnded).toBe(true);
    expect(place.world.clock.pending()).toEqual([]);
  });

  it("waits for the next request from the last one on, and not for half of one that grows", async () => {
    using place = await PanelPlace.start(statusPanel());
    const { asks, seen } = await browser(place);
    for (let request = 0; request < 3; request += 1) {
      expect(await asks(get("/nothing"))).toContain("404");
      await place.world.clock.advance(50_000);
    }
    expect(seen.hasEnded).toBe(false);
    for (const letter of "GET / HT") {
      await asks(letter);
      await place.world.clock.advance(1_500);
    }
    expect(seen.hasEnded).toBe(true);
  });
});

describe("bytes to an HTTP panel", () => {
  async function conversation(pieces: readonly string[]): Promise<string> {
    using place = await PanelPlace.start(statusPanel());
    const { stream, seen } = await browser(place);
    for (const piece of pieces) {
      stream.write(Buffer.from(piece, "latin1"));
      await place.world.clock.settle();
    }
    await place.world.clock.advance(400);
    return `${seen.text} ${seen.hasEnded}`;
  }

  it("mean the same in whatever pieces they come", async () => {
    const post = "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 11\r\n\r\nGET / HTTP/1";
    const stories = [
      `${get("/nothing")}\r\n${post}${get("/a")}`,
      `${get("/b")}get `,
      "x".repeat(9000),
      `${get("/c")}\r\rGET`,
    ];
    for (const story of stories) {
      const whole = await conversation([story]);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(fc.nat({ max: story.length }), { maxLength: 10 }), async (places) => {
          const ends = [...places.sort((a, b) => a - b), story.length];
          const pieces = ends.map((end, index) => story.slice(index === 0 ? 0 : ends[index - 1], end));
          expect(await conversation(pieces.filter((piece) => piece !== ""))).toBe(whole);
        }),
        { numRuns: 25, seed: 5 },
      );
    }
  });

  it("crash nothing, whatever they are", async () => {
    using place = await PanelPlace.start(statusPanel());
    const parts = fc.constantFrom(
      "GET ",
      "/",
      " HTTP/1.1",
      "\r\n",
      "\r\n\r\n",
      "Host: a",
      "Content-Length: 3",
      ":",
      "\0",
      "é",
      " ",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(parts, fc.string()), { maxLength: 20 }), async (words) => {
        const { stream } = await browser(place);
        stream.write(words.join(""));
        await place.world.clock.settle();
        stream.destroy();
      }),
      { numRuns: 200, seed: 6 },
    );
    const { asks } = await browser(place);
    expect(await asks(get("/"))).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});
