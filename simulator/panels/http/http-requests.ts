// Takes a stream of HTTP requests apart, in whatever pieces it comes (RFC 9112), with limits and without IO.

/** Request line and header fields of one request. */
export const headBytesMax = 8 * 1024;
export const bodyBytesMax = 64 * 1024;
const fieldsMax = 100;
const requestLineForm = /^([A-Z]{1,20}) (\/\S*|\*) HTTP\/(\d\.\d)$/;

export interface HttpRequest {
  readonly method: string;
  /** Path and query as they came, beginning with a slash. */
  readonly target: string;
  /** Whether the client wants to ask more on this connection. */
  readonly keepsAlive: boolean;
}

/** What came is refused with this status, and nothing more is read of it. */
export class HttpRequestError extends Error {
  override readonly name = "HttpRequestError";
  readonly status: 400 | 413 | 431 | 501 | 505;

  constructor(status: HttpRequestError["status"], message: string) {
    super(message);
    this.status = status;
  }
}

interface Head extends HttpRequest {
  readonly bodyBytes: number;
}

/** Bodies are taken and thrown away. */
export class HttpRequestReader {
  #held: Buffer = Buffer.alloc(0);
  #head: Head | undefined;

  /** The requests that are whole now. Throws HttpRequestError. */
  *push(bytes: Uint8Array): Generator<HttpRequest, void> {
    this.#held = Buffer.concat([this.#held, bytes]);
    for (;;) {
      this.#head ??= this.#takeHead();
      if (this.#head === undefined || this.#held.length < this.#head.bodyBytes) return;
      this.#held = this.#held.subarray(this.#head.bodyBytes);
      const { method, target, keepsAlive } = this.#head;
      this.#head = undefined;
      yield { method, target, keepsAlive };
    }
  }

  #takeHead(): Head | undefined {
    // RFC 9112 2.2: an empty line before a request is passed over.
    while (this.#held.length >= 2 && this.#held[0] === 0x0d && this.#held[1] === 0x0a)
      this.#held = this.#held.subarray(2);
    mustBeginAsRequest(this.#held);
    const end = this.#held.indexOf("\r\n\r\n");
    if (end > headBytesMax || (end < 0 && this.#held.length > headBytesMax + 3)) {
      throw new HttpRequestError(431, "the header fields are too large");
    }
    if (end < 0) return undefined;
    const lines = this.#held.toString("latin1", 0, end).split("\r\n");
    this.#held = this.#held.subarray(end + 4);
    return readHead(lines);
  }
}

/** So that a peer that speaks something else is not waited for until the limit. */
function mustBeginAsRequest(bytes: Buffer): void {
  const lineEnd = bytes.indexOf("\n");
  if (lineEnd >= 0 && lineEnd <= headBytesMax && !requestLineForm.test(bytes.toString("latin1", 0, lineEnd - 1))) {
    throw new HttpRequestError(400, "not a request line");
  }
  // A method is of capital letters.
  const beginning = bytes.toString("latin1", 0, Math.min(bytes.length, 24));
  if (!/^(?:[A-Z]{0,20}$|[A-Z]{1,20} |\r$)/.test(beginning)) {
    throw new HttpRequestError(400, "not a request line");
  }
}

function readHead([requestLine = "", ...fieldLines]: readonly string[]): Head {
  const [, method = "", target = "", version = ""] = requestLineForm.exec(requestLine) ?? [];
  if (method === "") throw new HttpRequestError(400, "not a request line");
  if (version !== "1.1" && version !== "1.0") throw new HttpRequestError(505, "only HTTP/1.0 and HTTP/1.1");
  if (fieldLines.length > fieldsMax) throw new HttpRequestError(431, "too many header fields");
  const fields = readFields(fieldLines);
  if (version === "1.1" && fields.get("host")?.length !== 1) throw new HttpRequestError(400, "one Host is needed");
  if (fields.has("transfer-encoding")) throw new HttpRequestError(501, "transfer codings are not known here");
  const connection = (fields.get("connection") ?? []).join(",").toLowerCase();
  const asks = (word: string) => connection.split(",").some((one) => one.trim() === word);
  const keepsAlive = version === "1.1" ? !asks("close") : asks("keep-alive");
  return { method, target, keepsAlive, bodyBytes: bodyBytes(fields.get("content-length") ?? []) };
}

function readFields(lines: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const [, name, value = ""] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) throw new HttpRequestError(400, "not a header field");
    const list = fields.get(name.toLowerCase());
    if (list === undefined) fields.set(name.toLowerCase(), [value]);
    else list.push(value);
  }
  return fields;
}

function bodyBytes(values: readonly string[]): number {
  if (values.length === 0) return 0;
  const [value = ""] = values;
  if (!/^\d{1,15}$/.test(value) || values.some((one) => one !== value)) {
    throw new HttpRequestError(400, "not a Content-Length");
  }
  if (Number(value) > bodyBytesMax) throw new HttpRequestError(413, "the body is too large");
  return Number(value);
}
