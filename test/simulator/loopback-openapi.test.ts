// The OpenAPI document: its structure, and that routes, document and client are about the same operations.
import { describe, expect, test } from "vitest";
import { SimulatorClient } from "#simulator/serve/client.ts";
import { openApiDocument } from "#simulator/serve/openapi.ts";
import { routes } from "#simulator/serve/routes.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: object }> };
  readonly responses: Record<string, { readonly description: string; readonly content?: object }>;
}

const document = openApiDocument("http://127.0.0.1:1") as {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every `$ref` in a value, with where it stands. */
function refsIn(value: unknown, place = "#"): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "$ref" ? [[place, String(inner)] as const] : refsIn(inner, `${place}/${key}`),
  );
}

describe("the OpenAPI document", () => {
  test("is one of version 3.1 with a title and a version", () => {
    expect(document.openapi).toBe("3.1.0");
    expect(document.info.title).not.toBe("");
    expect(document.info.version).not.toBe("");
  });

  test("has every route, and no other", () => {
    const inDocument = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
    expect(inDocument).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    expect(inDocument.length).toBeGreaterThan(25);
  });

  test("gives each operation a name of its own, and the client a method of that name", () => {
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    const methods = Object.getOwnPropertyNames(SimulatorClient.prototype);
    expect(names.filter((name) => !methods.includes(name))).toEqual([]);
  });

  test("resolves every reference", () => {
    const refs = refsIn(document);
    expect(refs.length).toBeGreaterThan(50);
    const known = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(refs.filter(([, target]) => !known.includes(target))).toEqual([]);
  });

  test("uses every schema that it has", () => {
    const used = new Set(refsIn(document).map(([, target]) => target.split("/").at(-1)));
    expect(Object.keys(document.components.schemas).filter((name) => !used.has(name))).toEqual([]);
  });

  test.each(operations)(
    "$method $path names its path's parameters, and says what it gives and how it refuses",
    (each) => {
      const inPath = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const named = each.operation.parameters.filter(({ in: where }) => where === "path");
      expect(named.map(({ name }) => name)).toEqual(inPath);
      expect(named.every(({ required }) => required)).toBe(true);
      const { responses } = each.operation;
      expect(Object.keys(responses).filter((status) => status.startsWith("2"))).toHaveLength(1);
      expect(responses["204"]?.content).toBeUndefined();
      expect(responses["400"]).toBeDefined();
      expect(each.operation.summary).toMatch(/\.$/);
    },
  );

  test("is JSON through and through", () => {
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
