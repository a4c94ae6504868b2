// Addresses of a capture in bytes: those of IP as they are, those of Ethernet made from them.
import { parseAddress } from "../../network/address.ts";

export interface CaptureAddress {
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
}

/** Throws for what is no address in canonical spelling. */
export function captureAddress(text: string): CaptureAddress {
  const bytes = parseAddress(text);
  if (bytes === undefined) throw new Error(`"${text}" is no IP address`);
  return { family: bytes.length === 4 ? 4 : 6, bytes: Uint8Array.from(bytes) };
}

/** A MAC address that is locally administered and tells the last bytes of the IP address. */
export function ethernetAddress({ bytes }: CaptureAddress): Uint8Array {
  return Uint8Array.from([0x02, 0x00, ...bytes.slice(-4)]);
}
