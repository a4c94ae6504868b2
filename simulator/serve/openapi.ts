// The OpenAPI 3.1 document, made from the same routes and schemas that the server runs on.
import { type ApiRoute, worldQuery } from "./api-route.ts";
import { routes } from "./routes.ts";
import type { Schema } from "./schema.ts";
import { components } from "./schemas.ts";

const refusalWords = {
  400: "What was sent is wrong: the place, the word and what was meant.",
  404: "There is nothing of that name.",
  409: "It cannot be now: a name or a port is taken, or something is still in use.",
} as const;

/** `url`: where this server listens. */
export function openApiDocument(url: string): Schema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = paths[route.path] ?? {};
    path[route.method.toLowerCase()] = operation(route);
    paths[route.path] = path;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Postern simulator",
      version: "1",
      description:
        "Panels, links and faults on loopback, for testing programs of any make: create, list, change, lift, reset.",
    },
    servers: [{ url }],
    paths,
    components: { schemas: pointInside(components) },
  };
}

function operation(route: ApiRoute): Schema {
  const { name, summary, body, isBodyOptional = false, status, answer, refusals } = route;
  return {
    operationId: name,
    summary,
    parameters: parametersOf(route),
    ...(body === undefined ? {} : { requestBody: { required: !isBodyOptional, content: json(body) } }),
    responses: {
      [status]: {
        description: status === 204 ? "Done." : "Done; here it is.",
        ...(answer && { content: json(answer) }),
      },
      ...Object.fromEntries(
        ([400, ...refusals] as const).map((refusal) => [
          refusal,
          { description: refusalWords[refusal], content: json({ $ref: "Error#" }) },
        ]),
      ),
    },
  };
}

function parametersOf({ path, query, isOfAll = false }: ApiRoute): readonly Schema[] {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    description: `The ${name}'s name.`,
    schema: { type: "string" },
  }));
  const asked = { ...(isOfAll ? {} : { world: worldQuery }), ...query };
  const inQuery = Object.entries(asked).map(([name, schema]) => {
    const { description, ...rest } = schema as { readonly description?: string };
    return { name, in: "query", required: false, description: description ?? name, schema: rest };
  });
  return [...inPath, ...inQuery];
}

function json(schema: Schema): Schema {
  return { "application/json": { schema: pointInside(schema) } };
}

/** References between our schemas are written `Name#`; in the document they point to its components. */
function pointInside<T>(value: T): T {
  if (Array.isArray(value)) return value.map(pointInside) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) =>
      key === "$ref" && typeof inner === "string"
        ? [key, `#/components/schemas/${inner.replace(/#$/, "")}`]
        : [key, pointInside(inner)],
    ),
  ) as T;
}
