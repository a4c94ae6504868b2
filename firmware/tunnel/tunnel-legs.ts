// The two legs of one tunnel: dials both at once, lets the bytes through when told, and closes both for one reason.
import { WebSocket } from "ws";
import type { Connection, DialFailure, Hardware } from "#hardware/ports.ts";
import { type CloseReason, closeCode } from "#protocol/close-reason.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import type { CloudAuthorization } from "../cloud-identity.ts";
import type { TunnelSettings } from "../config/gateway-config.ts";
import { httpsPortOf, type ReachableCloud } from "../connectivity/cloud-ports.ts";
import { messageOf } from "../errors.ts";
import type { ConsoleOutcome, SerialConsoles } from "../serial-console/serial-consoles.ts";
import { type DeviceWebSocket, gatheredBytes, openDeviceWebSocket } from "./device-websocket.ts";
import { cloudEnd, Forwarder, panelReason } from "./forwarder.ts";
import type { LegsCommand, LegsFact, TunnelMeter } from "./leg-facts.ts";
import type { LegVerdict } from "./leg-watch.ts";
import { type CloudDelivery, LegsWatch, type Side } from "./legs-watch.ts";
import { isSerialTarget, type PanelTarget } from "./panel-target.ts";

export interface LegsDeps {
  readonly hardware: Hardware;
  readonly cloud: ReachableCloud;
  readonly authorization: CloudAuthorization;
  readonly settings: TunnelSettings;
  readonly consoles: SerialConsoles;
  /** Live numbers by operation; an entry is there while the tunnel has legs. */
  readonly meters: Map<string, TunnelMeter>;
}

export interface LegsInput {
  readonly operation: string;
  readonly request: ConnectRequest;
  readonly target: PanelTarget;
}

export class TunnelLegs {
  readonly #deps: LegsDeps;
  readonly #input: LegsInput;
  readonly #tell: (fact: LegsFact) => void;
  readonly #dialing = new AbortController();
  #panel: Connection | undefined;
  #panelError: unknown;
  #cloud: DeviceWebSocket | undefined;
  #forwarder: Forwarder | undefined;
  #watch: LegsWatch | undefined;
  #startedAtMs: number | undefined;
  #farClosingSinceMs: number | undefined;
  #isFinishing = false;
  #takenAtMs: number | undefined;
  #hasToldFlushed = false;
  #isOver = false;

  constructor(deps: LegsDeps, input: LegsInput, tell: (fact: LegsFact) => void) {
    this.#deps = deps;
    this.#input = input;
    this.#tell = (fact) => {
      if (!this.#isOver) tell(fact);
    };
    deps.meters.set(input.operation, {
      bytesUp: () => this.#forwarder?.bytesUp ?? 0,
      bytesDown: () => this.#forwarder?.bytesDown ?? 0,
      heldBytes: () => this.#forwarder?.heldBytes() ?? this.#earlyBytes(),
      durationMs: () => this.#durationMs(),
      abandon: () => this.abandon(),
    });
    const failed = (error: unknown): void => {
      this.#tell({ type: "panel.failed", reason: "internal.error", detail: messageOf(error) });
    };
    this.#dialPanel().catch(failed);
    this.#dialCloud().catch(failed);
  }

  obey(command: LegsCommand): void {
    switch (command.type) {
      case "legs.forward":
        this.#forward();
        return;
      case "legs.finish":
        this.#finish(command.reason);
        return;
      case "legs.cut":
        this.#cut();
        return;
      default:
        command satisfies never;
    }
  }

  /** Resets what stands and clears the timers; nothing is told any more. */
  abandon(): void {
    if (this.#isOver) return;
    this.#release();
    this.#panel?.reset();
    this.#cloud?.connection.reset();
    this.#cloud?.webSocket.terminate();
  }

  async #dialPanel(): Promise<void> {
    const outcome = await this.#openPanel();
    if (!outcome.ok) {
      this.#tell({ type: "panel.failed", reason: outcome.reason, detail: outcome.detail });
      return;
    }
    const { connection } = outcome;
    if (this.#isOver || this.#isFinishing) {
      connection.reset();
      return;
    }
    this.#panel = connection;
    connection.stream.on("error", (error) => {
      this.#panelError ??= error;
    });
    this.#stand("panel");
  }

  async #openPanel(): Promise<ConsoleOutcome> {
    const { operation, target } = this.#input;
    const { consoles, hardware, settings } = this.#deps;
    const options = { timeoutMs: settings.dialTimeoutMs, signal: this.#dialing.signal };
    if (isSerialTarget(target)) {
      return consoles.open({ name: target.console, port: target.port, owner: `operation ${operation}` }, options);
    }
    const outcome = await hardware.network.dial(target, options);
    return outcome.ok ? outcome : { ...outcome, reason: dialReasons[outcome.reason] };
  }

  async #dialCloud(): Promise<void> {
    const { hardware, cloud, authorization, settings } = this.#deps;
    const { request } = this.#input;
    const target = { cloud: httpsPortOf(cloud), authorization, connectionKey: request.connectionKey };
    const options = { timeoutMs: settings.dialTimeoutMs, signal: this.#dialing.signal };
    const outcome = await openDeviceWebSocket(hardware, target, options);
    if (!outcome.ok) {
      this.#tell({ type: "cloud.failed", reason: "cloud.lost", detail: `device websocket: ${outcome.detail}` });
      return;
    }
    if (this.#isOver || this.#isFinishing) {
      outcome.connection.reset();
      return;
    }
    this.#cloud = outcome;
    outcome.early.whenEnded(({ code, text }) => {
      if (this.#isFinishing) return;
      const { reason, detail } = cloudEnd(code, text, "");
      this.#tell({ type: "cloud.failed", reason, detail: detail === "" ? "" : `device websocket: ${detail}` });
    });
    if (outcome.webSocket.readyState !== outcome.webSocket.CLOSED) this.#stand("cloud");
  }

  /** A side stands; the other may have broken while this one was being dialled. */
  #stand(side: Side): void {
    if (this.#panel?.stream.destroyed === true) {
      const detail = this.#panelError === undefined ? "closed at once" : messageOf(this.#panelError);
      this.#tell({ type: "panel.failed", reason: panelReason(this.#panelError), detail });
    } else if (this.#cloud?.webSocket.readyState === WebSocket.CLOSING) {
      // It has said its close frame and leaves the connection open: the word that it said is told when that is gone.
      this.#cloud.webSocket.terminate();
    } else {
      this.#tell(side === "panel" ? { type: "panel.connected" } : { type: "cloud.connected" });
    }
  }

  /** Before both sides stand. */
  #earlyBytes(): number {
    const cloud = this.#cloud;
    const cloudBytes =
      cloud === undefined ? 0 : cloud.early.heldBytes + gatheredBytes(cloud.webSocket) + cloud.connection.heldBytes();
    return cloudBytes + (this.#panel?.heldBytes() ?? 0);
  }

  #forward(): void {
    const panel = this.#panel;
    const cloud = this.#cloud;
    if (panel === undefined || cloud === undefined || this.#forwarder !== undefined) return;
    const { clock } = this.#deps.hardware;
    const forwarder = new Forwarder({
      panel,
      cloud,
      tell: (fact) => this.#tell(fact),
      heard: (side) => this.#watch?.heard(side),
      ponged: () => this.#watch?.ponged(),
      closed: () => this.#closed(),
    });
    this.#forwarder = forwarder;
    this.#startedAtMs = clock.monotonicMs();
    this.#watch = new LegsWatch({
      clock,
      settings: this.#deps.settings,
      connections: { panel, cloud: cloud.connection },
      forwarder,
      ended: (side, verdict) => this.#drop(side, verdict),
      looked: (delivered) => {
        this.#tellFlushed(delivered);
        this.#dropLingerer(forwarder);
      },
    });
    forwarder.start();
  }

  #finish(reason: CloseReason): void {
    if (this.#isFinishing) return;
    this.#isFinishing = true;
    this.#dialing.abort();
    if (this.#forwarder !== undefined) {
      this.#forwarder.finish(reason);
      return;
    }
    this.#panel?.stream.destroy();
    const webSocket = this.#cloud?.webSocket;
    if (webSocket === undefined || webSocket.readyState === webSocket.CLOSED) {
      this.#closed();
      return;
    }
    // Nobody takes what has come early, and no bound keeps the far close frame from being read.
    this.#cloud?.early.take();
    webSocket.once("close", () => this.#closed());
    webSocket.close(closeCode(reason), reason);
    webSocket.resume();
    this.#tell({ type: "cloud.flushed" });
  }

  #cut(): void {
    if (this.#isOver) return;
    this.#panel?.reset();
    this.#cloud?.connection.reset();
    // Nothing is to come after a reset, so the streams' own word for it is not waited for.
    this.#closed();
  }

  #drop(side: Side, verdict: Exclude<LegVerdict, "alive">): void {
    if (side === "panel") {
      const reason = verdict === "lost" ? "panel.lost" : "panel.stalled";
      this.#tell({ type: "panel.broke", reason, detail: verdictTexts[verdict] });
    } else {
      this.#tell({ type: "cloud.ended", reason: "cloud.lost", detail: verdictTexts[verdict] });
    }
    this.#forwarder?.cut(side);
  }

  /** A cloud that has said its close frame and leaves the connection open gets the drain limit. */
  #dropLingerer(forwarder: Forwarder): void {
    const nowMs = this.#deps.hardware.clock.monotonicMs();
    this.#farClosingSinceMs = forwarder.isFarClosing ? (this.#farClosingSinceMs ?? nowMs) : undefined;
    if (this.#farClosingSinceMs === undefined) return;
    if (nowMs - this.#farClosingSinceMs >= this.#deps.settings.drainMs) forwarder.cut("cloud");
  }

  /**
   * A reset would drop what the system still sends, and what a far end under back-pressure still has to read: where no
   * pong has told that it read everything, it gets as long as a stalled one.
   */
  #tellFlushed(delivered: CloudDelivery): void {
    const forwarder = this.#forwarder;
    if (this.#hasToldFlushed || forwarder?.isFlushed !== true) return;
    if (!forwarder.isAnswered && !this.#isTaken(delivered)) return;
    this.#hasToldFlushed = true;
    this.#tell({ type: "cloud.flushed" });
  }

  #isTaken(delivered: CloudDelivery): boolean {
    if (delivered === "under-way") return false;
    const nowMs = this.#deps.hardware.clock.monotonicMs();
    this.#takenAtMs ??= nowMs;
    return delivered === "read" || nowMs - this.#takenAtMs >= this.#deps.settings.stalledAfterMs;
  }

  #closed(): void {
    const durationMs = this.#durationMs();
    const bytesUp = this.#forwarder?.bytesUp ?? 0;
    const bytesDown = this.#forwarder?.bytesDown ?? 0;
    this.#tell({ type: "legs.closed", bytesUp, bytesDown, durationMs });
    this.#release();
  }

  #durationMs(): number {
    const { clock } = this.#deps.hardware;
    return this.#startedAtMs === undefined ? 0 : Math.round(clock.monotonicMs() - this.#startedAtMs);
  }

  #release(): void {
    this.#isOver = true;
    this.#dialing.abort();
    this.#watch?.stop();
    this.#deps.meters.delete(this.#input.operation);
  }
}

const verdictTexts = { lost: "nothing came from it any more", stalled: "it took nothing any more" } as const;

const dialReasons: Readonly<Record<DialFailure, CloseReason>> = {
  refused: "panel.refused",
  unreachable: "panel.unreachable",
  timeout: "panel.timeout",
  reset: "panel.reset",
  aborted: "internal.error",
  "tls.unknown-authority": "internal.error",
  "tls.wrong-name": "internal.error",
  "tls.expired": "internal.error",
  "tls.not-yet-valid": "internal.error",
  "tls.failed": "internal.error",
};
