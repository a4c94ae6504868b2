// The one command as a person meets it: help, mistakes, and an older Node.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findOlderNode } from "../support/older-node.ts";
import { projectRoot } from "../tidy/project-files.ts";

const command = join(projectRoot, "bin", "postern.mjs");
const runMs = 15_000;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function postern(args: readonly string[], node = process.execPath): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(node, [command, ...args], { timeout: runMs }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

const olderNode = await findOlderNode();

describe("help", () => {
  it.each([
    { args: ["--help"], says: ["Usage: postern", "up", "cloud", "gateway"] },
    { args: ["help", "up"], says: ["Usage: postern up", "--port", "--https-port", "--mqtts-port", "--data", "--seed"] },
    { args: ["cloud", "--help"], says: ["Usage: postern cloud", "run", "user", "audit", "backup", "restore", "rekey"] },
    {
      args: ["cloud", "run", "--help"],
      says: ["--data", "--listen", "--hostname", "--http-port", "--https-port", "--mqtts-port", "--master-key-file"],
    },
    {
      args: ["cloud", "user", "--help"],
      says: ["Usage: postern cloud user", "add", "password", "disable", "enable", "list"],
    },
    { args: ["cloud", "user", "add", "--help"], says: ["<name>", "--data", "--group"] },
    { args: ["cloud", "audit", "verify", "--help"], says: ["Usage: postern cloud audit verify", "--data"] },
    { args: ["cloud", "backup", "--help"], says: ["Usage: postern cloud backup", "--data", "--to"] },
    { args: ["cloud", "restore", "--help"], says: ["--data", "--from", "--force", "--master-key-file"] },
    { args: ["cloud", "rekey", "--help"], says: ["--data", "--new-master-key-file", "--master-key-file"] },
    { args: ["cloud", "user", "password", "--help"], says: ["<name>", "--data"] },
    { args: ["gateway", "--help"], says: ["Usage: postern gateway", "run", "check"] },
    { args: ["gateway", "run", "--help"], says: ["Usage: postern gateway run", "--config"] },
    { args: ["gateway", "check", "--help"], says: ["Usage: postern gateway check", "--config"] },
  ])("is there for $args", async ({ args, says }) => {
    const { code, out, err } = await postern(args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const words of says) expect(out).toContain(words);
  });

  it.each(["--version", "-V"])("tells the version of package.json with %s", async (option) => {
    const manifest = JSON.parse(await readFile(join(projectRoot, "package.json"), "utf8")) as { version: string };
    expect(await postern([option])).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
  });

  it("comes with exit code 1 when no command is given", async () => {
    const { code, err } = await postern([]);
    expect(code).toBe(1);
    expect(err).toContain("Usage: postern");
  });
});

describe("a mistake on the command line", () => {
  it.each([
    { args: ["gatway"], lines: ["error: unknown command 'gatway'", "(Did you mean gateway?)"] },
    { args: ["cloud", "rum"], lines: ["error: unknown command 'rum'", "(Did you mean run?)"] },
    { args: ["up", "--prot", "1"], lines: ["error: unknown option '--prot'", "(Did you mean --port?)"] },
    { args: ["up", "extra"], lines: ["error: too many arguments for 'up'. Expected 0 arguments but got 1: extra."] },
    { args: ["gateway", "run"], lines: ["error: required option '--config <file>' not specified"] },
    { args: ["cloud", "run"], lines: ["error: required option '--data <folder>' not specified"] },
    { args: ["cloud", "user", "password", "--data", "x"], lines: ["error: missing required argument 'name'"] },
    ...["65536", "-1", "80.5", "0x50", "many", ""].map((port) => ({
      args: ["up", `--port=${port}`],
      lines: [
        `error: option '--port <number>' argument '${port}' is invalid. It must be a port: a whole number from 0 to 65535.`,
      ],
    })),
    {
      args: ["up", "--seed", "4294967296"],
      lines: [
        "error: option '--seed <number>' argument '4294967296' is invalid. It must be a seed: a whole number from 0 to 4294967295.",
      ],
    },
    {
      args: ["cloud", "run", "--data", "x", "--listen", "everywhere"],
      lines: [
        "error: option '--listen <address>' argument 'everywhere' is invalid. It must be an IP address such as 127.0.0.1 or ::1.",
      ],
    },
  ])("gives a clear line and exit code 1: $args", async ({ args, lines }) => {
    expect(await postern(args)).toEqual({ code: 1, out: "", err: `${lines.join("\n")}\n` });
  });
});

// Where the machine has no older Node, the table in pinned-node.test.ts is all there is to show.
if (olderNode !== undefined) {
  describe("started with an older Node", () => {
    it("does the same as with the pinned one", async () => {
      const [old, pinned] = await Promise.all([postern(["--help"], olderNode), postern(["--help"])]);
      expect(old).toEqual(pinned);
    });

    it("passes the exit code on", async () => {
      expect((await postern(["gatway"], olderNode)).code).toBe(1);
    });
  });
}
