// The connection key: with it a gateway's websocket finds its session. A secret.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Random } from "#hardware/ports.ts";

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** A UUID of version 4 (RFC 9562 section 5.4) with 122 random bits, in lower case: the form that Cumulocity sends. */
export function makeUuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Whether a text can be one of our keys at all. */
export function isConnectionKey(text: string): boolean {
  return uuidPattern.test(text);
}

/** Compares without telling by its duration where two keys differ. */
export function keysAreEqual(one: string, other: string): boolean {
  return timingSafeEqual(digest(one), digest(other));
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
