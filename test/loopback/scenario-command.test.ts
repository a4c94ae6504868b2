// `postern sim` in processes of its own: a scenario from start to reports, a list that nobody reads to its end, and the server.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
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

describe("a scenario from the command line", () => {
  it("runs, tells its steps, leaves reports and a capture, and replays to the byte", {
    timeout: 2 * runMs,
  }, async () => {
    const files = ["--report", "junit,html", "--out", "reports", "--pcap", "run.pcapng", "--record", "run.jsonl"];
    const { code, out, err } = await postern("sim", "run", "black-hole-while-typing", "--seed", "5", ...files);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("the panel's cable is pulled");
    expect(out).toContain("PASSED black-hole-while-typing");
    expect((await readdir(join(folder, "reports"))).sort()).toEqual([
      "black-hole-while-typing-seed-5.html",
      "junit.xml",
    ]);
    expect((await readFile(join(folder, "run.pcapng"))).readUInt32LE(0)).toBe(0x0a0d0d0a);
    const again = await postern("sim", "run", "black-hole-while-typing", "--seed", "5", "--record", "again.jsonl");
    expect(again.code).toBe(0);
    expect(await readFile(join(folder, "again.jsonl"))).toEqual(await readFile(join(folder, "run.jsonl")));
  });

  it("says nothing of a reader who has read enough", { timeout: runMs }, async () => {
    const list = `"${process.execPath}" "${join(projectRoot, "bin", "postern.mjs")}" sim list | head -n 1`;
    const said = await new Promise<string>((resolve) =>
      execFile("sh", ["-c", list], (_error, out, err) => resolve(out + err)),
    );
    expect(said).toMatch(/^black-hole-while-typing .*\n$/);
  });
});

describe("the server", () => {
  it("says in JSON where it is, answers there, and ends with 0 at a signal", { timeout: runMs }, async () => {
    const args = [join(projectRoot, "bin", "postern.mjs"), "sim", "serve", "--port", "0"];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "ignore"] });
    const ended = once(child, "exit");
    try {
      const [line] = (await once(child.stdout, "data")) as [Buffer];
      const ready = JSON.parse(line.toString()) as { readonly event: string; readonly openapi: string };
      expect(ready.event).toBe("simulator.ready");
      expect((await fetch(ready.openapi)).status).toBe(200);
      const taken = await postern("sim", "serve", "--port", new URL(ready.openapi).port);
      expect(taken.code).toBe(2);
      expect(taken.err).toMatch(/^postern sim serve: port \d+ of 127\.0\.0\.1 is taken by another program/);
    } finally {
      child.kill("SIGINT");
    }
    expect(await ended).toEqual([0, null]);
  });
});

describe("a run over real sockets that a person stops", () => {
  it("ends its site in order, counts as failed, and leaves no folder behind", { timeout: runMs }, async () => {
    const args = [
      join(projectRoot, "bin", "postern.mjs"),
      "sim",
      "run",
      "operator-on-a-bad-line",
      "--mode",
      "loopback",
    ];
    const temporary = await mkdtemp(join(folder, "tmp-"));
    const env = { ...process.env, TMPDIR: temporary };
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    let said = "";
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        said += chunk.toString();
        if (said.includes("an order is typed") && !child.killed) child.kill("SIGINT");
      }
    } finally {
      if (child.exitCode === null && !child.killed) child.kill("SIGKILL");
    }
    expect(await ended).toEqual([1, null]);
    expect(said).toContain("stopped by a signal before its end");
    expect(await readdir(temporary)).toEqual([]);
  });
});
