// The endpoints of each device: what can be reached behind it and how to sign in there. Secrets rest in the vault.
import type { Kysely, Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Database, EndpointRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { type Credentials, maskedSecret, nothingStored, type StoredCredentials } from "./credentials-input.ts";
import { type EndpointInput, type FieldProblem, readEndpointInput } from "./endpoint-input.ts";
import type { Vault } from "./vault.ts";

export interface Endpoint {
  /** "1", "2", ... per device, never used again. */
  readonly id: string;
  readonly deviceId: string;
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** One of protocol.md 5.6; a store written by a newer version may hold one that this version cannot open. */
  readonly protocol: string;
  readonly credentialsType: string;
  readonly username: string | null;
  readonly hasPassword: boolean;
  readonly hasPrivateKey: boolean;
  readonly hasCertificate: boolean;
  /** Of the stored private key, in OpenSSH's form. */
  readonly publicKey: string | null;
  /** The panel's keys that are known, one a line in OpenSSH's form. */
  readonly hostKey: string | null;
  readonly attrs: Readonly<Record<string, unknown>> | undefined;
}

/** What is stored to sign in with, in clear. */
export interface EndpointSecrets {
  readonly password: string | undefined;
  /** PEM or OpenSSH text without passphrase. */
  readonly privateKey: string | undefined;
  /** OpenSSH certificate, one line. */
  readonly certificate: string | undefined;
}

export type EndpointOutcome =
  | { readonly kind: "saved"; readonly endpoint: Endpoint }
  | { readonly kind: "invalid"; readonly problems: readonly FieldProblem[] }
  | { readonly kind: "unknown" };

/** What saving would answer, without the saving. */
export type EndpointCheck = { readonly kind: "valid" } | Exclude<EndpointOutcome, { readonly kind: "saved" }>;

/** Endpoints that one device may have. */
export const endpointsPerDeviceMax = 500;

/** What is written in the same transaction as a change, so that neither is there without the other. */
export type Along = (endpoint: Endpoint, transaction: Transaction<Database>) => Promise<void>;

const nothingAlong: Along = async () => {};

export class Endpoints {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #tenantId: string;

  constructor(deps: {
    readonly clock: Clock;
    readonly store: Store;
    readonly vault: Vault;
    readonly tenantId: string;
  }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#vault = deps.vault;
    this.#tenantId = deps.tenantId;
  }

  /** In the order in which they were made. */
  async list(deviceId: string): Promise<readonly Endpoint[]> {
    const rows = await this.#store.db.selectFrom("endpoints").selectAll().where("device_id", "=", deviceId).execute();
    return rows.map(toEndpoint).sort((one, other) => Number(one.id) - Number(other.id));
  }

  async get(deviceId: string, endpointId: string): Promise<Endpoint | undefined> {
    const row = await this.#row(deviceId, endpointId);
    return row === undefined ? undefined : toEndpoint(row);
  }

  /** Checks and stores a new one; `unknown` if there is no such device. */
  async create(deviceId: string, body: unknown, along: Along = nothingAlong): Promise<EndpointOutcome> {
    const outcome = readEndpointInput(body, nothingStored);
    if (!outcome.ok) return { kind: "invalid", problems: outcome.problems };
    const nowMs = Math.floor(this.#clock.nowMs());
    return this.#store.db.transaction().execute(async (transaction) => {
      const device = await transaction
        .updateTable("devices")
        .set((update) => ({ last_endpoint_number: update("last_endpoint_number", "+", 1) }))
        .where("id", "=", deviceId)
        .returning("last_endpoint_number")
        .executeTakeFirst();
      if (device === undefined) return { kind: "unknown" };
      const full = await this.#fullProblem(deviceId, transaction);
      if (full !== undefined) return { kind: "invalid", problems: [full] };
      const id = String(device.last_endpoint_number);
      const row = await transaction
        .insertInto("endpoints")
        .values({
          id,
          device_id: deviceId,
          ...this.#columns(deviceId, id, outcome.input, undefined),
          created_at_ms: nowMs,
          updated_at_ms: nowMs,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const endpoint = toEndpoint(row);
      await along(endpoint, transaction);
      return { kind: "saved", endpoint };
    });
  }

  /**
   * Says what `create`, or `update` of an endpoint that is there, would refuse of this body; stores and records nothing.
   * `unknown` if there is no such endpoint.
   */
  async check(deviceId: string, endpointId: string | undefined, body: unknown): Promise<EndpointCheck> {
    const before = endpointId === undefined ? undefined : await this.#row(deviceId, endpointId);
    if (endpointId !== undefined && before === undefined) return { kind: "unknown" };
    const outcome = readEndpointInput(body, before === undefined ? nothingStored : storedOf(before));
    if (!outcome.ok) return { kind: "invalid", problems: outcome.problems };
    const full = before === undefined ? await this.#fullProblem(deviceId, this.#store.db) : undefined;
    return full === undefined ? { kind: "valid" } : { kind: "invalid", problems: [full] };
  }

  /** Replaces an endpoint whole, but for stored secrets that the body leaves out or masks. */
  async update(
    deviceId: string,
    endpointId: string,
    body: unknown,
    along: Along = nothingAlong,
  ): Promise<EndpointOutcome> {
    // One transaction: a secret that is kept must be the one that is stored when the rest is written.
    return this.#store.db.transaction().execute(async (transaction) => {
      const before = await this.#row(deviceId, endpointId, transaction);
      if (before === undefined) return { kind: "unknown" };
      const outcome = readEndpointInput(body, storedOf(before));
      if (!outcome.ok) return { kind: "invalid", problems: outcome.problems };
      const row = await transaction
        .updateTable("endpoints")
        .set({
          ...this.#columns(deviceId, endpointId, outcome.input, before),
          updated_at_ms: Math.floor(this.#clock.nowMs()),
        })
        .where("device_id", "=", deviceId)
        .where("id", "=", endpointId)
        .returningAll()
        .executeTakeFirstOrThrow();
      const endpoint = toEndpoint(row);
      await along(endpoint, transaction);
      return { kind: "saved", endpoint };
    });
  }

  /** What was removed, or undefined if there was no such endpoint. */
  async remove(deviceId: string, endpointId: string, along: Along = nothingAlong): Promise<Endpoint | undefined> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await transaction
        .deleteFrom("endpoints")
        .where("device_id", "=", deviceId)
        .where("id", "=", endpointId)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const endpoint = toEndpoint(row);
      await along(endpoint, transaction);
      return endpoint;
    });
  }

  /** The stored password in clear, for the relay only; undefined if none is stored. Throws VaultError. */
  async password(deviceId: string, endpointId: string): Promise<string | undefined> {
    return (await this.secrets(deviceId, endpointId)).password;
  }

  /** What is stored to sign in with, in clear, for the relay only. Throws VaultError. */
  async secrets(deviceId: string, endpointId: string): Promise<EndpointSecrets> {
    const row = await this.#row(deviceId, endpointId);
    const open = (sealed: string | null | undefined, what: Secret) => {
      if (sealed === null || sealed === undefined) return undefined;
      const clear = this.#vault.open(sealed, this.#context(deviceId, endpointId, what));
      return Buffer.from(clear).toString("utf8");
    };
    return {
      password: open(row?.sealed_password, "password"),
      privateKey: open(row?.sealed_private_key, "privateKey"),
      certificate: open(row?.sealed_certificate, "certificate"),
    };
  }

  /** Keeps a key that the panel showed, unless the endpoint has one or goes elsewhere by now. Whether it was kept. */
  async learnHostKey(endpoint: Endpoint, hostKey: string): Promise<boolean> {
    const { numUpdatedRows } = await this.#store.db
      .updateTable("endpoints")
      .set({ host_key: hostKey })
      .where("device_id", "=", endpoint.deviceId)
      .where("id", "=", endpoint.id)
      .where("hostname", "=", endpoint.hostname)
      .where("port", "=", endpoint.port)
      .where("protocol", "=", endpoint.protocol)
      .where("host_key", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  #columns(deviceId: string, endpointId: string, input: EndpointInput, before: EndpointRow | undefined) {
    const { credentials } = input;
    const seal = (clear: string | null | undefined, sealedBefore: string | null | undefined, what: Secret) => {
      if (clear === undefined) return sealedBefore ?? null;
      return clear === null ? null : this.#vault.seal(clear, this.#context(deviceId, endpointId, what));
    };
    return {
      name: input.name,
      hostname: input.hostname,
      port: input.port,
      protocol: input.protocol,
      credentials_type: credentials.type,
      username: credentials.username,
      sealed_password: seal(credentials.password, before?.sealed_password, "password"),
      sealed_private_key: seal(credentials.privateKey, before?.sealed_private_key, "privateKey"),
      sealed_certificate: seal(credentials.certificate, before?.sealed_certificate, "certificate"),
      public_key: credentials.publicKey,
      host_key: credentials.hostKey,
      attrs: input.attrs === undefined ? null : JSON.stringify(input.attrs),
    };
  }

  /** What is wrong with adding another endpoint to a device, if it has as many as it may. */
  async #fullProblem(deviceId: string, db: Kysely<Database>): Promise<FieldProblem | undefined> {
    const { count } = await db
      .selectFrom("endpoints")
      .select((select) => select.fn.countAll<number>().as("count"))
      .where("device_id", "=", deviceId)
      .executeTakeFirstOrThrow();
    if (count < endpointsPerDeviceMax) return undefined;
    const message = `the device has ${count} endpoints already; at most ${endpointsPerDeviceMax} are allowed`;
    return { field: "device", message };
  }

  #context(deviceId: string, endpointId: string, what: Secret): string {
    return `${this.#tenantId}/${deviceId}/${endpointId}/${what}`;
  }

  async #row(
    deviceId: string,
    endpointId: string,
    db: Kysely<Database> = this.#store.db,
  ): Promise<EndpointRow | undefined> {
    return db
      .selectFrom("endpoints")
      .selectAll()
      .where("device_id", "=", deviceId)
      .where("id", "=", endpointId)
      .executeTakeFirst();
  }
}

/** The object of the configuration REST and of the `c8y_RemoteAccessList` fragment: nested, secrets masked. */
export function endpointAnswer(endpoint: Endpoint): Readonly<Record<string, unknown>> {
  return {
    id: endpoint.id,
    name: endpoint.name,
    hostname: endpoint.hostname,
    port: endpoint.port,
    protocol: endpoint.protocol,
    credentials: {
      type: endpoint.credentialsType,
      username: endpoint.username,
      password: endpoint.hasPassword ? maskedSecret : null,
      publicKey: endpoint.publicKey,
      privateKey: endpoint.hasPrivateKey ? maskedSecret : null,
      certificate: endpoint.hasCertificate ? maskedSecret : null,
      hostKey: endpoint.hostKey,
    },
    ...(endpoint.attrs === undefined ? {} : { attrs: endpoint.attrs }),
  };
}

type Secret = keyof Pick<Credentials, "password" | "privateKey" | "certificate">;

function storedOf(row: EndpointRow): StoredCredentials {
  return {
    hasPassword: row.sealed_password !== null,
    hasPrivateKey: row.sealed_private_key !== null,
    hasCertificate: row.sealed_certificate !== null,
    publicKey: row.public_key,
    hostKey: row.host_key,
  };
}

function toEndpoint(row: EndpointRow): Endpoint {
  return {
    id: row.id,
    deviceId: row.device_id,
    name: row.name,
    hostname: row.hostname,
    port: row.port,
    protocol: row.protocol,
    credentialsType: row.credentials_type,
    username: row.username,
    ...storedOf(row),
    attrs: row.attrs === null ? undefined : (JSON.parse(row.attrs) as Record<string, unknown>),
  };
}
