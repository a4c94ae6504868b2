// The cloud stand-in, given its world: it is handed streams and never opens a port itself (main.ts does).
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { InspectionEvent } from "xstate";
import type { Clock, Random } from "#hardware/ports.ts";
import { writeFailureReason } from "#protocol/close-reason.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import { type App, plainAnswer, serveUpgrades, startApp } from "./api/app.ts";
import { type LateRequest, RequestDeadline } from "./api/request-deadline.ts";
import { registerRoutes } from "./api/routes.ts";
import { type Arrival, ArrivalCount } from "./arrival-count.ts";
import { Broker } from "./broker/broker.ts";
import { MqttWebSockets } from "./broker/mqtt-websocket.ts";
import type { TrustedCertificates } from "./certificates/trusted-certificates.ts";
import { DeviceRemoval } from "./devices/device-removal.ts";
import { OperationDeadlines } from "./devices/operation-deadlines.ts";
import { adminUserName, ensureFirstAccounts, type FirstPasswords, type NewAccount } from "./first-accounts.ts";
import { type CloudLog, errorText, mutableLog } from "./log.ts";
import { checkMasterKey } from "./master-key.ts";
import { openPanelTls } from "./panel-tls/panel-tls.ts";
import type { Peer } from "./peer.ts";
import type { SessionLimits } from "./remote-access/limits.ts";
import { RemoteAccess } from "./remote-access/remote-access.ts";
import { createVault } from "./remote-access/vault.ts";
import { createServices, type Services } from "./services.ts";
import { openStore, type Store } from "./store/store.ts";
import { remoteAccessApplication } from "./tenant/subscriptions.ts";
import { ConnectRights } from "./users/connect-rights.ts";
import { ensureDefaultGroups } from "./users/default-groups.ts";
import type { PasswordHasher } from "./users/password-hasher.ts";

export type { Peer } from "./peer.ts";

export interface CloudOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Path of the SQLite file, or `:memory:`. */
  readonly databaseFile: string;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
  readonly passwordHasher: PasswordHasher;
  readonly log: CloudLog;
  readonly tenantId?: string;
  /** Used when the account does not exist yet; what is left out is made up and given back in `created`. */
  readonly accounts: FirstPasswords;
  /** Told of new accounts before they are made: afterwards a made-up password is nowhere but in `created`. */
  readonly keepNewAccounts?: (accounts: readonly NewAccount[]) => void;
  /** Host names and IP literals that Host and Origin may bear, with any port. */
  readonly allowedHosts: readonly string[];
  readonly ports: { readonly https: number; readonly mqtts: number; readonly http?: number };
  /** Folder of the built console. */
  readonly consoleDir?: string;
  readonly limits?: Partial<SessionLimits>;
  /** Told of everything that the sessions' machines do; for a record of a run. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface Cloud {
  /** Serves MQTT on a stream (TLS, if any, is under it). */
  handleMqtt(stream: Duplex, peer: Peer): void;
  /** Serves REST, console and websockets on a stream. */
  handleHttp(stream: Duplex, peer: Peer): void;
  /** Tells the authorities (PEM) whose devices may show a certificate: soon, and after each change. */
  watchDeviceAuthorities(listener: (authorities: readonly string[]) => void): void;
  /** Passwords that were made up for new accounts. */
  readonly created: FirstPasswords;
  status(): { readonly mqttClients: number; readonly sessions: number; readonly webSockets: number };
  /** Sessions end with `cloud.stopping`, then everything closes; within 5 s. */
  stop(): Promise<void>;
  /** As `stop`, but sessions end with `internal.error`: something broke, and nobody knows how much. */
  stopBroken(): Promise<void>;
  /** As a kill -9: sockets destroyed, store closed, no words. */
  kill(): void;
}

export const defaultTenantId = "t1000";

/** HTTP connections that may be open, upgraded ones included. */
export const httpConnectionsMax = 2_000;

/** Of those, how many may be without a login, altogether and from one address. */
export const httpWithoutLogin = { max: 1_000, perAddressMax: 256 };

/** How long an answer to a request that came too slowly may take to be read, in ms. */
const refusedLingerMs = 2_000;

/** Starts a cloud. Throws CloudError or StoreError if it cannot. */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  const store = openStore(options.databaseFile);
  try {
    const vault = createVault(options.masterKey, options.random);
    await checkMasterKey(store, vault, options.databaseFile);
    const log = mutableLog(options.log);
    const services = await createServices({
      clock: options.clock,
      random: options.random,
      tenantId: options.tenantId ?? defaultTenantId,
      store,
      vault,
      hasher: options.passwordHasher,
      log,
      allowedHosts: options.allowedHosts,
    });
    const created = await ensureFirstAccounts(
      services.accounts,
      services.tenantId,
      options.accounts,
      options.keepNewAccounts,
    );
    await ensureDefaultGroups(services, adminUserName);
    await failLeftoverOperations(services);
    const broker = await Broker.start({
      ...services,
      expelled: (deviceId) => {
        const text = "The gateway's certificate is not trusted any more.";
        remoteAccess.endSessions({ deviceId }, "permission.revoked", text);
      },
    });
    const remoteAccess: RemoteAccess = new RemoteAccess({
      ...services,
      limits: options.limits,
      inspect: options.inspect,
      panelTls: openPanelTls,
      isSubscribed: () => services.subscriptions.has(remoteAccessApplication),
      onSession: () => connectRights.sessionBegan(),
    });
    const connectRights = new ConnectRights({ ...services, remoteAccess });
    await remoteAccess.start();
    const peers = new Map<Duplex, Peer>();
    const arrivals = new WeakMap<Peer, Arrival>();
    const app = await startHttp(services, {
      broker,
      remoteAccess,
      peers,
      arrivals,
      consoleDir: options.consoleDir,
      httpsPort: options.ports.https,
    });
    const deadlines = new WeakMap<Duplex, RequestDeadline>();
    app.server.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
      // Node would take the time from its own clock, whatever the cloud's says.
      response.sendDate = false;
      response.setHeader("Date", new Date(options.clock.nowMs()).toUTCString());
      deadlines.get(request.socket)?.began(request, response);
    });
    app.server.prependListener("upgrade", (request: IncomingMessage) => deadlines.get(request.socket)?.end());
    services.authentication.watchLogins((peer) => arrivals.get(peer)?.leave());
    const { clock } = options;
    const operationDeadlines = new OperationDeadlines(services);
    await operationDeadlines.start();
    return new RunningCloud({
      clock,
      store,
      broker,
      trustedCertificates: services.trustedCertificates,
      remoteAccess,
      app,
      peers,
      deadlines,
      arrivals,
      created,
      log,
      connectRights,
      operationDeadlines,
    });
  } catch (error) {
    store.close();
    throw error;
  }
}

class RunningCloud implements Cloud {
  readonly created: FirstPasswords;
  readonly #parts: Parts;
  readonly #withoutLogin = new ArrivalCount(httpWithoutLogin);
  #stopped: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.created = parts.created;
  }

  handleMqtt(stream: Duplex, peer: Peer): void {
    if (this.#stopped === undefined) this.#parts.broker.handle(stream, peer);
    else destroyQuietly(stream);
  }

  handleHttp(stream: Duplex, peer: Peer): void {
    const { peers, log, app, clock, deadlines, arrivals } = this.#parts;
    if (this.#stopped !== undefined || peers.size >= httpConnectionsMax) {
      if (this.#stopped === undefined) log.warn("http.refused", { status: 0, why: "too-many-connections" });
      destroyQuietly(stream);
      return;
    }
    const { address } = peer;
    const arrival = this.#withoutLogin.enter(address);
    if ("why" in arrival) {
      if (arrival.isFirst) log.warn("http.refused", { status: 0, why: arrival.why, address });
      destroyQuietly(stream);
      return;
    }
    // Its own, because by it the connection is known.
    const own = { ...peer };
    peers.set(stream, own);
    arrivals.set(own, arrival);
    const deadline = new RequestDeadline(clock, (what) => this.#tooSlow(stream, address, what));
    deadlines.set(stream, deadline);
    stream.once("close", () => {
      peers.delete(stream);
      arrival.leave();
      deadline.end();
    });
    app.server.emit("connection", stream);
  }

  watchDeviceAuthorities(listener: (authorities: readonly string[]) => void): void {
    const { trustedCertificates, log } = this.#parts;
    const tell = async (): Promise<void> => {
      const standing = (await trustedCertificates.list()).filter(({ isEnabled }) => isEnabled);
      if (this.#stopped === undefined) listener(standing.map(({ certificate }) => certificate.toString()));
    };
    trustedCertificates.watch(tell);
    tell().catch((error: unknown) => log.error("tls.authorities-unknown", { why: errorText(error) }));
  }

  #tooSlow(stream: Duplex, address: string, what: LateRequest): void {
    const { clock, log } = this.#parts;
    if (what !== "body") {
      destroyQuietly(stream);
      return;
    }
    log.warn("http.refused", { status: 408, why: "too-slow", address });
    const timer = clock.setTimeout(() => destroyQuietly(stream), refusedLingerMs);
    stream.once("close", () => clock.clearTimeout(timer));
    const message = "The body of the request did not arrive in time.";
    stream.end(plainAnswer("408 Request Timeout", "general/requestTimeout", message));
  }

  status(): { readonly mqttClients: number; readonly sessions: number; readonly webSockets: number } {
    const { broker, remoteAccess } = this.#parts;
    return {
      mqttClients: broker.clients,
      sessions: remoteAccess.sessions(),
      webSockets: remoteAccess.webSockets(),
    };
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  stopBroken(): Promise<void> {
    if (this.#stopped === undefined) this.#parts.remoteAccess.endSessions({}, "internal.error");
    return this.stop();
  }

  async #stop(): Promise<void> {
    const { remoteAccess, broker, app, peers, store, log, connectRights, operationDeadlines } = this.#parts;
    log.info("cloud.stopping");
    connectRights.stop();
    operationDeadlines.stop();
    for (const stop of [() => remoteAccess.stop(), () => broker.stop(), () => app.close()]) {
      try {
        await stop();
      } catch (error) {
        log.error("cloud.stop-failed", { why: errorText(error) });
      }
    }
    for (const stream of [...peers.keys()]) destroyQuietly(stream);
    log.mute();
    store.close();
  }

  kill(): void {
    const { remoteAccess, broker, peers, store, log, connectRights, operationDeadlines } = this.#parts;
    this.#stopped ??= Promise.resolve();
    log.mute();
    connectRights.stop();
    operationDeadlines.stop();
    remoteAccess.kill();
    broker.kill();
    for (const stream of [...peers.keys()]) destroyQuietly(stream);
    store.close();
  }
}

interface Parts {
  readonly clock: Clock;
  readonly deadlines: WeakMap<Duplex, RequestDeadline>;
  /** The places of those who have not logged in. */
  readonly arrivals: WeakMap<Peer, Arrival>;
  readonly store: Store;
  readonly broker: Broker;
  readonly trustedCertificates: TrustedCertificates;
  readonly remoteAccess: RemoteAccess;
  readonly connectRights: ConnectRights;
  readonly operationDeadlines: OperationDeadlines;
  readonly app: App;
  /** Every HTTP connection that is open. */
  readonly peers: Map<Duplex, Peer>;
  readonly created: FirstPasswords;
  readonly log: ReturnType<typeof mutableLog>;
}

async function startHttp(
  services: Services,
  parts: {
    readonly broker: Broker;
    readonly remoteAccess: RemoteAccess;
    readonly peers: Map<Duplex, Peer>;
    readonly arrivals: WeakMap<Peer, Arrival>;
    readonly consoleDir: string | undefined;
    readonly httpsPort: number;
  },
): Promise<App> {
  const { broker, remoteAccess, peers, httpsPort } = parts;
  const peerOf = (stream: Duplex): Peer =>
    peers.get(stream) ?? { address: "unknown", port: 0, localPort: 0, isEncrypted: false };
  const removal = new DeviceRemoval({ ...services, disconnect: (externalId) => broker.disconnect(externalId) });
  const app = await startApp({ ...services, consoleDir: parts.consoleDir, peerOf }, (routes) =>
    registerRoutes(routes, { ...services, removal, remoteAccess, httpsPort }),
  );
  const mqtt = new MqttWebSockets({
    clock: services.clock,
    serve: (stream, peer) => {
      // From here on the broker counts it among those without a login.
      parts.arrivals.get(peer)?.leave();
      // A certificate that TLS was shown is nobody's login here (protocol.md 1.1).
      broker.handle(stream, { ...peer, clientCertificateChain: undefined });
    },
  });
  serveUpgrades(
    app.server satisfies Server,
    { ...services, peerOf },
    (request, socket, head, peer) =>
      mqtt.handleUpgrade(request, socket, head, peer) || remoteAccess.handleUpgrade(request, socket, head, peer),
  );
  return app;
}

/** Nobody waits any more for a tunnel that an earlier run asked for. */
async function failLeftoverOperations(services: Services): Promise<void> {
  await services.operations.failAll({
    statuses: ["PENDING", "EXECUTING"],
    fragment: remoteAccessFragment,
    failureReason: writeFailureReason("cloud.stopping"),
  });
}

function destroyQuietly(stream: Duplex): void {
  stream.on("error", () => {});
  stream.destroy();
}
