// The gate that looks at MQTT's framing: pure, chunk by chunk.
import { expect, test } from "vitest";
import { PacketGate, packetBurst, packetBytesMax, packetsPerSecond } from "#cloud-stub/broker/packet-gate.ts";
import { ManualClock } from "./cloud-bench.ts";

/** MQTT 3.1.1 section 3.12: PINGREQ. */
const pingRequest = [0xc0, 0x00];

test.each([
  { what: "PINGREQ", bytes: pingRequest, refusal: undefined },
  { what: "a packet at the limit", bytes: [0x30, ...lengthBytes(packetBytesMax)], refusal: undefined },
  { what: "a packet above the limit", bytes: [0x30, ...lengthBytes(packetBytesMax + 1)], refusal: "packet-too-large" },
  // MQTT 3.1.1 table 2.4: the largest length, 268 435 455.
  { what: "the largest length there is", bytes: [0x30, 0xff, 0xff, 0xff, 0x7f], refusal: "packet-too-large" },
  { what: "a length of five bytes", bytes: [0x30, 0x80, 0x80, 0x80, 0x80, 0x01], refusal: "malformed-length" },
])("$what gives $refusal, whole or byte by byte", ({ bytes, refusal }) => {
  expect(new PacketGate(new ManualClock()).check(Uint8Array.from(bytes))).toBe(refusal);
  const slow = new PacketGate(new ManualClock());
  const refusals = bytes.map((byte) => slow.check(Uint8Array.of(byte))).filter((one) => one !== undefined);
  expect(refusals[0]).toBe(refusal);
});

test("the bytes of a body are not taken for packets", () => {
  const gate = new PacketGate(new ManualClock());
  const body = new Uint8Array(5_000).fill(0xff);
  expect(gate.check(Uint8Array.from([0x30, ...lengthBytes(body.length)]))).toBeUndefined();
  expect(gate.check(body)).toBeUndefined();
  expect(gate.check(Uint8Array.from(pingRequest))).toBeUndefined();
});

test("a burst is allowed, then the rate", () => {
  const clock = new ManualClock();
  const gate = new PacketGate(clock);
  const pings = (count: number) => gate.check(Uint8Array.from(Array.from({ length: count }, () => pingRequest).flat()));
  expect(pings(packetBurst)).toBeUndefined();
  clock.advance(1_000);
  expect(pings(packetsPerSecond)).toBeUndefined();
  expect(pings(1)).toBe("too-many-packets");
});

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return bytes;
}
