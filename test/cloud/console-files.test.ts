// The built console over HTTP: its files, its first page for its routes, and nothing outside of its folder.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startHttpBench } from "./http-bench.ts";

let folder = "";
let consoleDir = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "postern-console-"));
  consoleDir = join(folder, "console");
  mkdirSync(join(consoleDir, "assets"), { recursive: true });
  writeFileSync(join(consoleDir, "index.html"), "<!doctype html><title>first page</title>");
  writeFileSync(join(consoleDir, "assets", "index-abc.js"), "run()");
  writeFileSync(join(folder, "secret.txt"), "secret");
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each(["/", "/login", "/devices/1001/remote-access", "/connect/1001/1?x=y"])(
  "%s is the first page",
  async (path) => {
    await using bench = await startHttpBench({ consoleDir });
    const answer = await bench.ask({ path, headers: { accept: "text/html,*/*" } });
    expect(answer.status).toBe(200);
    expect(answer.text).toContain("first page");
    expect(answer.headers["cache-control"]).toBe("no-cache");
    expect(answer.headers["content-security-policy"]).toContain("default-src 'self'");
  },
);

test("a file named by its content may be kept by the browser", async () => {
  await using bench = await startHttpBench({ consoleDir });
  const answer = await bench.ask({ path: "/assets/index-abc.js" });
  expect(answer).toMatchObject({ status: 200, text: "run()" });
  expect(answer.headers["content-type"]).toMatch(/javascript/);
  expect(answer.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
});

test.each([
  "/../secret.txt",
  "/assets/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
  "//secret.txt",
  "/assets/missing.js",
  "/assets",
])("%s is no file of the console", async (path) => {
  await using bench = await startHttpBench({ consoleDir });
  const answer = await bench.ask({ path });
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain("secret");
});

test("a REST path is never answered with the page, whoever asks", async () => {
  await using bench = await startHttpBench({ consoleDir });
  const answer = await bench.ask({ path: "/inventory/managedObjects", headers: { accept: "text/html" } });
  expect(answer.status).toBe(401);
});
