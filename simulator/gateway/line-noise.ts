// What a receiver makes of bytes that were sent with other settings than its own; pure but for the noise that is drawn.
import type { Random, SerialSettings } from "#hardware/ports.ts";

type Framing = Pick<SerialSettings, "baudRate" | "dataBits" | "parity" | "stopBits">;

/** UARTs bear so much difference between both clocks. */
const baudTolerance = 0.03;
/** However slow the sender is, a byte of its looks like so many at most. */
const bytesPerByteMax = 8;

/** Time of one byte on the line, in ms. */
export function byteMs({ baudRate, dataBits, parity, stopBits }: Framing): number {
  return (1000 * (1 + dataBits + (parity === "none" ? 0 : 1) + stopBits)) / baudRate;
}

/** The same bytes where both are set alike, and garbage otherwise. */
export function asReceived(bytes: Uint8Array, sender: Framing, receiver: Framing, random: Random): Uint8Array {
  const ratio = receiver.baudRate / sender.baudRate;
  if (Math.abs(ratio - 1) > baudTolerance) return noise(bytes.length, ratio, random);
  if (sender.dataBits === receiver.dataBits && sender.parity === receiver.parity) return new Uint8Array(bytes);
  const { parity } = sender;
  // 7 bits and parity read as 8 bits: the parity stands where the eighth bit is looked for.
  if (sender.dataBits === 7 && parity !== "none" && receiver.dataBits === 8 && receiver.parity === "none") {
    return new Uint8Array(bytes).map((byte) => (byte & 0x7f) | (parityOf(byte & 0x7f, parity) << 7));
  }
  return noise(bytes.length, 1, random);
}

/** A faster receiver sees more bytes, a slower one fewer; framing errors read as zeros. */
function noise(length: number, ratio: number, random: Random): Uint8Array {
  const seen = Math.max(1, Math.round(length * Math.min(ratio, bytesPerByteMax)));
  return random.bytes(Math.min(seen, 65_536)).map((byte) => (byte < 0x40 ? 0 : byte | 0x80));
}

function parityOf(byte: number, parity: "even" | "odd"): number {
  let bits = 0;
  for (let left = byte; left > 0; left >>= 1) bits += left & 1;
  return (bits + (parity === "odd" ? 1 : 0)) & 1;
}
