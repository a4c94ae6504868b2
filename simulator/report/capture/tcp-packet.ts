// One TCP segment as a whole Ethernet frame, with the checksums of IP and TCP right.
import { type CaptureAddress, ethernetAddress } from "./addresses.ts";

/** Payload of a segment: what fits an Ethernet frame with IPv4, and is not more than what fits with IPv6. */
export const segmentBytesMax = 1440;

export const tcpFlags = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

const tcpHeaderBytes = 20;
const tcpProtocol = 6;
const hopsMax = 64;
const window = 65_535;

export interface Segment {
  readonly from: { readonly address: CaptureAddress; readonly port: number };
  readonly to: { readonly address: CaptureAddress; readonly port: number };
  readonly sequence: number;
  /** Of no account without the flag. */
  readonly acknowledgement: number;
  readonly flags: number;
  readonly payload: Uint8Array;
  /** Numbers the packets of one sender. */
  readonly identification: number;
}

export function writeFrame(segment: Segment): Uint8Array {
  const tcp = writeTcp(segment);
  const { address } = segment.from;
  const ip = address.family === 4 ? ip4Header(segment, tcp.length) : ip6Header(segment, tcp.length);
  const etherType = address.family === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const addresses = [...ethernetAddress(segment.to.address), ...ethernetAddress(address)];
  return Buffer.concat([Uint8Array.from([...addresses, ...etherType]), ip, tcp]);
}

function writeTcp({ from, to, sequence, acknowledgement, flags, payload }: Segment): Uint8Array {
  const tcp = Buffer.alloc(tcpHeaderBytes + payload.length);
  tcp.writeUInt16BE(from.port, 0);
  tcp.writeUInt16BE(to.port, 2);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp.writeUInt32BE((flags & tcpFlags.ack) === 0 ? 0 : acknowledgement >>> 0, 8);
  tcp[12] = (tcpHeaderBytes / 4) << 4;
  tcp[13] = flags;
  tcp.writeUInt16BE(window, 14);
  tcp.set(payload, tcpHeaderBytes);
  const pseudo = Buffer.alloc(from.address.bytes.length * 2 + 8);
  pseudo.set(from.address.bytes, 0);
  pseudo.set(to.address.bytes, from.address.bytes.length);
  pseudo.writeUInt32BE(tcp.length, pseudo.length - 8);
  pseudo[pseudo.length - 1] = tcpProtocol;
  tcp.writeUInt16BE(internetChecksum([pseudo, tcp]), 16);
  return tcp;
}

function ip4Header({ from, to, identification }: Segment, tcpBytes: number): Uint8Array {
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(ip.length + tcpBytes, 2);
  ip.writeUInt16BE(identification & 0xffff, 4);
  ip[6] = 0x40; // not to be cut on its way
  ip[8] = hopsMax;
  ip[9] = tcpProtocol;
  ip.set(from.address.bytes, 12);
  ip.set(to.address.bytes, 16);
  ip.writeUInt16BE(internetChecksum([ip]), 10);
  return ip;
}

function ip6Header({ from, to }: Segment, tcpBytes: number): Uint8Array {
  const ip = Buffer.alloc(40);
  ip[0] = 0x60;
  ip.writeUInt16BE(tcpBytes, 4);
  ip[6] = tcpProtocol;
  ip[7] = hopsMax;
  ip.set(from.address.bytes, 8);
  ip.set(to.address.bytes, 24);
  return ip;
}

/** RFC 1071, over parts of which all but the last have an even length. */
export function internetChecksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}
