// Rewrites a client's websocket frames so that no binary message has to be gathered whole: its pieces become messages.
// On our streams frame boundaries carry no meaning (protocol.md 5.4), and ws hands out only whole messages.

/** Longest piece that is made of a message, in bytes; a multiple of 4 keeps the mask in step (RFC 6455 section 5.3). */
const pieceBytesMax = 32 * 1024;
/** Two bytes, eight of extended length, four of mask (RFC 6455 section 5.2). */
const headerBytesMax = 14;

const opcodes = { continuation: 0, text: 1, binary: 2 } as const;

interface Frame {
  readonly headerBytes: number;
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly isMasked: boolean;
  readonly hasReservedBits: boolean;
  readonly payloadBytes: number;
}

export class MessageSplitter {
  readonly #messageBytesMax: number;
  #header = Buffer.alloc(0);
  /** Payload of the present frame that is still to come. */
  #left = 0;
  /** Of a frame that is split: its mask. */
  #mask: Buffer | undefined;
  /** Up to three bytes that wait, so that each piece but the last is a multiple of 4. */
  #rest = Buffer.alloc(0);
  #isInBinaryMessage = false;
  #isGivenUp = false;

  /** Frames that say they are longer than `messageBytesMax` are left for ws to refuse. */
  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Takes bytes as they come from the client and gives those for ws; keeps at most a few bytes. */
  push(bytes: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#isGivenUp) {
        out.push(rest);
        break;
      }
      rest = this.#left > 0 ? this.#takePayload(rest, out) : this.#takeHeader(rest, out);
    }
    return out;
  }

  #takeHeader(bytes: Buffer, out: Buffer[]): Buffer {
    const had = this.#header.length;
    const header = Buffer.concat([this.#header, bytes.subarray(0, headerBytesMax - had)]);
    const frame = readFrame(header);
    if (frame === undefined) {
      this.#header = header;
      return Buffer.alloc(0);
    }
    this.#header = Buffer.alloc(0);
    this.#begin(frame, header.subarray(0, frame.headerBytes), out);
    return bytes.subarray(frame.headerBytes - had);
  }

  #begin(frame: Frame, header: Buffer, out: Buffer[]): void {
    const { opcode, isFinal } = frame;
    const isBinary = opcode === opcodes.binary || (opcode === opcodes.continuation && this.#isInBinaryMessage);
    const isStart = opcode === opcodes.binary || opcode === opcodes.text;
    const isInterrupted = isStart && this.#isInBinaryMessage;
    // What breaks the rules, or a limit, is ws's to find: from here on it sees the bytes as they came.
    if (frame.hasReservedBits || !frame.isMasked || isInterrupted || frame.payloadBytes > this.#messageBytesMax) {
      this.#isGivenUp = true;
      out.push(header);
      return;
    }
    if (isBinary) this.#isInBinaryMessage = !isFinal;
    this.#left = frame.payloadBytes;
    this.#mask = isBinary ? header.subarray(header.length - 4) : undefined;
    // A binary frame without payload says nothing.
    if (!isBinary) out.push(header);
  }

  #takePayload(bytes: Buffer, out: Buffer[]): Buffer {
    const taken = bytes.subarray(0, this.#left);
    this.#left -= taken.length;
    if (this.#mask === undefined) {
      out.push(taken);
      return bytes.subarray(taken.length);
    }
    let payload = this.#rest.length === 0 ? taken : Buffer.concat([this.#rest, taken]);
    const isEnd = this.#left === 0;
    while (payload.length >= 4 || (isEnd && payload.length > 0)) {
      const whole = isEnd ? payload.length : payload.length - (payload.length % 4);
      const piece = payload.subarray(0, Math.min(whole, pieceBytesMax));
      out.push(writeHeader(piece.length, this.#mask), piece);
      payload = payload.subarray(piece.length);
    }
    this.#rest = Buffer.from(payload);
    return bytes.subarray(taken.length);
  }
}

/** Undefined until the header is whole. */
function readFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const isMasked = (second & 0x80) !== 0;
  const shortLength = second & 0x7f;
  const extendedBytes = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
  const headerBytes = 2 + extendedBytes + (isMasked ? 4 : 0);
  if (bytes.length < headerBytes) return undefined;
  const payloadBytes =
    extendedBytes === 0
      ? shortLength
      : extendedBytes === 2
        ? bytes.readUInt16BE(2)
        : bytes.readUInt32BE(2) * 0x1_0000_0000 + bytes.readUInt32BE(6);
  return {
    headerBytes,
    isFinal: (first & 0x80) !== 0,
    opcode: first & 0x0f,
    isMasked,
    hasReservedBits: (first & 0x70) !== 0,
    payloadBytes,
  };
}

function writeHeader(payloadBytes: number, mask: Buffer): Buffer {
  const finalBinary = 0x80 | opcodes.binary;
  if (payloadBytes < 126) return Buffer.concat([Buffer.from([finalBinary, 0x80 | payloadBytes]), mask]);
  const extended = [payloadBytes >> 8, payloadBytes & 0xff];
  return Buffer.concat([Buffer.from([finalBinary, 0x80 | 126, ...extended]), mask]);
}
