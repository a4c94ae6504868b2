// Runs one line of the shell: its commands in turn, with what each writes going where the line says.

import type { WindowSize } from "../terminal/full-screen.ts";
import type { CommandContext, Foreground, ShellMachine } from "./command.ts";
import { type Command, CommandLineError, expandWords, parseCommandLine } from "./command-line.ts";
import { fileCommands } from "./file-commands.ts";
import { absolutePath, FileError } from "./file-system.ts";
import { systemCommands } from "./system-commands.ts";

const shellName = "sh";
/** 128 and the number of SIGINT. */
const stoppedStatus = 130;
/** Of one shell. */
const variablesMax = 128;
const commands = { ...fileCommands, ...systemCommands };

/** What stays from line to line. */
export interface ShellState {
  readonly machine: ShellMachine;
  readonly user: string;
  readonly environment: Map<string, string>;
  folder: string;
  /** Exit status of the last command. */
  status: number;
}

export interface ShellOutput {
  out(bytes: Uint8Array): void;
  err(bytes: Uint8Array): void;
  /** As it is, to the terminal. */
  show(text: string): void;
  hasRoom(): boolean;
  /** A program is over, and perhaps another one has begun that reads. */
  readsAgain(): void;
  readonly size: () => WindowSize | undefined;
}

export class CommandRun {
  readonly #state: ShellState;
  readonly #output: ShellOutput;
  readonly #finished: (exit: number | undefined) => void;
  #rest: readonly Command[] = [];
  #foreground: Foreground | undefined;
  #isOver = false;
  #isRunning = false;
  #isStopped = false;

  /** `finished` gets the status with which the shell itself is to end, if it is. */
  constructor(state: ShellState, output: ShellOutput, finished: (exit: number | undefined) => void) {
    this.#state = state;
    this.#output = output;
    this.#finished = finished;
  }

  /** The program that has the input now. */
  get foreground(): Foreground | undefined {
    return this.#foreground;
  }

  start(line: string): void {
    try {
      this.#rest = parseCommandLine(line);
    } catch (error) {
      if (!(error instanceof CommandLineError)) throw error;
      this.#output.err(Buffer.from(`${shellName}: ${error.message}\n`));
      this.#state.status = 2;
    }
    this.#goOn();
  }

  /** Ctrl-C, or nobody is there any more: what runs ends, what was to come does not begin. */
  stop(): void {
    this.#rest = [];
    this.#isStopped = true;
    this.#foreground?.stop();
  }

  /** More output is welcome again. */
  roomAgain(): void {
    this.#foreground?.roomAgain?.();
  }

  #goOn(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isOver && this.#foreground === undefined) {
      if (!this.#isStopped && !this.#output.hasRoom()) {
        this.#waitForRoom();
        break;
      }
      const [command, ...rest] = this.#rest;
      this.#rest = rest;
      if (command === undefined) this.#end(undefined);
      else this.#run(command);
    }
    this.#isRunning = false;
  }

  /** What nobody reads must not grow: the next command, or the next line, begins when there is room. */
  #waitForRoom(): void {
    const waiting: Foreground = {
      reads: "nothing",
      roomAgain: () => {
        if (this.#output.hasRoom()) this.#foregroundFinished(waiting, this.#state.status);
      },
      stop: () => this.#foregroundFinished(waiting, stoppedStatus),
    };
    this.#foreground = waiting;
  }

  #end(exit: number | undefined): void {
    this.#isOver = true;
    this.#finished(exit);
  }

  #run(command: Command): void {
    const { status } = this.#state;
    if (command.when === "after-success" && status !== 0) return;
    if (command.when === "after-failure" && status === 0) return;
    try {
      const words = expandWords(command.words, (name) => this.#variable(name));
      const context = this.#context(words, command);
      const [name] = words;
      if (name === undefined) this.#state.status = 0;
      else if (this.#assigns(name, words.length)) this.#state.status = 0;
      else this.#call(name, context);
    } catch (error) {
      if (!(error instanceof FileError || error instanceof CommandLineError)) throw error;
      this.#output.err(Buffer.from(`${shellName}: ${error.message}\n`));
      this.#state.status = 1;
    }
  }

  #call(name: string, context: CommandContext): void {
    const run = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (run === undefined) {
      context.err(`${shellName}: ${name}: not found\n`);
      this.#state.status = 127;
      return;
    }
    const outcome = run(context);
    this.#state.folder = context.folder;
    if (typeof outcome === "number") this.#state.status = outcome;
    else if ("exit" in outcome) {
      // Without a number, or with a word in its place: the status of what ran last.
      const isGiven = Number.isInteger(outcome.exit) && outcome.exit >= 0;
      this.#end(isGiven ? outcome.exit : this.#state.status);
    } else {
      const foreground = outcome.start((status) => this.#foregroundFinished(foreground, status));
      this.#foreground = foreground;
    }
  }

  #foregroundFinished(foreground: Foreground, status: number): void {
    if (this.#foreground !== foreground) return;
    this.#foreground = undefined;
    this.#state.status = status;
    this.#goOn();
    this.#output.readsAgain();
  }

  /** `NAME=value` alone. */
  #assigns(word: string, count: number): boolean {
    const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/su.exec(word) ?? [];
    if (count > 1 || name === undefined) return false;
    const { environment } = this.#state;
    if (!environment.has(name) && environment.size >= variablesMax) throw new CommandLineError("too many variables");
    environment.set(name, value ?? "");
    return true;
  }

  #variable(name: string): string {
    if (name === "?") return String(this.#state.status);
    if (name === "$") return "1";
    if (name === "PWD") return this.#state.folder;
    return this.#state.environment.get(name) ?? "";
  }

  #context(words: readonly string[], command: Command): CommandContext {
    const { machine, user, environment, folder } = this.#state;
    const { size, hasRoom, show, sinks } = this.#sinks(command);
    return {
      ...{ machine, user, words, folder, environment, size },
      isOnTerminal: size() !== undefined && sinks.isOutPlain,
      out: (data) => sinks.out(typeof data === "string" ? Buffer.from(data, "utf8") : data),
      err: (text) => sinks.err(Buffer.from(text, "utf8")),
      ...{ show, hasRoom },
    };
  }

  #sinks(command: Command) {
    const output = this.#output;
    const sinks = {
      isOutPlain: true,
      out: (bytes: Uint8Array) => output.out(bytes),
      err: (bytes: Uint8Array) => output.err(bytes),
    };
    for (const redirection of command.redirections) {
      const sink =
        redirection.kind === "stream" ? (redirection.to === 1 ? sinks.out : sinks.err) : this.#fileSink(redirection);
      if (redirection.from === 1) Object.assign(sinks, { out: sink, isOutPlain: false });
      else Object.assign(sinks, { err: sink });
    }
    return { sinks, size: output.size, hasRoom: () => output.hasRoom(), show: (text: string) => output.show(text) };
  }

  /** The file is there and empty before the command runs, as a shell does it. */
  #fileSink({ to, how }: Extract<Command["redirections"][number], { kind: "file" }>): (bytes: Uint8Array) => void {
    const { files } = this.#state.machine;
    const [written = ""] = expandWords([{ ...to, isQuoted: true }], (name) => this.#variable(name));
    const path = absolutePath(this.#state.folder, written);
    try {
      if (how === "replace") files.write(path, Buffer.alloc(0));
      else files.write(path, Buffer.alloc(0), "append");
    } catch (error) {
      if (error instanceof FileError) throw new FileError(`cannot create ${written}: ${error.message}`);
      throw error;
    }
    return (bytes) => files.write(path, bytes, "append");
  }
}
