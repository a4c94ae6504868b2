// Writes a capture file in pcapng (draft-ietf-opsawg-pcapng): one interface for each link, comments at packets.

const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const options = { end: 0, comment: 1, userApplication: 4, interfaceName: 2, interfaceDescription: 3 } as const;
const byteOrderMagic = 0x1a2b3c4d;
const ethernet = 1;
/** Longest frame that is written. */
const frameBytesMax = 65_535;
/** What a comment holds at most, in bytes of UTF-8; the format ends at 65535. */
const commentBytesMax = 8000;

export interface CaptureInterface {
  readonly name: string;
  readonly description: string;
}

export interface CapturedFrame {
  /** Which of the interfaces, from 0. */
  readonly at: number;
  /** Microseconds since the Unix epoch. */
  readonly atUs: bigint;
  readonly frame: Uint8Array;
  readonly comments: readonly string[];
}

export function writePcapng(
  about: { readonly program: string; readonly comment: string },
  interfaces: readonly CaptureInterface[],
  frames: Iterable<CapturedFrame>,
): Uint8Array {
  const blocks = [sectionHeader(about), ...interfaces.map(interfaceDescription)];
  for (const frame of frames) blocks.push(enhancedPacket(frame));
  return Buffer.concat(blocks);
}

function sectionHeader({ program, comment }: { readonly program: string; readonly comment: string }): Uint8Array {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(byteOrderMagic, 0);
  head.writeUInt16LE(1, 4); // version 1.0
  head.writeBigInt64LE(-1n, 8); // length not told
  return block(blockTypes.section, [
    head,
    ...optionList([
      [options.comment, comment],
      [options.userApplication, program],
    ]),
  ]);
}

function interfaceDescription({ name, description }: CaptureInterface): Uint8Array {
  const head = Buffer.alloc(8);
  head.writeUInt16LE(ethernet, 0);
  head.writeUInt32LE(frameBytesMax, 4);
  const texts = [
    [options.interfaceName, name],
    [options.interfaceDescription, description],
  ] as const;
  return block(blockTypes.interface, [head, ...optionList(texts)]);
}

function enhancedPacket({ at, atUs, frame, comments }: CapturedFrame): Uint8Array {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(at, 0);
  head.writeUInt32LE(Number(atUs >> 32n), 4);
  head.writeUInt32LE(Number(atUs & 0xffff_ffffn), 8);
  head.writeUInt32LE(frame.length, 12);
  head.writeUInt32LE(frame.length, 16);
  const texts = comments.map((comment) => [options.comment, comment] as const);
  return block(blockTypes.packet, [head, padded(frame), ...optionList(texts)]);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const out = Buffer.alloc(body.length + 12);
  out.writeUInt32LE(type, 0);
  out.writeUInt32LE(out.length, 4);
  out.set(body, 8);
  out.writeUInt32LE(out.length, out.length - 4);
  return out;
}

function optionList(texts: readonly (readonly [number, string])[]): readonly Uint8Array[] {
  if (texts.length === 0) return [];
  const written = texts.map(([code, text]) => {
    const value = Buffer.from(text, "utf8").subarray(0, commentBytesMax);
    const head = Buffer.alloc(4);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(value.length, 2);
    return Buffer.concat([head, padded(value)]);
  });
  return [...written, Buffer.alloc(4)];
}

/** To a multiple of four bytes. */
function padded(bytes: Uint8Array): Uint8Array {
  const out = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  out.set(bytes);
  return out;
}
