// How long each rectangle of an RFB update is, without decoding it.
import { type Ask, skip, take, takeByte, takeLong } from "./stream-reader.ts";

/** What the lengths of pixels depend on; the client may change it. */
export interface RfbScreen {
  bytesPerPixel: number;
  /** The Tight encoding leaves the fourth byte of 24 bits out. */
  tightPixelBytes: number;
}

interface Rectangle {
  readonly width: number;
  readonly height: number;
  readonly encoding: number;
}

type Outcome = "skipped" | "last" | "unknown";
type Skipping<Result> = Generator<Ask, Result, Uint8Array>;

const hextileSize = 16;

/** "last": the pseudo-encoding that ends an update; "unknown": nobody can say where the next one begins. */
export function* skipRectangle(rectangle: Rectangle, screen: RfbScreen): Skipping<Outcome> {
  const { width, height, encoding } = rectangle;
  const { bytesPerPixel } = screen;
  const maskBytes = Math.ceil(width / 8) * height;
  switch (encoding) {
    case 0: // Raw
      yield* skip(width * height * bytesPerPixel);
      break;
    case 1: // CopyRect
      yield* skip(4);
      break;
    case 2: // RRE
      yield* skip((yield* takeLong()) * (bytesPerPixel + 8) + bytesPerPixel);
      break;
    case 5:
      yield* skipHextile(rectangle, bytesPerPixel);
      break;
    case 6: // Zlib
    case 16: // ZRLE
    case -307: // DesktopName
      yield* skip(yield* takeLong());
      break;
    case 7:
      yield* skipTight(rectangle, screen.tightPixelBytes);
      break;
    case -239: // Cursor
      yield* skip(width * height * bytesPerPixel + maskBytes);
      break;
    case -240: // XCursor
      yield* skip(width * height === 0 ? 0 : 6 + 2 * maskBytes);
      break;
    case -308: // ExtendedDesktopSize
      yield* skip(16 * (yield* take(4)).readUInt8(0));
      break;
    case -224: // LastRect
      return "last";
    case -223: // DesktopSize
    case -257: // PointerTypeChange
    case -258: // QEMU extended key event
      break;
    default:
      return "unknown";
  }
  return "skipped";
}

/** RFC 6143 7.7.4. */
function* skipHextile({ width, height }: Rectangle, bytesPerPixel: number): Skipping<void> {
  for (let top = 0; top < height; top += hextileSize) {
    for (let left = 0; left < width; left += hextileSize) {
      const subencoding = yield* takeByte();
      const pixels = Math.min(hextileSize, width - left) * Math.min(hextileSize, height - top);
      if ((subencoding & 1) !== 0) {
        yield* skip(pixels * bytesPerPixel);
        continue;
      }
      if ((subencoding & 2) !== 0) yield* skip(bytesPerPixel);
      if ((subencoding & 4) !== 0) yield* skip(bytesPerPixel);
      if ((subencoding & 8) === 0) continue;
      const subrectangleBytes = 2 + ((subencoding & 16) === 0 ? 0 : bytesPerPixel);
      yield* skip((yield* takeByte()) * subrectangleBytes);
    }
  }
}

/** Less than this is sent as it is, without a length before it. */
const tightPlainBytesMax = 12;

/** rfbproto, "Tight Encoding". */
function* skipTight({ width, height }: Rectangle, pixelBytes: number): Skipping<void> {
  const control = yield* takeByte();
  const compression = control >> 4;
  if (compression === 8) return yield* skip(pixelBytes);
  if (compression === 9) return yield* skip(yield* takeCompactLength());
  const filter = (compression & 4) === 0 ? 0 : yield* takeByte();
  let bytes = width * height * pixelBytes;
  if (filter === 1) {
    const colours = 1 + (yield* takeByte());
    yield* skip(colours * pixelBytes);
    bytes = colours <= 2 ? Math.ceil(width / 8) * height : width * height;
  }
  yield* skip(bytes < tightPlainBytesMax ? bytes : yield* takeCompactLength());
}

function* takeCompactLength(): Skipping<number> {
  let length = 0;
  for (let shift = 0; shift < 21; shift += 7) {
    const byte = yield* takeByte();
    length |= (shift === 14 ? byte : byte & 0x7f) << shift;
    if ((byte & 0x80) === 0) break;
  }
  return length;
}
