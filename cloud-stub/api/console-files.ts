// Serves the built console: its files, and its first page for every address that is one of its routes.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

const notBuiltPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Postern</title></head>
<body><h1>The console is not built</h1>
<p>Run <code>npm run build</code> in the checkout and start again. REST, websockets and MQTT work without it.</p>
</body></html>
`;

export interface ConsoleFiles {
  /** Answers a GET of a page with the console; false for anything else. */
  answer(request: FastifyRequest, reply: FastifyReply): boolean;
}

/** `directory` undefined, or without an index.html: a plain page says how to build the console. */
export function registerConsole(app: FastifyInstance, directory: string | undefined): ConsoleFiles {
  const index = directory === undefined ? undefined : join(directory, "index.html");
  const isBuilt = directory !== undefined && index !== undefined && existsSync(index);
  if (isBuilt) {
    app.register(async (files) => {
      files.addHook("onRoute", (route) => {
        route.config = { ...route.config, access: "public" };
      });
      // `wildcard: false` makes a route for each file that is there now, so no path reaches outside of them.
      await files.register(fastifyStatic, {
        root: directory,
        wildcard: false,
        index: false,
        setHeaders: (reply, path) => {
          const isNamedByContent = path.includes("/assets/");
          reply.header("cache-control", isNamedByContent ? "public, max-age=31536000, immutable" : "no-cache");
        },
      });
    });
  }
  return {
    answer(request, reply) {
      if (!isPage(request)) return false;
      const page = isBuilt ? readFileSync(index, "utf8") : notBuiltPage;
      reply.code(200).header("content-type", "text/html; charset=utf-8").header("cache-control", "no-cache");
      reply.serializer(String).send(page);
      return true;
    },
  };
}

/** A GET by somebody who wants HTML, of a path that names no file. */
function isPage(request: FastifyRequest): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  if (!(request.headers.accept ?? "").includes("text/html")) return false;
  const path = request.url.split("?", 1)[0] ?? "";
  return !/\.[A-Za-z0-9]{1,8}$/.test(path);
}
