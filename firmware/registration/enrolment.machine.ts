// Gets the gateway its certificate from the cloud's authority: finds the one it has, or makes a key and asks until it is given one.
import { assign, fromPromise, setup } from "xstate";
import type { KeyAlgorithm } from "../config/gateway-config.ts";
import { backOffMs } from "../connectivity/back-off.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import type { Asked, AskInput, MakeKeyOutcome, StoreCertificateInput } from "./enrolment.actor.ts";
import type { CertificateIdentity, EnrolmentState, EnrolmentWanted } from "./enrolment-state.ts";
import { damagedStateEntry, keyMadeEntry, passedOverEntry, refusalEntry, storeFailedEntry } from "./enrolment-words.ts";
import type { StoreOutcome } from "./registration.actor.ts";
import { bootstrapErrorEntry, storageEntry, storageRetryMs } from "./registration-words.ts";

export interface EnrolmentInput {
  readonly deviceId: string;
  /** A secret. */
  readonly oneTimePassword: string;
  readonly keyAlgorithm: KeyAlgorithm;
}

interface EnrolmentContext extends EnrolmentInput {
  /** PEM; a secret. */
  readonly privateKey: string;
  readonly identity: CertificateIdentity | undefined;
  readonly isNew: boolean;
  /** What the log was told last: an answer that stays the same is told once. */
  readonly lastRefusal: string;
  readonly lastProblems: string;
  /** Failures since the cloud answered. */
  readonly attempt: number;
  readonly retryInMs: number;
}

/** Between two questions while nobody has registered the device (protocol.md 2.8). */
export const pollEveryMs = 10_000;
/** After a refusal that only a person can do something about. */
export const refusedRetryMs = 60_000;

const notProvided = (): Promise<never> => Promise.reject(new Error("not provided"));

/** Its output is who the gateway is to the cloud; it never gives up. */
export const enrolmentMachine = setup({
  types: {
    input: {} as EnrolmentInput,
    context: {} as EnrolmentContext,
    output: {} as { readonly identity: CertificateIdentity; readonly isNew: boolean },
  },
  actors: {
    loadState: fromPromise<EnrolmentState, EnrolmentWanted>(notProvided),
    makeKey: fromPromise<MakeKeyOutcome, EnrolmentWanted>(notProvided),
    ask: fromPromise<Asked, AskInput>(notProvided),
    storeCertificate: fromPromise<StoreOutcome, StoreCertificateInput>(notProvided),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    keepIdentity: assign((_, identity: CertificateIdentity) => ({ identity })),
    keepKey: assign((_, privateKey: string) => ({ privateKey })),
    noteIssued: assign(({ context }, outcome: Asked) => {
      if (outcome.kind !== "issued") return {};
      const { chain, notBeforeMs, notAfterMs } = outcome;
      const certificate = { chain, privateKey: context.privateKey };
      return {
        identity: { kind: "certificate" as const, certificate, notBeforeMs, notAfterMs, source: "enrolment" as const },
        isNew: true,
      };
    }),
    noteRefused: assign(({ context }, outcome: Asked) => {
      const attempt = outcome.kind === "unreachable" ? context.attempt + 1 : 0;
      return { attempt, retryInMs: retryDelayMs(outcome, attempt), lastRefusal: nameOf(outcome) };
    }),
    noteProblems: assign((_, { problems }: EnrolmentState) => ({ lastProblems: problems.join("; ") })),
    noteBroken: assign({ retryInMs: refusedRetryMs }),
  },
  guards: {
    isEnrolled: (_, state: EnrolmentState) => state.kind === "enrolled" && state.problems.length === 0,
    isEnrolledAllTheSame: (_, state: EnrolmentState) => state.kind === "enrolled",
    hasNewProblems: ({ context }, { problems }: EnrolmentState) =>
      problems.length > 0 && problems.join("; ") !== context.lastProblems,
    hasKey: ({ context }) => context.privateKey !== "",
    isMade: (_, outcome: MakeKeyOutcome) => outcome.ok,
    isIssued: (_, outcome: Asked) => outcome.kind === "issued",
    isToldAlready: ({ context }, outcome: Asked) =>
      outcome.kind !== "unreachable" && nameOf(outcome) === context.lastRefusal,
    isStored: (_, outcome: StoreOutcome) => outcome.ok,
  },
  delays: { storageRetryDelay: storageRetryMs, retryDelay: ({ context }) => context.retryInMs },
}).createMachine({
  id: "enrolment",
  context: ({ input }) => ({
    ...input,
    privateKey: "",
    identity: undefined,
    isNew: false,
    lastRefusal: "",
    lastProblems: "",
    attempt: 0,
    retryInMs: 0,
  }),
  initial: "loading",
  states: {
    loading: {
      invoke: {
        src: "loadState",
        input: ({ context }) => wantedBy(context),
        onDone: [
          {
            guard: { type: "isEnrolled", params: ({ event }) => event.output },
            target: "known",
            actions: { type: "keepIdentity", params: ({ event }) => identityOf(event.output) },
          },
          {
            guard: { type: "isEnrolledAllTheSame", params: ({ event }) => event.output },
            target: "known",
            actions: [
              { type: "keepIdentity", params: ({ event }) => identityOf(event.output) },
              { type: "log", params: ({ event }) => passedOverEntry(event.output.problems) },
            ],
          },
          {
            guard: { type: "hasNewProblems", params: ({ event }) => event.output },
            target: "choosing",
            actions: [
              { type: "keepKey", params: ({ event }) => keyOf(event.output) },
              { type: "noteProblems", params: ({ event }) => event.output },
              { type: "log", params: ({ event }) => damagedStateEntry(event.output.problems) },
            ],
          },
          { target: "choosing", actions: { type: "keepKey", params: ({ event }) => keyOf(event.output) } },
        ],
        onError: {
          target: "awaitingStorage",
          actions: { type: "log", params: ({ event }) => storageEntry("cannot be read", event.error) },
        },
      },
    },
    awaitingStorage: {
      description: "Reading failed: key and certificate may be there, so nothing is made and nothing asked for.",
      after: { storageRetryDelay: "loading" },
    },
    choosing: { always: [{ guard: "hasKey", target: "asking" }, { target: "makingKey" }] },
    makingKey: {
      description: "The key is stored before it is used: after a power cut the same one is asked for again.",
      invoke: {
        src: "makeKey",
        input: ({ context }) => wantedBy(context),
        onDone: [
          {
            guard: { type: "isMade", params: ({ event }) => event.output },
            target: "asking",
            actions: [
              { type: "keepKey", params: ({ event }) => (event.output.ok ? event.output.privateKey : "") },
              { type: "log", params: keyMadeEntry },
            ],
          },
          {
            target: "awaitingStorage",
            actions: { type: "log", params: ({ event }) => storeFailedEntry(event.output.ok ? "" : event.output.why) },
          },
        ],
        onError: {
          target: "awaitingStorage",
          actions: { type: "log", params: ({ event }) => storeFailedEntry(messageOf(event.error)) },
        },
      },
    },
    asking: {
      invoke: {
        src: "ask",
        input: ({ context: { deviceId, privateKey, oneTimePassword } }) => ({ deviceId, privateKey, oneTimePassword }),
        onDone: [
          {
            guard: { type: "isIssued", params: ({ event }) => event.output },
            target: "storing",
            actions: { type: "noteIssued", params: ({ event }) => event.output },
          },
          {
            guard: { type: "isToldAlready", params: ({ event }) => event.output },
            target: "waiting",
            actions: { type: "noteRefused", params: ({ event }) => event.output },
          },
          {
            target: "waiting",
            actions: [
              { type: "noteRefused", params: ({ event }) => event.output },
              { type: "log", params: ({ context, event }) => askedEntry(context, event.output) },
            ],
          },
        ],
        onError: {
          target: "waiting",
          actions: ["noteBroken", { type: "log", params: bootstrapErrorEntry }],
        },
      },
    },
    waiting: {
      description: "The disk is looked at again each time: a certificate that a wrong clock called ended may be good.",
      after: { retryDelay: "loading" },
    },
    storing: {
      invoke: {
        src: "storeCertificate",
        input: ({ context }) => {
          return { deviceId: context.deviceId, ...issued(context).certificate };
        },
        onDone: [
          { guard: { type: "isStored", params: ({ event }) => event.output }, target: "registered" },
          {
            target: "awaitingSpace",
            actions: { type: "log", params: ({ event }) => storeFailedEntry(event.output.ok ? "" : event.output.why) },
          },
        ],
        onError: {
          target: "awaitingSpace",
          actions: { type: "log", params: ({ event }) => storeFailedEntry(messageOf(event.error)) },
        },
      },
    },
    awaitingSpace: {
      description: "The one-time password is used up: the certificate is kept in memory until it can be written.",
      after: { storageRetryDelay: "storing" },
    },
    known: { type: "final" },
    registered: { type: "final" },
  },
  output: ({ context }) => ({ identity: issued(context), isNew: context.isNew }),
});

function wantedBy({ deviceId, keyAlgorithm }: EnrolmentContext): EnrolmentWanted {
  return { deviceId, keyAlgorithm };
}

function issued({ identity }: EnrolmentContext): CertificateIdentity {
  if (identity === undefined) throw new Error("must hold: the certificate is there before it is used");
  return identity;
}

function identityOf(state: EnrolmentState): CertificateIdentity {
  if (state.kind !== "enrolled") throw new Error("must hold: only an enrolled gateway has an identity");
  return state.identity;
}

function keyOf(state: EnrolmentState): string {
  return state.kind === "not-enrolled" ? (state.privateKey ?? "") : "";
}

function retryDelayMs(outcome: Asked, attempt: number): number {
  switch (outcome.kind) {
    case "unreachable":
      return backOffMs(attempt, outcome.draw);
    case "not-registered":
    case "pending":
      return pollEveryMs;
    default:
      return refusedRetryMs;
  }
}

/** Two answers of one name need one line in the log. */
function nameOf(outcome: Asked): string {
  return outcome.kind === "refused" ? `refused ${outcome.status} ${outcome.what}` : outcome.kind;
}

function askedEntry({ deviceId, retryInMs }: EnrolmentContext, outcome: Asked): LogEntry {
  if (outcome.kind === "issued") throw new Error("must hold: a certificate is no refusal");
  return refusalEntry(deviceId, outcome, retryInMs);
}
