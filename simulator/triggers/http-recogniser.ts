// HTTP/1.1 by its heads, and the websocket that a connection may become.
import type { Direction, Happening } from "./protocol-event.ts";
import { type Ask, type StreamParser, StreamReader, skip, some, take, takeByte } from "./stream-reader.ts";

const headBytesMax = 64 * 1024;
const requestsUnderWayMax = 1000;

type Tell = (name: string, direction: Direction, fields: Happening["fields"]) => void;
/** Gets what a websocket's binary messages carry, as long as it is interested. */
interface Carried {
  readonly isOfInterest: boolean;
  receive(direction: Direction, bytes: Uint8Array): void;
}

interface Head {
  readonly first: string;
  readonly headers: ReadonlyMap<string, string>;
}

interface Request {
  readonly method: string;
  readonly path: string;
}

export class HttpRecogniser {
  readonly #tell: Tell;
  readonly #carried: Carried;
  readonly #readers: Readonly<Record<Direction, StreamReader>>;
  #requests: Request[] = [];
  #isWebsocket = false;

  constructor(tell: Tell, carried: Carried) {
    this.#tell = tell;
    this.#carried = carried;
    this.#readers = { up: new StreamReader(this.#requestsUp()), down: new StreamReader(this.#answersDown()) };
  }

  receive(direction: Direction, bytes: Uint8Array): void {
    this.#readers[direction].receive(bytes);
  }

  *#requestsUp(): StreamParser {
    for (;;) {
      const first = yield* takeByte();
      // A client sends frames only once it has been told 101.
      if (this.#isWebsocket) return yield* this.#frames("up", first);
      const head = yield* takeHead(first);
      if (head === undefined || this.#requests.length >= requestsUnderWayMax) return;
      const [method = "", path = ""] = head.first.split(" ");
      this.#requests.push({ method, path });
      this.#tell("http.request", "up", { method, path });
      if (!(yield* skipBody(head))) return;
    }
  }

  *#answersDown(): StreamParser {
    for (;;) {
      const head = yield* takeHead(yield* takeByte());
      const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head?.first ?? "")?.[1]);
      if (head === undefined || Number.isNaN(status)) return;
      if (status === 101) {
        const { path = "" } = this.#requests.shift() ?? {};
        this.#isWebsocket = true;
        this.#tell("http.upgrade", "down", { path });
        return yield* this.#frames("down", yield* takeByte());
      }
      if (status < 200) continue;
      const request = this.#requests.shift();
      const hasNoBody = status === 204 || status === 304 || request?.method === "HEAD";
      if (hasNoBody) continue;
      const isKnown = head.headers.has("content-length") || head.headers.has("transfer-encoding");
      if (!isKnown || !(yield* skipBody(head))) return; // its end is the connection's end
    }
  }

  /** RFC 6455 5.2. */
  *#frames(direction: Direction, firstByte: number): StreamParser {
    for (let first = firstByte; ; first = yield* takeByte()) {
      const opcode = first & 0x0f;
      const second = yield* takeByte();
      let left = second & 0x7f;
      if (left === 126) left = (yield* take(2)).readUInt16BE();
      else if (left === 127) left = Number((yield* take(8)).readBigUInt64BE());
      const mask = (second & 0x80) === 0 ? undefined : yield* take(4);
      const isCarried = (opcode === 2 || opcode === 0) && (first & 0x40) === 0;
      for (let at = 0; left > 0; ) {
        const bytes = yield* some(left);
        if (isCarried && this.#carried.isOfInterest) this.#carried.receive(direction, unmasked(bytes, mask, at));
        at += bytes.length;
        left -= bytes.length;
      }
      this.#tell("websocket.frame", direction, { opcode });
    }
  }
}

function unmasked(bytes: Uint8Array, mask: Uint8Array | undefined, offset: number): Uint8Array {
  if (mask === undefined) return bytes;
  const clear = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += 1) clear[at] = (bytes[at] ?? 0) ^ (mask[(offset + at) & 3] ?? 0);
  return clear;
}

/** Undefined for a head that is too long. */
function* takeHead(first: number): Generator<Ask, Head | undefined, Uint8Array> {
  const head = [first];
  while (!endsWith(head, "\r\n\r\n")) {
    if (head.length >= headBytesMax) return undefined;
    head.push(yield* takeByte());
  }
  const [line = "", ...rest] = textOf(head).split("\r\n");
  const headers = rest.map((header): [string, string] => {
    const colon = header.indexOf(":");
    return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
  });
  return { first: line, headers: new Map(headers) };
}

/** False where the body's end cannot be known. */
function* skipBody({ headers }: Head): Generator<Ask, boolean, Uint8Array> {
  // RFC 9112 6.1: chunks are always the last of several codings.
  if (/(^|,)\s*chunked$/i.test(headers.get("transfer-encoding") ?? "")) return yield* skipChunks();
  const length = Number(headers.get("content-length") ?? 0);
  if (!Number.isSafeInteger(length) || length < 0) return false;
  yield* skip(length);
  return true;
}

function* skipChunks(): Generator<Ask, boolean, Uint8Array> {
  for (;;) {
    const size = Number.parseInt(yield* takeLine(), 16);
    if (Number.isNaN(size)) return false;
    yield* skip(size);
    if (size > 0) yield* takeLine();
    else while ((yield* takeLine()) !== ""); // trailers
    if (size === 0) return true;
  }
}

function* takeLine(): Generator<Ask, string, Uint8Array> {
  const line: number[] = [];
  while (!endsWith(line, "\r\n") && line.length < headBytesMax) line.push(yield* takeByte());
  return textOf(line);
}

/** Looks at the end only: text that grows by letters would be copied for each of them. */
function endsWith(bytes: readonly number[], end: string): boolean {
  const at = bytes.length - end.length;
  if (at < 0) return false;
  for (let index = end.length - 1; index >= 0; index -= 1)
    if (bytes[at + index] !== end.charCodeAt(index)) return false;
  return true;
}

function textOf(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("latin1").trimEnd();
}
