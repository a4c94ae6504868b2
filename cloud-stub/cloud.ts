// The cloud stand-in, given its world: it is handed streams and never opens a port itself (main.ts does).
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock, Random } from "#hardware/ports.ts";
import { writeFailureReason } from "#protocol/close-reason.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import { type App, serveUpgrades, startApp } from "./api/app.ts";
import { registerRoutes } from "./api/routes.ts";
import { Broker } from "./broker/broker.ts";
import { DeviceRemoval } from "./devices/device-removal.ts";
import { adminUserName, ensureFirstAccounts, type FirstPasswords } from "./first-accounts.ts";
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
  /** Host names and IP literals that Host and Origin may bear, with any port. */
  readonly allowedHosts: readonly string[];
  readonly ports: { readonly https: number; readonly mqtts: number; readonly http?: number };
  /** Folder of the built console. */
  readonly consoleDir?: string;
  readonly limits?: Partial<SessionLimits>;
}

export interface Cloud {
  /** Serves MQTT on a stream (TLS, if any, is under it). */
  handleMqtt(stream: Duplex, peer: Peer): void;
  /** Serves REST, console and websockets on a stream. */
  handleHttp(stream: Duplex, peer: Peer): void;
  /** Passwords that were made up for new accounts. */
  readonly created: FirstPasswords;
  status(): { readonly mqttClients: number; readonly sessions: number; readonly webSockets: number };
  /** Sessions end with `cloud.stopping`, then everything closes; within 5 s. */
  stop(): Promise<void>;
  /** As a kill -9: sockets destroyed, store closed, no words. */
  kill(): void;
}

export const defaultTenantId = "t1000";

/** HTTP connections that may be open, upgraded ones included. */
export const httpConnectionsMax = 2_000;

/** How long a new HTTP connection may take for the headers of its first request, in ms: Node's own limit needs a listening server. */
const firstRequestMs = 30_000;

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
    const created = await ensureFirstAccounts(services.accounts, services.tenantId, options.accounts);
    await ensureDefaultGroups(services, adminUserName);
    await failLeftoverOperations(services);
    const broker = await Broker.start(services);
    const remoteAccess: RemoteAccess = new RemoteAccess({
      ...services,
      limits: options.limits,
      panelTls: openPanelTls,
      isSubscribed: () => services.subscriptions.has(remoteAccessApplication),
      onSession: () => connectRights.sessionBegan(),
    });
    const connectRights = new ConnectRights({ ...services, remoteAccess });
    await remoteAccess.start();
    const peers = new Map<Duplex, Peer>();
    const app = await startHttp(services, { broker, remoteAccess, peers, consoleDir: options.consoleDir });
    const requestDeadlines = new WeakMap<Duplex, () => void>();
    for (const event of ["request", "upgrade"]) {
      app.server.prependListener(event, (request: IncomingMessage) => requestDeadlines.get(request.socket)?.());
    }
    const { clock } = options;
    return new RunningCloud({
      clock,
      store,
      broker,
      remoteAccess,
      app,
      peers,
      requestDeadlines,
      created,
      log,
      connectRights,
    });
  } catch (error) {
    store.close();
    throw error;
  }
}

class RunningCloud implements Cloud {
  readonly created: FirstPasswords;
  readonly #parts: Parts;
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
    const { peers, log, app, clock, requestDeadlines } = this.#parts;
    if (this.#stopped !== undefined || peers.size >= httpConnectionsMax) {
      if (this.#stopped === undefined) log.warn("http.refused", { status: 0, why: "too-many-connections" });
      destroyQuietly(stream);
      return;
    }
    peers.set(stream, peer);
    const deadline = clock.setTimeout(() => destroyQuietly(stream), firstRequestMs);
    requestDeadlines.set(stream, () => clock.clearTimeout(deadline));
    stream.once("close", () => {
      peers.delete(stream);
      clock.clearTimeout(deadline);
    });
    app.server.emit("connection", stream);
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

  async #stop(): Promise<void> {
    const { remoteAccess, broker, app, peers, store, log, connectRights } = this.#parts;
    log.info("cloud.stopping");
    connectRights.stop();
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
    const { remoteAccess, broker, peers, store, log, connectRights } = this.#parts;
    this.#stopped ??= Promise.resolve();
    log.mute();
    connectRights.stop();
    remoteAccess.kill();
    broker.kill();
    for (const stream of [...peers.keys()]) destroyQuietly(stream);
    store.close();
  }
}

interface Parts {
  readonly clock: Clock;
  /** Takes the deadline of a connection's first request away. */
  readonly requestDeadlines: WeakMap<Duplex, () => void>;
  readonly store: Store;
  readonly broker: Broker;
  readonly remoteAccess: RemoteAccess;
  readonly connectRights: ConnectRights;
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
    readonly consoleDir: string | undefined;
  },
): Promise<App> {
  const { broker, remoteAccess, peers } = parts;
  const peerOf = (stream: Duplex): Peer =>
    peers.get(stream) ?? { address: "unknown", port: 0, localPort: 0, isEncrypted: false };
  const removal = new DeviceRemoval({ ...services, disconnect: (externalId) => broker.disconnect(externalId) });
  const app = await startApp({ ...services, consoleDir: parts.consoleDir, peerOf }, (routes) =>
    registerRoutes(routes, { ...services, removal, remoteAccess }),
  );
  serveUpgrades(app.server satisfies Server, { ...services, peerOf }, (request, socket, head, peer) =>
    remoteAccess.handleUpgrade(request, socket, head, peer),
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
