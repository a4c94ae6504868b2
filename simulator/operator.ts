// The person at the console, and any program that knows the cloud's API: everything it does is bytes through a network port.
import type { Network, Random } from "#hardware/ports.ts";
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";
import { ClientSession, type EndpointAddress, type SessionOptions } from "./operator/client-session.ts";
import { type Answer, type CloudAddress, CloudHttp } from "./operator/cloud-http.ts";
import type { Patience } from "./operator/patience.ts";
import { TerminalSession, type TerminalSize } from "./operator/terminal-session.ts";
import type { VncClientOptions } from "./operator/vnc-client.ts";
import { VncSession } from "./operator/vnc-session.ts";

/** How long the operator waits for an answer, and for a device to ask to be let in. */
const answerMs = 60_000;

export interface OperatorOptions {
  readonly network: Network;
  readonly patience: Patience;
  readonly random: Random;
  readonly cloud: CloudAddress;
  /** With the tenant: "t1000/admin". */
  readonly user: string;
  readonly password: string;
}

/** A record of the cloud, as its JSON is. */
export type CloudRecord = Readonly<Record<string, unknown>>;

export interface EndpointDescription {
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  readonly protocol: RemoteAccessProtocol;
  /** SSH. */
  readonly username?: string;
  readonly password?: string;
  /** SSH, in place of a password. */
  readonly privateKey?: string;
  /** SSH: the panel's key, or several, one a line. */
  readonly hostKey?: string;
  /** What else is known of the panel: how the cloud has to treat it. */
  readonly attrs?: CloudRecord;
}

/** An endpoint by its name on the operator's device, or by its ids. */
export type Target = string | EndpointAddress;

export class Operator {
  readonly http: CloudHttp;
  readonly #options: OperatorOptions;
  #deviceId: string | undefined;
  #sessions: readonly ClientSession[] = [];

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.http = new CloudHttp(options);
  }

  /** Internal id of the device that the operator works with, once `worksWith` has been called. */
  get deviceId(): string {
    if (this.#deviceId === undefined) throw new Error("The operator does not work with a device yet");
    return this.#deviceId;
  }

  /** Sessions that have not ended. */
  get openSessions(): readonly ClientSession[] {
    this.#sessions = this.#sessions.filter((session) => session.ending === undefined);
    return this.#sessions;
  }

  /** Any answer of the cloud, whatever its status. */
  async asks(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#waits(this.http.request(method, path, body), `${method} ${path}`);
  }

  /** The JSON of a 2xx answer. Rejects with OperatorError for another status. */
  async gets(path: string): Promise<CloudRecord> {
    return (await this.#json("GET", path)) as CloudRecord;
  }

  /** The names of the operator's roles; rejects with OperatorError if the login is wrong. */
  async logsIn(): Promise<readonly string[]> {
    const user = await this.gets("/user/currentUser");
    return (user["effectiveRoles"] as CloudRecord[]).map((role) => String(role["id"]));
  }

  /** Enters a device's id, so that it may ask to be let in. */
  async expectsDevice(id: string): Promise<void> {
    await this.#json("POST", "/devicecontrol/newDeviceRequests", { id });
  }

  /** The ids and states of the devices that are expected. */
  async expectedDevices(): Promise<readonly CloudRecord[]> {
    const list = await this.gets("/devicecontrol/newDeviceRequests?pageSize=100");
    return list["newDeviceRequests"] as CloudRecord[];
  }

  /** Waits until the device has asked, and lets it in. */
  async acceptsDevice(id: string): Promise<void> {
    await this.#waits(
      () =>
        this.expectedDevices().then((devices) =>
          devices.some((device) => device["id"] === id && device["status"] === "PENDING_ACCEPTANCE"),
        ),
      `device ${id} to ask to be let in`,
    );
    await this.#json("PUT", `/devicecontrol/newDeviceRequests/${encodeURIComponent(id)}`, { status: "ACCEPTED" });
  }

  /** The internal id of a registered device, or undefined. */
  async findsDevice(externalId: string): Promise<string | undefined> {
    const answer = await this.asks("GET", `/identity/externalIds/c8y_Serial/${encodeURIComponent(externalId)}`);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new Error(`Looking for device ${externalId}: ${answer.status} ${answer.text}`);
    const { managedObject } = answer.json() as { readonly managedObject: { readonly id: string } };
    return managedObject.id;
  }

  /** Chooses the device for what follows; waits until the cloud knows it. */
  async worksWith(externalId: string): Promise<string> {
    const found = await this.#waits(() => this.findsDevice(externalId), `the cloud to know device ${externalId}`);
    this.#deviceId = found;
    return found;
  }

  /** Waits until the cloud shows the device as connected and able to open tunnels. */
  async seesDeviceOnline(): Promise<void> {
    await this.#waits(async () => {
      const device = await this.gets(`/inventory/managedObjects/${this.deviceId}`);
      const connection = device["c8y_Connection"] as CloudRecord | undefined;
      const operations = device["c8y_SupportedOperations"];
      return connection?.["status"] === "CONNECTED" && Array.isArray(operations) && operations.length > 0;
    }, "the cloud to show the device online");
  }

  async endpoints(): Promise<readonly CloudRecord[]> {
    return (await this.#json("GET", this.#endpointsPath())) as CloudRecord[];
  }

  async addsEndpoint(endpoint: EndpointDescription): Promise<EndpointAddress> {
    const made = (await this.#json("POST", this.#endpointsPath(), endpointBody(endpoint))) as CloudRecord;
    return { deviceId: this.deviceId, endpointId: String(made["id"]) };
  }

  async changesEndpoint(endpointId: string, endpoint: EndpointDescription): Promise<void> {
    await this.#json("PUT", `${this.#endpointsPath()}/${endpointId}`, { id: endpointId, ...endpointBody(endpoint) });
  }

  async removesEndpoint(target: Target): Promise<void> {
    const { endpointId } = await this.#addressOf(target);
    await this.#json("DELETE", `${this.#endpointsPath()}/${endpointId}`);
  }

  /** Opens an endpoint's websocket. Rejects with OperatorError if the cloud refuses the upgrade. */
  async opens(target: Target, options: SessionOptions = {}): Promise<ClientSession> {
    const address = await this.#addressOf(target);
    const { patience, random } = this.#options;
    const opening = ClientSession.open({ http: this.http, random, patience }, address, options);
    const session = await this.#waits(opening, "the cloud to open a session");
    this.#sessions = [...this.openSessions, session];
    return session;
  }

  /** Opens a VNC endpoint; `password` is for panels whose password the cloud does not have. */
  async opensVnc(target: Target, options: SessionOptions & Omit<VncClientOptions, "send"> = {}): Promise<VncSession> {
    return new VncSession(await this.opens(target, options), options);
  }

  /** Opens an SSH or a Telnet endpoint with a window of that size; what the panel asks on the way is for the session's user. */
  async opensTerminal(target: Target, size: TerminalSize = { columns: 80, rows: 24 }): Promise<TerminalSession> {
    return new TerminalSession(await this.opens(target), size);
  }

  /** Opens an endpoint for plain bytes and waits until they flow. */
  async opensPassthrough(target: Target, options: SessionOptions = {}): Promise<ClientSession> {
    const session = await this.opens(target, options);
    if (session.subprotocol === "postern.session.v1") await session.reaches("open");
    return session;
  }

  /** Newest first. */
  async operations(): Promise<readonly CloudRecord[]> {
    const list = await this.gets(`/devicecontrol/operations?deviceId=${this.deviceId}&pageSize=100&revert=true`);
    return list["operations"] as CloudRecord[];
  }

  /** Newest first. */
  async auditRecords(): Promise<readonly CloudRecord[]> {
    const list = await this.gets(`/audit/auditRecords?source=${this.deviceId}&pageSize=100&revert=true`);
    return list["auditRecords"] as CloudRecord[];
  }

  async events(): Promise<readonly CloudRecord[]> {
    const list = await this.gets(`/event/events?source=${this.deviceId}&pageSize=100`);
    return list["events"] as CloudRecord[];
  }

  async #addressOf(target: Target): Promise<EndpointAddress> {
    if (typeof target !== "string") return target;
    const endpoints = await this.endpoints();
    const found = endpoints.find((endpoint) => endpoint["name"] === target);
    if (found === undefined) {
      const names = endpoints.map((endpoint) => endpoint["name"]).join(", ");
      throw new Error(`The device has no endpoint named "${target}"; it has ${names || "none"}`);
    }
    return { deviceId: this.deviceId, endpointId: String(found["id"]) };
  }

  #endpointsPath(): string {
    return `/service/remoteaccess/devices/${this.deviceId}/configurations`;
  }

  #json(method: string, path: string, body?: unknown): Promise<unknown> {
    return this.#waits(this.http.json(method, path, body), `${method} ${path}`);
  }

  #waits<T>(promise: Promise<T>, what: string): Promise<T>;
  #waits<T>(fact: () => T, what: string): Promise<Exclude<Awaited<T>, undefined | null | false>>;
  #waits(fact: Promise<unknown> | (() => unknown), what: string): Promise<unknown> {
    const { patience } = this.#options;
    const limits = { what, limitMs: answerMs };
    return typeof fact === "function" ? patience.until(fact, limits) : patience.until(fact, limits);
  }
}

function endpointBody(endpoint: EndpointDescription): CloudRecord {
  const { name, hostname, port, protocol, username, password, privateKey, hostKey, attrs } = endpoint;
  const secrets = {
    ...(password === undefined ? {} : { password }),
    ...(privateKey === undefined ? {} : { privateKey }),
  };
  const signIn = { ...(username === undefined ? {} : { username }), ...secrets };
  return {
    ...{ name, hostname, port, protocol, credentialsType: credentialsTypeOf(endpoint), ...signIn },
    ...(hostKey === undefined ? {} : { hostKey }),
    ...(attrs === undefined ? {} : { attrs }),
  };
}

function credentialsTypeOf({ protocol, password, privateKey }: EndpointDescription): string {
  if (privateKey !== undefined) return "KEY_PAIR";
  if (protocol === "SSH") return "USER_PASS";
  return password === undefined ? "NONE" : "PASS_ONLY";
}
