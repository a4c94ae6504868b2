// One remote-access session: runs its machine, holds its two legs, and writes down how it began and ended.
import { type Actor, createActor, type InspectionEvent } from "xstate";
import type { Random, TimerHandle } from "#hardware/ports.ts";
import { type CloseReason, closeText } from "#protocol/close-reason.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { parseClientMessage, type SessionStep, writeSessionMessage } from "#protocol/session-channel.ts";
import { describeBug } from "../bug.ts";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import type { Operations } from "../devices/operations.ts";
import { keysAreEqual, makeUuid } from "./connection-key.ts";
import type { Endpoint } from "./endpoints.ts";
import { Leg } from "./leg.ts";
import { clientEndEvent, deviceEndEvent } from "./leg-words.ts";
import type { SessionLimits } from "./limits.ts";
import type { PatientWebSocket } from "./patient-websocket.ts";
import type { PanelKey } from "./protocols/panel-key.ts";
import type { ProtocolStream } from "./protocols/protocol-stream.ts";
import { Relay, type RelayOwner } from "./relay.ts";
import { type SessionEnd, type SessionEvent, sessionMachine } from "./session.machine.ts";
import { SessionOperation } from "./session-operation.ts";
import { type RecordsDependencies, SessionRecords } from "./session-records.ts";
import type { SplitSocket } from "./split-socket.ts";
import { TimeLimit } from "./time-limit.ts";

export interface SessionDependencies extends RecordsDependencies {
  readonly random: Random;
  readonly operations: Operations;
  readonly devices: DeviceRegistry;
  readonly limits: SessionLimits;
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
}

export interface SessionRequest {
  readonly endpoint: Endpoint;
  readonly userName: string;
  /** The token by which the client is logged in; undefined for a login that came with the request itself. */
  readonly loginId?: string | undefined;
  readonly clientAddress: string;
  readonly stream: ProtocolStream;
  /** Whether the client speaks `postern.session.v1`, and so gets text frames. */
  readonly hasChannel: boolean;
  readonly websocket: PatientWebSocket;
  /** The stream below the websocket. */
  readonly socket: SplitSocket;
}

/** A live session as an administrator sees it; without secrets. */
export interface SessionSummary {
  readonly id: string;
  readonly deviceId: string;
  readonly endpointId: string;
  readonly endpointName: string;
  readonly protocol: string;
  readonly userName: string;
  readonly clientAddress: string;
  readonly state: "opening" | "open" | "closing";
  /** On the wall clock, in ms. */
  readonly requestedAtMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

/** How long a client may take to hear of a failure in its own protocol, and everything when the cloud stops, in ms. */
const shortLimitMs = 2_000;

/** Ends that take a right away: whoever had it must not hold out longer than a second, at either end. */
const revocations: ReadonlySet<CloseReason> = new Set([
  "permission.revoked",
  "endpoint.removed",
  "device.removed",
  "session.ended-by-admin",
]);

/** How long a client may take to hear of such an end in its own protocol, in ms. */
const revokedTellMs = 300;

/** After so long from such an end what is left of the session is broken off, in ms. */
const revokedLimitMs = 900;

/** How long a session whose machine broke may take to close, in ms. */
const brokenLimitMs = 15_000;

export class Session {
  /** UUID; not the connection key. */
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly userName: string;
  readonly #deps: SessionDependencies;
  readonly #request: SessionRequest;
  readonly #actor: Actor<typeof sessionMachine>;
  readonly #relay: Relay;
  readonly #client: Leg;
  readonly #records: SessionRecords;
  readonly #operation: SessionOperation;
  readonly #waits: TimeLimit;
  readonly #finished = Promise.withResolvers<void>();
  readonly #requestedAtMs: number;
  readonly #wallRequestedAtMs: number;
  #device: Leg | undefined;
  /** A secret; gone as soon as it is used or of no use. */
  #connectionKey: string | undefined;
  #created: Promise<void> = Promise.resolve();
  #isStreamOpen = false;
  #isKilled = false;
  #isFinishing = false;
  #brokenTimer: TimerHandle | undefined;
  #revokedTimer: TimerHandle | undefined;
  #unwatchConnection: (() => void) | undefined;
  #idleTimer: TimerHandle | undefined;

  constructor(deps: SessionDependencies, request: SessionRequest) {
    this.#deps = deps;
    this.#request = request;
    this.id = makeUuid(deps.random);
    this.#connectionKey = makeUuid(deps.random);
    this.endpoint = request.endpoint;
    this.userName = request.userName;
    this.#requestedAtMs = deps.clock.monotonicMs();
    this.#wallRequestedAtMs = deps.clock.nowMs();
    this.#waits = new TimeLimit(deps.clock);
    this.#operation = new SessionOperation(deps.operations, (event) => this.#send(event));
    this.#records = new SessionRecords(deps, { id: this.id, ...request });
    this.#relay = new Relay({ clock: deps.clock, stream: request.stream, owner: this.#relayOwner() });
    this.#actor = this.#createActor();
    const { websocket, socket } = request;
    this.#client = new Leg({ ...deps, websocket, socket, owner: this.#relay.clientOwner });
    this.#relay.attachClient(this.#client);
  }

  get deviceId(): string {
    return this.endpoint.deviceId;
  }

  get loginId(): string | undefined {
    return this.#request.loginId;
  }

  get summary(): SessionSummary {
    const { id, name, protocol } = this.endpoint;
    const { value } = this.#actor.getSnapshot();
    const { bytesUp, bytesDown } = this.#relay;
    const isOver = value === "closing" || value === "closed";
    return {
      id: this.id,
      deviceId: this.deviceId,
      endpointId: id,
      endpointName: name,
      protocol,
      userName: this.userName,
      clientAddress: this.#request.clientAddress,
      state: isOver ? "closing" : this.#isStreamOpen ? "open" : "opening",
      requestedAtMs: this.#wallRequestedAtMs,
      bytesUp,
      bytesDown,
    };
  }

  /** Settles when nothing of the session is left. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  get webSockets(): number {
    return this.#device === undefined ? 1 : 2;
  }

  /** Bytes in all queues of the session, both legs. */
  get heldBytes(): number {
    return this.#relay.heldBytes;
  }

  start(): void {
    this.#unwatchConnection = this.#deps.devices.watchConnection(this.deviceId, (isOnline) => {
      if (isOnline) this.#send({ type: "gateway.online" });
    });
    this.#actor.subscribe({ complete: () => this.#release(), error: (error) => this.#machineBroke(error) });
    this.#actor.start();
  }

  /** Whether a device websocket with this key is the one that the session waits for. Takes the same time for each key. */
  isWaitingFor(connectionKey: string): boolean {
    return this.#connectionKey !== undefined && keysAreEqual(this.#connectionKey, connectionKey);
  }

  /** Takes the gateway's websocket; the key is used up. */
  acceptDevice(websocket: PatientWebSocket, socket: SplitSocket): void {
    this.#relay.attempt(() => this.#takeDevice(websocket, socket));
  }

  #takeDevice(websocket: PatientWebSocket, socket: SplitSocket): void {
    this.#connectionKey = undefined;
    const { limits } = this.#deps;
    this.#device = new Leg({
      websocket,
      socket,
      clock: this.#deps.clock,
      // A gateway that is held up by its panel says `panel.stalled` at the limit; only after that is it itself to blame.
      limits: { ...limits, stalledAfterMs: limits.stalledAfterMs + limits.pingEveryMs },
      owner: this.#relay.deviceOwner,
    });
    this.#relay.attachDevice(this.#device);
    this.#send({ type: "device.connected" });
  }

  /** The endpoint knows a key of its panel from now on: the session must not go on with another one. */
  keyLearnt(key: PanelKey): void {
    this.#relay.attempt(() => this.#request.stream.keyLearnt?.(key));
  }

  /** Ends the session from outside; if it is ending already, its reason stands, but a revocation cuts short what is still delivered. */
  end(reason: CloseReason, text = closeText(reason)): void {
    if (revocations.has(reason)) this.#limitEnd();
    this.#send({ type: "session.ended", reason, text });
  }

  /** Breaks off whatever the session still waits for; its records are written all the same. */
  hurry(): void {
    this.#waits.cancel();
    this.#abandon();
  }

  /** As if the process died: no word to anybody, nothing written. */
  kill(): void {
    this.#isKilled = true;
    this.#actor.stop();
    this.#records.mute();
    this.#abandon();
    this.#release();
  }

  #limitEnd(): void {
    if (this.#actor.getSnapshot().status !== "active") return;
    this.#revokedTimer ??= this.#deps.clock.setTimeout(() => this.#abandon(), revokedLimitMs);
    if (!this.#isFinishing) return;
    this.#relay.cut();
    this.#waits.cancel();
  }

  #createActor(): Actor<typeof sessionMachine> {
    const provided = sessionMachine.provide({
      actions: {
        createOperation: () => {
          this.#created = this.#createOperation();
        },
        sayStep: (_, { step }) => this.#sayStep(step),
        startHandshake: () => this.#relay.start(),
        expireHandshake: () =>
          this.#relay.attempt(() => this.#send({ type: "handshake.expired", ...this.#request.stream.expired() })),
        openStream: () => this.#openStream(),
        reportTunnel: () => void this.#attempt("report", () => this.#operation.end("SUCCESSFUL")),
        // A closing without an end is a hole in the chart; the session must not stay open for it.
        finish: ({ context }) => void this.#finish(context.end ?? endless),
        abandon: () => this.#abandon(),
      },
    });
    const { limits, devices, clock, inspect } = this.#deps;
    const isGatewayOnline = devices.isOnline(this.deviceId);
    return createActor(provided, {
      clock,
      ...(inspect === undefined ? {} : { inspect }),
      input: { limits, isGatewayOnline, hasHandshake: this.#request.stream.hasHandshake },
    });
  }

  #relayOwner(): RelayOwner {
    return {
      deviceSpoke: () => this.#send({ type: "device.spoke" }),
      clientText: (text) => this.#takeClientText(text),
      deviceText: () => this.end("protocol.malformed", "The gateway sent a text frame where only binary ones belong."),
      clientEnded: (end) => this.#send(clientEndEvent(end)),
      deviceEnded: (end) => this.#send(deviceEndEvent(end, () => this.#panelEnded())),
      handshakeDone: () => this.#send({ type: "handshake.done" }),
      handshakeFailed: (failure) => this.#send({ type: "handshake.failed", ...failure }),
      streamEnded: (end) => this.#send({ type: "protocol.ended", ...end }),
      asking: (isAsking) => this.#send({ type: isAsking ? "person.asked" : "person.answered" }),
      say: (message) => {
        if (this.#request.hasChannel) this.#client.sendText(writeSessionMessage(message));
      },
      hasChannel: this.#request.hasChannel,
      broken: (error) => {
        this.#records.broken(error);
        this.end("internal.error");
      },
    };
  }

  /** Nobody decides any more how the session goes on, so it ends, as its own end says it. */
  #machineBroke(error: unknown): void {
    if (this.#isKilled) return;
    this.#records.broken(error);
    this.#relay.cut();
    this.#brokenTimer = this.#deps.clock.setTimeout(() => {
      this.hurry();
      this.#release();
    }, brokenLimitMs);
    // Without it the end is under way already.
    if (!this.#isFinishing) void this.#finish(endless);
  }

  #send(event: SessionEvent): void {
    if (this.#actor.getSnapshot().status === "active") this.#actor.send(event);
  }

  async #createOperation(): Promise<void> {
    const { endpoint, userName } = this.#request;
    const isCreated = await this.#attempt("operation", async () => {
      const operationId = await this.#operation.create(endpoint, userName, this.#connectionKey ?? "");
      await this.#records.requested(operationId);
      this.#send({ type: "operation.created" });
      await this.#operation.tellPresent();
    });
    if (isCreated) return;
    const text = "The operation for the gateway could not be created; the cloud's log has more.";
    this.#send({ type: "operation.refused", reason: "internal.error", text });
  }

  #sayStep(step: SessionStep): void {
    if (this.#request.hasChannel) this.#client.sendText(writeSessionMessage({ type: "step", step }));
  }

  #openStream(): void {
    this.#isStreamOpen = true;
    this.#relay.start();
    this.#watchIdle();
    void this.#records.opened();
  }

  #watchIdle(): void {
    const { clock, limits } = this.#deps;
    const idleMs = clock.monotonicMs() - this.#relay.activeAtMs;
    if (idleMs >= limits.idleMs) this.end("session.idle");
    else this.#idleTimer = clock.setTimeout(() => this.#watchIdle(), limits.idleMs - idleMs);
  }

  /** What an orderly end of the panel means depends on its protocol as long as that is not open. */
  #panelEnded() {
    return this.#relay.isFlowing ? this.#request.stream.panelEnded() : undefined;
  }

  #takeClientText(text: string): void {
    if (!this.#request.hasChannel) {
      this.end("protocol.malformed", "The client sent a text frame where only binary ones belong.");
      return;
    }
    try {
      // Protocols that have no use for a message leave it alone.
      this.#relay.fromChannel(parseClientMessage(text));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.end("protocol.malformed", "The client sent a text frame that is no message of the session channel.");
    }
  }

  /** Delivers what is under way, writes the records, then closes both websockets with the word. Never rejects. */
  async #finish(end: SessionEnd): Promise<void> {
    this.#isFinishing = true;
    const limitMs = end.reason === "cloud.stopping" ? shortLimitMs : this.#deps.limits.drainMs;
    this.#connectionKey = undefined;
    this.#deps.clock.clearTimeout(this.#idleTimer);
    this.#closeStream();
    await this.#attempt("delivery", () => this.#deliver(end, limitMs));
    await this.#created;
    if (this.#isKilled) return;
    await this.#attempt("operation", () => this.#endOperation(end));
    await this.#records.closed(end, {
      bytesUp: this.#relay.bytesUp,
      bytesDown: this.#relay.bytesDown,
      durationMs: Math.round(this.#deps.clock.monotonicMs() - this.#requestedAtMs),
    });
    if (this.#isKilled) return;
    await this.#attempt("closing", () => this.#closeLegs(end, limitMs));
    if (this.#actor.getSnapshot().status === "error") this.#release();
    else this.#send({ type: "session.finished" });
  }

  #closeStream(): void {
    try {
      this.#request.stream.close?.();
    } catch (error) {
      this.#records.broken(error);
    }
  }

  async #deliver(end: SessionEnd, limitMs: number): Promise<void> {
    if (end.by === "client") {
      await this.#drain(this.#device, limitMs);
    } else if (end.by === "device" && this.#isStreamOpen) {
      await this.#drain(this.#client, limitMs);
    } else if (this.#request.hasChannel || end.reason === "cloud.stopping") {
      this.#relay.cut();
    } else {
      // Our own clients hear it in a text frame; a foreign one hears it best in its own protocol.
      const tellMs = revocations.has(end.reason) ? revokedTellMs : shortLimitMs;
      await this.#waits.atMost(tellMs, this.#relay.fail(end.text));
    }
  }

  /** Waits until a leg has taken all that waits for it; gives up when it takes nothing for `limitMs`. */
  async #drain(leg: Leg | undefined, limitMs: number): Promise<void> {
    const { clock, limits } = this.#deps;
    const untilMs = clock.monotonicMs() + limits.drainTotalMs;
    let beforeBytes = Number.POSITIVE_INFINITY;
    while (leg !== undefined && leg.waitingBytes > 0 && leg.waitingBytes < beforeBytes) {
      beforeBytes = leg.waitingBytes;
      await this.#waits.atMost(Math.min(limitMs, untilMs - clock.monotonicMs()), leg.emptied());
      if (clock.monotonicMs() >= untilMs) return;
    }
  }

  async #endOperation(end: SessionEnd): Promise<void> {
    // What the panel said came through the tunnel, so it stood, whatever happened later.
    if (this.#relay.hasDeviceSpoken) await this.#operation.end("SUCCESSFUL");
    else await this.#operation.end("FAILED", `${end.reason}: ${end.text}`);
  }

  async #closeLegs(end: SessionEnd, limitMs: number): Promise<void> {
    const device = this.#device;
    if (this.#request.hasChannel) {
      this.#client.sendText(writeSessionMessage({ type: "closed", reason: end.reason, text: end.text }));
    }
    this.#client.close(end.reason, limitMs);
    // The panel ended its stream, not its reading: what the client sends until it answers still goes there.
    const mayTakeMore = end.reason === "panel.closed" && device?.isWritable === true;
    if (mayTakeMore) await this.#waits.atMost(limitMs, this.#client.over);
    this.#relay.cut();
    device?.close(end.reason, limitMs);
    await Promise.all([this.#client.closed, device?.closed]);
  }

  /** Whether it went well; a failure is logged. */
  async #attempt(what: string, run: () => Promise<void>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      this.#records.failed(what, describeBug(error).why);
      return false;
    }
  }

  #abandon(): void {
    this.#client.terminate();
    this.#device?.terminate();
  }

  #release(): void {
    this.#closeStream();
    this.#connectionKey = undefined;
    this.#deps.clock.clearTimeout(this.#brokenTimer);
    this.#deps.clock.clearTimeout(this.#revokedTimer);
    this.#deps.clock.clearTimeout(this.#idleTimer);
    this.#waits.cancel();
    this.#operation.release();
    this.#unwatchConnection?.();
    this.#finished.resolve();
  }
}

const endless: SessionEnd = { reason: "internal.error", text: closeText("internal.error"), by: "cloud" };
