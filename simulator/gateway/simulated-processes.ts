// The simulated board's programs: small functions by name, with the time that each takes.
import type { Processes, ProcessOptions, ProcessOutcome } from "#hardware/ports.ts";
import type { SimulatedClock } from "../simulated-clock.ts";

/** What a program did when it is over. */
export interface ProgramEnd {
  readonly exitCode?: number;
  readonly output?: string;
  /** From its start to its end, default 10 ms. */
  readonly takesMs?: number;
}

/** A program of the board, given its arguments. */
export type SimulatedProgram = (args: readonly string[]) => ProgramEnd;

export interface StartedProcess {
  readonly command: readonly string[];
  readonly atMs: number;
}

const usualMs = 10;
const startedMax = 1_000;

/** Simulated time, or real time in a run on real sockets. */
type ProcessClock = Pick<SimulatedClock, "monotonicMs" | "setNamedTimeout" | "clearTimeout">;

export class SimulatedProcesses {
  readonly #clock: ProcessClock;
  readonly #programs = new Map<string, SimulatedProgram>();
  readonly #started: StartedProcess[] = [];
  readonly #waits = new Set<ReturnType<SimulatedClock["setNamedTimeout"]>>();

  constructor(clock: ProcessClock) {
    this.#clock = clock;
  }

  /** All that was started, oldest first. */
  get started(): readonly StartedProcess[] {
    return [...this.#started];
  }

  /** The board has this program from now on, in place of one of the same name. */
  install(name: string, program: SimulatedProgram): void {
    this.#programs.set(name, program);
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): Processes {
    return {
      run: (command, options) =>
        // A program asked for by a run that is over is nobody's any more.
        isRunning() ? this.#run(command, options) : new Promise(() => {}),
    };
  }

  /** What runs is gone, and nobody is told. */
  powerOff(): void {
    for (const wait of this.#waits) this.#clock.clearTimeout(wait);
    this.#waits.clear();
  }

  #run([name = "", ...args]: readonly string[], options: ProcessOptions): Promise<ProcessOutcome> {
    if (name === "") return Promise.resolve({ kind: "not-started", detail: "no program is named" });
    const program = this.#programs.get(name);
    if (program === undefined || [name, ...args].some((part) => part.includes("\0"))) {
      const detail = program === undefined ? `there is no program ${name}` : `${name} cannot be run: a zero byte`;
      return Promise.resolve({ kind: "not-started", detail });
    }
    this.#started.push({ command: [name, ...args], atMs: this.#clock.monotonicMs() });
    if (this.#started.length > startedMax) this.#started.shift();
    const { exitCode = 0, output = "", takesMs = usualMs } = program(args);
    const isLate = takesMs > options.timeoutMs;
    const taken = bounded(isLate ? "" : output, options.outputBytesMax);
    const outcome: ProcessOutcome = isLate ? { kind: "timeout", ...taken } : { kind: "exited", exitCode, ...taken };
    return new Promise((resolve) => {
      const wait = this.#clock.setNamedTimeout(
        `program ${name}`,
        () => {
          this.#waits.delete(wait);
          resolve(outcome);
        },
        Math.min(takesMs, options.timeoutMs),
      );
      this.#waits.add(wait);
    });
  }
}

function bounded(text: string, bytesMax: number): { readonly output: string; readonly isCut: boolean } {
  const bytes = Buffer.from(text, "utf8");
  const isCut = bytes.length > bytesMax;
  return { output: new TextDecoder().decode(bytes.subarray(0, bytesMax), { stream: isCut }), isCut };
}
