// Gives devices their certificates: who asks was checked, how often is limited, and each one is in the audit trail.
import { X509Certificate } from "node:crypto";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import { keyInfoHash } from "../certificates/key-hash.ts";
import type { SigningRequest } from "../certificates/signing-request.ts";
import type { NoAuthority, TenantAuthority } from "../certificates/tenant-authority.ts";
import type { CloudLog } from "../log.ts";
import type { Enrolments } from "./enrolment.ts";
import { deviceUserName } from "./registration.ts";

/** Certificates that a device may get within `windowMs`: each stays in the audit trail for ever. */
export const issuedMax = 20;
export const windowMs = 3_600_000;
/** Devices of which it is remembered; the oldest is forgotten first. */
const rememberedMax = 10_000;

export type IssueOutcome = { readonly pem: string } | NoAuthority | "too-often";

export class CertificateIssue {
  readonly #clock: Clock;
  readonly #audit: Audit;
  readonly #log: CloudLog;
  readonly #authority: TenantAuthority;
  readonly #enrolments: Enrolments;
  readonly #issued = new Map<string, { readonly sinceMs: number; count: number }>();

  constructor(deps: {
    readonly clock: Clock;
    readonly audit: Audit;
    readonly log: CloudLog;
    readonly tenantAuthority: TenantAuthority;
    readonly enrolments: Enrolments;
  }) {
    this.#clock = deps.clock;
    this.#audit = deps.audit;
    this.#log = deps.log;
    this.#authority = deps.tenantAuthority;
    this.#enrolments = deps.enrolments;
  }

  /** The first certificate. `other-key`: the password was used for another key, or is gone. */
  async byOneTimePassword(externalId: string, request: SigningRequest): Promise<IssueOutcome | "other-key"> {
    if (!(await this.#enrolments.takes(externalId, keyInfoHash(request.publicKeyInfo)))) return "other-key";
    return this.#issue(externalId, request, { activity: "Device enrolled", userName: deviceUserName(externalId) });
  }

  /** The next certificate of a device that has logged in. */
  async byLogin(externalId: string, userName: string, request: SigningRequest): Promise<IssueOutcome> {
    return this.#issue(externalId, request, { activity: "Device certificate renewed", userName });
  }

  async #issue(
    externalId: string,
    request: SigningRequest,
    record: { readonly activity: string; readonly userName: string },
  ): Promise<IssueOutcome> {
    if (!this.#mayHaveAnother(externalId)) {
      this.#log.warn("enrolment.refused", { device: externalId, why: "too-often" });
      return "too-often";
    }
    const issued = await this.#authority.issue(request);
    if (typeof issued === "string") return issued;
    const { serialNumber, validToDate } = new X509Certificate(issued.pem);
    const { activity, userName } = record;
    const until = validToDate.toISOString();
    const text = `${activity}: '${externalId}', serial number ${serialNumber}, until ${until}.`;
    await this.#audit.record({ type: "Inventory", activity, text, userName });
    this.#log.info("device.certified", { device: externalId, serialNumber, until });
    return issued;
  }

  #mayHaveAnother(externalId: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#issued.get(externalId);
    if (known !== undefined && nowMs - known.sinceMs < windowMs) {
      known.count += 1;
      return known.count <= issuedMax;
    }
    this.#issued.delete(externalId);
    this.#issued.set(externalId, { sinceMs: nowMs, count: 1 });
    const [oldest] = this.#issued.keys();
    if (this.#issued.size > rememberedMax && oldest !== undefined) this.#issued.delete(oldest);
    return true;
  }
}
