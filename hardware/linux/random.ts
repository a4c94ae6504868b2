// Randomness from the operating system's secure generator.
import { randomBytes } from "node:crypto";
import type { Random } from "../ports.ts";

export const linuxRandom: Random = {
  bytes: (length) => Uint8Array.from(randomBytes(length)),
  // 53 bits are the ones that a double holds without rounding.
  fraction: () => Number(randomBytes(8).readBigUInt64BE() >> 11n) / 2 ** 53,
};
