// What a panel is: a program on a host of the LAN that listens through a network port, in memory or on a real machine.
import type { Clock, Connection, Listener, Network, Random } from "#hardware/ports.ts";
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";

/** Connections that a panel has at a time; more are reset. */
const connectionsMax = 64;

/** The machine on which a panel's program runs. */
export interface PanelHost {
  readonly name: string;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  /** Decides the process values. */
  readonly seed: string | number;
  /** Address to listen on. */
  readonly address: string;
  /** Instead of the program's own port; 0 takes a free one. */
  readonly port?: number;
}

/** How the cloud is told of a panel: what one enters for it besides its address. */
export interface PanelEndpoint {
  readonly protocol: RemoteAccessProtocol;
  /** SSH. */
  readonly username?: string;
  /** VNC and SSH. */
  readonly password?: string;
  /** SSH, in place of a password: PEM or OpenSSH text. */
  readonly privateKey?: string;
  /** SSH: the panel's own key, one line in OpenSSH's form. Without it the operator is asked whether it is the right one. */
  readonly hostKey?: string;
  /** How the cloud has to treat it: `legacyAlgorithms` for old SSH panels. */
  readonly attrs?: Readonly<Record<string, unknown>>;
}

export interface RunningPanel {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** What only the running program knows of its endpoint; counts before what the program says. */
  readonly endpoint?: Partial<PanelEndpoint>;
  /** Stops listening and resets what is open. */
  close(): Promise<void>;
}

export interface PanelProgram<Running extends RunningPanel = RunningPanel> {
  readonly port: number;
  /** How the cloud is told of it. */
  readonly endpoint: PanelEndpoint;
  /** Rejects when it cannot listen. */
  start(host: PanelHost): Promise<Running>;
}

/** The listening part of a panel. Each connection ends with `close` of its stream; errors of it are of no interest. */
export class PanelListener {
  readonly #listener: Listener;
  readonly #open: Set<Connection>;

  private constructor(listener: Listener, open: Set<Connection>) {
    this.#listener = listener;
    this.#open = open;
  }

  static async open(host: PanelHost, ownPort: number, serve: (connection: Connection) => void): Promise<PanelListener> {
    const port = host.port ?? ownPort;
    const open = new Set<Connection>();
    const outcome = await host.network.listen({ address: host.address, port }, (connection) => {
      const { stream } = connection;
      stream.on("error", () => undefined);
      if (open.size >= connectionsMax) {
        connection.reset();
        return;
      }
      open.add(connection);
      stream.once("close", () => open.delete(connection));
      serve(connection);
    });
    if (!outcome.ok) {
      const { reason, detail } = outcome;
      throw Object.assign(new Error(`Panel ${host.name} cannot listen on ${host.address}:${port}: ${detail}`), {
        code: reason,
      });
    }
    return new PanelListener(outcome.listener, open);
  }

  get port(): number {
    return this.#listener.port;
  }

  get connections(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    await this.#listener.close();
    for (const connection of this.#open) connection.reset();
  }
}
