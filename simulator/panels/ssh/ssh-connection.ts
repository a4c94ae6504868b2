// One connection to an SSH panel: sign-in within limits, and a shell or a command on each channel.
import "../../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import type { Duplex } from "node:stream";
import type { PseudoTtyInfo, ServerChannel, Session, Connection as SshPeer, WindowChangeInfo } from "ssh2";
import type { Clock } from "#hardware/ports.ts";
import type { WindowSize } from "../terminal/full-screen.ts";
import { ChannelOutput } from "./channel-output.ts";
import type { ShellMachine } from "./command.ts";
import { Shell } from "./shell.ts";
import { type SshAccount, SshSignIn } from "./ssh-sign-in.ts";

/** Variables that a client may set, and the longest text of one. */
const variablesMax = 32;
const variableLengthMax = 1024;

/** After our end of the stream. */
const lingerMs = 2000;

export interface SshLimits {
  /** Channels of one connection at a time, as OpenSSH's MaxSessions. */
  readonly channelsMax: number;
  /** Wrong attempts, as OpenSSH's MaxAuthTries. */
  readonly attemptsMax: number;
  /** From the connection to the end of the sign-in, in ms, as OpenSSH's LoginGraceTime. */
  readonly signInMs: number;
}

export const sshLimits: SshLimits = { channelsMax: 10, attemptsMax: 6, signInMs: 120_000 };

export interface SshConnectionPanel {
  readonly clock: Clock;
  readonly account: SshAccount;
  readonly machine: ShellMachine;
  readonly limits: SshLimits;
  /** Called when somebody is let in. */
  signedIn(): void;
  /** How many shells and commands begin (1) or end (-1). */
  running(change: 1 | -1): void;
}

export class SshConnection {
  readonly #panel: SshConnectionPanel;
  readonly #shells = new Set<Shell>();
  readonly #clearTimers: () => void;
  #peer: SshPeer | undefined;
  #channels = 0;
  #wrongAttempts = 0;

  constructor(panel: SshConnectionPanel, stream: Duplex) {
    this.#panel = panel;
    const { clock, limits } = panel;
    const signIn = clock.setTimeout(() => stream.destroy(), limits.signInMs);
    this.#clearTimers = () => clock.clearTimeout(signIn);
    // What has been said to its end is still to arrive; a peer that then stays is let go.
    stream.once("finish", () => {
      const linger = clock.setTimeout(() => stream.destroy(), lingerMs);
      stream.once("close", () => clock.clearTimeout(linger));
    });
    stream.once("close", () => {
      this.#clearTimers();
      for (const shell of this.#shells) this.#ended(shell, "hung-up");
    });
  }

  /** The client has said that it speaks SSH. */
  meets(peer: SshPeer): void {
    this.#peer = peer;
    const signIn = new SshSignIn(this.#panel.account, () => this.#attemptFailed());
    peer.on("authentication", (context) => signIn.judge(context));
    peer.on("ready", () => {
      this.#clearTimers();
      this.#panel.signedIn();
    });
    peer.on("session", (accept, reject) => {
      if (this.#channels >= this.#panel.limits.channelsMax) reject();
      else this.#open(accept());
    });
    // What is wrong with what came ends the connection; the peer hears of it by SSH's own message.
    peer.on("error", () => undefined);
  }

  #attemptFailed(): boolean {
    this.#wrongAttempts += 1;
    const isEnough = this.#wrongAttempts >= this.#panel.limits.attemptsMax;
    if (isEnough) this.#peer?.end();
    return !isEnough;
  }

  #open(session: Session): void {
    this.#channels += 1;
    let size: WindowSize | undefined;
    let shell: Shell | undefined;
    const environment = new Map<string, string>();
    session.on("env", (accept, reject, { key, val }: { readonly key: string; readonly val: string }) => {
      const fits = environment.size < variablesMax && key.length + val.length <= variableLengthMax;
      if (!fits || !/^(LANG|LC_[A-Z]+)$/.test(key)) reject?.();
      else {
        environment.set(key, val);
        accept?.();
      }
    });
    session.on("pty", (accept, _reject, { cols, rows, ...rest }: PseudoTtyInfo & { readonly term?: string }) => {
      size = { columns: cols, rows };
      if (typeof rest.term === "string") environment.set("TERM", rest.term.slice(0, variableLengthMax));
      accept?.();
    });
    session.on("window-change", (accept, _reject, { cols, rows }: WindowChangeInfo) => {
      size = { columns: cols, rows };
      shell?.resize(size);
      accept?.();
    });
    session.on("signal", (accept, _reject, { name }) => {
      shell?.signal(name);
      accept?.();
    });
    session.on("shell", (accept) => {
      shell = this.#start(accept(), size, environment);
      shell.startShell();
    });
    session.on("exec", (accept, _reject, { command }) => {
      shell = this.#start(accept(), size, environment);
      shell.startCommand(command);
    });
    session.on("close", () => {
      this.#channels -= 1;
    });
  }

  #start(channel: ServerChannel, size: WindowSize | undefined, environment: ReadonlyMap<string, string>): Shell {
    const { machine, account } = this.#panel;
    const pull = (): void => {
      while (shell.wantsInput && output.hasRoom && !shell.isOver) {
        const bytes = channel.read() as Buffer | null;
        if (bytes === null) return;
        shell.input(bytes);
      }
    };
    const output = new ChannelOutput(channel, () => {
      shell.roomAgain();
      pull();
    });
    const shell = new Shell({
      ...{ machine, user: account.username, size, environment },
      ends: {
        out: (bytes) => output.out(bytes),
        err: (bytes) => output.err(bytes),
        hasRoom: () => output.hasRoom,
        wantsInput: pull,
        exit: (status) => {
          this.#ended(shell, "exited");
          output.atEnd(() => {
            channel.exit(status);
            // Its input may still be coming: nobody reads it any more.
            channel.resume();
            channel.end();
          });
        },
      },
    });
    this.#shells.add(shell);
    this.#panel.running(1);
    channel.on("readable", pull);
    channel.on("end", () => shell.inputEnded());
    channel.on("error", () => undefined);
    channel.on("close", () => this.#ended(shell, "hung-up"));
    return shell;
  }

  #ended(shell: Shell, how: "exited" | "hung-up"): void {
    if (!this.#shells.delete(shell)) return;
    this.#panel.running(-1);
    if (how === "hung-up") shell.hangUp();
  }
}
