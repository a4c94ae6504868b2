// A shell of the panel: with a terminal, with plain bytes, or for one command; it has no IO of its own.
import type { WindowSize } from "../terminal/full-screen.ts";
import type { ShellMachine } from "./command.ts";
import { CommandRun, type ShellState } from "./command-run.ts";
import { PlainInput, type ShellInput, TerminalInput } from "./shell-input.ts";

export interface ShellEnds {
  out(bytes: Uint8Array): void;
  err(bytes: Uint8Array): void;
  /** False while more output had better wait. */
  hasRoom(): boolean;
  /** The shell can take input again. */
  wantsInput(): void;
  /** The shell is over; called once, unless it is hung up. */
  exit(status: number): void;
}

export interface ShellOptions {
  readonly machine: ShellMachine;
  readonly user: string;
  /** Undefined: plain bytes, no echo and no prompt. */
  readonly size?: WindowSize | undefined;
  readonly environment?: ReadonlyMap<string, string>;
  readonly ends: ShellEnds;
}

export class Shell {
  readonly #ends: ShellEnds;
  readonly #state: ShellState;
  readonly #input: ShellInput;
  #size: WindowSize | undefined;
  #run: CommandRun | undefined;
  #isOneCommand = false;
  #isOver = false;

  constructor({ machine, user, size, environment = new Map(), ends }: ShellOptions) {
    this.#ends = ends;
    this.#size = size;
    const home = user === "root" ? "/root" : `/home/${user}`;
    const known = { USER: user, HOME: home, SHELL: "/bin/sh", PATH: "/bin:/sbin:/usr/bin", HOSTNAME: machine.hostName };
    this.#state = {
      ...{ machine, user, status: 0 },
      environment: new Map([...Object.entries(known), ...environment]),
      folder: machine.files.find(home)?.kind === "folder" ? home : "/",
    };
    const reader = {
      isOver: () => this.#isOver,
      foreground: () => this.#run?.foreground,
      line: (text: string) => this.#line(text),
      interrupt: () => this.#interrupt(),
      end: () => this.#inputEnds(),
      show: (text: string) => this.#show(text),
    };
    this.#input = size === undefined ? new PlainInput(reader) : new TerminalInput(reader);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** False while a program without a terminal does not read. */
  get wantsInput(): boolean {
    return this.#input.wantsMore;
  }

  /** Greets and prompts. */
  startShell(): void {
    const { files } = this.#state.machine;
    if (this.#size !== undefined && files.find("/etc/motd")?.kind === "file") this.#out(files.read("/etc/motd"));
    this.#prompt();
  }

  /** Runs one line and ends with its status. */
  startCommand(line: string): void {
    this.#isOneCommand = true;
    this.#line(line);
  }

  input(bytes: Uint8Array): void {
    if (!this.#isOver) this.#input.take(bytes);
  }

  /** What was said has been read: `hasRoom` may be true again. */
  roomAgain(): void {
    if (!this.#isOver) this.#run?.roomAgain();
  }

  /** The other side has nothing more to say. */
  inputEnded(): void {
    if (!this.#isOver) this.#input.ended();
  }

  /** The window has another size; nothing without a terminal. */
  resize(size: WindowSize): void {
    if (this.#size === undefined || this.#isOver) return;
    this.#size = size;
    this.#run?.foreground?.resized?.();
  }

  /** INT ends what runs, any other signal the shell. */
  signal(name: string): void {
    if (this.#isOver) return;
    if (name === "INT") this.#interrupt();
    else this.#exit(128 + (name === "KILL" ? 9 : 15));
  }

  /** Nobody is there any more: nothing is said. */
  hangUp(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#run?.stop();
  }

  #interrupt(): void {
    if (this.#run !== undefined) {
      this.#run.stop();
      return;
    }
    this.#state.status = 130;
    this.#prompt();
  }

  #inputEnds(): void {
    // A command goes on without input.
    if (!this.#isOneCommand) this.#exit(this.#state.status);
  }

  #line(line: string): void {
    const output = {
      out: (bytes: Uint8Array) => this.#out(bytes),
      err: (bytes: Uint8Array) => (this.#size === undefined ? this.#err(bytes) : this.#out(bytes)),
      show: (text: string) => this.#show(text),
      hasRoom: () => this.#ends.hasRoom(),
      readsAgain: () => this.#readsAgain(),
      size: () => this.#size,
    };
    this.#run = new CommandRun(this.#state, output, (exit) => {
      this.#run = undefined;
      if (this.#isOver) return;
      if (exit !== undefined || this.#isOneCommand) this.#exit(exit ?? this.#state.status);
      else this.#prompt();
    });
    this.#run.start(line);
  }

  #readsAgain(): void {
    if (this.#isOver) return;
    this.#input.goOn();
    this.#ends.wantsInput();
  }

  #prompt(): void {
    const { user, machine, folder } = this.#state;
    this.#show(`${user}@${machine.hostName}:${folder}${user === "root" ? "#" : "$"} `);
  }

  #exit(status: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#run?.stop();
    this.#ends.exit(status);
  }

  #out(bytes: Uint8Array): void {
    if (!this.#isOver) this.#ends.out(this.#size === undefined ? bytes : withReturns(bytes));
  }

  #err(bytes: Uint8Array): void {
    if (!this.#isOver) this.#ends.err(bytes);
  }

  #show(text: string): void {
    if (this.#size !== undefined && !this.#isOver) this.#ends.out(Buffer.from(text, "utf8"));
  }
}

/** A terminal in the usual mode makes CR LF of each LF. */
function withReturns(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(0x0a)) return bytes;
  let lines = 0;
  for (const byte of bytes) if (byte === 0x0a) lines += 1;
  const all = new Uint8Array(bytes.length + lines);
  let at = 0;
  for (const byte of bytes) {
    if (byte === 0x0a) all[at++] = 0x0d;
    all[at++] = byte;
  }
  return all;
}
