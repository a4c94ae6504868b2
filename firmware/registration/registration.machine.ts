// Makes an unknown gateway one that the cloud knows: by the bootstrap account, by a certificate it was given, or by enrolment.
import type { DeviceCredentials } from "#protocol/smartrest/downstream.ts";
import { passwordIdentity } from "../cloud-identity.ts";
import type { Registration } from "../config/gateway-config.ts";
import type { MqttLogin } from "../connectivity/mqtt-connection.ts";
import type { LogEntry } from "../log.ts";
import type { EnrolmentInput } from "./enrolment.machine.ts";
import type { BootstrapInput, ExaminedCertificate } from "./registration.actor.ts";
import { registrationSetup, toExamine } from "./registration-setup.ts";
import {
  bootstrapErrorEntry,
  certificateTimeEntry,
  closedEntry,
  damagedEntry,
  notStoredEntry,
  type RegistrationContext,
  storageEntry,
  unreadableEntry,
  unusableCertificateEntry,
  waitingEntry,
} from "./registration-words.ts";

/** Its output is who the gateway is to the cloud; it never gives up. */
export const registrationMachine = registrationSetup.createMachine({
  id: "registration",
  context: ({ input: { deviceId, registration } }) => ({
    deviceId,
    registration,
    login: bootstrapLogin(deviceId, registration),
    credentials: undefined,
    identity: undefined,
    isNew: false,
    attempt: 0,
    retryInMs: 0,
  }),
  initial: "choosing",
  states: {
    choosing: {
      always: [
        { guard: "isByCertificate", target: "examining" },
        { guard: "isByEnrolment", target: "enrolling" },
        { target: "loading" },
      ],
    },
    examining: {
      description: "Whether the certificate of the configuration is one that the cloud can know this gateway by.",
      invoke: {
        src: "examineCertificate",
        input: ({ context }) => toExamine(context),
        onDone: [
          {
            guard: { type: "isInTime", params: ({ event }) => event.output },
            target: "known",
            actions: { type: "keepExamined", params: ({ event }) => event.output },
          },
          {
            guard: { type: "isGood", params: ({ event }) => event.output },
            target: "known",
            actions: [
              { type: "keepExamined", params: ({ event }) => event.output },
              { type: "log", params: ({ event }) => timeEntry(event.output) },
            ],
          },
          {
            target: "unusable",
            actions: {
              type: "log",
              params: ({ event }) => unusableCertificateEntry(event.output.ok ? "" : event.output.what),
            },
          },
        ],
        onError: { target: "broken", actions: { type: "log", params: bootstrapErrorEntry } },
      },
    },
    unusable: {
      description: "Only another configuration can help; the gateway stays up and says again what is wrong.",
      after: { examineAgainDelay: "examining" },
    },
    enrolling: {
      invoke: {
        id: "enrolment",
        src: "enrolment",
        input: ({ context }) => enrolmentInput(context),
        onDone: [
          {
            guard: { type: "isEnrolledNow", params: ({ event }) => event.output },
            target: "registered",
            actions: { type: "keepEnrolled", params: ({ event }) => event.output },
          },
          { target: "known", actions: { type: "keepEnrolled", params: ({ event }) => event.output } },
        ],
        onError: { target: "broken", actions: { type: "log", params: bootstrapErrorEntry } },
      },
    },
    broken: { description: "A bug of ours: it is tried from the start again.", after: { restartDelay: "choosing" } },
    loading: {
      invoke: {
        src: "loadCredentials",
        onDone: [
          {
            guard: { type: "isFound", params: ({ event }) => event.output },
            target: "known",
            actions: {
              type: "keepCredentials",
              params: ({ event }) => {
                if (event.output.kind !== "found") throw new Error("must hold: only found credentials are kept");
                return event.output.credentials;
              },
            },
          },
          {
            guard: { type: "isDamaged", params: ({ event }) => event.output },
            target: "asking",
            actions: { type: "log", params: ({ event }) => damagedEntry(event.output) },
          },
          { target: "asking" },
        ],
        onError: {
          target: "awaitingStorage",
          actions: { type: "log", params: ({ event }) => storageEntry("cannot be read", event.error) },
        },
      },
    },
    awaitingStorage: {
      description: "Reading failed: the credentials may be there, so nothing is asked for.",
      after: { storageRetryDelay: "loading" },
    },
    asking: {
      entry: { type: "log", params: waitingEntry },
      initial: "connected",
      states: {
        connected: {
          invoke: {
            id: "bootstrap",
            src: "bootstrap",
            input: ({ context }) => bootstrapInput(context),
            onError: {
              target: "offline",
              actions: ["noteClosed", { type: "log", params: bootstrapErrorEntry }],
            },
          },
          after: { lastingConnection: { actions: "resetBackOff" } },
          on: {
            "bootstrap.unreadable": { actions: { type: "log", params: ({ event }) => unreadableEntry(event.what) } },
            "bootstrap.closed": {
              target: "offline",
              actions: ["noteClosed", { type: "log", params: closedEntry }],
            },
          },
          initial: "connecting",
          states: {
            connecting: {
              after: { readyLimit: { actions: "giveUpAnswer" } },
              on: { "bootstrap.ready": "polling" },
            },
            polling: {
              entry: "ask",
              after: { askInterval: { target: "polling", reenter: true } },
              on: {
                "bootstrap.received": {
                  target: "storing",
                  actions: [{ type: "keepCredentials", params: ({ event }) => event.credentials }, "noteIssued"],
                },
              },
            },
            storing: {
              description: "The cloud hands credentials out once: they come first, before anything that could fail.",
              invoke: {
                src: "storeCredentials",
                input: ({ context }) => ({ credentials: issued(context) }),
                onDone: [
                  { guard: { type: "isStored", params: ({ event }) => event.output }, target: "leaving" },
                  {
                    target: "awaitingSpace",
                    actions: { type: "log", params: ({ event }) => notStoredEntry(event.output) },
                  },
                ],
                onError: {
                  target: "awaitingSpace",
                  actions: { type: "log", params: ({ event }) => storageEntry("cannot be written", event.error) },
                },
              },
              // The bootstrap connection is not needed any more, so its end changes nothing.
              on: { "bootstrap.closed": {} },
            },
            awaitingSpace: {
              description: "They are kept in memory until they can be written.",
              after: { storageRetryDelay: "storing" },
              on: { "bootstrap.closed": {} },
            },
            leaving: {
              entry: "leave",
              after: { leaveLimit: "#registration.registered" },
              on: { "bootstrap.closed": "#registration.registered" },
            },
          },
        },
        offline: { after: { reconnectDelay: "connected" } },
      },
    },
    known: { type: "final" },
    registered: { type: "final" },
  },
  output: ({ context }) => ({
    identity: context.identity ?? passwordIdentity(issued(context)),
    isNew: context.isNew,
  }),
});

function enrolmentInput({ deviceId, registration }: RegistrationContext): EnrolmentInput {
  if (registration.method !== "enrolment") throw new Error("must hold: the configuration asks for enrolment");
  const { oneTimePassword, keyAlgorithm } = registration;
  return { deviceId, oneTimePassword, keyAlgorithm };
}

function bootstrapLogin(clientId: string, registration: Registration): MqttLogin {
  if (registration.method !== "bootstrap") return { clientId };
  return { clientId, user: registration.user, password: registration.password };
}

function bootstrapInput({ login, registration }: RegistrationContext): BootstrapInput {
  const token = registration.method === "bootstrap" ? registration.securityToken : undefined;
  return { login, ...(token === undefined ? {} : { securityToken: token }) };
}

function timeEntry(examined: ExaminedCertificate): LogEntry {
  if (!examined.ok) throw new Error("must hold: only a certificate that can be read has dates");
  return certificateTimeEntry(examined, examined.nowMs);
}

function issued({ credentials }: RegistrationContext): DeviceCredentials {
  if (credentials === undefined) throw new Error("must hold: credentials are there before they are used");
  return credentials;
}
