// The bootstrap connection and the credentials in storage, as actors of the registration machine.
import { fromCallback, fromPromise } from "xstate";
import type { ClientCertificate, Hardware } from "#hardware/ports.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { type DeviceCredentials, parseDownstream } from "#protocol/smartrest/downstream.ts";
import { parseMessagesUpToFault } from "#protocol/smartrest/line.ts";
import { topics } from "#protocol/smartrest/topics.ts";
import type { CloudPort } from "../connectivity/dial-cloud.ts";
import { type MqttLogin, type NextTry, openMqtt } from "../connectivity/mqtt-connection.ts";
import type { MqttWays } from "../connectivity/mqtt-ways.ts";
import type { OfflineReason } from "../connectivity/offline-reason.ts";
import { messageOf } from "../errors.ts";
import { type CredentialsOutcome, loadCredentials, storageProblem, storeCredentials } from "./credentials.ts";
import { type CertificateVerdict, judgeCertificate } from "./device-certificate.ts";

export interface BootstrapInput {
  readonly login: MqttLogin;
  /** Sent with each question where the operator must say the same one when accepting the device. A secret. */
  readonly securityToken?: string;
}

export type BootstrapCommand =
  /** Ask the cloud once. */
  | { readonly type: "bootstrap.ask" }
  /** Close in order; answered by `bootstrap.closed`. */
  | { readonly type: "bootstrap.leave" }
  /** Break it off because the cloud does not answer; answered by `bootstrap.closed`. */
  | { readonly type: "bootstrap.fail" };

/** All that the bootstrap connection sends. */
export type BootstrapFact =
  /** Connected and listening for credentials. */
  | { readonly type: "bootstrap.ready" }
  | { readonly type: "bootstrap.received"; readonly credentials: DeviceCredentials }
  | { readonly type: "bootstrap.unreadable"; readonly what: string }
  /** `draw` is a random number in [0, 1) for the back-off. */
  | {
      readonly type: "bootstrap.closed";
      readonly reason: OfflineReason;
      readonly detail?: string;
      readonly draw: number;
      readonly next?: NextTry;
    };

export function bootstrapSession(hardware: Hardware, cloud: CloudPort | MqttWays) {
  return fromCallback<BootstrapCommand, BootstrapInput>(({ sendBack, receive, input }) => {
    const tell = (fact: BootstrapFact): void => sendBack(fact);
    const closed = (reason: OfflineReason, detail?: string, next?: NextTry): void => {
      const more = { ...(detail === undefined ? {} : { detail }), ...(next === undefined ? {} : { next }) };
      tell({ type: "bootstrap.closed", reason, draw: hardware.random.fraction(), ...more });
    };
    const connection = openMqtt(hardware, cloud, input.login, {
      connected: () => {
        connection
          .subscribe(topics.credentialsDown, 0)
          .then((answer) => {
            if (answer === "granted") tell({ type: "bootstrap.ready" });
            if (answer === "refused") connection.fail("mqtt.not-authorised");
          })
          .catch((error: unknown) => closed("internal.error", messageOf(error)));
      },
      message: (topic, payload) => {
        if (topic === topics.credentialsDown) tell(readAnswer(payload));
      },
      closed,
    });
    receive((command) => {
      switch (command.type) {
        case "bootstrap.ask":
          // Asked again soon anyway, so nothing is kept for an acknowledgement; a lost connection is told by `closed`.
          void connection.publish(topics.credentialsUp, input.securityToken ?? "", 0);
          return;
        case "bootstrap.leave":
          connection.end();
          return;
        case "bootstrap.fail":
          connection.fail("mqtt.no-answer");
          return;
        default:
          command satisfies never;
      }
    });
    return () => connection.abandon();
  });
}

function readAnswer(payload: Uint8Array): BootstrapFact {
  try {
    const { messages, fault } = parseMessagesUpToFault(payload);
    for (const fields of messages) {
      const message = parseDownstream(fields);
      if (message.kind === "credentials") {
        const { tenant, user, password } = message;
        return { type: "bootstrap.received", credentials: { tenant, user, password } };
      }
    }
    if (fault !== undefined) throw fault;
    return { type: "bootstrap.unreadable", what: `${topics.credentialsDown}: no credentials in the message` };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { type: "bootstrap.unreadable", what: `${topics.credentialsDown}: ${error.message}` };
  }
}

export type ExaminedCertificate = CertificateVerdict & { readonly nowMs: number };

/** Of the certificate that the configuration names. */
export function certificateExaminer({ clock }: Hardware) {
  return fromPromise<ExaminedCertificate, { readonly certificate: ClientCertificate; readonly deviceId: string }>(
    ({ input }) => Promise.resolve({ ...judgeCertificate(input.certificate, input.deviceId), nowMs: clock.nowMs() }),
  );
}

export function credentialsLoader(hardware: Hardware) {
  return fromPromise<CredentialsOutcome>(() => loadCredentials(hardware.storage));
}

export type StoreOutcome = { readonly ok: true } | { readonly ok: false; readonly why: string };

export function credentialsWriter(hardware: Hardware) {
  return fromPromise<StoreOutcome, { readonly credentials: DeviceCredentials }>(async ({ input }) => {
    try {
      await storeCredentials(hardware.storage, input.credentials);
      return { ok: true };
    } catch (error) {
      return { ok: false, why: storageProblem(error) };
    }
  });
}
