// Security tokens of registration (protocol.md 2.5): what a device sent and the operator knows must be the same.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Transaction } from "kysely";
import type { Audit } from "../audit/audit.ts";
import type { CloudLog } from "../log.ts";
import type { Vault } from "../remote-access/vault.ts";
import type { Database, DeviceRequestRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import type { TenantOptions } from "../tenant/tenant-options.ts";

export const securityTokenPolicies = ["IGNORED", "OPTIONAL", "REQUIRED"] as const;
export type SecurityTokenPolicy = (typeof securityTokenPolicies)[number];

export const policyOption = { category: "device-registration", key: "security-token.policy" } as const;
/** Longest token, in UTF-16 units. */
export const tokenLengthMax = 256;
/** Wrong tokens of operators until a request is blocked. */
export const tokenFailuresMax = 5;

/** `missing`: the tenant wants one and the device has sent none. */
export type TokenVerdict = "ok" | "wrong-token" | "missing-token" | "blocked";

export class SecurityTokens {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #audit: Audit;
  readonly #log: CloudLog;
  readonly #options: TenantOptions;

  constructor(deps: {
    readonly store: Store;
    readonly vault: Vault;
    readonly audit: Audit;
    readonly log: CloudLog;
    readonly options: TenantOptions;
  }) {
    this.#store = deps.store;
    this.#vault = deps.vault;
    this.#audit = deps.audit;
    this.#log = deps.log;
    this.#options = deps.options;
  }

  async policy(): Promise<SecurityTokenPolicy> {
    const value = await this.#options.get(policyOption.category, policyOption.key);
    return securityTokenPolicies.find((policy) => policy === value) ?? "OPTIONAL";
  }

  /** A device that waits has asked: its token is kept; without one where one is required the request is blocked. */
  async heard(id: string, token: string, userName: string): Promise<"ok" | "blocked"> {
    const policy = await this.policy();
    if (policy === "IGNORED") return "ok";
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await rowOf(transaction, id);
      if (row === undefined || (row.status !== "WAITING_FOR_CONNECTION" && row.status !== "PENDING_ACCEPTANCE"))
        return "ok";
      if (token === "") {
        if (policy === "OPTIONAL" || row.sealed_token !== null) return "ok";
        await this.#block(transaction, id);
        await this.#record(transaction, id, "missing token", userName);
        return "blocked";
      }
      if (this.#isSame(row, token)) return "ok";
      const sealed = this.#vault.seal(token, contextOf(id));
      await transaction.updateTable("device_requests").set({ sealed_token: sealed }).where("id", "=", id).execute();
      return "ok";
    });
  }

  /** Whether the device that now asks for its credentials is the one that was accepted. */
  async isOfAccepted(row: DeviceRequestRow, token: string): Promise<boolean> {
    if (row.sealed_token === null || (await this.policy()) === "IGNORED") return true;
    if (this.#isSame(row, token)) return true;
    this.#log.warn("device.refused", {
      device: row.id,
      why: "another security token than that of the accepted device",
    });
    return false;
  }

  /**
   * What the operator gave is compared; a wrong one is counted. In the transaction that accepts: between the two a device
   * could put another token in the place of the one that was looked at.
   */
  async judge(
    transaction: Transaction<Database>,
    id: string,
    given: { readonly token: string | undefined; readonly userName: string; readonly policy: SecurityTokenPolicy },
  ): Promise<TokenVerdict> {
    const { token, userName, policy } = given;
    if (policy === "IGNORED") return "ok";
    const row = await rowOf(transaction, id);
    if (row === undefined) return "ok";
    if (row.status === "BLOCKED") return "blocked";
    if (row.sealed_token === null) return policy === "OPTIONAL" ? "ok" : "missing-token";
    if (token !== undefined && this.#isSame(row, token)) return "ok";
    const failures = row.token_failures + 1;
    await transaction.updateTable("device_requests").set({ token_failures: failures }).where("id", "=", id).execute();
    await this.#record(transaction, id, "invalid token", userName);
    if (failures < tokenFailuresMax) return "wrong-token";
    await this.#block(transaction, id);
    await this.#record(transaction, id, "max number of failed attempts reached", userName);
    return "blocked";
  }

  #isSame(row: DeviceRequestRow, token: string): boolean {
    if (row.sealed_token === null) return false;
    const digest = (text: Uint8Array | string) => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(this.#vault.open(row.sealed_token, contextOf(row.id))), digest(token));
  }

  async #block(transaction: Transaction<Database>, id: string): Promise<void> {
    await transaction.updateTable("device_requests").set({ status: "BLOCKED" }).where("id", "=", id).execute();
    this.#log.warn("device.blocked", { device: id });
  }

  async #record(transaction: Transaction<Database>, id: string, cause: string, userName: string): Promise<void> {
    const activity = `Device registration failed due to ${cause}`;
    await this.#audit.record({ type: "Inventory", activity, text: `${activity}: '${id}'.`, userName }, transaction);
  }
}

/** What is wrong with a value of the option; undefined if nothing is, or it is another one. */
export function whyPolicyRefused(category: string, key: string, value: string): string | undefined {
  if (category !== policyOption.category || key !== policyOption.key) return undefined;
  return securityTokenPolicies.some((policy) => policy === value)
    ? undefined
    : `must be one of ${securityTokenPolicies.join(", ")}`;
}

function rowOf(transaction: Transaction<Database>, id: string): Promise<DeviceRequestRow | undefined> {
  return transaction.selectFrom("device_requests").selectAll().where("id", "=", id).executeTakeFirst();
}

function contextOf(id: string): string {
  return `security token of device ${id}`;
}
