// Serves the built console: its files, and its first page for every address that is one of its routes.
import { existsSync, readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const notBuiltPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Postern</title></head>
<body><h1>The console is not built</h1>
<p>Run <code>npm run build</code> in the checkout and start again. REST, websockets and MQTT work without it.</p>
</body></html>
`;

export interface ConsoleFiles {
  /** Answers a GET of a file or page of the console; false for anything else. */
  answer(request: FastifyRequest, reply: FastifyReply): boolean;
}

/** `directory` undefined, or without an index.html: a plain page says how to build the console. */
export function registerConsole(app: FastifyInstance, directory: string | undefined): ConsoleFiles {
  const files = directory === undefined ? undefined : listFiles(directory);
  const isBuilt = files?.has("/index.html") === true;
  if (isBuilt) {
    // Without routes of its own: which files there are is decided below, so no path reaches outside of them.
    app.register(fastifyStatic, {
      root: directory ?? "",
      serve: false,
      setHeaders: (reply, path) => {
        const isNamedByContent = path.includes("/assets/");
        reply.header("cache-control", isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache");
      },
    });
  }
  return {
    answer(request, reply) {
      if (request.method !== "GET" && request.method !== "HEAD") return false;
      const path = request.url.split("?", 1)[0] ?? "";
      if (isBuilt && files.has(path)) {
        reply.sendFile(path.slice(1));
        return true;
      }
      if (!isPage(request, path)) return false;
      if (isBuilt) reply.sendFile("index.html");
      else reply.code(200).header("content-type", "text/html; charset=utf-8").serializer(String).send(notBuiltPage);
      return true;
    },
  };
}

/** Paths of all files below a folder, as a URL names them; empty if there is no such folder. */
function listFiles(directory: string): ReadonlySet<string> {
  if (!existsSync(directory)) return new Set();
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Set(files.map((file) => `/${relative(directory, join(file.parentPath, file.name)).replaceAll(sep, "/")}`));
}

/** Asked for by somebody who wants HTML, and no name of a file. */
function isPage(request: FastifyRequest, path: string): boolean {
  return (request.headers.accept ?? "").includes("text/html") && !/\.[A-Za-z0-9]{1,8}$/.test(path);
}
