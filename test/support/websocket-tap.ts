// Reads the close frames of device and client websockets off the simulated wire (RFC 6455 section 5), where no cipher runs.
import type { SimulatedNetwork } from "#simulator/network/network.ts";

/** A close frame as it reached the other side; `by` says who sent it. */
export interface CloseFrame {
  readonly by: "cloud" | "gateway" | "operator";
  readonly code: number;
  readonly text: string;
}

/** Longest that one direction's unread bytes may grow, for a frame that never becomes whole. */
const unreadBytesMax = 2 * 1024 * 1024;

export class WebSocketTap {
  readonly #streams = new Map<object, TappedStream>();
  readonly stop: () => void;

  constructor(network: SimulatedNetwork) {
    this.stop = network.watchArrivals((conversation, { at, kind, bytes }) => {
      if (kind !== "bytes" || conversation.server.host !== "cloud") return;
      const stream = this.#streams.get(conversation) ?? new TappedStream();
      this.#streams.set(conversation, stream);
      stream.take(at, bytes);
    });
  }

  /** The first close frame that arrived on the newest device websocket; the answer to it is not one. */
  deviceClose(): CloseFrame | undefined {
    return this.#close("/service/remoteaccess/device/", "gateway");
  }

  /** The same for the newest client websocket. */
  clientClose(): CloseFrame | undefined {
    return this.#close("/service/remoteaccess/client/", "operator");
  }

  #close(path: string, dialler: "gateway" | "operator"): CloseFrame | undefined {
    const stream = [...this.#streams.values()].findLast((tapped) => tapped.requests(path));
    if (stream?.firstClose === undefined) return undefined;
    const { at, ...close } = stream.firstClose;
    return { by: at === "server" ? dialler : "cloud", ...close };
  }
}

class TappedStream {
  firstClose: { readonly at: "client" | "server"; readonly code: number; readonly text: string } | undefined;
  readonly #readers = { client: new FrameReader(), server: new FrameReader() };

  take(at: "client" | "server", bytes: Uint8Array): void {
    const close = this.#readers[at].read(bytes);
    if (close !== undefined) this.firstClose ??= { at, ...close };
  }

  requests(path: string): boolean {
    return this.#readers.server.header.includes(`GET ${path}`);
  }
}

/** One direction: the HTTP header, then frames. */
class FrameReader {
  header = "";
  #unread = Buffer.alloc(0);

  /** Gives the close frame when it becomes whole. */
  read(bytes: Uint8Array): { code: number; text: string } | undefined {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (this.#unread.length > unreadBytesMax) throw new Error("The tap cannot read this stream");
    if (this.header === "") {
      const end = this.#unread.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      this.header = this.#unread.toString("latin1", 0, end);
      this.#unread = this.#unread.subarray(end + 4);
    }
    for (;;) {
      const frame = readFrame(this.#unread);
      if (frame === undefined) return undefined;
      this.#unread = this.#unread.subarray(frame.end);
      if (frame.opcode !== 8) continue;
      const { body } = frame;
      return body.length < 2
        ? { code: 1005, text: "" }
        : { code: body.readUInt16BE(0), text: body.toString("utf8", 2) };
    }
  }
}

/** RFC 6455 section 5.2; undefined while the frame is not whole. */
function readFrame(bytes: Buffer): { opcode: number; body: Buffer; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const second = bytes.readUInt8(1);
  const shortLength = second & 0x7f;
  const lengthBytes = shortLength === 126 ? 2 : shortLength === 127 ? 8 : 0;
  const maskAt = 2 + lengthBytes;
  const bodyAt = maskAt + ((second & 0x80) === 0 ? 0 : 4);
  if (bytes.length < bodyAt) return undefined;
  const length =
    lengthBytes === 0 ? shortLength : lengthBytes === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  const end = bodyAt + length;
  if (bytes.length < end) return undefined;
  const body = Buffer.from(bytes.subarray(bodyAt, end));
  if (bodyAt > maskAt) {
    for (let index = 0; index < body.length; index++) body[index] = body[index]! ^ bytes[maskAt + (index % 4)]!;
  }
  return { opcode: bytes.readUInt8(0) & 0x0f, body, end };
}
