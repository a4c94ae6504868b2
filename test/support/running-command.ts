// Starts the one command as a process, reads its JSON lines and waits for its end.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { projectRoot } from "../tidy/project-files.ts";

const command = join(projectRoot, "bin", "postern.mjs");
/** A start makes keys and hashes passwords; on a busy machine that takes seconds. */
const waitMs = 30_000;

export interface RunningCommand {
  readonly process: ChildProcess;
  /** The first JSON line on standard output whose `event` is this one; rejects when the process ends before. */
  event(name: string): Promise<Record<string, unknown>>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Everything printed so far. */
  output(): string;
  kill(): Promise<void>;
}

export function startCommand(
  args: readonly string[],
  options: { readonly node?: string; readonly env?: NodeJS.ProcessEnv } = {},
): RunningCommand {
  const child = spawn(options.node ?? process.execPath, [command, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  let output = "";
  const events: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    output += `${line}\n`;
    if (line.startsWith("{")) events.push(JSON.parse(line));
    for (const look of waiting) look();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  const ended: RunningCommand["ended"] = new Promise((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const event = (name: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find((each) => each["event"] === name);
        if (found === undefined) return;
        stop();
        resolve(found);
      };
      const fail = (why: string): void => {
        stop();
        reject(new Error(`${why} without ${name}; it printed:\n${output}`));
      };
      const timer = setTimeout(() => fail(`waited ${waitMs} ms`), waitMs);
      const stop = (): void => {
        clearTimeout(timer);
        waiting.delete(look);
      };
      void ended.then(() => fail("the command ended"));
      waiting.add(look);
      look();
    });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  return { process: child, event, ended, output: () => output, kill };
}
