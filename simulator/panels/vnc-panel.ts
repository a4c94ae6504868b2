// A VNC panel: an RFB server that shows and operates a living screen.
import { resizeReasons, resizeStatuses } from "#protocol/rfb/desktop-size.ts";
import { type RfbVersion, writeVersion } from "#protocol/rfb/version.ts";
import { challengeBytes } from "#protocol/rfb/vnc-authentication.ts";
import { HmiScreen } from "./hmi-screen.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "./panel.ts";
import type { MachineName, ProcessModel, ProcessSource } from "./process-model.ts";
import { PanelHandshake, type PanelHandshakeOutcome } from "./rfb/panel-handshake.ts";
import { ownBehaviour, type RfbBehaviour } from "./rfb/rfb-behaviour.ts";
import { type PanelTlsServer, RfbSession, type SessionPanel } from "./rfb/rfb-session.ts";
import type { ThemeName } from "./theme.ts";

const vncPort = 5900;
/** Shortest time between two sizes of the picture. */
const resizePauseMs = 100;

export interface VncPanelOptions {
  /** With one, viewers must prove that they know it (VNC Authentication); without, anybody may look (None). */
  readonly password?: string;
  /** For sign-ins that ask for one beside the password. */
  readonly username?: string;
  /** What the cloud is told instead, for tests of a wrong one. */
  readonly endpointPassword?: string;
  readonly title?: string;
  readonly machine?: MachineName;
  /** A machine that other panels show too. */
  readonly process?: ProcessSource;
  readonly theme?: ThemeName;
  /** The newest version that it speaks, default 3.8. */
  readonly version?: RfbVersion;
  readonly port?: number;
  /** How it differs from other servers on the wire. */
  readonly behaviour?: Partial<RfbBehaviour>;
  /** Without it nothing that needs TLS is offered. */
  readonly tls?: PanelTlsServer;
}

export interface RunningVncPanel extends RunningPanel {
  readonly screen: HmiScreen;
  /** What its machine does. */
  readonly process: ProcessModel;
  /** Viewers that have been let in since the start. */
  readonly viewersAccepted: number;
  /** Rings every viewer's bell. */
  rings(): void;
  /** Gives the picture another size by itself; false if it or one of its viewers cannot have that. */
  resizes(width: number, height: number): boolean;
}

export function vncPanel(options: VncPanelOptions = {}): PanelProgram<RunningVncPanel> {
  const endpointPassword = options.endpointPassword ?? options.password;
  return {
    port: options.port ?? vncPort,
    endpoint: { protocol: "VNC", ...(endpointPassword === undefined ? {} : { password: endpointPassword }) },
    start: async (host) => {
      const server = new VncServer(host, options);
      return server.running(
        await PanelListener.open(host, options.port ?? vncPort, (connection) => server.serves(connection)),
      );
    },
  };
}

class VncServer implements SessionPanel {
  readonly screen: HmiScreen;
  readonly clock: PanelHost["clock"];
  readonly behaviour: RfbBehaviour;
  readonly tls: PanelTlsServer | undefined;
  readonly #options: VncPanelOptions;
  readonly #host: PanelHost;
  readonly #sessions = new Set<RfbSession>();
  #viewersAccepted = 0;
  #wrongPasswords = 0;
  #shutUntilMs = 0;
  #resizedAtMs = Number.NEGATIVE_INFINITY;

  constructor(host: PanelHost, options: VncPanelOptions) {
    const { machine, theme, process, version = "3.8" } = options;
    this.#host = host;
    this.#options = options;
    this.clock = host.clock;
    this.tls = options.tls;
    const greeting = Buffer.from(writeVersion(version)).toString("latin1");
    this.behaviour = { ...ownBehaviour, greeting, version, ...options.behaviour };
    this.screen = new HmiScreen({
      title: options.title ?? host.name,
      seed: host.seed,
      clock: host.clock,
      ...(machine === undefined ? {} : { machine }),
      ...(theme === undefined ? {} : { theme }),
      ...(process === undefined ? {} : { process }),
    });
    this.screen.changed = () => this.#each((session) => session.screenChanged());
    this.screen.copied = (text) => this.#each((session) => session.copied(text));
    this.screen.beeped = () => this.#each((session) => session.beeps());
  }

  serves(connection: Parameters<Parameters<typeof PanelListener.open>[2]>[0]): void {
    const { password, username } = this.#options;
    const handshake = new PanelHandshake({
      behaviour: this.behaviour,
      ...{ password, username, hasTls: this.tls !== undefined, refusal: this.#refusal() },
      isLastTry: this.#wrongPasswords + 1 === this.behaviour.lockout?.after,
      challenge: this.#host.random.bytes(challengeBytes),
    });
    const session = new RfbSession(this, connection, handshake);
    this.#sessions.add(session);
    connection.stream.once("close", () => this.#sessions.delete(session));
  }

  ended(_session: RfbSession, outcome: PanelHandshakeOutcome): void {
    if (outcome.kind === "accepted") {
      this.#viewersAccepted += 1;
      this.#wrongPasswords = 0;
      return;
    }
    const { lockout } = this.behaviour;
    if (!outcome.isWrongPassword || lockout === undefined) return;
    this.#wrongPasswords += 1;
    if (this.#wrongPasswords < lockout.after) return;
    this.#wrongPasswords = 0;
    this.#shutUntilMs = this.clock.monotonicMs() + lockout.forMs;
  }

  wantsAlone(session: RfbSession): void {
    for (const other of [...this.#sessions]) if (other !== session && other.isStarted) other.drop();
  }

  resize(session: RfbSession, width: number, height: number): number {
    if (!this.behaviour.isResizable) return resizeStatuses.prohibited;
    const others = [...this.#sessions].filter((other) => other !== session && other.isStarted);
    if (others.some((other) => !other.canResize)) return resizeStatuses.prohibited;
    if (this.clock.monotonicMs() - this.#resizedAtMs < resizePauseMs) return resizeStatuses.outOfResources;
    if (!this.screen.resizes(width, height)) return resizeStatuses.invalidLayout;
    this.#resizedAtMs = this.clock.monotonicMs();
    for (const other of others) other.resized(resizeReasons.otherClient, resizeStatuses.done);
    return resizeStatuses.done;
  }

  running(listener: PanelListener): RunningVncPanel {
    const accepted = (): number => this.#viewersAccepted;
    return {
      screen: this.screen,
      process: this.screen.process,
      port: listener.port,
      get connections() {
        return listener.connections;
      },
      get viewersAccepted() {
        return accepted();
      },
      rings: () => this.#each((session) => session.beeps()),
      resizes: (width, height) => this.#resizesItself(width, height),
      close: () => listener.close(),
    };
  }

  #resizesItself(width: number, height: number): boolean {
    const viewers = [...this.#sessions].filter(({ isStarted }) => isStarted);
    if (viewers.some(({ canResize }) => !canResize) || !this.screen.resizes(width, height)) return false;
    for (const viewer of viewers) viewer.resized(resizeReasons.server, resizeStatuses.done);
    return true;
  }

  /** Why nobody may come in now. */
  #refusal(): { readonly text: string; readonly isAtOnce: boolean } | undefined {
    const { viewers, lockout } = this.behaviour;
    if (lockout !== undefined && this.clock.monotonicMs() < this.#shutUntilMs) {
      return { text: lockout.text, isAtOnce: lockout.told === "at once" };
    }
    const isTaken = viewers === "one" && [...this.#sessions].some(({ isStarted }) => isStarted);
    return isTaken ? { text: "The server is already in use", isAtOnce: false } : undefined;
  }

  #each(act: (session: RfbSession) => void): void {
    for (const session of this.#sessions) act(session);
  }
}
