// What a command of the panel's shell gets and gives.
import type { Clock } from "#hardware/ports.ts";
import type { ProcessModel } from "../process-model.ts";
import type { WindowSize } from "../terminal/full-screen.ts";
import type { FileSystem } from "./file-system.ts";

/** The computer in the panel, the same for everybody who is signed in. */
export interface ShellMachine {
  readonly hostName: string;
  readonly title: string;
  readonly clock: Clock;
  /** On the clock's monotonic time. */
  readonly bootedAtMs: number;
  readonly files: FileSystem;
  readonly process: ProcessModel;
  /** Shells and commands that run now. */
  readonly sessions: number;
}

/** A program that goes on running: it has the input until it is over. */
export interface Foreground {
  /** `keys`: each letter as it is typed. `lines`: the terminal's lines, or plain bytes where there is none. */
  readonly reads: "nothing" | "lines" | "keys";
  input?(bytes: Uint8Array): void;
  inputEnded?(): void;
  resized?(): void;
  /** More output is welcome again. */
  roomAgain?(): void;
  /** Ctrl-C, or the connection is gone. */
  stop(): void;
}

export interface CommandContext {
  readonly machine: ShellMachine;
  readonly user: string;
  /** The first word is the command's own name. */
  readonly words: readonly string[];
  /** Absolute, without a slash at its end. */
  folder: string;
  readonly environment: ReadonlyMap<string, string>;
  /** Undefined without a terminal. */
  readonly size: () => WindowSize | undefined;
  /** Whether what is written goes to a terminal. */
  readonly isOnTerminal: boolean;
  /** Throws FileError when it goes to a file and there is no room. */
  out(data: string | Uint8Array): void;
  err(text: string): void;
  /** Straight to the terminal, where control sequences go. */
  show(text: string): void;
  /** False while more output had better wait. */
  hasRoom(): boolean;
}

export type Outcome =
  | number
  | { readonly exit: number }
  /** `start` gets the function that ends it with a status; it may be called once, and not before `start` has returned. */
  | { readonly start: (finished: (status: number) => void) => Foreground };

export type ShellCommand = (context: CommandContext) => Outcome;

/** Says what went wrong, with the command's name before it. */
export function complain(context: CommandContext, text: string): 1 {
  context.err(`${context.words[0]}: ${text}\n`);
  return 1;
}
