// Watches the framing of MQTT on its way in: packets that are too large or too many end the connection before they fill memory.
import type { Clock } from "#hardware/ports.ts";
import { messageBytesMax } from "#protocol/smartrest/line.ts";

/** Packets per second that a client may send for ever, and how many it may send at once after a pause. */
export const packetsPerSecond = 100;
export const packetBurst = 1_000;

/** Largest packet, in bytes after the fixed header: the payload limit with room for topic and message id. */
export const packetBytesMax = messageBytesMax + 256;

export type GateRefusal = "packet-too-large" | "too-many-packets" | "malformed-length";

type Part =
  | { readonly at: "type" }
  | { readonly at: "length"; value: number; digits: number }
  | { readonly at: "body"; left: number };

/** Sans IO: `check` looks at each chunk in order, keeps nothing of it, and names the first violation. */
export class PacketGate {
  readonly #clock: Clock;
  #part: Part = { at: "type" };
  #credit = packetBurst;
  #creditAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#creditAtMs = clock.monotonicMs();
  }

  check(chunk: Uint8Array): GateRefusal | undefined {
    let index = 0;
    while (index < chunk.length) {
      const part = this.#part;
      if (part.at === "body") {
        const taken = Math.min(part.left, chunk.length - index);
        index += taken;
        part.left -= taken;
        if (part.left === 0) this.#part = { at: "type" };
        continue;
      }
      const byte = chunk[index] ?? 0;
      index += 1;
      const refusal = part.at === "type" ? this.#startPacket() : this.#readLength(part, byte);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #startPacket(): GateRefusal | undefined {
    const nowMs = this.#clock.monotonicMs();
    this.#credit = Math.min(packetBurst, this.#credit + ((nowMs - this.#creditAtMs) * packetsPerSecond) / 1000);
    this.#creditAtMs = nowMs;
    if (this.#credit < 1) return "too-many-packets";
    this.#credit -= 1;
    this.#part = { at: "length", value: 0, digits: 0 };
    return undefined;
  }

  /** MQTT 3.1.1 section 2.2.3: seven bits in each byte, lowest first, at most four bytes. */
  #readLength(part: { value: number; digits: number }, byte: number): GateRefusal | undefined {
    part.value += (byte & 0x7f) * 128 ** part.digits;
    part.digits += 1;
    if (byte & 0x80) return part.digits === 4 ? "malformed-length" : undefined;
    if (part.value > packetBytesMax) return "packet-too-large";
    this.#part = part.value === 0 ? { at: "type" } : { at: "body", left: part.value };
    return undefined;
  }
}
