// Tokens over MQTT: one question for all who wait, three tries of 20 s, and how long a token is kept.
import { describe, expect, test } from "vitest";
import { readToken, unreadableLifeMs, usableMs } from "#firmware/connectivity/token.ts";
import { type TokenLine, TokenSource } from "#firmware/connectivity/token-source.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

const payload = (text: string): Uint8Array => Buffer.from(text);
const jwt = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

describe("a message on the token topic", () => {
  test.each([
    ["71,abc.def.ghi", "abc.def.ghi"],
    ["41,,no\n71,abc", "abc"],
    ["71,", undefined],
    ["71", undefined],
    ["", undefined],
    ["72,abc", undefined],
    ['71,"a b"', undefined],
    ['71,"a\r\nX-Evil: 1"', undefined],
    ['71,"unfinished', undefined],
    [`71,${"a".repeat(20_000)}`, undefined],
  ])("%j", (text, token) => {
    expect(readToken(payload(text))).toBe(token);
  });
});

describe("how long a token may be used", () => {
  const nowS = 1_800_000_000;
  test.each([
    ["an hour: until a minute before its end", { iat: nowS, exp: nowS + 3_600 }, 3_540_000],
    ["half of its life is over", { iat: nowS - 1_800, exp: nowS + 1_800 }, 1_740_000],
    ["the shortest of the platform", { iat: nowS, exp: nowS + 300 }, 270_000],
    ["no start", { exp: nowS + 600 }, 540_000],
    ["our clock is behind: half of its life", { iat: nowS + 86_400, exp: nowS + 90_000 }, 1_740_000],
    ["our clock is ahead: half of its life", { iat: nowS - 90_000, exp: nowS - 86_400 }, 1_740_000],
    ["longer than anything", { iat: nowS, exp: nowS + 10 * 86_400 }, 86_400_000],
    ["no end", { iat: nowS }, unreadableLifeMs],
    ["an end that is no number", { exp: "soon" }, unreadableLifeMs],
    ["an end before its start", { iat: nowS + 100, exp: nowS + 50 }, 45_000],
  ])("%s", (_, claims, ms) => {
    expect(usableMs(jwt(claims), nowS * 1000)).toBe(ms);
  });

  test.each(["opaque", "a.b.c", "a.bnVsbA.c", ""])("%j is no JWT: half of the default life", (token) => {
    expect(usableMs(token, nowS * 1000)).toBe(unreadableLifeMs);
  });
});

describe("a source of tokens", () => {
  interface Bench {
    readonly clock: SimulatedClock;
    readonly source: TokenSource;
    readonly asked: string[];
    readonly line: TokenLine;
    topic: "granted" | "refused";
    [Symbol.dispose](): void;
  }

  function open(): Bench {
    const clock = SimulatedClock.start();
    const asked: string[] = [];
    const bench: Bench = {
      clock,
      source: new TokenSource(clock),
      asked,
      topic: "granted",
      line: {
        subscribe: (topic) => {
          asked.push(`subscribe ${topic}`);
          return Promise.resolve(bench.topic);
        },
        publish: (topic, text) => {
          asked.push(`publish ${topic} ${JSON.stringify(text)}`);
          return Promise.resolve(true);
        },
      },
      [Symbol.dispose]: () => clock.stop(),
    };
    return bench;
  }
  const soon = { timeoutMs: 10_000 };
  const patient = { timeoutMs: 100_000 };

  test("asks when one is needed, once for all who wait, and keeps it", async () => {
    using it = open();
    it.source.attached(it.line);
    expect(it.asked).toEqual([]);
    const both = Promise.all([it.source.token(soon), it.source.token(patient)]);
    await it.clock.advance(100);
    expect(it.asked).toEqual(["subscribe s/dat", 'publish s/uat ""']);
    it.source.received(payload("71,one"));
    expect(await both).toEqual([
      { ok: true, token: "one" },
      { ok: true, token: "one" },
    ]);
    expect(await it.source.token(soon)).toEqual({ ok: true, token: "one" });
    expect(it.asked).toHaveLength(2);
  });

  test("asks three times, 20 s apart, and then gives up with the reason", async () => {
    using it = open();
    it.source.attached(it.line);
    const outcome = it.source.token(patient);
    for (const times of [1, 2, 3]) {
      await it.clock.advance(times === 1 ? 100 : 20_000);
      expect(it.asked.filter((each) => each.startsWith("publish"))).toHaveLength(times);
    }
    const why = "no token: the cloud did not answer the question for one";
    expect(await it.clock.until(outcome, { what: "the end" })).toEqual({ ok: false, why });
    expect(it.asked).toHaveLength(4);
    // The next who needs one begins anew.
    void it.source.token(soon);
    await it.clock.advance(100);
    expect(it.asked).toHaveLength(5);
    await it.clock.advance(10_000);
  });

  test("whoever waits no longer leaves; an answer that comes later is kept for the next", async () => {
    using it = open();
    it.source.attached(it.line);
    const outcome = it.source.token(soon);
    await it.clock.advance(10_001);
    expect(await outcome).toMatchObject({ ok: false });
    it.source.received(payload("71,late"));
    expect(await it.source.token(soon)).toEqual({ ok: true, token: "late" });
  });

  test("an end of waiting by signal leaves no timer", async () => {
    using it = open();
    const dialing = new AbortController();
    const outcome = it.source.token({ ...patient, signal: dialing.signal });
    dialing.abort();
    expect(await outcome).toEqual({ ok: false, why: "given up" });
    expect(it.clock.pending()).toEqual([]);
    expect(await it.source.token({ ...patient, signal: dialing.signal })).toEqual({ ok: false, why: "given up" });
  });

  test("asks as soon as there is a connection, and again over the next one", async () => {
    using it = open();
    const outcome = it.source.token(patient);
    await it.clock.advance(5_000);
    expect(it.asked).toEqual([]);
    it.source.attached(it.line);
    await it.clock.advance(1_000);
    expect(it.asked).toHaveLength(2);
    it.source.detached(it.line);
    it.source.attached(it.line);
    await it.clock.advance(1_000);
    expect(it.asked).toHaveLength(4);
    it.source.received(payload("71,x"));
    expect(await outcome).toEqual({ ok: true, token: "x" });
  });

  test("without a connection it says so", async () => {
    using it = open();
    const outcome = it.source.token(soon);
    await it.clock.advance(10_001);
    expect(await outcome).toEqual({ ok: false, why: "no token: there is no MQTT connection to ask the cloud for one" });
  });

  test("says that the cloud refuses the topic, and subscribes again at the next try", async () => {
    using it = open();
    it.topic = "refused";
    it.source.attached(it.line);
    const outcome = it.source.token({ timeoutMs: 15_000 });
    await it.clock.advance(15_001);
    expect(await outcome).toEqual({ ok: false, why: "no token: the cloud refuses the topic s/dat" });
    it.topic = "granted";
    const next = it.source.token(soon);
    await it.clock.advance(100);
    it.source.received(payload("71,y"));
    expect(await next).toEqual({ ok: true, token: "y" });
  });

  test("what is no token is told as the reason, and the question stays", async () => {
    using it = open();
    it.source.attached(it.line);
    const outcome = it.source.token({ timeoutMs: 15_000 });
    await it.clock.advance(100);
    it.source.received(payload("71"));
    await it.clock.advance(15_000);
    expect(await outcome).toEqual({ ok: false, why: "no token: what the cloud answered is not a token" });
  });

  test("a refused token is not handed out again; a refusal of an older one changes nothing", async () => {
    using it = open();
    it.source.attached(it.line);
    it.source.received(payload("71,new"));
    it.source.refused("old");
    expect(await it.source.token(soon)).toEqual({ ok: true, token: "new" });
    it.source.refused("new");
    const outcome = it.source.token(soon);
    await it.clock.advance(10_001);
    expect(await outcome).toMatchObject({ ok: false });
  });
});
