// The simulator as a server: panels, links and faults on loopback, steered over HTTP from any language.
import type { AddressInfo } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { loopback, PortError } from "../loopback/relay-port.ts";
import { ApiError, readError, schemaError } from "./api-error.ts";
import { type ApiRoute, type Asked, worldQuery } from "./api-route.ts";
import { openApiDocument } from "./openapi.ts";
import { routes } from "./routes.ts";
import { components } from "./schemas.ts";
import { defaultWorld, Worlds } from "./worlds.ts";

/** Largest body of a request, in bytes. */
const bodyBytesMax = 256 * 1024;

export interface SimulatorServerOptions {
  /** Of the API, on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  /** Of the default world; 1 if left out. */
  readonly seed?: number;
  /** Told of what should never happen: errors inside of the simulator. */
  readonly onProblem?: (error: unknown) => void;
}

export interface SimulatorServer {
  readonly port: number;
  /** "http://127.0.0.1:8474". */
  readonly url: string;
  /** Ends every world and the API; safe to call again. */
  close(): Promise<void>;
}

export interface ServeSimulatorOptions extends SimulatorServerOptions {
  readonly onReady?: (server: SimulatorServer) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Serves until the signal aborts; then nothing is left open. Rejects with PortError when the port cannot be had. */
export async function serveSimulator(options: ServeSimulatorOptions): Promise<void> {
  const { signal, onReady } = options;
  const server = await startSimulatorServer(options);
  try {
    onReady?.(server);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await server.close();
  }
}

/** Rejects with PortError when the port cannot be had. */
export async function startSimulatorServer(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const worlds = new Worlds(options.seed ?? 1);
  const app = makeApp(worlds, options);
  try {
    await app.listen({ host: loopback, port: options.port });
  } catch (error) {
    await app.close();
    await worlds.close();
    throw listenError(options.port, error);
  }
  const { port } = app.server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    app.server.closeAllConnections();
    await Promise.all([app.close(), worlds.close()]);
  };
  return {
    port,
    url: `http://${loopback}:${port}`,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

function listenError(port: number, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new PortError("port-taken", `port ${port} of ${loopback} is taken by another program; name a free one`);
  }
  if (code === "EACCES") {
    return new PortError("not-permitted", `port ${port} of ${loopback} may not be used by this user`);
  }
  return error;
}

function makeApp(worlds: Worlds, { onProblem }: SimulatorServerOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        allErrors: false,
        verbose: true,
        allowUnionTypes: true,
      },
    },
    schemaErrorFormatter: (problems, where) => schemaError(problems, where),
  });
  for (const [name, schema] of Object.entries(components)) app.addSchema({ $id: name, ...schema });
  app.addHook("onRequest", async (request) => checkHost(request));
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = readError(error);
    if (status >= 500) onProblem?.(error);
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new ApiError(404, "not-found", `there is no ${request.method} ${request.url}; see /openapi.json`);
    return reply.code(404).send(readError(error).body);
  });
  for (const route of routes) addRoute(app, worlds, route);
  app.get("/openapi.json", (request) => openApiDocument(`http://${request.headers.host ?? loopback}`));
  return app;
}

/** A page of a browser must not steer the simulator by a name that somebody lets point here. */
async function checkHost({ headers }: FastifyRequest): Promise<void> {
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  if ([loopback, "localhost"].includes(host) && headers.origin === undefined) return;
  throw new ApiError(403, "host.not-local", "only programs on this machine are answered, by 127.0.0.1 or localhost");
}

function addRoute(app: FastifyInstance, worlds: Worlds, route: ApiRoute): void {
  const { method, path, query, body, isBodyOptional, isReadWhole, status, answer, isOfAll = false } = route;
  app.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
    schema: {
      querystring: {
        type: "object",
        additionalProperties: false,
        properties: { ...(isOfAll ? {} : { world: worldQuery }), ...query },
      },
      ...(body === undefined || isReadWhole === true ? {} : { body: isBodyOptional ? optional(body) : body }),
      ...(answer === undefined ? {} : { response: { [status]: answer } }),
    },
    handler: async (request, reply) => {
      const given = await route.run(askedOf(request, reply, worlds));
      return reply.code(status).send(status === 204 ? undefined : given);
    },
  });
}

function optional(body: object): object {
  return { anyOf: [body, { type: "null" }] };
}

function askedOf(request: FastifyRequest, reply: FastifyReply, worlds: Worlds): Asked {
  const query = request.query as Record<string, string>;
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  return {
    worlds,
    get world() {
      return worlds.get(query["world"] ?? defaultWorld);
    },
    params: request.params as Record<string, string>,
    query,
    body: request.body,
    signal: gone.signal,
  };
}
