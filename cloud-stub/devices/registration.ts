// Requests to register a device: made by an operator, woken by the device, accepted by the operator, handed over (protocol.md 2.1 to 2.4).
import type { Kysely, Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { CloudLog } from "../log.ts";
import type { Vault } from "../remote-access/vault.ts";
import type { Database, DeviceRequestRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { Accounts } from "../users/accounts.ts";
import type { SecurityTokens } from "./security-token.ts";

export type DeviceRequestStatus = DeviceRequestRow["status"];

export interface DeviceRequest {
  /** External id of the device. */
  readonly id: string;
  readonly status: DeviceRequestStatus;
  readonly type: string | undefined;
  readonly groupId: string | undefined;
  /** Who made it. */
  readonly owner: string;
  readonly createdAtMs: number;
}

/** What a device gets when it was accepted. `password` is a secret. */
export interface IssuedCredentials {
  readonly tenantId: string;
  readonly userName: string;
  readonly password: string;
}

export type AcceptOutcome =
  | { readonly ok: true; readonly request: DeviceRequest }
  | { readonly ok: false; readonly why: AcceptRefusal };

export type AcceptRefusal = "unknown" | "not-seen-yet" | "blocked" | "wrong-token" | "missing-token";

/** Requests that may stand at a time. */
export const requestsMax = 10_000;

/** Letters, digits and a few signs: a device id stands in user names, topics and client ids. */
const deviceIdShape = /^[A-Za-z0-9._~@=-]{1,100}$/;

export function isDeviceId(text: string): boolean {
  return deviceIdShape.test(text);
}

/** Name of the login of a device (protocol.md 1.2). */
export function deviceUserName(externalId: string): string {
  return `device_${externalId}`;
}

export class Registration {
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #accounts: Accounts;
  readonly #audit: Audit;
  readonly #log: CloudLog;
  readonly #tokens: SecurityTokens;
  readonly #issuing = new Map<string, Promise<string | undefined>>();

  constructor(deps: {
    readonly tenantId: string;
    readonly clock: Clock;
    readonly store: Store;
    readonly vault: Vault;
    readonly accounts: Accounts;
    readonly audit: Audit;
    readonly log: CloudLog;
    readonly securityTokens: SecurityTokens;
  }) {
    this.#tenantId = deps.tenantId;
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#vault = deps.vault;
    this.#accounts = deps.accounts;
    this.#audit = deps.audit;
    this.#log = deps.log;
    this.#tokens = deps.securityTokens;
  }

  /** `exists`: there is a request for that device; `full`: `requestsMax` stand already. */
  async create(wanted: {
    readonly id: string;
    readonly type?: string;
    readonly groupId?: string;
    readonly owner: string;
  }): Promise<DeviceRequest | "exists" | "full"> {
    return this.#store.db.transaction().execute(async (transaction) => {
      if ((await this.#count(transaction)) >= requestsMax) return "full";
      const row = await transaction
        .insertInto("device_requests")
        .values({
          id: wanted.id,
          status: "WAITING_FOR_CONNECTION",
          type: wanted.type ?? null,
          group_id: wanted.groupId ?? null,
          owner: wanted.owner,
          sealed_password: null,
          created_at_ms: Math.floor(this.#clock.nowMs()),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return "exists";
      await this.#record(transaction, wanted.id, "Device registration requested", wanted.owner);
      return toRequest(row);
    });
  }

  async get(id: string): Promise<DeviceRequest | undefined> {
    const row = await this.#row(id);
    return row === undefined ? undefined : toRequest(row);
  }

  /** By time of creation. */
  async list(page: {
    readonly skip: number;
    readonly take: number;
  }): Promise<{ readonly requests: readonly DeviceRequest[]; readonly total: number }> {
    const rows = await this.#store.db
      .selectFrom("device_requests")
      .selectAll()
      .orderBy("created_at_ms")
      .orderBy("id")
      .limit(page.take)
      .offset(page.skip)
      .execute();
    return { requests: rows.map(toRequest), total: await this.#count(this.#store.db) };
  }

  /** Only a device that has connected can be accepted, by the security token that it sent. Accepting twice is fine. */
  async accept(id: string, userName: string, securityToken?: string): Promise<AcceptOutcome> {
    const row = await this.#row(id);
    if (row === undefined) return { ok: false, why: "unknown" };
    if (row.status === "ACCEPTED") return { ok: true, request: toRequest(row) };
    if (row.status === "WAITING_FOR_CONNECTION") return { ok: false, why: "not-seen-yet" };
    if (row.status === "BLOCKED") return { ok: false, why: "blocked" };
    const given = { token: securityToken, userName, policy: await this.#tokens.policy() };
    const verdict = await this.#store.db.transaction().execute(async (transaction) => {
      const judged = await this.#tokens.judge(transaction, id, given);
      if (judged !== "ok") return judged;
      if (!(await this.#move(transaction, id, "PENDING_ACCEPTANCE", "ACCEPTED"))) return "moved";
      await this.#record(transaction, id, "Device registration accepted", userName);
      return "ok";
    });
    if (verdict === "moved") return this.accept(id, userName, securityToken);
    if (verdict !== "ok") return { ok: false, why: verdict };
    this.#log.info("device.accepted", { device: id, user: userName });
    return { ok: true, request: toRequest({ ...row, status: "ACCEPTED" }) };
  }

  /** Accepts every device that waits for it, but those that need a look at their token. */
  async acceptAll(userName: string): Promise<readonly DeviceRequest[]> {
    const policy = await this.#tokens.policy();
    let waiting = this.#store.db.selectFrom("device_requests").selectAll().where("status", "=", "PENDING_ACCEPTANCE");
    if (policy !== "IGNORED") waiting = waiting.where("sealed_token", "is", null);
    const rows = await waiting.execute();
    const accepted: DeviceRequest[] = [];
    for (const row of rows) {
      const outcome = await this.accept(row.id, userName);
      if (outcome.ok) accepted.push(outcome.request);
    }
    return accepted;
  }

  /** Takes the request back, and with it a password that was issued but never used. False if there is none. */
  async remove(id: string, userName: string): Promise<boolean> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await this.removeAlong(transaction, id);
      if (row === undefined) return false;
      if (row.sealed_password !== null) await this.#accounts.removeOfDevice(id, transaction);
      await this.#record(transaction, id, "Device registration removed", userName);
      return true;
    });
  }

  /** The request alone, as a part of a larger change. */
  async removeAlong(transaction: Transaction<Database>, id: string): Promise<DeviceRequestRow | undefined> {
    return transaction.deleteFrom("device_requests").where("id", "=", id).returningAll().executeTakeFirst();
  }

  /**
   * A device asks for its credentials. Undefined until it is accepted; then the same ones each time until the device
   * has logged in with them, so that a power cut between getting and storing them costs nothing.
   */
  async poll(id: string, securityToken = ""): Promise<IssuedCredentials | undefined> {
    const row = await this.#row(id);
    if (row === undefined || row.status === "BLOCKED") return undefined;
    const isWaiting = row.status !== "ACCEPTED";
    const verdict = isWaiting ? await this.#tokens.heard(id, securityToken, deviceUserName(id)) : "ok";
    if (verdict === "blocked" || (!isWaiting && !(await this.#tokens.isOfAccepted(row, securityToken))))
      return undefined;
    if (
      row.status === "WAITING_FOR_CONNECTION" &&
      (await this.#move(this.#store.db, id, row.status, "PENDING_ACCEPTANCE"))
    ) {
      this.#log.info("device.requested", { device: id });
    }
    if (row.status !== "ACCEPTED") return undefined;
    const userName = deviceUserName(id);
    const password = row.sealed_password === null ? await this.#issueOnce(id) : this.#open(id, row.sealed_password);
    if (password === undefined) return undefined;
    return { tenantId: this.#tenantId, userName, password };
  }

  /** The device has logged in with what it was given: the request is done. */
  async handedOver(id: string): Promise<void> {
    await this.#store.db.transaction().execute(async (transaction) => {
      const result = await transaction
        .deleteFrom("device_requests")
        .where("id", "=", id)
        .where("sealed_password", "is not", null)
        .executeTakeFirst();
      if (result.numDeletedRows === 0n) return;
      await this.#record(transaction, id, "Device registered", deviceUserName(id));
    });
  }

  /** Of two polls at the same time both get the one password. */
  async #issueOnce(id: string): Promise<string | undefined> {
    const underWay = this.#issuing.get(id) ?? this.#issue(id).finally(() => this.#issuing.delete(id));
    this.#issuing.set(id, underWay);
    return underWay;
  }

  /** Undefined if the request was taken back meanwhile. */
  async #issue(id: string): Promise<string | undefined> {
    const password = this.#accounts.newPassword();
    await this.#accounts.put({
      tenantId: this.#tenantId,
      name: deviceUserName(id),
      kind: "device",
      password,
      roles: [],
      deviceExternalId: id,
    });
    const result = await this.#store.db
      .updateTable("device_requests")
      .set({ sealed_password: this.#vault.seal(password, passwordContext(id)) })
      .where("id", "=", id)
      .executeTakeFirst();
    if (result.numUpdatedRows > 0n) return password;
    await this.#accounts.removeOfDevice(id);
    return undefined;
  }

  #open(id: string, sealed: string): string {
    return Buffer.from(this.#vault.open(sealed, passwordContext(id))).toString("utf8");
  }

  async #move(db: Kysely<Database>, id: string, from: DeviceRequestStatus, to: DeviceRequestStatus): Promise<boolean> {
    const result = await db
      .updateTable("device_requests")
      .set({ status: to })
      .where("id", "=", id)
      .where("status", "=", from)
      .executeTakeFirst();
    return result.numUpdatedRows > 0n;
  }

  async #row(id: string): Promise<DeviceRequestRow | undefined> {
    return this.#store.db.selectFrom("device_requests").selectAll().where("id", "=", id).executeTakeFirst();
  }

  async #count(db: Kysely<Database>): Promise<number> {
    const { count } = await db
      .selectFrom("device_requests")
      .select((select) => select.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** In the transaction of the change: neither is there without the other. */
  async #record(transaction: Transaction<Database>, id: string, activity: string, userName: string): Promise<void> {
    await this.#audit.record({ type: "Inventory", activity, text: `${activity}: '${id}'.`, userName }, transaction);
  }
}

function passwordContext(id: string): string {
  return `password issued to device ${id}`;
}

function toRequest(row: DeviceRequestRow): DeviceRequest {
  return {
    id: row.id,
    status: row.status,
    type: row.type ?? undefined,
    groupId: row.group_id ?? undefined,
    owner: row.owner,
    createdAtMs: row.created_at_ms,
  };
}
