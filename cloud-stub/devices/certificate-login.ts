// Lets devices in by their certificate: the authority must be trusted, the name right, and the device registered or welcome without.

import type { Audit } from "../audit/audit.ts";
import { keyInfoHash } from "../certificates/key-hash.ts";
import type { TrustedCertificates } from "../certificates/trusted-certificates.ts";
import type { CloudLog } from "../log.ts";
import type { Store } from "../store/store.ts";
import type { Account, Accounts } from "../users/accounts.ts";
import type { Enrolments } from "./enrolment.ts";
import { deviceUserName, isDeviceId } from "./registration.ts";

export type CertificateLoginOutcome =
  | {
      readonly ok: true;
      readonly account: Account;
      readonly externalId: string;
      /** Public key's hash of the authority that vouched for it. */
      readonly anchorKeyHash: string;
    }
  /** One clause for people. */
  | { readonly ok: false; readonly why: string };

export class CertificateLogins {
  readonly #tenantId: string;
  readonly #store: Store;
  readonly #accounts: Accounts;
  readonly #audit: Audit;
  readonly #log: CloudLog;
  readonly #trusted: TrustedCertificates;
  readonly #enrolments: Enrolments;

  constructor(deps: {
    readonly tenantId: string;
    readonly store: Store;
    readonly accounts: Accounts;
    readonly audit: Audit;
    readonly log: CloudLog;
    readonly trustedCertificates: TrustedCertificates;
    readonly enrolments: Enrolments;
  }) {
    this.#tenantId = deps.tenantId;
    this.#store = deps.store;
    this.#accounts = deps.accounts;
    this.#audit = deps.audit;
    this.#log = deps.log;
    this.#trusted = deps.trustedCertificates;
    this.#enrolments = deps.enrolments;
  }

  /** `chain`: PEM; TLS has seen to it that the device has its key. `claimed`: who it says it is, if it says so. */
  async check(chain: string, claimed?: string): Promise<CertificateLoginOutcome> {
    const verdict = await this.#trusted.judge(chain);
    if (!verdict.ok) return { ok: false, why: `the device's certificate is not accepted: ${verdict.why}` };
    const { commonName, publicKeyInfo, anchor } = verdict;
    if (claimed !== undefined && commonName !== claimed) {
      return {
        ok: false,
        why: `the certificate is that of '${commonName.slice(0, 100)}', the client identifier says '${claimed}'`,
      };
    }
    if (!isDeviceId(commonName)) return { ok: false, why: "the common name of the certificate cannot be a device's" };
    const name = deviceUserName(commonName);
    const known = await this.#accounts.get(this.#tenantId, name);
    if (known === undefined && !anchor.isAutoRegistration) {
      const why = `the device is not registered, and its authority '${anchor.name}' registers none by itself`;
      return { ok: false, why };
    }
    const account = known ?? (await this.#register(commonName, anchor.name));
    if (account?.kind !== "device" || account.deviceExternalId !== commonName || !account.isEnabled) {
      return { ok: false, why: `the login '${name}' is not that of a device, or is disabled` };
    }
    await this.#enrolments.done(commonName, keyInfoHash(publicKeyInfo));
    return { ok: true, account, externalId: commonName, anchorKeyHash: anchor.keyHash };
  }

  /** Whether a chain that was accepted would still be. */
  async isStillTrusted(chain: string): Promise<boolean> {
    return (await this.#trusted.judge(chain)).ok;
  }

  async #register(externalId: string, authority: string): Promise<Account | undefined> {
    const name = deviceUserName(externalId);
    const isNew = await this.#store.db.transaction().execute(async (transaction) => {
      const wasMade = await this.#accounts.addWithoutPassword(
        { tenantId: this.#tenantId, name, deviceExternalId: externalId },
        transaction,
      );
      if (!wasMade) return false;
      const activity = "Device registered by certificate";
      const text = `${activity}: '${externalId}', by the authority '${authority}'.`;
      await this.#audit.record({ type: "Inventory", activity, text, userName: name }, transaction);
      return true;
    });
    if (isNew) this.#log.info("device.registered", { device: externalId, by: "certificate" });
    return this.#accounts.get(this.#tenantId, name);
  }
}
