// The named parts of the registration machine: its actors, actions, guards and delays; the chart stands in registration.machine.ts.
import { assign, fromCallback, fromPromise, sendTo, setup } from "xstate";
import type { ClientCertificate } from "#hardware/ports.ts";
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import type { CloudIdentity } from "../cloud-identity.ts";
import type { Registration } from "../config/gateway-config.ts";
import { backOffMs, soonMs } from "../connectivity/back-off.ts";
import type { LogEntry } from "../log.ts";
import type { CredentialsOutcome } from "./credentials.ts";
import { enrolmentMachine } from "./enrolment.machine.ts";
import type {
  BootstrapCommand,
  BootstrapFact,
  BootstrapInput,
  ExaminedCertificate,
  StoreOutcome,
} from "./registration.actor.ts";
import { type RegistrationContext, storageRetryMs } from "./registration-words.ts";

export interface RegistrationInput {
  readonly deviceId: string;
  readonly registration: Registration;
}

/** Between two questions to the cloud (protocol.md 2.3). */
export const askEveryMs = 5_000;
/** Longest wait for the answers to CONNECT and SUBSCRIBE. */
export const readyLimitMs = 20_000;
/** A connection that lasted this long was a good one: the back-off starts anew. */
export const lastingConnectionMs = 60_000;
/** Longest wait for the bootstrap connection to close in order. */
export const leaveLimitMs = 1_500;
/** Between two looks at a certificate that cannot be used: whoever reads the end of the log finds why. */
export const examineAgainMs = 10 * 60_000;
/** After a bug of ours. */
const restartDelayMs = 10_000;

export const registrationSetup = setup({
  types: {
    input: {} as RegistrationInput,
    context: {} as RegistrationContext,
    events: {} as BootstrapFact,
    output: {} as { readonly identity: CloudIdentity; readonly isNew: boolean },
  },
  actors: {
    loadCredentials: fromPromise<CredentialsOutcome>(() => Promise.reject(new Error("not provided"))),
    storeCredentials: fromPromise<StoreOutcome, { readonly credentials: DeviceCredentials }>(() =>
      Promise.reject(new Error("not provided")),
    ),
    bootstrap: fromCallback<BootstrapCommand, BootstrapInput>(() => {}),
    examineCertificate: fromPromise<ExaminedCertificate, CertificateToExamine>(() =>
      Promise.reject(new Error("not provided")),
    ),
    enrolment: enrolmentMachine,
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    keepCredentials: assign((_, credentials: DeviceCredentials) => ({ credentials })),
    noteIssued: assign({ isNew: true }),
    keepEnrolled: assign((_, { identity, isNew }: { identity: CloudIdentity; isNew: boolean }) => ({
      identity,
      isNew,
    })),
    keepExamined: assign(({ context }, examined: ExaminedCertificate) => {
      if (!examined.ok) return {};
      const { notBeforeMs, notAfterMs } = examined;
      const { certificate } = toExamine(context);
      return {
        identity: { kind: "certificate" as const, certificate, notBeforeMs, notAfterMs, source: "files" as const },
      };
    }),
    resetBackOff: assign({ attempt: 0 }),
    noteClosed: assign(({ context, event }) => {
      const attempt = context.attempt + 1;
      if (event.type !== "bootstrap.closed") return { attempt, retryInMs: backOffMs(attempt, 1) };
      return { attempt, retryInMs: event.next === "soon" ? soonMs(event.draw) : backOffMs(attempt, event.draw) };
    }),
    ask: sendTo("bootstrap", { type: "bootstrap.ask" } satisfies BootstrapCommand),
    giveUpAnswer: sendTo("bootstrap", { type: "bootstrap.fail" } satisfies BootstrapCommand),
    leave: sendTo("bootstrap", { type: "bootstrap.leave" } satisfies BootstrapCommand),
  },
  guards: {
    isFound: (_, outcome: CredentialsOutcome) => outcome.kind === "found",
    isDamaged: (_, outcome: CredentialsOutcome) => outcome.kind === "damaged",
    isStored: (_, outcome: StoreOutcome) => outcome.ok,
    isByCertificate: ({ context }) => context.registration.method === "certificate",
    isByEnrolment: ({ context }) => context.registration.method === "enrolment",
    isInTime: (_, examined: ExaminedCertificate) =>
      examined.ok && examined.notBeforeMs <= examined.nowMs && examined.nowMs < examined.notAfterMs,
    isGood: (_, examined: ExaminedCertificate) => examined.ok,
    isEnrolledNow: (_, { isNew }: { isNew: boolean }) => isNew,
  },
  delays: {
    reconnectDelay: ({ context }) => context.retryInMs,
    askInterval: askEveryMs,
    readyLimit: readyLimitMs,
    lastingConnection: lastingConnectionMs,
    leaveLimit: leaveLimitMs,
    storageRetryDelay: storageRetryMs,
    restartDelay: restartDelayMs,
    examineAgainDelay: examineAgainMs,
  },
});

export interface CertificateToExamine {
  readonly certificate: ClientCertificate;
  readonly deviceId: string;
}

export function toExamine({ deviceId, registration }: RegistrationContext): CertificateToExamine {
  if (registration.method !== "certificate") throw new Error("must hold: the configuration names a certificate");
  return { certificate: registration.certificate, deviceId };
}
