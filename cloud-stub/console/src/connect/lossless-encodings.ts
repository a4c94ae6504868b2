// Keeps lossy encodings out of what noVNC asks a VNC server for, so that the screen is the panel's to the pixel.

/** SetEncodings (RFC 6143, 7.5.2): type, padding, count, then 32-bit encodings. */
const setEncodingsType = 2;
const rawEncoding = 0;
/** JPEG and H.264 pictures; and the wish for a JPEG quality, without which Tight stays lossless. */
const jpegEncoding = 21;
const h264Encoding = 50;
const qualityLevelLowest = -32;
const qualityLevelHighest = -23;

/**
 * A SetEncodings message without its lossy encodings; any other message as it is. noVNC sends each of its messages
 * by itself; a handshake answer cannot be taken for one, because the list must be whole and must hold Raw.
 */
export function withoutLossyEncodings(message: Uint8Array): Uint8Array {
  const encodings = readEncodings(message);
  if (encodings === undefined || !encodings.includes(rawEncoding)) return message;
  return writeEncodings(encodings.filter((encoding) => !isLossy(encoding)));
}

function isLossy(encoding: number): boolean {
  if (encoding === jpegEncoding || encoding === h264Encoding) return true;
  return encoding >= qualityLevelLowest && encoding <= qualityLevelHighest;
}

function readEncodings(message: Uint8Array): readonly number[] | undefined {
  if (message.length < 4 || message[0] !== setEncodingsType) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const count = view.getUint16(2);
  if (message.length !== 4 + 4 * count) return undefined;
  return Array.from({ length: count }, (_, index) => view.getInt32(4 + 4 * index));
}

function writeEncodings(encodings: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 + 4 * encodings.length));
  view.setUint8(0, setEncodingsType);
  view.setUint16(2, encodings.length);
  encodings.forEach((encoding, index) => {
    view.setInt32(4 + 4 * index, encoding);
  });
  return new Uint8Array(view.buffer);
}
