// A Telnet panel: a controller with a login, a menu and a page of its machine's living values.
import type { Connection } from "#hardware/ports.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "../panel.ts";
import { type MachineName, machines, type ProcessModel, type ProcessSource, sharedProcess } from "../process-model.ts";
import { type TelnetPanelState, TelnetSession } from "./telnet-session.ts";

const telnetPort = 23;
/** After our end of the stream. */
const lingerMs = 2000;
/** Taken at one time: the answer to a key may be a hundred times as long as the key. */
const pieceBytes = 256;

export interface TelnetPanelOptions {
  readonly port?: number;
  readonly title?: string;
  readonly machine?: MachineName;
  /** A machine that other panels show too. */
  readonly process?: ProcessSource;
  /** Without one the menu comes at once. */
  readonly account?: { readonly username: string; readonly password: string };
  /** Says nothing before the first byte has come, as some serial bridges do. */
  readonly waitsForInput?: boolean;
  /** Asks for eight bits in both directions (RFC 856). */
  readonly asksForBinary?: boolean;
  readonly banner?: string;
}

export interface RunningTelnetPanel extends RunningPanel {
  /** What its machine does. */
  readonly process: ProcessModel;
  /** Who has come to the menu since the start. */
  readonly logins: number;
  /** Break keys that it has heard. */
  readonly breaks: number;
  /** Of the newest connection: what its terminal says of itself. */
  readonly terminal: { readonly type: string | undefined; readonly columns: number; readonly rows: number } | undefined;
}

export function telnetPanel(options: TelnetPanelOptions = {}): PanelProgram<RunningTelnetPanel> {
  return {
    port: options.port ?? telnetPort,
    // The cloud keeps no login for Telnet: people type it.
    endpoint: { protocol: "TELNET" },
    start: async (host) => {
      const server = new TelnetServer(host, options);
      return server.running(
        await PanelListener.open(host, options.port ?? telnetPort, (connection) => server.serves(connection)),
      );
    },
  };
}

class TelnetServer {
  readonly #clock: PanelHost["clock"];
  readonly #panel: TelnetPanelState;
  #logins = 0;
  #breaks = 0;
  #newest: TelnetSession | undefined;

  constructor(host: PanelHost, options: TelnetPanelOptions) {
    const title = options.title ?? host.name;
    this.#clock = host.clock;
    this.#panel = {
      ...{ title, clock: host.clock, account: options.account },
      process: (options.process ?? sharedProcess(machines[options.machine ?? "press"])).of(host),
      waitsForInput: options.waitsForInput === true,
      asksForBinary: options.asksForBinary === true,
      banner: options.banner ?? `${title} controller, firmware 3.2`,
      loggedIn: () => {
        this.#logins += 1;
      },
      heardBreak: () => {
        this.#breaks += 1;
      },
    };
  }

  serves({ stream }: Connection): void {
    const clock = this.#clock;
    const session = new TelnetSession(this.#panel, {
      send: (bytes) => void (stream.writable && stream.write(bytes)),
      hasRoom: () => !stream.writableNeedDrain,
      end: () => {
        stream.end();
        stream.resume();
        const timer = clock.setTimeout(() => stream.destroy(), lingerMs);
        stream.once("close", () => clock.clearTimeout(timer));
      },
    });
    this.#newest = session;
    let waiting: Uint8Array = new Uint8Array(0);
    const work = (): void => {
      // Whoever types without reading waits.
      while (waiting.length > 0 && !stream.writableNeedDrain && !stream.destroyed) {
        const piece = waiting.subarray(0, pieceBytes);
        waiting = waiting.subarray(pieceBytes);
        try {
          session.receive(piece);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          stream.destroy();
        }
      }
      if (stream.writableNeedDrain && stream.writable) stream.pause();
    };
    stream.on("data", (bytes: Uint8Array) => {
      // More than one waits only if it came in the same moment.
      waiting = waiting.length === 0 ? bytes : Buffer.concat([waiting, bytes]);
      work();
    });
    stream.on("drain", () => {
      work();
      if (!stream.writableNeedDrain) stream.resume();
    });
    stream.on("end", () => stream.end());
    stream.once("close", () => session.closed());
  }

  running(listener: PanelListener): RunningTelnetPanel {
    const { process } = this.#panel;
    const counts = { logins: () => this.#logins, breaks: () => this.#breaks, newest: () => this.#newest };
    return {
      ...{ port: listener.port, process },
      get connections() {
        return listener.connections;
      },
      get logins() {
        return counts.logins();
      },
      get breaks() {
        return counts.breaks();
      },
      get terminal() {
        const terminal = counts.newest()?.terminal;
        return terminal && { type: terminal.terminalType, ...terminal.size };
      },
      close: () => listener.close(),
    };
  }
}
