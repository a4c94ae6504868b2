// The authorities that a tenant trusts with its devices (protocol.md 2.7): who is on the list, and what a change ends.
import { X509Certificate } from "node:crypto";
import type { Transaction } from "kysely";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { Database, TrustedCertificateRow } from "../store/schema.ts";
import type { Store } from "../store/store.ts";
import { type ChainVerdict, judgeChain } from "./certificate-chain.ts";
import { parseCertificate, readPemOrBase64 } from "./certificate-facts.ts";
import { keyHash } from "./key-hash.ts";
import {
  fingerprintOf,
  flag,
  isSignedBy,
  judgeAuthority,
  type NewTrustedCertificate,
  type TrustChange,
  type TrustedCertificate,
  toTrusted,
} from "./trusted-certificate.ts";

/** Certificates that a tenant may trust. */
export const trustedMax = 1_000;
/** How long a verification code can be used, in ms. */
export const codeLifeMs = 24 * 3_600_000;

type Listener = () => Promise<void>;

export class TrustedCertificates {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: Store;
  readonly #audit: Audit;
  readonly #listeners = new Set<Listener>();
  /** Read once and after each change: every login looks at all of them. */
  #known: Promise<readonly TrustedCertificate[]> | undefined;

  constructor(deps: {
    readonly clock: Clock;
    readonly random: Random;
    readonly store: Store;
    readonly audit: Audit;
  }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#store = deps.store;
    this.#audit = deps.audit;
  }

  /** By time of their coming. */
  async list(): Promise<readonly TrustedCertificate[]> {
    if (this.#known !== undefined) return this.#known;
    const reading = this.#read();
    this.#known = reading;
    // A store that was busy once must not keep every device out until the next change.
    reading.catch(() => {
      if (this.#known === reading) this.#known = undefined;
    });
    return reading;
  }

  async get(fingerprint: string): Promise<TrustedCertificate | undefined> {
    return (await this.list()).find((one) => one.fingerprint === fingerprint.toLowerCase());
  }

  async tenantAuthority(): Promise<TrustedCertificate | undefined> {
    return (await this.list()).find(({ isTenantAuthority }) => isTenantAuthority);
  }

  /** Whether a chain that a device shows leads to an authority in force. */
  async judge(chain: string): Promise<ChainVerdict<TrustedCertificate>> {
    const anchors = (await this.list()).filter(({ isEnabled }) => isEnabled);
    return judgeChain(chain, anchors, this.#clock.nowMs());
  }

  /** All or none. `exists`: the fingerprint of one that is there. Throws CertificateError for one that cannot be an authority. */
  async add(
    wanted: readonly NewTrustedCertificate[],
    userName: string,
  ): Promise<readonly TrustedCertificate[] | { readonly exists: string } | "full"> {
    const rows = wanted.map((one) => this.#row(one, parseCertificate(readPemOrBase64(one.pem)), false));
    const outcome = await this.#store.db.transaction().execute(async (transaction) => {
      const present = await transaction.selectFrom("trusted_certificates").select("fingerprint").execute();
      if (present.length + rows.length > trustedMax) return "full";
      const seen = new Set(present.map(({ fingerprint }) => fingerprint));
      for (const row of rows) {
        if (seen.has(row.fingerprint)) return { exists: row.fingerprint };
        seen.add(row.fingerprint);
        await transaction.insertInto("trusted_certificates").values(row).execute();
        await this.#record(transaction, "Trusted certificate added", row, userName);
      }
      return undefined;
    });
    if (outcome !== undefined) return outcome;
    await this.#changed();
    return rows.map(toTrusted);
  }

  /** The tenant's own authority: a new one, or one with the same key in the place of the old one. Along with the caller's change. */
  async putTenantAuthority(transaction: Transaction<Database>, pem: string, userName: string): Promise<void> {
    const old = await transaction
      .deleteFrom("trusted_certificates")
      .where("is_tenant_authority", "=", 1)
      .returningAll()
      .executeTakeFirst();
    const wanted = {
      name: old?.name ?? "Certificate authority of the tenant",
      pem,
      isEnabled: old === undefined || old.is_enabled === 1,
      isAutoRegistration: old?.is_auto_registration === 1,
    };
    const row = { ...this.#row(wanted, new X509Certificate(pem), true), is_proven: 1 as const };
    await transaction.insertInto("trusted_certificates").values(row).execute();
    const activity = old === undefined ? "Certificate authority created" : "Certificate authority renewed";
    await this.#record(transaction, activity, row, userName);
  }

  /** To be called once a change of the tenant's authority is committed. */
  async authorityChanged(): Promise<void> {
    await this.#changed();
  }

  /** Undefined if there is none. */
  async change(fingerprint: string, change: TrustChange, userName: string): Promise<TrustedCertificate | undefined> {
    const { name, isEnabled, isAutoRegistration } = change;
    if (Object.keys(change).length === 0) return this.get(fingerprint);
    const row = await this.#store.db.transaction().execute(async (transaction) => {
      const changed = await transaction
        .updateTable("trusted_certificates")
        .set({
          ...(name === undefined ? {} : { name }),
          ...(isEnabled === undefined ? {} : { is_enabled: flag(isEnabled) }),
          ...(isAutoRegistration === undefined ? {} : { is_auto_registration: flag(isAutoRegistration) }),
        })
        .where("fingerprint", "=", fingerprint.toLowerCase())
        .returningAll()
        .executeTakeFirst();
      if (changed !== undefined) await this.#record(transaction, "Trusted certificate changed", changed, userName);
      return changed;
    });
    if (row === undefined) return undefined;
    await this.#changed();
    return toTrusted(row);
  }

  /** False if there is none. `along`: told of the one that goes, in the transaction of its end. */
  async remove(
    fingerprint: string,
    userName: string,
    along: (transaction: Transaction<Database>, gone: TrustedCertificate) => Promise<void> = async () => {},
  ): Promise<boolean> {
    const isRemoved = await this.#store.db.transaction().execute(async (transaction) => {
      const row = await transaction
        .deleteFrom("trusted_certificates")
        .where("fingerprint", "=", fingerprint.toLowerCase())
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) return false;
      await along(transaction, toTrusted(row));
      await this.#record(transaction, "Trusted certificate removed", row, userName);
      return true;
    });
    if (isRemoved) await this.#changed();
    return isRemoved;
  }

  /** A new code in the place of the old one; undefined if there is no such certificate. */
  async newVerificationCode(fingerprint: string): Promise<TrustedCertificate | undefined> {
    const row = await this.#store.db
      .updateTable("trusted_certificates")
      .set(this.#newCode())
      .where("fingerprint", "=", fingerprint.toLowerCase())
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) return undefined;
    this.#known = undefined;
    return toTrusted(row);
  }

  /** `signature`: base64, over the code's text with SHA-256, by the authority's key. */
  async prove(
    fingerprint: string,
    signature: string,
    userName: string,
  ): Promise<TrustedCertificate | "unknown" | "expired" | "wrong"> {
    const known = await this.get(fingerprint);
    if (known === undefined) return "unknown";
    if (this.#clock.nowMs() > known.codeUntilMs) return "expired";
    if (!isSignedBy(known.certificate, known.verificationCode, signature)) return "wrong";
    const row = await this.#store.db.transaction().execute(async (transaction) => {
      const proven = await transaction
        .updateTable("trusted_certificates")
        .set({ is_proven: 1 })
        .where("fingerprint", "=", known.fingerprint)
        .where("verification_code", "=", known.verificationCode)
        .returningAll()
        .executeTakeFirst();
      if (proven !== undefined) await this.#record(transaction, "Possession of key proven", proven, userName);
      return proven;
    });
    this.#known = undefined;
    return row === undefined ? "wrong" : toTrusted(row);
  }

  /** Hears of each change after which a certificate may not be trusted any more. Gives back how to stop. */
  watch(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #changed(): Promise<void> {
    this.#known = undefined;
    const failures: unknown[] = [];
    for (const listener of [...this.#listeners]) {
      // One of them expels devices, whatever became of the others.
      await listener().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #read(): Promise<readonly TrustedCertificate[]> {
    const rows = await this.#store.db
      .selectFrom("trusted_certificates")
      .selectAll()
      .orderBy("created_at_ms")
      .orderBy("fingerprint")
      .execute();
    return rows.map(toTrusted);
  }

  #row(wanted: NewTrustedCertificate, certificate: X509Certificate, isTenantAuthority: boolean) {
    judgeAuthority(certificate, this.#clock.nowMs());
    return {
      fingerprint: fingerprintOf(certificate),
      name: wanted.name,
      pem: certificate.toString(),
      key_hash: keyHash(certificate.publicKey),
      is_enabled: flag(wanted.isEnabled),
      is_auto_registration: flag(wanted.isAutoRegistration),
      is_tenant_authority: flag(isTenantAuthority),
      is_proven: flag(false),
      ...this.#newCode(),
      created_at_ms: Math.floor(this.#clock.nowMs()),
    };
  }

  #newCode(): { readonly verification_code: string; readonly code_until_ms: number } {
    return {
      verification_code: Buffer.from(this.#random.bytes(32)).toString("hex"),
      code_until_ms: Math.floor(this.#clock.nowMs()) + codeLifeMs,
    };
  }

  async #record(
    transaction: Transaction<Database>,
    activity: string,
    row: Pick<TrustedCertificateRow, "name" | "fingerprint">,
    userName: string,
  ): Promise<void> {
    const text = `${activity}: '${row.name}' (${row.fingerprint}).`;
    await this.#audit.record({ type: "Tenant", activity, text, userName }, transaction);
  }
}
