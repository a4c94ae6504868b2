// Devices that may get their first certificate with a one-time password (protocol.md 2.8): who may, and who has tried too often.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Kysely } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { CloudLog } from "../log.ts";
import type { Vault } from "../remote-access/vault.ts";
import type { Database } from "../store/schema.ts";
import type { Store } from "../store/store.ts";

/** Wrong one-time passwords until the device is blocked. */
export const failuresMax = 10;
/** Length of a one-time password, in characters. */
export const oneTimePasswordLength = { min: 8, max: 32 } as const;

/** `other-key`: with this password a certificate for another key was issued already, and only the holder of that may ask again. */
export type EnrolmentVerdict = "ok" | "unknown" | "wrong" | "blocked" | "other-key";

export class Enrolments {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #audit: Audit;
  readonly #log: CloudLog;

  constructor(deps: {
    readonly clock: Clock;
    readonly store: Store;
    readonly vault: Vault;
    readonly audit: Audit;
    readonly log: CloudLog;
  }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#vault = deps.vault;
    this.#audit = deps.audit;
    this.#log = deps.log;
  }

  /** A new password replaces an older one and lifts a block. */
  async offer(externalId: string, oneTimePassword: string, db: Kysely<Database> = this.#store.db): Promise<void> {
    const values = {
      sealed_password: this.#vault.seal(oneTimePassword, contextOf(externalId)),
      failures: 0,
      is_blocked: 0 as const,
      key_hash: null,
    };
    await db
      .insertInto("enrolments")
      .values({ device_external_id: externalId, created_at_ms: Math.floor(this.#clock.nowMs()), ...values })
      .onConflict((conflict) => conflict.column("device_external_id").doUpdateSet(values))
      .execute();
  }

  async isOffered(externalId: string): Promise<boolean> {
    return (await this.#row(this.#store.db, externalId)) !== undefined;
  }

  /** Looks at the password, and counts a wrong one in the same transaction: many at a time are no way around the limit. */
  async check(externalId: string, oneTimePassword: string): Promise<EnrolmentVerdict> {
    const verdict = await this.#store.db.transaction().execute(async (transaction) => {
      const row = await this.#row(transaction, externalId);
      if (row === undefined) return "unknown";
      if (row.is_blocked === 1) return "blocked";
      const expected = this.#vault.open(row.sealed_password, contextOf(externalId));
      if (isSame(expected, Buffer.from(oneTimePassword, "utf8"))) return "ok";
      const failures = row.failures + 1;
      const isBlocked = failures >= failuresMax;
      await transaction
        .updateTable("enrolments")
        .set({ failures, is_blocked: isBlocked ? 1 : 0 })
        .where("device_external_id", "=", externalId)
        .execute();
      if (!isBlocked) return "wrong";
      const activity = "Device registration failed due to max number of failed attempts reached";
      const text = `${activity}: '${externalId}', one-time password.`;
      await this.#audit.record({ type: "Inventory", activity, text, userName: externalId }, transaction);
      return "blocked";
    });
    if (verdict === "wrong" || verdict === "blocked")
      this.#log.warn("enrolment.refused", { device: externalId, why: verdict });
    return verdict;
  }

  /**
   * The device gets a certificate for this key; false if it has got one for another key by this password, or the offer is
   * gone. The password stays good for the same key until the device has logged in: an answer may be lost on its way.
   */
  async takes(externalId: string, keyHash: string): Promise<boolean> {
    return this.#store.db.transaction().execute(async (transaction) => {
      const row = await this.#row(transaction, externalId);
      if (row === undefined || (row.key_hash !== null && row.key_hash !== keyHash)) return false;
      await transaction
        .updateTable("enrolments")
        .set({ key_hash: keyHash, failures: 0 })
        .where("device_external_id", "=", externalId)
        .execute();
      return true;
    });
  }

  /** The device has logged in with a certificate for this key: if that came by its one-time password, this is spent. */
  async done(externalId: string, keyHash: string): Promise<void> {
    await this.#store.db
      .deleteFrom("enrolments")
      .where("device_external_id", "=", externalId)
      .where("key_hash", "=", keyHash)
      .execute();
  }

  async removeAlong(db: Kysely<Database>, externalId: string): Promise<void> {
    await db.deleteFrom("enrolments").where("device_external_id", "=", externalId).execute();
  }

  async #row(db: Kysely<Database>, externalId: string) {
    return db.selectFrom("enrolments").selectAll().where("device_external_id", "=", externalId).executeTakeFirst();
  }
}

function contextOf(externalId: string): string {
  return `one-time password of device ${externalId}`;
}

/** In the same time whatever differs. */
function isSame(expected: Uint8Array, given: Uint8Array): boolean {
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(expected), digest(given));
}
