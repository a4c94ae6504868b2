// `postern sim` as a person meets it: help, and mistakes on the command line.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { projectRoot } from "../tidy/project-files.ts";

const runMs = 60_000;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-sim-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

function postern(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  return new Promise((resolve) => {
    const command = join(projectRoot, "bin", "postern.mjs");
    execFile(process.execPath, [command, ...args], { timeout: runMs, cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}

describe("help", () => {
  it.each([
    { args: ["sim", "--help"], says: ["Usage: postern sim", "list", "run", "swarm", "replay"] },
    { args: ["help", "sim"], says: ["Usage: postern sim"] },
    {
      args: ["sim", "run", "--help"],
      says: [
        "<scenario...>",
        "--seed",
        "--mode",
        "--report",
        "--out",
        "--pcap",
        "--record",
        "Exit codes: 0 passed, 1 failed, 2",
      ],
    },
    { args: ["sim", "serve", "--help"], says: ["--port", "--seed", "/openapi.json", "Exit codes"] },
    { args: ["sim", "swarm", "--help"], says: ["--seeds", "--from", "--jobs", "--out", "Exit codes"] },
    { args: ["sim", "replay", "--help"], says: ["<seed|file>", "--record", "Exit codes"] },
  ])("is there for $args", { timeout: runMs }, async ({ args, says }) => {
    const { code, out, err } = await postern(...args);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const words of says) expect(out).toContain(words);
  });
});

describe("a mistake on the command line", () => {
  it.each([
    { args: ["sim", "rum"], line: "error: unknown command 'rum'\n(Did you mean run?)" },
    { args: ["sim", "run"], line: "error: missing required argument 'scenario'" },
    { args: ["sim", "run", "x", "--sed", "1"], line: "error: unknown option '--sed'\n(Did you mean --seed?)" },
    {
      args: ["sim", "run", "x", "--seed", "1.5"],
      line: "error: option '--seed <number>' argument '1.5' is invalid. It must be a seed: a whole number from 0 to 4294967295.",
    },
    {
      args: ["sim", "run", "x", "--mode", "lopback"],
      line: "error: option '--mode <mode>' argument 'lopback' is invalid. Allowed choices are memory, loopback.",
    },
    {
      args: ["sim", "run", "x", "--report", "pdf"],
      line: `error: option '--report <kinds>' argument 'pdf' is invalid. There is no report "pdf": there are junit and html.`,
    },
    { args: ["sim", "swarm"], line: "error: required option '--seeds <number>' not specified" },
    {
      args: ["sim", "swarm", "--seeds", "0"],
      line: "error: option '--seeds <number>' argument '0' is invalid. It must be a number of seeds: a whole number from 1 to 1000000.",
    },
    { args: ["sim", "run", "nix"], line: 'postern sim run: there is no ready-made scenario "nix"; there are ' },
  ])("gives a clear line and exit code 2: $args", { timeout: runMs }, async ({ args, line }) => {
    const { code, out, err } = await postern(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.startsWith(line)).toBe(true);
  });
});
