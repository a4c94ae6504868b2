// `postern connect` as a process, with its three standard streams in the test's hands.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { eventually, repositoryRoot } from "./processes.ts";
import { adminPassword, type RunningCloud } from "./running-cloud.ts";

export interface ConnectProgram {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything on standard error so far. */
  errors(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** What came on standard output, once the process has ended. */
  output(): Promise<Buffer>;
  /** The line on how to use the port, and the port. */
  ready(): Promise<{ readonly line: string; readonly port: number }>;
  /** A connection of a local program. */
  dials(): Promise<Socket>;
  residentMiB(): number;
}

/** The options that name a running cloud and its administrator; the password goes by the environment. */
export function cloudOptions(cloud: RunningCloud): readonly string[] {
  const url = `https://localhost:${cloud.ports.https}`;
  return ["--url", url, "--user", "t1000/admin", "--ca", join(cloud.dataFolder, "ca.pem")];
}

export function startConnect(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly keepOutput?: boolean } = {},
): ConnectProgram {
  const child = spawn(process.execPath, [join(repositoryRoot, "bin/postern.mjs"), "connect", ...args], {
    env: { ...process.env, POSTERN_PASSWORD: adminPassword, ...options.env },
    stdio: "pipe",
  });
  let errors = "";
  const output: Buffer[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  if (options.keepOutput !== false) child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  // The process may end before it has read everything.
  child.stdin.on("error", () => undefined);
  const ended: ConnectProgram["ended"] = new Promise((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  const ready = async (): Promise<{ line: string; port: number }> =>
    await eventually("postern connect to open its port", () => {
      const line = Buffer.concat(output).toString("utf8").split("\n")[0] ?? "";
      const port = /^127\.0\.0\.1:(\d+) /.exec(line)?.[1];
      if (port === undefined && child.exitCode !== null) throw new Error(`postern connect ended: ${errors}`);
      return port === undefined ? undefined : { line, port: Number(port) };
    });
  return {
    child,
    errors: () => errors,
    ended,
    output: async () => {
      await ended;
      return Buffer.concat(output);
    },
    ready,
    dials: async () => {
      const { port } = await ready();
      const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
      await new Promise((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
      return socket;
    },
    residentMiB: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024);
    },
  };
}
