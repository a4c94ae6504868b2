// The cloud's remote access with a real store, between clients and gateways in memory; only the logins are made up.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type ClientOptions, WebSocket } from "ws";
import { createHostPolicy } from "#cloud-stub/api/host-policy.ts";
import { Audit } from "#cloud-stub/audit/audit.ts";
import { DeviceRegistry } from "#cloud-stub/devices/device-registry.ts";
import { type Operation, Operations } from "#cloud-stub/devices/operations.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import { openPanelTls } from "#cloud-stub/panel-tls/panel-tls.ts";
import type { Endpoint } from "#cloud-stub/remote-access/endpoints.ts";
import type { SessionLimits } from "#cloud-stub/remote-access/limits.ts";
import { RemoteAccess } from "#cloud-stub/remote-access/remote-access.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { openStore, type Store } from "#cloud-stub/store/store.ts";
import type { Authentication, AuthenticationOutcome } from "#cloud-stub/users/authentication.ts";
import { createPrincipal } from "#cloud-stub/users/principal.ts";
import type { Random } from "#hardware/ports.ts";
import { clientPath, devicePath } from "#protocol/remote-access.ts";
import { ManualClock, settle, until } from "./manual-clock.ts";
import { makeWire, type Wire } from "./wire.ts";

export const host = "cloud.example:8443";

/** Who may log in, by the value of the Authorization header. */
const logins: Readonly<Record<string, Parameters<typeof createPrincipal>[0]>> = {
  operator: { kind: "user", tenantId: "t1000", userName: "eve", roles: ["ROLE_REMOTE_ACCESS_READ"] },
  admin: {
    kind: "user",
    tenantId: "t1000",
    userName: "admin",
    roles: ["ROLE_REMOTE_ACCESS_ADMIN", "ROLE_DEVICE_CONTROL_ADMIN"],
  },
  "remote-access-admin": { kind: "user", tenantId: "t1000", userName: "ann", roles: ["ROLE_REMOTE_ACCESS_ADMIN"] },
  "device-admin": { kind: "user", tenantId: "t1000", userName: "dan", roles: ["ROLE_DEVICE_CONTROL_ADMIN"] },
  bootstrap: { kind: "bootstrap", tenantId: "management", userName: "devicebootstrap", roles: [] },
};

export class World {
  readonly clock = new ManualClock();
  readonly random = countingRandom();
  readonly logLines: string[] = [];
  /** Of the tenant, by "category/key". */
  readonly tenantOptions = new Map<string, string>();
  readonly store: Store = openStore(":memory:");
  readonly audit: Audit;
  readonly operations: Operations;
  readonly devices: DeviceRegistry;
  readonly authentication: Authentication;
  readonly remoteAccess: RemoteAccess;
  readonly server: Server;
  deviceId = "";
  otherDeviceId = "";
  #disconnectDevice: (() => void) | undefined;

  private constructor(limits: Partial<SessionLimits>) {
    const { clock, random, store } = this;
    const log = createCloudLog(clock, (line) => this.logLines.push(line));
    const vault = createVault(new Uint8Array(32).fill(1), random);
    this.audit = new Audit({ clock, store });
    this.devices = new DeviceRegistry({ clock, store, log });
    this.operations = new Operations({ clock, store, vault, audit: this.audit, log });
    this.authentication = this.#authentication();
    this.remoteAccess = new RemoteAccess({
      clock,
      random,
      tenantId: "t1000",
      store,
      vault,
      operations: this.operations,
      devices: this.devices,
      audit: this.audit,
      authentication: this.authentication,
      hosts: createHostPolicy(["cloud.example"]),
      log,
      limits,
      panelTls: openPanelTls,
      options: { get: async (category, key) => this.tenantOptions.get(`${category}/${key}`) },
    });
    this.server = createServer((_request, response) => response.writeHead(404).end());
    this.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      const peer = { address: "192.0.2.7", port: 1, localPort: 8443, isEncrypted: true };
      if (!this.remoteAccess.handleUpgrade(request, socket, head, peer)) socket.destroy();
    });
  }

  /** With a device "gw-1" that is online and another "gw-2". */
  static async start(limits: Partial<SessionLimits> = {}): Promise<World> {
    const world = new World(limits);
    await world.remoteAccess.start();
    world.deviceId = await world.addDevice("gw-1");
    world.otherDeviceId = await world.addDevice("gw-2");
    world.deviceComesOnline();
    return world;
  }

  async addDevice(externalId: string, fragments: Record<string, unknown> = {}): Promise<string> {
    const device = await this.devices.create({
      externalId,
      name: externalId,
      type: "gateway",
      owner: `device_${externalId}`,
      fragments: { c8y_SupportedOperations: ["c8y_RemoteAccessConnect"], ...fragments },
    });
    if (device === undefined) throw new Error("the device exists already");
    return device.id;
  }

  deviceComesOnline(): void {
    this.#disconnectDevice ??= this.devices.connected(this.deviceId);
  }

  deviceGoesOffline(): void {
    this.#disconnectDevice?.();
    this.#disconnectDevice = undefined;
  }

  async addsEndpoint(fields: Record<string, unknown> = {}): Promise<Endpoint> {
    const outcome = await this.remoteAccess.endpoints.create(this.deviceId, {
      name: "HMI",
      hostname: "192.168.10.11",
      port: 5900,
      protocol: "PASSTHROUGH",
      credentialsType: "NONE",
      ...fields,
    });
    if (outcome.kind !== "saved") throw new Error(JSON.stringify(outcome));
    return outcome.endpoint;
  }

  /** A client's websocket to an endpoint; `binary` unless said otherwise. */
  client(
    endpoint: Pick<Endpoint, "id" | "deviceId">,
    options: { readonly subprotocols?: string[]; readonly login?: string; readonly wire?: Wire } & ClientOptions = {},
  ): Peer {
    const { subprotocols = ["binary"], login = "operator", wire, ...others } = options;
    return this.#open(clientPath(endpoint.deviceId, endpoint.id), subprotocols, login, wire, others);
  }

  /** The gateway's websocket. */
  gateway(
    connectionKey: string,
    options: { readonly subprotocols?: string[]; readonly login?: string; readonly wire?: Wire } & ClientOptions = {},
  ): Peer {
    const { subprotocols = ["binary"], login = `device ${this.deviceId}`, wire, ...others } = options;
    return this.#open(devicePath(connectionKey), subprotocols, login, wire, others);
  }

  /** The operation that the newest session made, as its device reads it. */
  async operation(): Promise<Operation> {
    await settle();
    const { operations } = await this.operations.list({ isNewestFirst: true, skip: 0, take: 1 });
    const operation = await this.operations.forDevice(operations[0]?.id ?? "");
    if (operation === undefined) throw new Error("there is no operation");
    return operation;
  }

  async connectionKey(): Promise<string> {
    const { fragments } = await this.operation();
    return (fragments["c8y_RemoteAccessConnect"] as { connectionKey: string }).connectionKey;
  }

  /** Sets the newest operation's status as its device would. */
  async reports(status: "EXECUTING" | "SUCCESSFUL" | "FAILED", failureReason?: string): Promise<void> {
    const { id, deviceId } = await this.operation();
    await this.operations.setStatus(id, status, failureReason, { deviceId });
  }

  /** A client and a gateway with an open passthrough session between them. */
  async opensPassthrough(
    options: { readonly clientWire?: Wire; readonly gatewayWire?: Wire; readonly subprotocols?: string[] } = {},
  ): Promise<{ readonly client: Peer; readonly gateway: Peer }> {
    const { clientWire, gatewayWire, subprotocols } = options;
    const endpoint = await this.addsEndpoint();
    const client = this.client(endpoint, {
      ...(clientWire === undefined ? {} : { wire: clientWire }),
      ...(subprotocols === undefined ? {} : { subprotocols }),
    });
    await client.opened;
    const gateway = this.gateway(await this.connectionKey(), gatewayWire === undefined ? {} : { wire: gatewayWire });
    await gateway.opened;
    await this.reports("EXECUTING");
    await this.reports("SUCCESSFUL");
    await settle();
    return { client, gateway };
  }

  events(name: string): Record<string, unknown>[] {
    return this.logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((line) => line["event"] === name);
  }

  async auditOfSessions(): Promise<Record<string, unknown>[]> {
    const { records } = await this.audit.list({ skip: 0, take: 1000 });
    return records
      .filter((record) => "postern_Session" in record.fields)
      .map((record) => ({
        activity: record.activity,
        user: record.userName,
        ...(record.fields["postern_Session"] as object),
      }));
  }

  /** Fails if anything of any session is left. */
  async nothingIsLeft(): Promise<void> {
    await until("no session left", () => this.remoteAccess.sessions() === 0);
    await until("no timer left", () => this.clock.pending === 0);
  }

  async stop(): Promise<void> {
    const stopped = this.remoteAccess.stop();
    await this.clock.advance(5_000);
    await stopped;
    this.store.close();
  }

  #open(path: string, subprotocols: string[], login: string, wire = makeWire(), options: ClientOptions = {}): Peer {
    this.server.emit("connection", wire.far);
    const websocket = new WebSocket(`ws://${host}${path}`, subprotocols, {
      perMessageDeflate: false,
      createConnection: (() => wire.near) as unknown as NonNullable<ClientOptions["createConnection"]>,
      ...options,
      headers: { ...(login === "" ? {} : { authorization: login }), ...options.headers },
    });
    return new Peer(websocket, wire);
  }

  #authentication(): Authentication {
    const check = async (request: {
      headers: { authorization?: string | undefined };
    }): Promise<AuthenticationOutcome> => {
      const login = request.headers.authorization;
      if (login === undefined) return { ok: false, why: "none" };
      const deviceId = /^device ([0-9]+)$/.exec(login)?.[1];
      if (deviceId !== undefined) {
        const facts = { kind: "device", tenantId: "t1000", userName: "device_gw", deviceId, roles: [] } as const;
        return { ok: true, principal: createPrincipal(facts) };
      }
      const facts = logins[login];
      return facts === undefined ? { ok: false, why: "wrong" } : { ok: true, principal: createPrincipal(facts) };
    };
    return { check } as unknown as Authentication;
  }
}

/** One websocket of the test, with all that came through it. */
export class Peer {
  readonly websocket: WebSocket;
  readonly wire: Wire;
  readonly texts: string[] = [];
  readonly frameSizes: number[] = [];
  readonly opened: Promise<void>;
  /** The close frame: `1006` without one. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** The HTTP answer, if the upgrade was refused. */
  readonly refused: Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  isClosed = false;
  isOpen = false;
  #chunks: Buffer[] = [];

  constructor(websocket: WebSocket, wire: Wire) {
    this.websocket = websocket;
    this.wire = wire;
    websocket.on("error", () => {});
    websocket.on("message", (data: Buffer, isBinary) => {
      if (!isBinary) this.texts.push(data.toString());
      else {
        this.frameSizes.push(data.length);
        this.#chunks.push(data);
      }
    });
    this.opened = new Promise((resolve, reject) => {
      websocket.once("open", () => {
        this.isOpen = true;
        resolve();
      });
      websocket.once("close", () => reject(new Error("closed before it was open")));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => {
      websocket.once("close", (code, reason) => {
        this.isClosed = true;
        resolve({ code, reason: reason.toString() });
      });
    });
    this.refused = new Promise((resolve) => {
      websocket.once("unexpected-response", (_request, response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
          resolve({ status: response.statusCode ?? 0, body });
          websocket.terminate();
        });
      });
    });
  }

  get received(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  get receivedBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  send(bytes: Uint8Array | string): void {
    this.websocket.send(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  async receives(text: string): Promise<void> {
    await until(`"${text}" received`, () => this.received.toString("latin1") === text);
  }
}

export function countingRandom(): Random {
  let state = 0;
  const byte = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 16) & 0xff;
  };
  return {
    bytes: (length) => Uint8Array.from({ length }, byte),
    fraction: () => 0.5,
  };
}
