// Decides whether an MQTT client may come in, and as whom: its login and its client identifier must belong together.
import type { CertificateLogins } from "../devices/certificate-login.ts";
import type { Device, DeviceRegistry } from "../devices/device-registry.ts";
import type { Registration } from "../devices/registration.ts";
import type { CloudLog } from "../log.ts";
import { bootstrapTenantId, bootstrapUserName } from "../users/accounts.ts";
import type { Authentication } from "../users/authentication.ts";
import type { ClientIdentity } from "./client-session.ts";
import type { ClientKind } from "./topic-rules.ts";

/** CONNACK codes (protocol.md 1.3). */
const identifierRejected = 2;
export const serverUnavailable = 3;
const wrongLogin = 4;
export const notAuthorised = 5;

export type ClientLoginOutcome =
  | { readonly ok: true; readonly identity: ClientIdentity; readonly device: Device | undefined }
  | { readonly ok: false; readonly returnCode: number; readonly why: string };

/** What a client says it is, before its login is checked; keeps the names of the two kinds apart. A certificate wins. */
export function claimedKind(user: string | undefined, hasCertificate: boolean): ClientKind {
  return !hasCertificate && user === `${bootstrapTenantId}/${bootstrapUserName}` ? "bootstrap" : "device";
}

export class ClientLogin {
  readonly #authentication: Authentication;
  readonly #registration: Registration;
  readonly #certificateLogins: CertificateLogins;
  readonly #devices: DeviceRegistry;
  readonly #log: CloudLog;

  constructor(deps: {
    readonly authentication: Authentication;
    readonly registration: Registration;
    readonly certificateLogins: CertificateLogins;
    readonly devices: DeviceRegistry;
    readonly log: CloudLog;
  }) {
    this.#authentication = deps.authentication;
    this.#registration = deps.registration;
    this.#certificateLogins = deps.certificateLogins;
    this.#devices = deps.devices;
    this.#log = deps.log;
  }

  /** `identifier`: device identifier of the client identifier, undefined if that is not accepted. */
  async check(claim: {
    readonly identifier: string | undefined;
    readonly user: string | undefined;
    readonly password: string | undefined;
    readonly address: string;
    /** PEM. */
    readonly certificateChain: string | undefined;
  }): Promise<ClientLoginOutcome> {
    const { identifier, user, password, address, certificateChain } = claim;
    if (identifier === undefined) return refused(identifierRejected, "client identifier not accepted");
    if (certificateChain !== undefined) return this.#byCertificate(certificateChain, identifier, address);
    if (user === undefined || password === undefined) return refused(wrongLogin, "no user or no password");
    const login = await this.#authentication.checkPassword(user, password, address);
    if (!login.ok) {
      const isLater = login.why === "too-many" || login.why === "busy";
      return isLater ? refused(serverUnavailable, "try again later") : refused(wrongLogin, "wrong user or password");
    }
    const { account } = login;
    if (account.kind === "bootstrap") {
      const identity = { kind: "bootstrap", externalId: identifier, userName: account.name } as const;
      return { ok: true, identity, device: undefined };
    }
    if (account.kind !== "device" || account.deviceExternalId !== identifier) {
      this.#log.warn("mqtt.refused", { address, user: account.name, why: "client-id-does-not-fit-user" });
      return refused(notAuthorised, "the client identifier does not belong to this user");
    }
    const device = await this.#devices.byExternalId(identifier);
    await this.#registration.handedOver(identifier);
    return { ok: true, identity: { kind: "device", externalId: identifier, userName: account.name }, device };
  }

  /** A password that came along is not looked at (protocol.md 1.2). */
  async #byCertificate(chain: string, identifier: string, address: string): Promise<ClientLoginOutcome> {
    const login = await this.#certificateLogins.check(chain, identifier);
    if (!login.ok) {
      this.#log.warn("mqtt.refused", { address, device: identifier, why: login.why });
      return refused(notAuthorised, "the certificate is not accepted");
    }
    const { account, anchorKeyHash } = login;
    const device = await this.#devices.byExternalId(identifier);
    const certificate = { chain, anchorKeyHash };
    return {
      ok: true,
      identity: { kind: "device", externalId: identifier, userName: account.name, certificate },
      device,
    };
  }
}

function refused(returnCode: number, why: string): ClientLoginOutcome {
  return { ok: false, returnCode, why };
}
