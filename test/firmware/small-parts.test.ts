// The gateway's small pure parts: log lines, back-off, the outbox, IP addresses, messages of the cloud.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { backOffCapMs, backOffMs } from "#firmware/connectivity/back-off.ts";
import { parseCloudMessage } from "#firmware/connectivity/cloud-message.ts";
import { dialCloud } from "#firmware/connectivity/dial-cloud.ts";
import {
  afterSending,
  type Outbox,
  otherMessagesMax,
  whileSending,
  withMessage,
} from "#firmware/connectivity/outbox.ts";
import { createLog } from "#firmware/log.ts";
import { marksMax, withMarks } from "#firmware/operations/seen-operations.ts";
import { parseIpAddress, withoutEmbedding } from "#firmware/tunnel/ip-address.ts";
import { gatewayVersion } from "#firmware/version.ts";
import type { Clock, Network } from "#hardware/ports.ts";

test("the version that the gateway reports is the package's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(gatewayVersion).toBe(version);
});

test("a log line is JSON with time, level and event first, and no field can take their place", () => {
  const lines: string[] = [];
  const log = createLog({ nowMs: () => 1_770_000_000_123 }, (line) => lines.push(line));
  log.info("tunnel.opened", { operation: "1", port: 5900, detail: undefined });
  log.warn("evil", { event: "other", time: "now", level: "debug", text: 'a\n"b"' });
  expect(lines).toEqual([
    '{"time":"2026-02-02T02:40:00.123Z","level":"info","event":"tunnel.opened","operation":"1","port":5900}',
    '{"time":"2026-02-02T02:40:00.123Z","level":"warn","event":"evil","text":"a\\n\\"b\\""}',
  ]);
});

describe("back-off", () => {
  test.each([
    { attempt: 1, draw: 0, ms: 0 },
    { attempt: 1, draw: 0.999, ms: 999 },
    { attempt: 2, draw: 0.5, ms: 1_000 },
    { attempt: 5, draw: 0.5, ms: 8_000 },
    { attempt: 7, draw: 0.5, ms: 15_000 },
    { attempt: 1_000_000, draw: 0.999999, ms: backOffCapMs - 1 },
  ])("after failure $attempt with the draw $draw is $ms ms", ({ attempt, draw, ms }) => {
    expect(backOffMs(attempt, draw)).toBe(ms);
  });
});

describe("the outbox", () => {
  const message = (text: string, isRepeatable = true) => ({ text, isRepeatable });

  test("keeps the newest messages at its limit", () => {
    let box: Outbox = { outbox: [], nextId: 1, droppedUntold: 0 };
    for (let each = 0; each < otherMessagesMax + 5; each++) box = withMessage(box, message(String(each)));
    expect(box.outbox).toHaveLength(otherMessagesMax);
    expect(box.outbox[0]?.text).toBe("5");
  });

  test("keeps a message that may be repeated until it is acknowledged, and lets go of any other when it is sent", () => {
    const [a, b] = [
      { ...message("a"), id: 1, isKept: false },
      { ...message("b", false), id: 2, isKept: false },
    ];
    expect(whileSending([a, b])).toEqual([a, b]);
    expect(afterSending([a, b], a)).toEqual([b]);
    expect(whileSending([b])).toEqual([]);
    expect(afterSending([], b)).toEqual([]);
    // The oldest was dropped at the limit while it was being sent.
    expect(afterSending([b], a)).toEqual([b]);
  });
});

test("seen operations are forgotten oldest first at the limit", () => {
  let seen: readonly string[] = [];
  for (let each = 0; each < marksMax + 2; each++) seen = withMarks(seen, [`${each}`]);
  expect(seen).toHaveLength(marksMax);
  expect(seen[0]).toBe("2");
  expect(withMarks(seen, ["2"])).toEqual(seen);
});

describe("IP addresses", () => {
  test.each([
    { text: "10.0.0.1", family: 4, value: 0x0a000001n },
    { text: "255.255.255.255", family: 4, value: 0xffffffffn },
    { text: "::", family: 6, value: 0n },
    { text: "::1", family: 6, value: 1n },
    { text: "1::", family: 6, value: 1n << 112n },
    { text: "fe80::1%eth0", family: 6, value: (0xfe80n << 112n) | 1n },
    { text: "::ffff:1.2.3.4", family: 6, value: 0xffff_0102_0304n },
    { text: "1:2:3:4:5:6:7:8", family: 6, value: 0x0001_0002_0003_0004_0005_0006_0007_0008n },
    { text: "1:2:3:4:5:6:1.2.3.4", family: 6, value: 0x0001_0002_0003_0004_0005_0006_0102_0304n },
  ])("$text is read", ({ text, family, value }) => {
    expect(parseIpAddress(text)).toEqual({ family, value });
  });

  test.each([
    "",
    "1",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "256.1.1.1",
    "1.2.3.4 ",
    "0x7f.0.0.1",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "g::",
    "1.2.3.4::",
    "::1.2.3",
    "::1.2.3.4:5",
  ])("%j is none", (text) => {
    expect(parseIpAddress(text)).toBeUndefined();
  });

  test("an IPv4 address inside another is found, and :: and ::1 stay themselves", () => {
    for (const text of ["::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::a00:1", "2002:a00:1:2::3", "::ffff:0:10.0.0.1"]) {
      const address = parseIpAddress(text);
      expect(address && withoutEmbedding(address), text).toEqual({ family: 4, value: 0x0a000001n });
    }
    for (const text of ["::", "::1", "fd00::1", "2001:db8::1"]) {
      const address = parseIpAddress(text);
      expect(address && withoutEmbedding(address), text).toEqual(address);
    }
  });
});

describe("what the cloud says", () => {
  const kinds = (topic: string, text: string) => parseCloudMessage(topic, Buffer.from(text));

  test.each([
    {
      topic: "s/ds",
      text: "530,gw-1,192.0.2.10,5900,k-1",
      is: [
        { kind: "connect", deviceId: "gw-1", request: { hostname: "192.0.2.10", port: 5900, connectionKey: "k-1" } },
      ],
    },
    { topic: "s/ds", text: "600,gw-1", is: [{ kind: "other", what: "SmartREST 600" }] },
    { topic: "s/e", text: "41,100,Device already existing", is: [] },
    {
      topic: "s/e",
      text: "40,999,No such template",
      is: [{ kind: "refused", what: "40 for template 999: No such template" }],
    },
    { topic: "error", text: '{"error":"x"}', is: [{ kind: "refused", what: "the cloud refused a JSON message" }] },
    { topic: "x/y", text: "1", is: [{ kind: "other", what: "a message on the topic x/y" }] },
  ])("$text on $topic is read", ({ topic, text, is }) => {
    expect(kinds(topic, text)).toEqual(is);
  });

  test("a bad line does not hide the good one beside it", () => {
    const messages = kinds("s/ds", "530,gw-1,192.0.2.10,0,k-1\n530,gw-1,192.0.2.10,5900,k-2");
    expect(messages.map(({ kind }) => kind)).toEqual(["refused", "connect"]);
    expect(JSON.stringify(messages[0])).not.toContain("k-1");
  });

  test("a line with an open quote does not hide the good one before it, and what follows it is not run", () => {
    const [good, bad] = ["530,gw-1,192.0.2.10,5900,k-1", '511,gw-1,"echo'];
    const messages = kinds("s/ds", `${good}\n${bad}\n530,gw-1,192.0.2.66,22,k-2`);
    expect(messages).toEqual([
      { kind: "connect", deviceId: "gw-1", request: { hostname: "192.0.2.10", port: 5900, connectionKey: "k-1" } },
      { kind: "refused", what: expect.stringMatching(/^s\/ds: SmartREST line 2, character 10: the quote/) },
    ]);
  });

  test("a JSON operation that cannot be read does not hide the good one beside it", () => {
    const good = '{"id":"7","deviceId":"8","status":"PENDING","c8y_Restart":{}}';
    const messages = kinds("devicecontrol/notifications", `{"secret":\n${good}\r\n\n${good}\n`);
    expect(messages.map(({ kind }) => kind)).toEqual(["refused", "operation", "operation"]);
    expect(JSON.stringify(messages[0])).not.toContain("secret");
  });

  test("a JSON operation may be spread over several lines", () => {
    const messages = kinds("devicecontrol/notifications", '{"id":"7","deviceId":"8",\n"status":"PENDING"}');
    expect(messages.map(({ kind }) => kind)).toEqual(["operation"]);
  });
});

describe("dialling the cloud", () => {
  test("tries the address families in turn, each address with half of the time that is left, the last with all", async () => {
    let nowMs = 0;
    const tries: string[] = [];
    const network = {
      resolve: async () => ({
        ok: true,
        addresses: ["2001:db8::1", "2001:db8::2", "198.51.100.1", "198.51.100.2", "198.51.100.3"],
      }),
      dialTls: async ({ address }: { address: string }, { timeoutMs }: { timeoutMs: number }) => {
        tries.push(`${address} ${timeoutMs}`);
        nowMs += timeoutMs;
        return { ok: false, reason: "timeout", detail: address };
      },
    } as unknown as Network;
    const clock = { monotonicMs: () => nowMs } as Clock;
    const port = { host: "cloud.example", port: 8883, authorities: [] };
    const outcome = await dialCloud({ clock, network }, port, { timeoutMs: 16_000 });
    expect(tries).toEqual(["2001:db8::1 8000", "198.51.100.1 4000", "2001:db8::2 2000", "198.51.100.2 2000"]);
    expect(outcome).toMatchObject({ ok: false, reason: "timeout" });
  });
});
