// Programs of this machine: started without a shell, input or environment, ended with all that they started at the limit.
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Processes, ProcessOptions, ProcessOutcome } from "../ports.ts";

/** All that a program finds in its environment. */
const environment = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
/** What a program has left running may keep its output open; this long it is waited for the end of what was written. */
const lateOutputMs = 200;

export const linuxProcesses: Processes = {
  run: ([program, ...args], options) => {
    if (program === undefined || program === "") {
      return Promise.resolve({ kind: "not-started", detail: "no program is named" });
    }
    return new Promise((resolve) => {
      let child: ChildProcess;
      try {
        // A session of its own, so that the limit ends what it has started too.
        child = spawn(program, args, {
          cwd: "/",
          env: environment,
          detached: true,
          shell: false,
          stdio: ["ignore", "pipe", "pipe"],
        });
      } catch (error) {
        // Node refuses some arguments itself, such as one with a zero byte.
        resolve({ kind: "not-started", detail: wordsOf(error, program) });
        return;
      }
      watch(child, program, options, resolve);
    });
  },
};

function watch(
  child: ChildProcess,
  program: string,
  { timeoutMs, outputBytesMax }: ProcessOptions,
  resolve: (outcome: ProcessOutcome) => void,
): void {
  const output = new BoundedOutput(outputBytesMax);
  let lateOutput: NodeJS.Timeout | undefined;
  const end = (outcome: ProcessOutcome): void => {
    clearTimeout(limit);
    clearTimeout(lateOutput);
    child.stdout?.destroy();
    child.stderr?.destroy();
    resolve(outcome);
  };
  const limit = setTimeout(() => {
    killGroup(child);
    end({ kind: "timeout", ...output.taken() });
  }, timeoutMs);
  child.stdout?.on("data", (chunk: Uint8Array) => output.take(chunk));
  child.stderr?.on("data", (chunk: Uint8Array) => output.take(chunk));
  child.once("error", (error) => {
    if (child.pid === undefined) end({ kind: "not-started", detail: wordsOf(error, program) });
  });
  child.once("exit", (code, signal) => {
    const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    const exited = (): void => end({ kind: "exited", exitCode, ...output.taken() });
    child.once("close", exited);
    lateOutput = setTimeout(() => {
      killGroup(child);
      exited();
    }, lateOutputMs);
  });
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nothing of the group runs any more.
  }
}

/** The first bytes of an output; what comes after them is read and dropped, so that the program can go on. */
class BoundedOutput {
  readonly #bytesMax: number;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isCut = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  take(chunk: Uint8Array): void {
    const free = this.#bytesMax - this.#bytes;
    if (chunk.length > free) this.#isCut = true;
    if (free <= 0) return;
    const kept = chunk.subarray(0, free);
    this.#chunks.push(kept);
    this.#bytes += kept.length;
  }

  taken(): { readonly output: string; readonly isCut: boolean } {
    // A character that was cut in two is left out.
    const output = new TextDecoder().decode(Buffer.concat(this.#chunks), { stream: this.#isCut });
    return { output, isCut: this.#isCut };
  }
}

function wordsOf(error: unknown, program: string): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return `there is no program ${program}`;
  if (code === "EACCES") return `${program} may not be run: it is no program, or its mode does not allow it`;
  return `${program} cannot be run: ${error instanceof Error ? error.message : String(error)}`;
}
