// Tells systemd how the gateway is: ready, its status in a line, alive, stopping. By its own program, since Node sends no datagrams to Unix sockets.
import { spawn } from "node:child_process";

export interface ServiceManager {
  /** Whether systemd, or another one that speaks its protocol, has started this process and listens. */
  readonly isListening: boolean;
  ready(): void;
  /** One line for `systemctl status`; what has not been sent yet gives way to it. */
  status(text: string): void;
  stopping(): void;
  /** Ends the pings. */
  close(): void;
}

export interface ServiceManagerOptions {
  /** Those of systemd are taken: NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of this process. */
  readonly pid: number;
  /** Whether the gateway makes progress now: only then is systemd told that it lives. */
  readonly isAlive: () => boolean;
  /** Told once, in words, why systemd cannot be told. */
  readonly failed: (why: string) => void;
  /** The program, found in PATH unless absolute. */
  readonly program?: string;
}

const programLimitMs = 5_000;
const statusLengthMax = 200;
/** systemd advises to ping at half of its limit: one ping may then come late. */
const pingsPerLimit = 2;
const pingIntervalMinMs = 500;

/** Nothing of it keeps the process alive, and nothing throws. */
export function openServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { environment } = options;
  const socket = environment.NOTIFY_SOCKET ?? "";
  if (socket === "") return { isListening: false, ready: none, status: none, stopping: none, close: none };
  const sender = new Sender(options, socket);
  const pings = pingIntervalMs(options);
  const pinging =
    pings === undefined
      ? undefined
      : setInterval(() => {
          if (options.isAlive()) sender.send({ WATCHDOG: "1" });
        }, pings).unref();
  return {
    isListening: true,
    ready: () => sender.send({ READY: "1" }),
    status: (text) => sender.send({ STATUS: text.replaceAll(/\p{Cc}/gu, " ").slice(0, statusLengthMax) }),
    stopping: () => sender.send({ STOPPING: "1" }),
    close: () => clearInterval(pinging),
  };
}

function none(): void {}

/** Undefined where systemd expects no pings from this process. */
function pingIntervalMs({ environment, pid }: ServiceManagerOptions): number | undefined {
  const { WATCHDOG_USEC: limit = "", WATCHDOG_PID: whose = "" } = environment;
  if (whose !== "" && whose !== String(pid)) return undefined;
  if (!/^[1-9][0-9]{0,15}$/.test(limit)) return undefined;
  // Node takes no longer delay.
  return Math.min(2 ** 31 - 1, Math.max(pingIntervalMinMs, Number(limit) / 1000 / pingsPerLimit));
}

/** Runs one program at a time; what comes meanwhile is sent together afterwards, the latest of each kind. */
class Sender {
  readonly #options: ServiceManagerOptions;
  readonly #socket: string;
  #waiting: Record<string, string> = {};
  #isRunning = false;
  #hasFailed = false;

  constructor(options: ServiceManagerOptions, socket: string) {
    this.#options = options;
    this.#socket = socket;
  }

  send(words: Readonly<Record<string, string>>): void {
    this.#waiting = { ...this.#waiting, ...words };
    if (!this.#isRunning) this.#run();
  }

  #run(): void {
    const sent = this.#waiting;
    const words = Object.entries(sent).map(([name, value]) => `${name}=${value}`);
    this.#waiting = {};
    if (words.length === 0) return;
    this.#isRunning = true;
    const { program = "systemd-notify", environment } = this.#options;
    // Of the environment only what finds the program and the socket.
    const env = { PATH: environment.PATH, NOTIFY_SOCKET: this.#socket };
    let problem: string | undefined;
    const child = spawn(program, words, { stdio: "ignore", env, timeout: programLimitMs, killSignal: "SIGKILL" });
    child.unref();
    child.on("error", (error) => {
      problem = `${program} cannot be run: ${error.message}`;
      // Nothing has run, so no end will be told of.
      if (child.pid === undefined) this.#ended(sent, problem);
    });
    child.on("exit", (code, signal) => {
      const end = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
      this.#ended(sent, code === 0 ? undefined : (problem ?? `${program} ${end}`));
    });
  }

  #ended(sent: Readonly<Record<string, string>>, problem: string | undefined): void {
    this.#isRunning = false;
    const hasMore = Object.keys(this.#waiting).length > 0;
    if (problem !== undefined) {
      // Without READY systemd would end the gateway at its limit. Of being alive only the present moment may tell.
      const { WATCHDOG: _past, ...unsaid } = sent;
      this.#waiting = { ...unsaid, ...this.#waiting };
      if (!this.#hasFailed) this.#options.failed(problem);
      this.#hasFailed = true;
    }
    // What nobody takes waits for the next word: a program that fails is not run again and again.
    if (hasMore) this.#run();
  }
}
