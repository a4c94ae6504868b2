// RFB by its messages, from the version on: the login's result, the screen, updates and keys (RFC 6143, Tight of rfbproto).
import type { Direction, Happening } from "./protocol-event.ts";
import { type RfbScreen, skipRectangle } from "./rfb-rectangles.ts";
import {
  type Ask,
  type StreamParser,
  StreamReader,
  skip,
  take,
  takeByte,
  takeLong,
  takeShort,
} from "./stream-reader.ts";

type Tell = (name: string, direction: Direction, fields: Happening["fields"]) => void;

const none = 1;
const vncAuthentication = 2;

/** Lengths of client messages behind their type, where nothing in them says more. */
const fixedClientMessages = new Map([
  [3, 9], // FramebufferUpdateRequest
  [5, 5], // PointerEvent
  [150, 9], // EnableContinuousUpdates
]);

/**
 * What is behind security types other than None and VNC Authentication is enciphered or of another shape, and is not
 * looked into.
 */
export class RfbRecogniser {
  readonly #tell: Tell;
  readonly #readers: Readonly<Record<Direction, StreamReader>>;
  readonly #screen: RfbScreen = { bytesPerPixel: 4, tightPixelBytes: 3 };
  #clientVersion = "";
  #securityType: number | undefined;

  constructor(tell: Tell) {
    this.#tell = tell;
    this.#readers = { up: new StreamReader(this.#client()), down: new StreamReader(this.#server()) };
  }

  receive(direction: Direction, bytes: Uint8Array): void {
    this.#readers[direction].receive(bytes);
  }

  get #isOld(): boolean {
    return this.#clientVersion !== "RFB 003.007\n" && this.#clientVersion !== "RFB 003.008\n";
  }

  *#client(): StreamParser {
    this.#clientVersion = (yield* take(12)).toString("latin1");
    // The server has said its part of the security handshake before the client's next byte is there.
    const next = yield* takeByte();
    if (!this.#isOld) this.#securityType = next;
    if (this.#securityType === vncAuthentication) yield* skip(this.#isOld ? 15 : 16);
    else if (this.#securityType !== none) return;
    // Without a security type or an answer to choose, the byte was ClientInit itself.
    const isInit = this.#isOld && this.#securityType === none;
    if (!isInit) yield* takeByte();
    for (;;) {
      const type = yield* takeByte();
      if (!(yield* this.#clientMessage(type))) return;
    }
  }

  *#clientMessage(type: number): Generator<Ask, boolean, Uint8Array> {
    const fixed = fixedClientMessages.get(type);
    if (fixed !== undefined) yield* skip(fixed);
    else if (type === 0) return this.#takesFormat((yield* take(19)).subarray(3));
    else if (type === 2) yield* skip(4 * (yield* take(3)).readUInt16BE(1));
    else if (type === 4) {
      yield* skip(7);
      this.#tell("rfb.key-event", "up", {});
    } else if (type === 255) {
      if ((yield* takeByte()) !== 0) return false; // of QEMU's messages only the key event has a length that is known
      yield* skip(10);
      this.#tell("rfb.key-event", "up", {});
    } else if (type === 6) yield* skip(Math.abs((yield* take(7)).readInt32BE(3)));
    else if (type === 248) yield* skip((yield* take(8)).readUInt8(7));
    else if (type === 251) yield* skip(16 * (yield* take(7)).readUInt8(5));
    else return false;
    return true;
  }

  *#server(): StreamParser {
    yield* take(12);
    if (!(yield* this.#serverSecurity())) return;
    const init = yield* take(24);
    if (!this.#takesFormat(init.subarray(4))) return;
    yield* skip(init.readUInt32BE(20));
    this.#tell("rfb.server-init", "down", { width: init.readUInt16BE(0), height: init.readUInt16BE(2) });
    for (;;) {
      const type = yield* takeByte();
      if (!(yield* this.#serverMessage(type))) return;
    }
  }

  /** False for a number of bits that no pixel has: lengths that follow from it mean nothing. */
  #takesFormat(format: Buffer): boolean {
    const bits = format.readUInt8(0);
    if (bits !== 8 && bits !== 16 && bits !== 32) return false;
    this.#screen.bytesPerPixel = bits / 8;
    const isPacked =
      bits === 32 && format.readUInt8(1) === 24 && [4, 6, 8].every((at) => format.readUInt16BE(at) === 255);
    this.#screen.tightPixelBytes = isPacked ? 3 : bits / 8;
    return true;
  }

  /** False when the login failed, or is of a kind that is not looked into. */
  *#serverSecurity(): Generator<Ask, boolean, Uint8Array> {
    const first = yield* takeByte();
    if (this.#isOld) {
      this.#securityType = (yield* take(3)).readUInt8(2);
    } else {
      if (first === 0) return false;
      yield* skip(first);
    }
    // Bytes of the server that follow wait until the client has chosen.
    const isNoneWithoutResult = this.#isOld && this.#securityType === none;
    if (isNoneWithoutResult) return true;
    const begin = yield* take(4);
    let result = begin;
    if (this.#securityType === vncAuthentication) {
      yield* skip(12);
      result = yield* take(4);
    } else if (this.#securityType !== none) {
      return false;
    } else if (this.#clientVersion < "RFB 003.008\n") {
      return yield* this.#initWithoutResult(begin);
    }
    const code = result.readUInt32BE();
    this.#tell("rfb.security-result", "down", { code });
    return code === 0;
  }

  /** Version 3.7 with None has no result: these were the first bytes of ServerInit. */
  *#initWithoutResult(begin: Buffer): Generator<Ask, boolean, Uint8Array> {
    const rest = yield* take(20);
    if (!this.#takesFormat(rest)) return false;
    yield* skip(rest.readUInt32BE(16));
    this.#tell("rfb.server-init", "down", { width: begin.readUInt16BE(0), height: begin.readUInt16BE(2) });
    for (;;) {
      const type = yield* takeByte();
      if (!(yield* this.#serverMessage(type))) return false;
    }
  }

  *#serverMessage(type: number): Generator<Ask, boolean, Uint8Array> {
    if (type === 0) return yield* this.#update();
    if (type === 1) yield* skip(6 * (yield* take(5)).readUInt16BE(3));
    else if (type === 3) yield* skip(Math.abs((yield* take(7)).readInt32BE(3)));
    else if (type === 248) yield* skip((yield* take(8)).readUInt8(7));
    else return type === 2 || type === 150;
    return true;
  }

  *#update(): Generator<Ask, boolean, Uint8Array> {
    yield* skip(1);
    const rectangles = yield* takeShort();
    this.#tell("rfb.framebuffer-update", "down", { rectangles });
    for (let done = 0; done < rectangles; done += 1) {
      const width = yield* skipThen(4);
      const height = yield* takeShort();
      const encoding = (yield* takeLong()) | 0;
      const outcome = yield* skipRectangle({ width, height, encoding }, this.#screen);
      if (outcome === "last") return true;
      if (outcome === "unknown") return false;
    }
    return true;
  }
}

/** A short behind so many bytes of no interest. */
function* skipThen(count: number): Generator<Ask, number, Uint8Array> {
  yield* skip(count);
  return yield* takeShort();
}
