// The parent's handle on one worker process: a task at a time, a limit in real time, a new process after a death.
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface WorkerOptions<Task> {
  /** The program, which answers each message with one. */
  readonly program: URL;
  /** Real time that one task may take before its process is ended. */
  readonly limitMs: (task: Task) => number;
}

/** An answer that says that the worker's own program broke. */
interface Broken {
  readonly answer: "broken";
  readonly message: string;
}

export class WorkerProcess<Task extends object, Answer extends { readonly answer: string }> {
  readonly #options: WorkerOptions<Task>;
  #child: ChildProcess | undefined;

  constructor(options: WorkerOptions<Task>) {
    this.#options = options;
  }

  /** Rejects when the process dies, breaks or takes too long; the next task gets a new one. */
  async does(task: Task): Promise<Answer> {
    const child = this.#child ?? this.#start();
    const { promise, resolve, reject } = Promise.withResolvers<Answer | Broken>();
    const limitMs = this.#options.limitMs(task);
    const limit = AbortSignal.timeout(limitMs);
    const late = (): void => {
      reject(new Error(`The run did not end within ${limitMs / 1000} s of real time`));
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
      if (isBroken(answer)) throw new Error(answer.message);
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
    const child = fork(fileURLToPath(this.#options.program), {
      // Nothing of the caller's own flags (a debugger's port, a test runner's loaders) is for the worker.
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child = child;
    return child;
  }
}

function isBroken(answer: { readonly answer: string }): answer is Broken {
  return answer.answer === "broken";
}
