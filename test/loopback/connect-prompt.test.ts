// The password question of `postern connect` at a terminal: given up or killed, the exit code says so and the terminal is as before.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, repositoryRoot } from "../support/processes.ts";

const words = [process.execPath, join(repositoryRoot, "bin/postern.mjs"), "connect", "gw", "plc"];
const cloud = ["--url", "http://127.0.0.1:1", "--user", "t1000/anna"];

/** In a terminal of its own; afterwards `stty` says how that was left. */
function asks(term: string): { readonly script: ChildProcessWithoutNullStreams; shown(): string } {
  const command = `${[...words, ...cloud].map((word) => `'${word}'`).join(" ")}; code=$?; stty -a; exit $code`;
  const { POSTERN_PASSWORD: _none, ...env } = process.env;
  const script = spawn("script", ["-qec", command, "/dev/null"], { env: { ...env, TERM: term }, stdio: "pipe" });
  let shown = "";
  script.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  return { script, shown: () => shown };
}

async function question(terminal: ReturnType<typeof asks>): Promise<void> {
  await eventually("the question", () => (terminal.shown().includes("Password of t1000/anna") ? true : undefined));
}

/** The process that asks: below the shell that `script` started. */
function asking(pid: number): number {
  const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
  return readFileSync(`/proc/${child}/cmdline`, "utf8").startsWith(process.execPath) ? child : asking(child);
}

const isAsBefore = / icanon .* echo /s;

describe.skipIf(isAnyMissing(peers.script))("the question for the password", () => {
  test.each(["xterm", "dumb", ""])("given up with Ctrl-C it ends with 130, with TERM=%s", async (term) => {
    const terminal = asks(term);
    await question(terminal);
    terminal.script.stdin.write("half of it\u0003");
    expect(await once(terminal.script, "exit")).toEqual([130, null]);
    expect(terminal.shown()).toMatch(isAsBefore);
    expect(terminal.shown()).not.toContain("half");
  });

  test("killed while it asks, it ends with 143 and leaves the terminal as it was", async () => {
    const terminal = asks("xterm");
    await question(terminal);
    process.kill(asking(Number(terminal.script.pid)), "SIGTERM");
    expect(await once(terminal.script, "exit")).toEqual([143, null]);
    expect(terminal.shown()).toMatch(isAsBefore);
  });

  test("answered with nothing it says so, with exit code 2", async () => {
    const terminal = asks("xterm");
    await question(terminal);
    terminal.script.stdin.write("\r");
    expect(await once(terminal.script, "exit")).toEqual([2, null]);
    expect(terminal.shown()).toContain("postern: The password is empty.");
  });
});
