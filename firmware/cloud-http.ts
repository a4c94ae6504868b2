// The gateway's own HTTPS requests: to the cloud's address and nowhere else, with every answer bounded in time and size.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import type { Connection, TimerHandle } from "#hardware/ports.ts";
import { type CloudDialFailure, type CloudPort, type DialPorts, dialCloud } from "./connectivity/dial-cloud.ts";
import { messageOf } from "./errors.ts";

export interface CloudHttpDeps extends DialPorts {
  /** The cloud's HTTPS port. */
  readonly cloud: CloudPort;
}

export interface CloudRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Path and query as they go on the wire; an address of another machine cannot be said here. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** For all of it: dialling, asking, and the whole answer. */
  readonly timeoutMs: number;
  /** Most bytes of the answer's body. */
  readonly answerBytesMax: number;
  readonly signal?: AbortSignal;
}

export type HttpFailure =
  | CloudDialFailure
  /** The answer is longer than it may be. */
  | "http.too-large"
  /** What came is not HTTP, or ended before its end. */
  | "http.broken"
  /** Our own path or headers cannot be written. */
  | "http.unwritable";

export type HttpOutcome =
  | {
      readonly ok: true;
      /** Whatever the cloud says, 3xx included: no redirect is followed. */
      readonly status: number;
      /** By name in lower case; of several of one name the text is joined. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array;
    }
  /** The detail is one clause for people; it has nothing of path, headers or bodies. */
  | { readonly ok: false; readonly reason: HttpFailure; readonly detail: string };

/** Most bytes of an answer's status line and headers. */
export const answerHeadBytesMax = 16 * 1024;

const httpsPort = 443;

/** One request over a connection of its own. Never rejects for a reason of the network or the answer. */
export async function requestCloud(deps: CloudHttpDeps, wanted: CloudRequest): Promise<HttpOutcome> {
  const { clock, cloud } = deps;
  if (!/^\/[\x21-\x7e]*$/.test(wanted.path)) {
    return { ok: false, reason: "http.unwritable", detail: "the path cannot be written into a request" };
  }
  const deadlineMs = clock.monotonicMs() + wanted.timeoutMs;
  const wait = { timeoutMs: wanted.timeoutMs, ...(wanted.signal === undefined ? {} : { signal: wanted.signal }) };
  const dialled = await dialCloud(deps, cloud, wait);
  if (!dialled.ok) return dialled;
  const outcome = await exchange(deps, wanted, dialled.connection, Math.max(1, deadlineMs - clock.monotonicMs()));
  dialled.connection.stream.destroy();
  return outcome;
}

function exchange(
  { clock, cloud }: CloudHttpDeps,
  wanted: CloudRequest,
  connection: Connection,
  timeoutMs: number,
): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    let timer: TimerHandle | undefined;
    let request: ClientRequest | undefined;
    const finish = (outcome: HttpOutcome): void => {
      clock.clearTimeout(timer);
      wanted.signal?.removeEventListener("abort", abort);
      resolve(outcome);
      request?.destroy();
    };
    const fail = (reason: HttpFailure, detail: string): void => finish({ ok: false, reason, detail });
    const abort = (): void => fail("aborted", "not wanted any more");
    if (wanted.signal?.aborted === true) return abort();
    timer = clock.setTimeout(() => fail("timeout", "the cloud did not answer whole in time"), timeoutMs);
    wanted.signal?.addEventListener("abort", abort);
    try {
      request = writeRequest(cloud, wanted, connection);
    } catch {
      // Node's words quote what it could not write, which may be a secret.
      return fail("http.unwritable", "a header cannot be written into a request");
    }
    // `error` may come again once it is over: then nobody is told twice.
    request.on("error", (error) => fail("http.broken", brokenText(error)));
    request.once("response", (response) => readAnswer(response, wanted.answerBytesMax, finish));
    // A protocol that nobody asked for is no answer.
    request.once("upgrade", () => fail("http.broken", "the cloud changed to another protocol"));
  });
}

function writeRequest(
  cloud: CloudPort,
  { method, path, headers = {}, body }: CloudRequest,
  { stream }: Connection,
): ClientRequest {
  const bare = cloud.host.includes(":") ? `[${cloud.host}]` : cloud.host;
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const request = httpRequest({
    // The stream is encrypted already, so Node's client is the one for plain HTTP.
    createConnection: () => stream,
    method,
    path,
    maxHeaderSize: answerHeadBytesMax,
    headers: {
      ...headers,
      Host: cloud.port === httpsPort ? bare : `${bare}:${cloud.port}`,
      Connection: "close",
      ...(bytes === undefined ? {} : { "Content-Length": bytes.length }),
    },
  });
  request.end(bytes);
  return request;
}

function readAnswer(response: IncomingMessage, bytesMax: number, finish: (outcome: HttpOutcome) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  response.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > bytesMax) {
      finish({ ok: false, reason: "http.too-large", detail: `the answer is longer than ${bytesMax} bytes` });
      return;
    }
    chunks.push(chunk);
  });
  response.once("end", () => {
    finish({ ok: true, status: response.statusCode ?? 0, headers: flat(response), body: Buffer.concat(chunks) });
  });
  response.once("error", (error) => {
    finish({ ok: false, reason: "http.broken", detail: brokenText(error) });
  });
}

function flat({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(entries);
}

function brokenText(error: Error): string {
  const words = messageOf(error);
  // Of the parser's findings the word is enough; it quotes nothing.
  return words.startsWith("Parse Error") ? "what answers is not HTTP" : `the connection ended early (${words})`;
}
