// Who the gateway is to the cloud: the account or certificate it was given, and how MQTT and HTTPS are told of it.
import type { ClientCertificate, WaitOptions } from "#hardware/ports.ts";
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import type { MqttLogin } from "./connectivity/mqtt-connection.ts";

export type CloudIdentity =
  | ({ readonly kind: "password" } & DeviceCredentials)
  | {
      readonly kind: "certificate";
      readonly certificate: ClientCertificate;
      /** The certificate's validity, in ms since the Unix epoch. */
      readonly notBeforeMs: number;
      readonly notAfterMs: number;
      /** Whoever put the files there also renews them; what was enrolled the gateway renews by itself. */
      readonly source: "files" | "enrolment";
    };

export type AuthorizationOutcome =
  /** The value of the header `Authorization`: a secret. */
  | { readonly ok: true; readonly value: string }
  /** One clause for people, without a secret. */
  | { readonly ok: false; readonly why: string };

/** What the gateway shows to the cloud's HTTPS port, where a client certificate alone counts for nothing (protocol.md 3.3). */
export interface CloudAuthorization {
  /** Never rejects. A password is there at once, a token may have to be asked for over MQTT first. */
  header(options: WaitOptions): Promise<AuthorizationOutcome>;
  /** The cloud answered 401 to this value: it is not used again. True if another one can be had by asking anew. */
  refused(value: string): boolean;
}

/** A certificate says by itself who its owner is, so user and password are left out (protocol.md 1.2). */
export function mqttLogin(deviceId: string, identity: CloudIdentity): MqttLogin {
  if (identity.kind === "certificate") {
    const { certificate, notAfterMs } = identity;
    return { clientId: deviceId, clientCertificate: certificate, certificateNotAfterMs: notAfterMs };
  }
  return { clientId: deviceId, user: `${identity.tenant}/${identity.user}`, password: identity.password };
}

export function passwordIdentity({ tenant, user, password }: DeviceCredentials): CloudIdentity {
  return { kind: "password", tenant, user, password };
}

/** For the cloud's HTTPS port (RFC 7617). `user` has no colon. */
export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}
