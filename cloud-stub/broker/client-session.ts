// What one MQTT client is to us: its identity, its turn queue, its subscriptions and what was sent to it.
import type { Client } from "aedes";
import { writeCredentials, writeToken } from "#protocol/smartrest/downstream.ts";
import { topics } from "#protocol/smartrest/topics.ts";
import type { Device, DeviceRegistry } from "../devices/device-registry.ts";
import { operationNotification } from "../devices/operation-document.ts";
import type { Operation, Operations } from "../devices/operations.ts";
import type { IssuedCredentials } from "../devices/registration.ts";
import type { CloudLog } from "../log.ts";
import { operationLine } from "./operation-lines.ts";
import { type ErrorCode, errorLine, type MessageContext } from "./smartrest-handler.ts";
import type { ClientKind } from "./topic-rules.ts";

/** Messages of one client that may wait for their turn; more end the connection. */
export const waitingMax = 2_000;

/** Refused messages of one connection that the log tells of, so that no device can fill the disk with it. */
const refusalsLoggedMax = 100;

export interface ClientIdentity {
  readonly kind: ClientKind;
  readonly externalId: string;
  /** Without the tenant. */
  readonly userName: string;
  /** Of a device that logged in by certificate. */
  readonly certificate?: {
    /** PEM. */
    readonly chain: string;
    readonly anchorKeyHash: string;
  };
}

export class ClientSession implements MessageContext {
  readonly identity: ClientIdentity;
  readonly #client: Client;
  readonly #devices: DeviceRegistry;
  readonly #operations: Operations;
  readonly #log: CloudLog;
  readonly #qosOf = new Map<string, 0 | 1 | 2>();
  /** Operations that went out on a topic of this connection. */
  readonly #sent = { json: new Set<string>(), lines: new Set<string>() };
  #device: Device | undefined;
  #disconnected: (() => void) | undefined;
  #turns: Promise<void> = Promise.resolve();
  #waiting = 0;
  #isClosed = false;
  #isExpelled = false;
  #refusals = 0;

  constructor(
    client: Client,
    identity: ClientIdentity,
    deps: { readonly devices: DeviceRegistry; readonly operations: Operations; readonly log: CloudLog },
  ) {
    this.#client = client;
    this.identity = identity;
    this.#devices = deps.devices;
    this.#operations = deps.operations;
    this.#log = deps.log;
  }

  get externalId(): string {
    return this.identity.externalId;
  }

  get userName(): string {
    return this.identity.userName;
  }

  get deviceId(): string | undefined {
    return this.#device?.id;
  }

  /** Runs after everything that was given here before, so that messages take effect in the order of the wire. False at `waitingMax`. */
  inTurn(run: () => Promise<void>): boolean {
    if (this.#waiting >= waitingMax) return false;
    this.#waiting += 1;
    this.#turns = this.#turns.then(run).finally(() => {
      this.#waiting -= 1;
    });
    return true;
  }

  /** The client is logged in; `device` if its managed object exists. */
  online(device: Device | undefined): void {
    if (this.#isClosed || device === undefined) return;
    this.#device = device;
    this.#disconnected = this.#devices.connected(device.id);
  }

  created(device: Device): void {
    this.online(device);
  }

  closed(): void {
    this.#isClosed = true;
    this.#disconnected?.();
    this.#disconnected = undefined;
  }

  /** Closes the connection. */
  close(): void {
    this.#client.close();
  }

  /** Nothing of it is carried out any more, neither what waits nor its last will. */
  get isExpelled(): boolean {
    return this.#isExpelled;
  }

  /** Closes the connection of a client that has lost its right to be here. */
  expel(): void {
    this.#isExpelled = true;
    this.close();
  }

  subscribed(topic: string, qos: 0 | 1 | 2): void {
    this.#qosOf.set(topic, qos);
  }

  unsubscribed(topic: string): void {
    this.#qosOf.delete(topic);
  }

  async answer(line: string): Promise<void> {
    await this.#send(topics.staticDown, line);
  }

  async refuse(code: ErrorCode, template: string, text: string): Promise<void> {
    // A second 100 is how a device makes sure that it exists (protocol.md 1.6): nothing to report.
    if (code !== 41) this.#logRefusal(code, template, text);
    await this.#send(topics.errors, errorLine(code, template, text));
  }

  #logRefusal(code: ErrorCode, template: string, text: string): void {
    this.#refusals += 1;
    if (this.#refusals > refusalsLoggedMax) return;
    const isLast = this.#refusals === refusalsLoggedMax;
    const why = `${text.slice(0, 300)}${isLast ? "; more on this connection is not logged" : ""}`;
    this.#log.warn("smartrest.refused", { device: this.externalId, code, template: template.slice(0, 20), why });
  }

  async giveCredentials(credentials: IssuedCredentials): Promise<void> {
    const { tenantId: tenant, userName: user, password } = credentials;
    await this.#send(topics.credentialsDown, writeCredentials({ tenant, user, password }));
  }

  async giveToken(token: string): Promise<void> {
    await this.#send(topics.tokenDown, writeToken(token));
  }

  /** Template 500: all of them, whatever was sent before. */
  async resendPending(): Promise<void> {
    this.#sent.json.clear();
    this.#sent.lines.clear();
    await this.sendPending();
  }

  /** Those that this connection has not got yet, on each topic that it has subscribed to. */
  async sendPending(): Promise<void> {
    if (this.#device === undefined) return;
    for (const operation of await this.#operations.pendingForDevice(this.#device.id)) {
      await this.#sendOperation(operation, this.#device);
    }
  }

  /** One that was made just now, unless it has moved on in the meantime. */
  async sendCreated(operationId: string): Promise<void> {
    if (this.#device === undefined || this.#qosOf.size === 0) return;
    const operation = await this.#operations.forDevice(operationId);
    if (operation?.status === "PENDING") await this.#sendOperation(operation, this.#device);
  }

  async #sendOperation(operation: Operation, device: Device): Promise<void> {
    // JSON goes first: it bears the id, so an agent that takes both prefers it.
    if (!this.#sent.json.has(operation.id)) {
      const text = JSON.stringify(operationNotification(operation, device));
      if (await this.#send(topics.operations, text)) this.#sent.json.add(operation.id);
    }
    const line = this.#sent.lines.has(operation.id) ? undefined : operationLine(device.externalId, operation.fragments);
    if (line !== undefined && (await this.#send(topics.staticDown, line))) this.#sent.lines.add(operation.id);
  }

  /** False if the client has not subscribed to the topic or is gone. Resolves when the client takes more. */
  async #send(topic: string, text: string): Promise<boolean> {
    const qos = this.#qosOf.get(topic);
    if (qos === undefined || this.#isClosed || this.#client.closed) return false;
    return new Promise((resolve) => {
      this.#client.publish(
        { cmd: "publish", topic, payload: Buffer.from(text, "utf8"), qos, retain: false, dup: false },
        (error) => resolve(error === undefined || error === null),
      );
    });
  }
}
