// The endpoints of each device: what can be reached behind it and how to sign in there. Passwords rest in the vault.
import type { Clock } from "#hardware/ports.ts";
import type { EndpointRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { type EndpointInput, type FieldProblem, maskedSecret, readEndpointInput } from "./endpoint-input.ts";
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
  readonly hasPassword: boolean;
  readonly attrs: Readonly<Record<string, unknown>> | undefined;
}

export type EndpointOutcome =
  | { readonly kind: "saved"; readonly endpoint: Endpoint }
  | { readonly kind: "invalid"; readonly problems: readonly FieldProblem[] }
  | { readonly kind: "unknown" };

/** Endpoints that one device may have. */
export const endpointsPerDeviceMax = 500;

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
  async create(deviceId: string, body: unknown): Promise<EndpointOutcome> {
    const outcome = readEndpointInput(body, { hasStoredPassword: false });
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
      const { count } = await transaction
        .selectFrom("endpoints")
        .select((select) => select.fn.countAll<number>().as("count"))
        .where("device_id", "=", deviceId)
        .executeTakeFirstOrThrow();
      if (count >= endpointsPerDeviceMax) {
        const message = `the device has ${count} endpoints already; at most ${endpointsPerDeviceMax} are allowed`;
        return { kind: "invalid", problems: [{ field: "device", message }] };
      }
      const id = String(device.last_endpoint_number);
      const row = await transaction
        .insertInto("endpoints")
        .values({
          id,
          device_id: deviceId,
          ...this.#columns(deviceId, id, outcome.input, null),
          created_at_ms: nowMs,
          updated_at_ms: nowMs,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      return { kind: "saved", endpoint: toEndpoint(row) };
    });
  }

  /** Replaces an endpoint whole, but for a stored password that the body leaves out or masked. */
  async update(deviceId: string, endpointId: string, body: unknown): Promise<EndpointOutcome> {
    const before = await this.#row(deviceId, endpointId);
    if (before === undefined) return { kind: "unknown" };
    const outcome = readEndpointInput(body, { hasStoredPassword: before.sealed_password !== null });
    if (!outcome.ok) return { kind: "invalid", problems: outcome.problems };
    const row = await this.#store.db
      .updateTable("endpoints")
      .set({
        ...this.#columns(deviceId, endpointId, outcome.input, before.sealed_password),
        updated_at_ms: Math.floor(this.#clock.nowMs()),
      })
      .where("device_id", "=", deviceId)
      .where("id", "=", endpointId)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? { kind: "unknown" } : { kind: "saved", endpoint: toEndpoint(row) };
  }

  /** What was removed, or undefined if there was no such endpoint. */
  async remove(deviceId: string, endpointId: string): Promise<Endpoint | undefined> {
    const row = await this.#store.db
      .deleteFrom("endpoints")
      .where("device_id", "=", deviceId)
      .where("id", "=", endpointId)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toEndpoint(row);
  }

  /** The stored password in clear, for the relay only; undefined if none is stored. Throws VaultError. */
  async password(deviceId: string, endpointId: string): Promise<string | undefined> {
    const row = await this.#row(deviceId, endpointId);
    if (row === undefined || row.sealed_password === null) return undefined;
    return Buffer.from(this.#vault.open(row.sealed_password, this.#passwordContext(deviceId, endpointId))).toString(
      "utf8",
    );
  }

  #columns(deviceId: string, endpointId: string, input: EndpointInput, sealedBefore: string | null) {
    const seal = (password: string) => this.#vault.seal(password, this.#passwordContext(deviceId, endpointId));
    const sealed = input.password === undefined ? sealedBefore : seal(input.password);
    return {
      name: input.name,
      hostname: input.hostname,
      port: input.port,
      protocol: input.protocol,
      credentials_type: input.credentialsType,
      username: null,
      sealed_password: input.credentialsType === "NONE" ? null : sealed,
      attrs: input.attrs === undefined ? null : JSON.stringify(input.attrs),
    };
  }

  #passwordContext(deviceId: string, endpointId: string): string {
    return `${this.#tenantId}/${deviceId}/${endpointId}/password`;
  }

  async #row(deviceId: string, endpointId: string): Promise<EndpointRow | undefined> {
    return this.#store.db
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
      username: null,
      password: endpoint.hasPassword ? maskedSecret : null,
      publicKey: null,
      privateKey: null,
      certificate: null,
      hostKey: null,
    },
    ...(endpoint.attrs === undefined ? {} : { attrs: endpoint.attrs }),
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
    hasPassword: row.sealed_password !== null,
    attrs: row.attrs === null ? undefined : (JSON.parse(row.attrs) as Record<string, unknown>),
  };
}
