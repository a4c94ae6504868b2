// Captures of runs: read back by a reader of their own, packet by packet.
import { describe, expect, it } from "vitest";
import type { KeptDelivery } from "#simulator/record/kept-deliveries.ts";
import { writeCapture } from "#simulator/report/capture/capture-file.ts";
import { internetChecksum } from "#simulator/report/capture/tcp-packet.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { findScenario } from "#simulator/scenarios/catalogue.ts";
import { type ReadPacket, readCapture, streamOf } from "./report-capture-reader.ts";

const startedAtMs = Date.UTC(2026, 10, 24, 8);
const client = { host: "gateway", address: "192.168.10.1", port: 49_152 };
const server = { host: "press4", address: "192.168.10.11", port: 5900 };

function delivery(
  atMs: number,
  at: "client" | "server",
  kind: KeptDelivery["kind"],
  text = "",
  ends = { client, server },
): KeptDelivery {
  return { atMs, at, kind, bytes: Buffer.from(text), ...ends };
}

function read(deliveries: readonly KeptDelivery[]): readonly ReadPacket[] {
  return readCapture(Buffer.from(writeCapture({ deliveries, entries: [], startedAtMs, title: "A test" }))).packets;
}

const shown = (packets: readonly ReadPacket[]) =>
  packets.map(({ from, flags, payload }) =>
    `${from === "192.168.10.1:49152" ? ">" : "<"} ${flags} ${payload.toString()}`.trim(),
  );

describe("a connection in a capture", () => {
  it("has handshake, data, acknowledgements and both ends, with the right numbers and checksums", () => {
    const packets = read([
      delivery(1, "server", "open"),
      delivery(2, "client", "accept"),
      delivery(3, "client", "bytes", "RFB 003.008\n"),
      delivery(4, "server", "bytes", "hello"),
      delivery(5, "client", "end"),
      delivery(6, "server", "end"),
    ]);
    expect(shown(packets)).toEqual([
      "> S",
      "< SA",
      "> A",
      "< PA RFB 003.008",
      "> A",
      "> PA hello",
      "< A",
      "< FA",
      "> A",
      "> FA",
      "< A",
    ]);
    expect(packets.every(({ areChecksumsRight }) => areChecksumsRight)).toBe(true);
    const [syn, answer, third] = packets as [ReadPacket, ReadPacket, ReadPacket];
    expect(answer.acknowledgement).toBe((syn.sequence + 1) >>> 0);
    expect(third.sequence).toBe((syn.sequence + 1) >>> 0);
    expect(third.acknowledgement).toBe((answer.sequence + 1) >>> 0);
    expect(packets.at(-1)?.acknowledgement).toBe((syn.sequence + 1 + 5 + 1) >>> 0);
  });

  it("has times of the site's clock, each packet later than the one before", () => {
    const packets = read([delivery(1.5, "server", "open"), delivery(1.5, "client", "accept")]);
    expect(packets[0]?.atUs).toBe(BigInt(startedAtMs) * 1000n + 1500n);
    expect(packets.every(({ atUs }, at) => at === 0 || atUs > (packets[at - 1]?.atUs ?? 0n))).toBe(true);
  });

  it("is cut into segments that fit Ethernet, and is whole again by its numbers", () => {
    const text = "0123456789".repeat(1000);
    const packets = read([
      delivery(1, "server", "open"),
      delivery(2, "client", "accept"),
      delivery(3, "client", "bytes", text),
    ]);
    expect(Math.max(...packets.map(({ payload }) => payload.length))).toBeLessThanOrEqual(1440);
    expect(streamOf(packets, "192.168.10.11:5900", "192.168.10.1:49152").toString()).toBe(text);
  });

  it.each([
    ["a refusal", [delivery(1, "server", "open"), delivery(2, "client", "refuse")], ["> S", "< RA"]],
    [
      "a reset",
      [delivery(1, "server", "open"), delivery(2, "client", "accept"), delivery(3, "client", "reset")],
      ["> S", "< SA", "> A", "< RA"],
    ],
    ["an attempt that is repeated", [delivery(1, "server", "open"), delivery(2, "server", "open")], ["> S", "> S"]],
  ] as const)("shows %s", (_what, deliveries, expected) => {
    const packets = read(deliveries);
    expect(shown(packets)).toEqual(expected);
    if (expected[1] === "> S") expect(packets[1]?.sequence).toBe(packets[0]?.sequence);
  });

  it("is another one when the same ports are used again", () => {
    const one = [delivery(1, "server", "open"), delivery(2, "client", "accept")];
    const packets = read([
      ...one,
      delivery(3, "client", "reset"),
      delivery(9, "server", "open"),
      delivery(10, "client", "accept"),
    ]);
    const syns = packets.filter(({ flags }) => flags === "S");
    expect(syns).toHaveLength(2);
    expect(syns[0]?.sequence).not.toBe(syns[1]?.sequence);
  });

  it("works over IPv6 too", () => {
    const ends = { client: { ...client, address: "fd00::1" }, server: { ...server, address: "fd00::11" } };
    const packets = read([delivery(1, "server", "open", "", ends), delivery(2, "client", "accept", "", ends)]);
    expect(packets.map(({ flags, areChecksumsRight }) => [flags, areChecksumsRight])).toEqual([
      ["S", true],
      ["SA", true],
      ["A", true],
    ]);
  });
});

it("the checksum is that of RFC 1071's example", () => {
  // RFC 1071 section 3: 00 01 f2 03 f4 f5 f6 f7 sum to ddf2, whose complement is 220d.
  expect(internetChecksum([Buffer.from("0001f203f4f5f6f7", "hex")])).toBe(0x220d);
});

describe("the capture of a whole run", () => {
  it("has an interface for each link, steps and faults as comments, and the bytes of a VNC session in order", async () => {
    const scenario = findScenario("black-hole-while-typing");
    const { keptDeliveries, record } = await runScenario(scenario, { keepBytes: true });
    const source = { deliveries: keptDeliveries, entries: record.entries, startedAtMs, title: scenario.title };
    const capture = readCapture(Buffer.from(writeCapture(source)));
    expect(capture.interfaces).toEqual(["cloud-gateway", "cloud-operator", "gateway-press4"]);
    expect(capture.program).toBe("postern sim");
    expect(capture.comment).toContain("The panel goes dark while somebody types. TLS is simulated");
    expect(capture.packets.every(({ areChecksumsRight }) => areChecksumsRight)).toBe(true);
    const comments = capture.packets.flatMap((packet) => packet.comments);
    expect(comments).toContain("step: Anna opens press 4 and sees its picture");
    expect(comments).toContain("fault begins: black hole on gateway-press4");
    const vnc = capture.packets.filter(({ link }) => link === "gateway-press4");
    const dialler = vnc.find(({ flags }) => flags === "S")?.from ?? "";
    expect(streamOf(vnc, "192.168.10.11:5900", dialler).subarray(0, 12).toString()).toBe("RFB 003.008\n");
    const sent = keptDeliveries.filter(
      ({ at, kind, server: { host } }) => host === "press4" && at === "client" && kind === "bytes",
    );
    expect(streamOf(vnc, "192.168.10.11:5900", dialler).equals(Buffer.concat(sent.map(({ bytes }) => bytes)))).toBe(
      true,
    );
  });

  it("says how much is missing where not all bytes were kept", async () => {
    const { record } = await runScenario(findScenario("black-hole-while-typing"));
    const file = writeCapture({ deliveries: [], entries: record.entries, startedAtMs, title: "Nothing" });
    expect(readCapture(Buffer.from(file)).comment).toMatch(/The last \d+ deliveries of the run are missing/);
  });
});
