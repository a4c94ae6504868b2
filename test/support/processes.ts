// Starts the product's programs as real processes, reads their JSON log lines, and ends them with the test.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type LogLine = Readonly<Record<string, unknown>> & { readonly event?: string };

export const repositoryRoot = join(import.meta.dirname, "../..");

const outputBytesMax = 64 * 1024 * 1024;

/** One running program. Its output is kept whole (to a limit), so that a test can search it. */
export class Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly lines: LogLine[] = [];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  output = "";
  #pending = "";
  #changed: (() => void)[] = [];

  constructor(
    name: string,
    command: string,
    args: readonly string[],
    options: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
  ) {
    this.name = name;
    this.child = spawn(command, args, {
      cwd: options.cwd ?? repositoryRoot,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#keep(text));
    this.exited = new Promise((resolve) => {
      this.child.once("close", (code, signal) => {
        resolve({ code, signal });
        this.#wake();
      });
    });
  }

  /** The first line with this event name at or after index `from`; rejects with the program's last output at the limit. */
  async event(
    name: string,
    limitMs = 30_000,
    match: (line: LogLine) => boolean = () => true,
    from = 0,
  ): Promise<LogLine> {
    const find = () => this.lines.slice(from).find((line) => line.event === name && match(line));
    return await this.until(find, `log event ${name}`, limitMs);
  }

  /** Waits until `find` gives something, looking again at each line of output. */
  async until<T>(find: () => T | undefined, what: string, limitMs: number): Promise<T> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0 || this.child.exitCode !== null) {
        const why = leftMs <= 0 ? `not within ${limitMs} ms` : `it ended with code ${this.child.exitCode}`;
        throw new Error(`${this.name}: no ${what}: ${why}. Its last output:\n${this.output.slice(-3000)}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(leftMs, 250));
        this.#changed.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Sends a signal and waits for the end; kills after the limit and then throws. */
  async stop(
    signal: NodeJS.Signals = "SIGTERM",
    limitMs = 10_000,
  ): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.child.kill("SIGKILL");
    }, limitMs);
    const end = await this.exited;
    clearTimeout(timer);
    if (late)
      throw new Error(
        `${this.name} did not end within ${limitMs} ms of ${signal}. Its last output:\n${this.output.slice(-3000)}`,
      );
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  #read(text: string): void {
    this.#keep(text);
    const parts = (this.#pending + text).split("\n");
    this.#pending = parts.pop() ?? "";
    for (const part of parts) {
      const line = parseLine(part);
      if (line !== undefined) this.lines.push(line);
    }
    this.#wake();
  }

  #keep(text: string): void {
    if (this.output.length < outputBytesMax) this.output += text;
  }

  #wake(): void {
    for (const wake of this.#changed.splice(0)) wake();
  }
}

/**
 * `node ...nodeArgs bin/postern.mjs ...args` on the Node that runs the tests. The variable POSTERN_TEST_GATEWAY may name
 * another form of the gateway's program, as a JSON list: such as the one that ships, on another architecture.
 */
export function startPostern(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  nodeArgs: readonly string[] = [],
): Program {
  const [program, ...first] = args[0] === "gateway" ? otherGateway() : [];
  if (program !== undefined) return new Program(name, program, [...first, ...args], { env });
  return new Program(name, process.execPath, [...nodeArgs, join(repositoryRoot, "bin/postern.mjs"), ...args], { env });
}

function otherGateway(): readonly string[] {
  const said = process.env["POSTERN_TEST_GATEWAY"];
  return said === undefined ? [] : (JSON.parse(said) as readonly string[]);
}

/** A folder that goes away with the test. */
export function temporaryFolder(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "postern-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Polls a fact until it is there; for things outside our processes (a file, an X display). */
export async function eventually<T>(
  what: string,
  find: () => Promise<T | undefined> | T | undefined,
  limitMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function parseLine(text: string): LogLine | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    // Not a log line: people's text may start with a brace too.
    return undefined;
  }
}
