// The tenant's own certificate authority (protocol.md 2.8): its key rests under the vault, its certificate among the trusted ones.
import { generateKeyPairSync } from "node:crypto";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import type { Vault } from "../remote-access/vault.ts";
import { readSetting, settingContext, writeSetting } from "../store/settings.ts";
import type { Store } from "../store/store.ts";
import type { TenantOptions } from "../tenant/tenant-options.ts";
import { authorityName, issueAuthority, issueForDevice, readSigner, type Signer } from "./issue-certificate.ts";
import type { SigningRequest } from "./signing-request.ts";
import type { TrustedCertificate } from "./trusted-certificate.ts";
import type { TrustedCertificates } from "./trusted-certificates.ts";

const dayMs = 86_400_000;
export const authorityLifeMs = 3_650 * dayMs;
/** Life of a device's certificate unless the tenant says otherwise. */
export const deviceLifeMs = 365 * dayMs;
/** How far a certificate reaches back, for the tools of devices whose clocks are a little behind; a short life has less. */
const backdatedMs = 60_000;
const keyBits = 2_048;

/** Postern's own option: the life of a device's certificate, in seconds. */
export const lifeOption = { category: "certificate-authority", key: "postern.certificate.lifespan.seconds" } as const;
const lifeSeconds = { min: 60, max: authorityLifeMs / 1_000 };

const keySetting = "tenant-authority-key";
const featureSetting = "feature-certificate-authority";

/** `off`: the feature is switched off; `none`: no authority was made; `ended`: its certificate has expired or was disabled. */
export type NoAuthority = "off" | "none" | "ended";

export class TenantAuthority {
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #options: TenantOptions;
  readonly #audit: Audit;
  readonly #trusted: TrustedCertificates;

  constructor(deps: {
    readonly tenantId: string;
    readonly clock: Clock;
    readonly random: Random;
    readonly store: Store;
    readonly vault: Vault;
    readonly options: TenantOptions;
    readonly audit: Audit;
    readonly trustedCertificates: TrustedCertificates;
  }) {
    this.#tenantId = deps.tenantId;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#store = deps.store;
    this.#vault = deps.vault;
    this.#options = deps.options;
    this.#audit = deps.audit;
    this.#trusted = deps.trustedCertificates;
  }

  async isActive(): Promise<boolean> {
    return (await readSetting(this.#store, featureSetting)) !== "off";
  }

  async setActive(isActive: boolean, userName: string): Promise<void> {
    const value = isActive ? "on" : "off";
    const activity = `Certificate authority switched ${value}`;
    await this.#store.db.transaction().execute(async (transaction) => {
      await writeSetting({ db: transaction }, featureSetting, value);
      await this.#audit.record({ type: "Tenant", activity, text: `${activity}.`, userName }, transaction);
    });
  }

  /** `exists`: a tenant has one. */
  async create(userName: string): Promise<TrustedCertificate | "exists"> {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: keyBits,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const pem = issueAuthority(this.#signer(privateKey), this.#authorityLife(), this.#random);
    const sealed = this.#vault.seal(privateKey, settingContext(keySetting));
    const isMade = await this.#store.db.transaction().execute(async (transaction) => {
      const present = await transaction
        .selectFrom("trusted_certificates")
        .select("fingerprint")
        .where("is_tenant_authority", "=", 1)
        .executeTakeFirst();
      if (present !== undefined) return false;
      await writeSetting({ db: transaction }, keySetting, sealed);
      await this.#trusted.putTenantAuthority(transaction, pem, userName);
      return true;
    });
    if (!isMade) return "exists";
    return this.#present();
  }

  /** A new certificate for the same key: what was issued under the old one goes on. `none`: there is no authority. */
  async renew(userName: string): Promise<TrustedCertificate | "none"> {
    const key = await this.#privateKey();
    if ((await this.#trusted.tenantAuthority()) === undefined || key === undefined) return "none";
    const pem = issueAuthority(this.#signer(key), this.#authorityLife(), this.#random);
    await this.#store.db
      .transaction()
      .execute((transaction) => this.#trusted.putTenantAuthority(transaction, pem, userName));
    return this.#present();
  }

  /** Takes a certificate off the list; with that of the tenant's own authority its key is forgotten. False if there is none. */
  async remove(fingerprint: string, userName: string): Promise<boolean> {
    return this.#trusted.remove(fingerprint, userName, async (transaction, gone) => {
      if (gone.isTenantAuthority) await transaction.deleteFrom("settings").where("name", "=", keySetting).execute();
    });
  }

  /** PEM of a certificate for a device, or why there is none. */
  async issue(request: SigningRequest): Promise<{ readonly pem: string } | NoAuthority> {
    const authority = await this.available();
    if (typeof authority === "string") return authority;
    const key = await this.#privateKey();
    if (key === undefined) return "none";
    const nowMs = this.#clock.nowMs();
    const lifeMs = await this.#deviceLifeMs();
    const notAfterMs = Math.min(nowMs + lifeMs, authority.certificate.validToDate.getTime());
    const notBeforeMs = nowMs - Math.min(backdatedMs, lifeMs / 20);
    return { pem: issueForDevice(this.#signer(key), { ...request, notBeforeMs, notAfterMs }, this.#random) };
  }

  /** The authority, if it can issue now. */
  async available(): Promise<TrustedCertificate | NoAuthority> {
    if (!(await this.isActive())) return "off";
    const authority = await this.#trusted.tenantAuthority();
    if (authority === undefined) return "none";
    const isOver = authority.certificate.validToDate.getTime() <= this.#clock.nowMs();
    return isOver || !authority.isEnabled ? "ended" : authority;
  }

  async #present(): Promise<TrustedCertificate> {
    await this.#trusted.authorityChanged();
    const made = await this.#trusted.tenantAuthority();
    if (made === undefined) throw new Error("the authority that was made just now is gone");
    return made;
  }

  async #privateKey(): Promise<string | undefined> {
    const sealed = await readSetting(this.#store, keySetting);
    if (sealed === undefined) return undefined;
    return Buffer.from(this.#vault.open(sealed, settingContext(keySetting))).toString("utf8");
  }

  #signer(privateKey: string): Signer {
    return readSigner(authorityName(this.#tenantId), privateKey);
  }

  #authorityLife() {
    const nowMs = this.#clock.nowMs();
    return { notBeforeMs: nowMs - backdatedMs, notAfterMs: nowMs + authorityLifeMs };
  }

  async #deviceLifeMs(): Promise<number> {
    const seconds = readLife(await this.#options.get(lifeOption.category, lifeOption.key));
    return seconds === undefined ? deviceLifeMs : seconds * 1_000;
  }
}

/** What is wrong with a value of the option; undefined if nothing is, or it is another one. */
export function whyLifeRefused(category: string, key: string, value: string): string | undefined {
  if (category !== lifeOption.category || key !== lifeOption.key || readLife(value) !== undefined) return undefined;
  return `must be a whole number from ${lifeSeconds.min} to ${lifeSeconds.max}`;
}

function readLife(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds >= lifeSeconds.min && seconds <= lifeSeconds.max ? seconds : undefined;
}
