// The accounts in the store. Each change gives an account a new stamp, which drops remembered logins and tokens everywhere.
import type { Kysely, Transaction } from "kysely";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Database, UserRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { countAdministrators } from "./account-changes.ts";
import type { PasswordHasher } from "./password-hasher.ts";

export interface Account {
  readonly tenantId: string;
  readonly name: string;
  readonly kind: "user" | "device" | "bootstrap";
  readonly passwordHash: string;
  readonly stamp: string;
  /** Its own and those of its groups. */
  readonly roles: readonly string[];
  readonly isEnabled: boolean;
  readonly deviceExternalId: string | undefined;
}

/** Tenant and name of the account with which devices ask for credentials (protocol.md 2.2). */
export const bootstrapTenantId = "management";
export const bootstrapUserName = "devicebootstrap";

/** In the place of a hash: no password opens this account. */
export const noPassword = "none";

/** Shortest password a person may set, in UTF-16 units. */
export const passwordLengthMin = 8;

export class Accounts {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: Store;
  readonly #hasher: PasswordHasher;

  constructor(deps: {
    readonly clock: Clock;
    readonly random: Random;
    readonly store: Store;
    readonly hasher: PasswordHasher;
  }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#store = deps.store;
    this.#hasher = deps.hasher;
  }

  async get(tenantId: string, name: string): Promise<Account | undefined> {
    const row = await this.#store.db
      .selectFrom("users")
      .selectAll()
      .where("tenant_id", "=", tenantId)
      .where("name", "=", name)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    return toAccount(row, row.kind === "user" ? await this.#rolesOfGroups(tenantId, name) : []);
  }

  /** Whether some enabled person of the tenant may manage accounts. */
  async hasAdministrator(tenantId: string): Promise<boolean> {
    return (await countAdministrators(this.#store.db, tenantId)) > 0;
  }

  async #rolesOfGroups(tenantId: string, name: string): Promise<readonly string[]> {
    const rows = await this.#store.db
      .selectFrom("group_members")
      .innerJoin("groups", (join) =>
        join
          .onRef("groups.tenant_id", "=", "group_members.tenant_id")
          .onRef("groups.number", "=", "group_members.group_number"),
      )
      .select("groups.roles")
      .where("group_members.tenant_id", "=", tenantId)
      .where("group_members.user_name", "=", name)
      .execute();
    return rows.flatMap((row) => JSON.parse(row.roles) as string[]);
  }

  /** Makes an account, or gives an existing one of that name the new password. */
  async put(account: {
    readonly tenantId: string;
    readonly name: string;
    readonly kind: Account["kind"];
    readonly password: string;
    readonly roles: readonly string[];
    readonly deviceExternalId?: string;
  }): Promise<void> {
    const passwordHash = await this.#hasher.hash(account.password);
    const stamp = newStamp(this.#random);
    const nowMs = Math.floor(this.#clock.nowMs());
    await this.#store.db
      .insertInto("users")
      .values({
        tenant_id: account.tenantId,
        name: account.name,
        kind: account.kind,
        password_hash: passwordHash,
        stamp,
        roles: JSON.stringify(account.roles),
        is_enabled: 1,
        device_external_id: account.deviceExternalId ?? null,
        created_at_ms: nowMs,
        password_changed_at_ms: nowMs,
      })
      .onConflict((conflict) =>
        conflict
          .columns(["tenant_id", "name"])
          .doUpdateSet({ password_hash: passwordHash, stamp, password_changed_at_ms: nowMs }),
      )
      .execute();
  }

  /** The login of a device that shows a certificate; false if there is an account of that name. */
  async addWithoutPassword(
    account: { readonly tenantId: string; readonly name: string; readonly deviceExternalId: string },
    db: Kysely<Database>,
  ): Promise<boolean> {
    const result = await db
      .insertInto("users")
      .values({
        tenant_id: account.tenantId,
        name: account.name,
        kind: "device",
        password_hash: noPassword,
        stamp: newStamp(this.#random),
        roles: "[]",
        is_enabled: 1,
        device_external_id: account.deviceExternalId,
        created_at_ms: Math.floor(this.#clock.nowMs()),
        password_changed_at_ms: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
  }

  /** False if there is no such account. `along` is written in the transaction of the change. */
  async setPassword(
    tenantId: string,
    name: string,
    password: string,
    along: (transaction: Transaction<Database>) => Promise<void> = async () => {},
  ): Promise<boolean> {
    const passwordHash = await this.#hasher.hash(password);
    return this.#store.db.transaction().execute(async (transaction) => {
      const result = await transaction
        .updateTable("users")
        .set({
          password_hash: passwordHash,
          stamp: newStamp(this.#random),
          password_changed_at_ms: Math.floor(this.#clock.nowMs()),
        })
        .where("tenant_id", "=", tenantId)
        .where("name", "=", name)
        .executeTakeFirst();
      if (result.numUpdatedRows === 0n) return false;
      await along(transaction);
      return true;
    });
  }

  /** Removes the logins of a device; they stop working at once. */
  async removeOfDevice(externalId: string, db: Kysely<Database> = this.#store.db): Promise<void> {
    await db.deleteFrom("users").where("device_external_id", "=", externalId).execute();
  }

  /** A password for a machine: 32 characters with 190 bits, only letters, digits, `-` and `_`. */
  newPassword(): string {
    return Buffer.from(this.#random.bytes(24)).toString("base64url");
  }
}

/** A new stamp of an account: what was remembered under the old one is void. */
export function newStamp(random: Random): string {
  return Buffer.from(random.bytes(12)).toString("base64url");
}

function toAccount(row: UserRow, rolesOfGroups: readonly string[]): Account {
  return {
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind,
    passwordHash: row.password_hash,
    stamp: row.stamp,
    roles: [...new Set([...(JSON.parse(row.roles) as string[]), ...rolesOfGroups])].sort(),
    isEnabled: row.is_enabled === 1,
    deviceExternalId: row.device_external_id ?? undefined,
  };
}
