// Reads a capture file as another program would: blocks, frames, addresses, TCP, checksums and streams.

export interface ReadPacket {
  readonly link: string;
  readonly atUs: bigint;
  readonly comments: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: string;
  readonly payload: Buffer;
  readonly areChecksumsRight: boolean;
}

export interface ReadCapture {
  readonly comment: string;
  readonly program: string;
  readonly interfaces: readonly string[];
  readonly packets: readonly ReadPacket[];
}

/** Throws for anything that is not as the format says. */
export function readCapture(file: Buffer): ReadCapture {
  const interfaces: string[] = [];
  const packets: ReadPacket[] = [];
  let about: Map<number, string[]> = new Map();
  for (let at = 0; at < file.length; ) {
    const type = file.readUInt32LE(at);
    const length = file.readUInt32LE(at + 4);
    if (length % 4 !== 0 || length < 12) throw new Error(`block at ${at}: length ${length}`);
    if (file.readUInt32LE(at + length - 4) !== length) throw new Error(`block at ${at}: its two lengths differ`);
    const body = file.subarray(at + 8, at + length - 4);
    if (at === 0 && type !== 0x0a0d0d0a) throw new Error("does not begin with a section header");
    if (type === 0x0a0d0d0a) {
      if (body.readUInt32LE(0) !== 0x1a2b3c4d) throw new Error("byte order");
      about = readOptions(body.subarray(16));
    } else if (type === 1) {
      if (body.readUInt16LE(0) !== 1) throw new Error("link type is not Ethernet");
      interfaces.push(readOptions(body.subarray(8)).get(2)?.[0] ?? "");
    } else if (type === 6) packets.push(readPacket(body, interfaces));
    else throw new Error(`unknown block ${type}`);
    at += length;
  }
  return { comment: about.get(1)?.[0] ?? "", program: about.get(4)?.[0] ?? "", interfaces, packets };
}

function readOptions(bytes: Buffer): Map<number, string[]> {
  const options = new Map<number, string[]>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const code = bytes.readUInt16LE(at);
    const length = bytes.readUInt16LE(at + 2);
    if (code === 0) break;
    const text = bytes.toString("utf8", at + 4, at + 4 + length);
    options.set(code, [...(options.get(code) ?? []), text]);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return options;
}

function readPacket(body: Buffer, interfaces: readonly string[]): ReadPacket {
  const captured = body.readUInt32LE(12);
  const frame = body.subarray(20, 20 + captured);
  const comments = readOptions(body.subarray(20 + Math.ceil(captured / 4) * 4)).get(1) ?? [];
  const atUs = (BigInt(body.readUInt32LE(4)) << 32n) | BigInt(body.readUInt32LE(8));
  return { link: interfaces[body.readUInt32LE(0)] ?? "?", atUs, comments, ...readFrame(frame) };
}

function readFrame(frame: Buffer): Omit<ReadPacket, "link" | "atUs" | "comments"> {
  const etherType = frame.readUInt16BE(12);
  const ip = frame.subarray(14);
  const isFour = etherType === 0x0800;
  if (!isFour && etherType !== 0x86dd) throw new Error(`ether type ${etherType}`);
  const headBytes = isFour ? ((ip[0] ?? 0) & 0x0f) * 4 : 40;
  const total = isFour ? ip.readUInt16BE(2) : 40 + ip.readUInt16BE(4);
  if (total !== ip.length) throw new Error(`the IP header says ${total} bytes of ${ip.length}`);
  const [source, target] = isFour
    ? [ip.subarray(12, 16), ip.subarray(16, 20)]
    : [ip.subarray(8, 24), ip.subarray(24, 40)];
  const tcp = ip.subarray(headBytes);
  const pseudo = Buffer.concat([
    source,
    target,
    Buffer.from([0, 0, 0, 6]),
    Buffer.from([0, 0, tcp.length >> 8, tcp.length & 0xff]),
  ]);
  const isIpRight = !isFour || sumOf(ip.subarray(0, headBytes)) === 0xffff;
  const flags = tcp[13] ?? 0;
  return {
    from: `${addressText(source)}:${tcp.readUInt16BE(0)}`,
    to: `${addressText(target)}:${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    acknowledgement: tcp.readUInt32BE(8),
    flags: ["F", "S", "R", "P", "A"].filter((_, bit) => (flags & (1 << bit)) !== 0).join(""),
    payload: tcp.subarray(((tcp[12] ?? 0) >> 4) * 4),
    areChecksumsRight: isIpRight && sumOf(Buffer.concat([pseudo, tcp])) === 0xffff,
  };
}

/** A sum over its own checksum is all ones (RFC 1071). */
function sumOf(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  return bytes.toString("hex").replace(/(.{4})(?=.)/g, "$1:");
}

/** What one side of a connection sent, put together by the sequence numbers; throws where they do not fit. */
export function streamOf(packets: readonly ReadPacket[], from: string, to: string): Buffer {
  const pieces: Buffer[] = [];
  let next: number | undefined;
  for (const packet of packets) {
    if (packet.from !== from || packet.to !== to) continue;
    if (packet.flags.includes("S")) {
      next = (packet.sequence + 1) >>> 0;
      continue;
    }
    if (packet.sequence !== next) throw new Error(`${from}: sequence ${packet.sequence} where ${next} is due`);
    pieces.push(packet.payload);
    next = (next + packet.payload.length + (packet.flags.includes("F") ? 1 : 0)) >>> 0;
  }
  return Buffer.concat(pieces);
}
