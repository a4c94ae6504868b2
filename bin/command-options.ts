// Values of the command line's options, refused with one clear line when they are not what they should be.
import { isIP } from "node:net";
import { InvalidArgumentError } from "commander";

/** A TCP port to listen on; 0 takes a free one. */
export function parsePort(text: string): number {
  return parseWhole(text, "a port", 65_535);
}

/** A seed of the simulator. */
export function parseSeed(text: string): number {
  return parseWhole(text, "a seed", 2 ** 32 - 1);
}

/** An IP literal of this machine to listen on. */
export function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError("It must be an IP address such as 127.0.0.1 or ::1.");
  return text;
}

/** SHA-256 as the audit commands print it. */
export function parseHash(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) {
    throw new InvalidArgumentError("It must be the 64 digits (0-9, a-f) that `postern cloud audit verify` printed.");
  }
  return text;
}

function parseWhole(text: string, what: string, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new InvalidArgumentError(`It must be ${what}: a whole number from 0 to ${max}.`);
  return value;
}
