// The HTTP side: one fastify application with every REST resource, the console and the rules that hold for all of them.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Clock } from "#hardware/ports.ts";
import { redactPath } from "#protocol/remote-access.ts";
import { describeBug } from "../bug.ts";
import type { CloudLog } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Authentication } from "../users/authentication.ts";
import { registerAccess } from "./access.ts";
import { errorBody, errorMediaType, readError, sendError } from "./api-error.ts";
import { registerConsole } from "./console-files.ts";
import type { HostPolicy } from "./host-policy.ts";
import { securityHeaders } from "./security-headers.ts";

/** Largest body of a request, in bytes. */
export const bodyBytesMax = 256 * 1024;

/** JSON, plain or with one of Cumulocity's media types (protocol.md 2.1, 7.1). */
const jsonTypes = /^application\/(?:vnd\.com\.nsn\.cumulocity\.[a-z]+\+)?json(?:\s*;.*)?$/i;

/** No request is heard for so long on a connection: it is closed, in ms. Real sockets only. */
const idleConnectionMs = 120_000;

/** How long a refused upgrade may take to close its end, in ms. */
const refusedLingerMs = 2_000;

export interface AppDeps {
  readonly hosts: HostPolicy;
  readonly authentication: Authentication;
  readonly log: CloudLog;
  readonly consoleDir: string | undefined;
  /** Peer of a connection that was handed to the server. */
  readonly peerOf: (stream: Duplex) => Peer;
}

export interface App {
  /** Does not listen; give it connections with `emit("connection", stream)`. */
  readonly server: Server;
  close(): Promise<void>;
}

/** Makes the application; `addRoutes` adds the resources. */
export async function startApp(deps: AppDeps, addRoutes: (app: FastifyInstance) => void): Promise<App> {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    // No timer of a library decides anything here.
    pluginTimeout: 0,
    routerOptions: { maxParamLength: 300 },
    serverFactory: (handler) => createServer({ keepAliveTimeout: idleConnectionMs, noDelay: true }, handler),
    frameworkErrors: (error, _request, reply) => {
      const { status, error: name, message } = readError(error);
      void sendError(reply, status, name, message);
    },
    clientErrorHandler: refuseMalformed,
  });
  app.server.timeout = idleConnectionMs;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(jsonTypes, { parseAs: "string" }, (request, body, done) => {
    // Clients send the content type with an empty body where there is nothing to say.
    if (body === "") return done(null, undefined);
    return app.getDefaultJsonParser("error", "error")(request, String(body), done);
  });
  addHooks(app, deps);
  registerAccess(app, { ...deps, peerOf: (request) => deps.peerOf(request.raw.socket) });
  addRoutes(app);
  const console = registerConsole(app, deps.consoleDir);
  app.setNotFoundHandler((request, reply) => {
    if (console.answer(request, reply)) return reply;
    return sendError(reply, 404, "general/Not Found", "There is nothing at this path.");
  });
  await app.ready();
  return { server: app.server, close: async () => app.close() };
}

function addHooks(app: FastifyInstance, deps: AppDeps): void {
  app.addHook("onRequest", async (request, reply) => {
    const judgement = deps.hosts.judge(request.headers, deps.peerOf(request.raw.socket).isEncrypted);
    const host = judgement === "own" ? (request.headers.host ?? "") : "";
    reply.headers(securityHeaders(host)).header("cache-control", "no-store");
    switch (judgement) {
      case "foreign-host":
        return sendError(reply, 421, "security/misdirectedRequest", "This server does not serve the host you named.");
      case "foreign-origin":
        return sendError(reply, 403, "security/Forbidden", "Pages of another origin may not use this server.");
      default:
        return undefined;
    }
  });
  app.setErrorHandler((thrown, request, reply) => {
    const { status, error, message, isOurs } = readError(thrown);
    if (isOurs) deps.log.error("http.error", { path: redactPath(request.url), ...describeBug(thrown) });
    return sendError(reply, status, error, message);
  });
  app.addHook("onResponse", async (request, reply) => {
    if (reply.statusCode < 400) return;
    // The form asks while somebody types: that it is not finished yet is an answer, and nobody was refused anything.
    if (reply.statusCode === 422 && request.routeOptions.url?.endsWith("/check") === true) return;
    const path = redactPath(request.url).slice(0, 300);
    deps.log.warn("http.refused", {
      status: reply.statusCode,
      method: request.method,
      path,
      address: address(request),
    });
  });
}

function address(request: FastifyRequest): string {
  return request.peer.address;
}

/** Bytes that are not HTTP, before there is a request to answer. */
function refuseMalformed(error: Error & { code?: string }, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const isTooLarge = error.code === "HPE_HEADER_OVERFLOW";
  const status = isTooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request";
  socket.end(
    plainAnswer(status, "general/badRequest", isTooLarge ? "The headers are too large." : "This is not HTTP."),
  );
}

/** A whole HTTP answer with an error, for a connection that fastify does not have. */
export function plainAnswer(status: string, error: string, message: string): string {
  const body = errorBody(error, message);
  return [
    `HTTP/1.1 ${status}`,
    `Content-Type: ${errorMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}

/** Serves websocket upgrades: `handle` says whether the path was its own; others get 404. */
export function serveUpgrades(
  server: Server,
  deps: Pick<AppDeps, "hosts" | "log" | "peerOf"> & { readonly clock: Clock },
  handle: (request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer) => boolean,
): void {
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node leaves an upgraded socket without a listener, and an error without one ends the process.
    socket.on("error", () => socket.destroy());
    const peer = deps.peerOf(socket);
    const refuse = (status: string, error: string, message: string) => {
      const path = redactPath(request.url ?? "").slice(0, 300);
      deps.log.warn("http.refused", { status: Number(status.slice(0, 3)), method: "GET", path, address: peer.address });
      const timer = deps.clock.setTimeout(() => socket.destroy(), refusedLingerMs);
      socket.once("close", () => deps.clock.clearTimeout(timer));
      // Without somebody who reads, the peer's end would never be seen.
      socket.resume();
      socket.end(plainAnswer(status, error, message));
    };
    try {
      const judgement = deps.hosts.judge(request.headers, peer.isEncrypted);
      if (judgement === "foreign-host") {
        refuse(
          "421 Misdirected Request",
          "security/misdirectedRequest",
          "This server does not serve the host you named.",
        );
      } else if (judgement === "foreign-origin") {
        refuse("403 Forbidden", "security/Forbidden", "Pages of another origin may not use this server.");
      } else if (!handle(request, socket, head, peer)) {
        refuse("404 Not Found", "general/Not Found", "There is no websocket at this path.");
      }
    } catch (error) {
      deps.log.error("http.error", { path: redactPath(request.url ?? "").slice(0, 300), ...describeBug(error) });
      refuse(
        "500 Internal Server Error",
        "general/internalError",
        "Something went wrong inside Postern; its log has more.",
      );
    }
  });
}
