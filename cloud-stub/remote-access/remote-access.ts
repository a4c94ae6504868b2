// Remote access as a whole: judges each websocket upgrade, pairs clients with their gateways, and knows the live sessions.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type Server, WebSocketServer } from "ws";
import type { InspectionEvent } from "xstate";
import type { Clock, Random } from "#hardware/ports.ts";
import { type CloseReason, closeCode } from "#protocol/close-reason.ts";
import { binarySubprotocol, redactPath, sessionSubprotocol } from "#protocol/remote-access.ts";
import type { HostPolicy } from "../api/host-policy.ts";
import type { Audit } from "../audit/audit.ts";
import { describeBug } from "../bug.ts";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import type { Operations } from "../devices/operations.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Store } from "../store/store.ts";
import type { Authentication } from "../users/authentication.ts";
import type { Principal } from "../users/principal.ts";
import { admitClient, admitDevice } from "./admission.ts";
import { isConnectionKey } from "./connection-key.ts";
import { type Endpoint, Endpoints, endpointAnswer } from "./endpoints.ts";
import { type Refusal, refuseUpgrade } from "./http-refusal.ts";
import { messageBytesMax, textBytesMax } from "./leg.ts";
import { defaultSessionLimits, type SessionLimits } from "./limits.ts";
import { PatientWebSocket } from "./patient-websocket.ts";
import { createStream } from "./protocols/create-stream.ts";
import type { PanelKey } from "./protocols/panel-key.ts";
import type { PanelTlsOpener } from "./protocols/panel-tls-port.ts";
import type { ProtocolStream } from "./protocols/protocol-stream.ts";
import { Session, type SessionDependencies, type SessionRequest, type SessionSummary } from "./session.ts";
import { closeLeftoverSessions } from "./session-records.ts";
import { SplitSocket } from "./split-socket.ts";
import { type TenantOptionReader, tenantLimits } from "./tenant-limits.ts";
import { readUpgradePath } from "./upgrade-path.ts";
import type { Vault } from "./vault.ts";

export interface RemoteAccessDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly tenantId: string;
  readonly store: Store;
  readonly vault: Vault;
  readonly operations: Operations;
  readonly devices: DeviceRegistry;
  readonly audit: Audit;
  readonly authentication: Authentication;
  readonly hosts: HostPolicy;
  readonly log: CloudLog;
  readonly limits?: Partial<SessionLimits> | undefined;
  /** Told of everything that the sessions' machines do. */
  readonly inspect?: ((event: InspectionEvent) => void) | undefined;
  /** The tenant's settings; without them the defaults hold. */
  readonly options?: TenantOptionReader | undefined;
  /** TLS towards panels; without it panels that want TLS are refused. */
  readonly panelTls?: PanelTlsOpener | undefined;
  /** Whether the tenant has remote access at all; without it, it has. */
  readonly isSubscribed?: (() => Promise<boolean>) | undefined;
  /** Called when a session has begun. */
  readonly onSession?: (() => void) | undefined;
}

/** Which live sessions are meant; a session must fit all that is given. */
export interface SessionFilter {
  readonly deviceId?: string;
  readonly endpointId?: string;
  readonly userName?: string;
  /** The token by which its client is logged in. */
  readonly loginId?: string;
}

/** Upgrades that may be under judgement at the same time. */
const upgradesMax = 200;

/** How often an upgrade is judged anew because something ended sessions meanwhile. */
const judgementsMax = 5;

/** How long sessions may take to end in order when the cloud stops, in ms. */
const stopLimitMs = 4_000;

const unknownKey: Refusal = {
  status: 404,
  error: "remoteaccess/Not Found",
  message: "The connection key is unknown, used or expired.",
};

const unsettled: Refusal = {
  status: 503,
  error: "general/unavailable",
  message: "What the connection depends on is being changed; try again.",
};

const stopping: Refusal = { status: 503, error: "general/unavailable", message: "The cloud is shutting down." };

export class RemoteAccess {
  readonly endpoints: Endpoints;
  readonly #deps: RemoteAccessDependencies;
  readonly #sessionDeps: SessionDependencies;
  readonly #sessions = new Set<Session>();
  /** Sockets whose upgrade is being judged. */
  readonly #judged = new Set<Duplex>();
  /** Counts what may have ended sessions: a judgement made before such an end must not open one after it. */
  #endings = 0;
  readonly #clientServer: Server<typeof PatientWebSocket>;
  readonly #deviceServer: Server<typeof PatientWebSocket>;
  readonly #unwatchRemoved: () => void;
  #state: "running" | "stopping" | "killed" = "running";

  constructor(deps: RemoteAccessDependencies) {
    this.#deps = deps;
    this.endpoints = new Endpoints(deps);
    this.#sessionDeps = { ...deps, limits: { ...defaultSessionLimits, ...deps.limits } };
    const isOffered = (wanted: readonly string[]) => (offered: Set<string>) =>
      wanted.find((subprotocol) => offered.has(subprotocol)) ?? false;
    this.#clientServer = createServer(isOffered([sessionSubprotocol, binarySubprotocol]), false);
    // Text frames are refused here whatever they hold.
    this.#deviceServer = createServer(isOffered([binarySubprotocol]), true);
    this.#unwatchRemoved = deps.devices.watchRemoved((deviceId) => this.endSessions({ deviceId }, "device.removed"));
  }

  /** To be called once before anything else: closes the records of sessions that a crash left open. */
  async start(): Promise<void> {
    await closeLeftoverSessions(this.#deps);
  }

  /** Takes a websocket upgrade; false if its path is not for remote access, and then nothing was done. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, peer: Peer): boolean {
    const path = readUpgradePath(request.url ?? "");
    if (path === undefined) return false;
    // Until ws takes over nobody else listens, and an unheard error would end the process.
    socket.on("error", ignoreError);
    socket.once("close", () => this.#judged.delete(socket));
    if (this.#state !== "running") {
      this.#refuse(request, socket, stopping);
    } else if (this.#judged.size >= upgradesMax) {
      const message = "Too many connections are being opened; try again.";
      this.#refuse(request, socket, { status: 503, error: "general/unavailable", message });
    } else {
      this.#judged.add(socket);
      const upgrade = { request, socket, head, peer };
      const judged = path.kind === "client" ? this.#judgeClient(upgrade, path) : this.#judgeDevice(upgrade, path);
      void judged.catch((error: unknown) => this.#failed(request, socket, error));
    }
    return true;
  }

  /** Live sessions, from the accepted request until nothing of them is left. */
  sessions(): number {
    return this.#sessions.size;
  }

  /** Websockets of live sessions, both kinds. */
  webSockets(): number {
    return [...this.#sessions].reduce((count, session) => count + session.webSockets, 0);
  }

  /** Bytes in the queues of each live session. */
  heldBytes(): readonly number[] {
    return [...this.#sessions].map((session) => session.heldBytes);
  }

  /** The live sessions as an administrator sees them, the oldest first. */
  list(): readonly SessionSummary[] {
    return [...this.#sessions].map((session) => session.summary);
  }

  /** Ends one session for an administrator; false if there is none with that id. */
  endSession(sessionId: string, reason: CloseReason): boolean {
    const session = [...this.#sessions].find(({ id }) => id === sessionId);
    session?.end(reason);
    return session !== undefined;
  }

  /** The users of live sessions, each once. */
  userNames(): readonly string[] {
    return [...new Set([...this.#sessions].map((session) => session.userName))];
  }

  /** The tokens by which clients of live sessions are logged in, each once. */
  loginIds(): readonly string[] {
    return [...new Set([...this.#sessions].flatMap(({ loginId }) => loginId ?? []))];
  }

  /** What upgrades depend on may have changed: those that are being judged are judged again. */
  judgeAnew(): void {
    this.#endings += 1;
  }

  /** Ends the live sessions that fit, at once. How many. */
  endSessions(filter: SessionFilter, reason: CloseReason, text?: string): number {
    const { deviceId, endpointId, userName, loginId } = filter;
    this.#endings += 1;
    const ending = [...this.#sessions].filter(
      (session) =>
        (deviceId === undefined || session.deviceId === deviceId) &&
        (endpointId === undefined || session.endpoint.id === endpointId) &&
        (userName === undefined || session.userName === userName) &&
        (loginId === undefined || session.loginId === loginId),
    );
    for (const session of ending) session.end(reason, text);
    return ending.length;
  }

  /** The `c8y_RemoteAccessList` fragment of a device, without secrets. */
  async endpointsFragment(deviceId: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.endpoints.list(deviceId)).map(endpointAnswer);
  }

  /** Ends every session with `cloud.stopping` and takes no more; settles when nothing is left, within 5 s. */
  async stop(): Promise<void> {
    if (this.#state === "killed") return;
    this.#state = "stopping";
    this.#unwatchRemoved();
    const { clock } = this.#deps;
    this.endSessions({}, "cloud.stopping");
    // Sessions that were ending already have longer limits of their own.
    const timer = clock.setTimeout(() => {
      for (const session of this.#sessions) session.hurry();
    }, stopLimitMs);
    await Promise.all([...this.#sessions].map((session) => session.finished));
    clock.clearTimeout(timer);
    for (const socket of this.#judged) socket.destroy();
  }

  /** As if the process died: sockets destroyed, nothing said, nothing written. */
  kill(): void {
    this.#state = "killed";
    this.#unwatchRemoved();
    for (const session of [...this.#sessions]) session.kill();
    this.#sessions.clear();
    for (const socket of this.#judged) socket.destroy();
  }

  /** Between reading an endpoint and opening it, it may be removed or changed: then all of it is judged again. */
  async #judgeClient(
    upgrade: Upgrade,
    path: { readonly deviceId: string; readonly endpointId: string },
  ): Promise<void> {
    const { request, socket } = upgrade;
    for (let round = 0; round < judgementsMax; round++) {
      const endings = this.#endings;
      const judgement = await admitClient({ ...this.#deps, endpoints: this.endpoints }, upgrade, path);
      if (!judgement.ok) {
        this.#refuse(request, socket, judgement.refusal);
        return;
      }
      const stream = await this.#streamFor(judgement.endpoint, judgement.principal.userName);
      const limits = await tenantLimits(this.#sessionDeps.limits, this.#deps.options);
      // From here on nothing is awaited any more: what was judged holds until the session is in the list of live ones.
      if (endings === this.#endings || this.#state !== "running") {
        this.#openClient(upgrade, { ...judgement, stream, limits });
        return;
      }
    }
    this.#refuse(request, socket, unsettled);
  }

  #openClient(upgrade: Upgrade, admitted: Admitted): void {
    const { request, socket, head, peer } = upgrade;
    const { endpoint, principal, loginId, stream, limits } = admitted;
    const refusal = this.#state === "running" ? this.#whyFull(endpoint.deviceId, limits) : stopping;
    if (refusal !== undefined) {
      this.#refuse(request, socket, refusal);
      return;
    }
    // Gone in the meantime: nobody is left to make an operation for.
    if (socket.destroyed) return;
    const splitSocket = new SplitSocket(socket, head, messageBytesMax);
    this.#clientServer.handleUpgrade(request, splitSocket, noBytes, (websocket) => {
      this.#judged.delete(socket);
      this.#begin(limits, {
        endpoint,
        stream,
        websocket,
        socket: splitSocket,
        userName: principal.userName,
        loginId,
        clientAddress: peer.address,
        hasChannel: websocket.protocol === sessionSubprotocol,
      });
    });
  }

  #begin(limits: SessionLimits, request: SessionRequest): void {
    let session: Session | undefined;
    try {
      session = new Session({ ...this.#sessionDeps, limits }, request);
      const begun = session;
      this.#sessions.add(begun);
      this.#deps.onSession?.();
      void begun.finished.then(() => this.#sessions.delete(begun));
      begun.start();
    } catch (error) {
      // The upgrade has been answered: what is left to say is a close frame.
      this.#deps.log.error("session.failed", {
        endpoint: request.endpoint.id,
        what: "exception",
        ...describeBug(error),
      });
      request.websocket.on("error", ignoreError);
      request.websocket.sayClose(closeCode("internal.error"), "internal.error");
      session?.kill();
    }
  }

  async #judgeDevice(upgrade: Upgrade, path: { readonly connectionKey: string }): Promise<void> {
    const { request, socket, head } = upgrade;
    const judgement = await admitDevice({ ...this.#deps, endpoints: this.endpoints }, upgrade);
    if (!judgement.ok) {
      this.#refuse(request, socket, judgement.refusal);
      return;
    }
    const session = this.#waitingSession(judgement.deviceId, path.connectionKey);
    if (session === undefined) {
      this.#refuse(request, socket, unknownKey);
      return;
    }
    if (socket.destroyed) return;
    // The key is used up in the callback, so a request that is no websocket request costs nothing.
    const splitSocket = new SplitSocket(socket, head, messageBytesMax);
    this.#deviceServer.handleUpgrade(request, splitSocket, noBytes, (websocket) => {
      this.#judged.delete(socket);
      session.acceptDevice(websocket, splitSocket);
    });
  }

  /** Looks at every session of the device, so that its duration says nothing about a key. */
  #waitingSession(deviceId: string, connectionKey: string): Session | undefined {
    if (!isConnectionKey(connectionKey)) return undefined;
    const own = [...this.#sessions].filter((session) => session.deviceId === deviceId);
    return own.filter((session) => session.isWaitingFor(connectionKey))[0];
  }

  async #streamFor(endpoint: Endpoint, userName: string): Promise<ProtocolStream> {
    return createStream(endpoint, {
      clock: this.#deps.clock,
      endpoints: this.endpoints,
      options: this.#deps.options,
      panelTls: this.#deps.panelTls,
      limits: this.#sessionDeps.limits,
      hostKeyLearnt: (key, outcome) => void this.#hostKeyLearnt({ endpoint, userName, key, outcome }),
    });
  }

  /** Never rejects: the session goes on without, and asks again next time. */
  async #hostKeyLearnt(learnt: {
    readonly endpoint: Endpoint;
    readonly userName: string;
    readonly key: PanelKey;
    readonly outcome: Promise<boolean>;
  }): Promise<void> {
    const { audit, log } = this.#deps;
    const { endpoint, userName, key, outcome } = learnt;
    const { fingerprint } = key;
    const { id, deviceId, name } = endpoint;
    try {
      if (!(await outcome) || this.#state === "killed") return;
      this.#tellKey(endpoint, key);
      await audit.record({
        type: "Inventory",
        activity: "Remote access host key stored",
        text: `The host key ${fingerprint} of remote access endpoint '${name}' was stored on first use.`,
        deviceId,
        userName,
        fields: { postern_Endpoint: { endpoint: id, name, fingerprint } },
      });
    } catch (error) {
      if (this.#state !== "killed")
        log.error("hostkey.failed", { device: deviceId, endpoint: id, why: errorText(error) });
    }
  }

  /** Sessions that began before the key was known must not go on with another one, nor may one that is being judged. */
  #tellKey(endpoint: Endpoint, key: PanelKey): void {
    this.judgeAnew();
    for (const session of this.#sessions) {
      if (session.deviceId === endpoint.deviceId && session.endpoint.id === endpoint.id) session.keyLearnt(key);
    }
  }

  #whyFull(deviceId: string, { sessionsMax, sessionsPerDeviceMax }: SessionLimits): Refusal | undefined {
    const ofDevice = [...this.#sessions].filter((session) => session.deviceId === deviceId).length;
    const error = "remoteaccess/tooManySessions";
    if (ofDevice >= sessionsPerDeviceMax) {
      return { status: 429, error, message: `The device has ${ofDevice} sessions already; it may have no more.` };
    }
    if (this.#sessions.size >= sessionsMax) {
      return {
        status: 429,
        error,
        message: `The cloud has ${this.#sessions.size} sessions already; it may have no more.`,
      };
    }
    return undefined;
  }

  #refuse(request: IncomingMessage, socket: Duplex, refusal: Refusal): void {
    // It may linger until its peer closes, and must not take the place of another one meanwhile.
    this.#judged.delete(socket);
    if (this.#state === "killed") return;
    const { status, error } = refusal;
    this.#deps.log.warn("http.refused", { status, error, path: loggedPath(request) });
    refuseUpgrade(socket, refusal, this.#deps.clock);
  }

  #failed(request: IncomingMessage, socket: Duplex, error: unknown): void {
    this.#judged.delete(socket);
    if (this.#state === "killed") return;
    this.#deps.log.error("http.failed", { path: loggedPath(request), ...describeBug(error) });
    const message = "Something went wrong inside Postern; its log has more.";
    refuseUpgrade(socket, { status: 500, error: "general/internalError", message }, this.#deps.clock);
  }
}

const noBytes = Buffer.alloc(0);

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly peer: Peer;
}

interface Admitted {
  readonly endpoint: Endpoint;
  readonly principal: Principal;
  readonly loginId: string | undefined;
  readonly stream: ProtocolStream;
  readonly limits: SessionLimits;
}

/** Without secrets, and no longer than what a log line should hold. */
function loggedPath(request: IncomingMessage): string {
  return redactPath(request.url ?? "").slice(0, 300);
}

function createServer(
  handleProtocols: (offered: Set<string>) => string | false,
  skipUTF8Validation: boolean,
): Server<typeof PatientWebSocket> {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Latency and memory matter more than bandwidth here.
    perMessageDeflate: false,
    // Binary messages come in pieces by then (split-socket.ts), or are longer than any that is taken.
    maxPayload: textBytesMax,
    WebSocket: PatientWebSocket,
    handleProtocols,
    skipUTF8Validation,
  });
}

function ignoreError(): void {
  // A `close` follows each error of a stream, and that is what counts.
}
