// The parent's handle on one worker process: a task at a time, a limit in real time, a new process after a death.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { WorkerAnswer, WorkerTask } from "./worker-messages.ts";

/** Real time that one task may take before its process is ended. */
const taskMs = { run: 300_000, shrink: 1_800_000 } as const;

export class WorkerProcess {
  #child: ChildProcess | undefined;

  /** Rejects when the process dies, breaks or takes too long; the next task gets a new one. */
  async does(task: WorkerTask): Promise<WorkerAnswer> {
    const child = this.#child ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<WorkerAnswer>();
    const limit = AbortSignal.timeout(taskMs[task.task]);
    const late = (): void => {
      reject(new Error(`The run did not end within ${taskMs[task.task] / 1000} s of real time`));
      this.end();
    };
    const died = (code: number | null, signal: string | null): void => {
      this.#child = undefined;
      reject(new Error(`The worker process ended with ${signal ?? `code ${code}`}`));
    };
    limit.addEventListener("abort", late);
    child.once("message", resolve);
    child.once("exit", died);
    child.once("error", reject);
    child.send(task);
    try {
      const answer = await promise;
      if (answer.answer === "broken") throw new Error(answer.message);
      return answer;
    } finally {
      limit.removeEventListener("abort", late);
      child.off("message", resolve);
      child.off("exit", died);
      child.off("error", reject);
    }
  }

  end(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  #start(): ChildProcess {
    const child = fork(fileURLToPath(new URL("./swarm-worker.ts", import.meta.url)), {
      // Nothing of the caller's own flags (a debugger's port, a test runner's loaders) is for the worker.
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    return child;
  }
}
