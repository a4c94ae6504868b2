// The gateway's status on a Unix socket: who may open the file gets one line of JSON for one line of question.
import { unlink } from "node:fs/promises";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { codeOf, messageOf } from "../errors.ts";
import type { GatewayStatus } from "../status/gateway-status.ts";

export const statusSocketName = "status.sock";
/** What a client sends. */
const question = "status";

/** Clients at the same time; one more is turned away at once. */
const clientsMax = 4;
const questionBytesMax = 64;
/** For a client from connecting to having taken the answer. */
const clientLimitMs = 2_000;
/** Longest path of a Unix socket: sun_path has 108 bytes on Linux, 104 on macOS, the ending zero included. */
const pathBytesMax = 103;

export interface StatusServer {
  close(): Promise<void>;
}

export type StatusServerOutcome =
  | { readonly kind: "listening"; readonly server: StatusServer }
  /** A gateway listens there already. */
  | { readonly kind: "taken" }
  | { readonly kind: "unavailable"; readonly why: string };

/** `read` gives the status of the moment; `limitMs` is what a client gets from connecting to having taken it. Never rejects. */
export async function serveStatus(
  path: string,
  read: () => GatewayStatus,
  limitMs = clientLimitMs,
): Promise<StatusServerOutcome> {
  if (Buffer.byteLength(path) > pathBytesMax) {
    return { kind: "unavailable", why: `the path of a socket has at most ${pathBytesMax} bytes: ${path}` };
  }
  try {
    if (await isAnswered(path)) return { kind: "taken" };
    const clients = new Set<Socket>();
    const server = createServer((socket) => {
      clients.add(socket);
      socket.on("close", () => clients.delete(socket));
      serveClient(socket, read, limitMs);
    });
    server.maxConnections = clientsMax;
    await listen(server, path);
    // The status must not keep a process alive that has nothing else to do.
    server.unref();
    return { kind: "listening", server: { close: () => close(server, clients) } };
  } catch (error) {
    return { kind: "unavailable", why: `${path}: ${messageOf(error)}` };
  }
}

function serveClient(socket: Socket, read: () => GatewayStatus, limitMs: number): void {
  const limit = setTimeout(() => socket.destroy(), limitMs).unref();
  let heard = "";
  socket.setEncoding("latin1");
  socket.on("error", () => {});
  socket.on("close", () => clearTimeout(limit));
  socket.on("data", (text: string) => {
    heard += text;
    const end = heard.indexOf("\n");
    if (end < 0 && heard.length <= questionBytesMax) return;
    socket.removeAllListeners("data");
    if (heard.slice(0, end) === question) socket.end(`${JSON.stringify(read())}\n`);
    else socket.destroy();
  });
}

/** The mode is right from the first moment on: between making the file and changing its mode anybody could connect. */
async function listen(server: Server, path: string): Promise<void> {
  await removeLeftOver(path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  });
  server.removeAllListeners("error");
  server.on("error", () => {});
}

/** Of a gateway that was killed. */
async function removeLeftOver(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** Node takes the file away. */
function close(server: Server, clients: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of clients) socket.destroy();
  });
}

/** Whether somebody listens there. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(clientLimitMs, () => finish(true));
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

export type StatusAnswer =
  | { readonly kind: "status"; readonly status: GatewayStatus }
  /** There is no such socket, or nobody listens at it. */
  | { readonly kind: "nobody" }
  | { readonly kind: "forbidden" }
  | { readonly kind: "failed"; readonly why: string };

const answerBytesMax = 4 * 1024 * 1024;
const answerLimitMs = 5_000;

/** Asks the gateway that listens there. Never rejects. */
export function askStatus(path: string): Promise<StatusAnswer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const socket = createConnection(path, () => socket.end(`${question}\n`));
    const finish = (answer: StatusAnswer): void => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(() => finish({ kind: "failed", why: "the gateway does not answer" }), answerLimitMs);
    socket.on("error", (error) => finish(failureOf(error)));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > answerBytesMax) finish({ kind: "failed", why: "the answer is far too long" });
    });
    socket.on("end", () => finish(parseAnswer(Buffer.concat(chunks).toString("utf8"))));
  });
}

/** A client too many is turned away without a word. */
const busy: StatusAnswer = { kind: "failed", why: "the gateway is busy with other clients: try again" };

function failureOf(error: Error): StatusAnswer {
  switch (codeOf(error)) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      return { kind: "nobody" };
    case "EACCES":
    case "EPERM":
      return { kind: "forbidden" };
    case "ECONNRESET":
    case "EPIPE":
      return busy;
    default:
      return { kind: "failed", why: messageOf(error) };
  }
}

function parseAnswer(text: string): StatusAnswer {
  if (text === "") return busy;
  try {
    return { kind: "status", status: JSON.parse(text) as GatewayStatus };
  } catch {
    return { kind: "failed", why: "what answers is no gateway of this version" };
  }
}

/** Where a gateway with this state folder listens; systemd names a folder that is gone after the next start. */
export function statusSocketPath(stateDir: string, runtimeDirectory: string | undefined): string {
  // Several folders are separated by colons: the first is the gateway's own.
  const [runtime = ""] = (runtimeDirectory ?? "").split(":");
  return join(runtime === "" ? stateDir : runtime, statusSocketName);
}
