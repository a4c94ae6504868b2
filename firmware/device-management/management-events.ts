// The management machine's events, what it knows, what its actors are asked for, and its words.
import type { ManagementFragment, ManagementRequest } from "#protocol/device-management.ts";
import { failExecuting } from "#protocol/smartrest/upstream.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import { failedInWords, successful } from "../operations/operation-reports.ts";
import type { ManagementRecords } from "./records.ts";
import type { LoadedRecords, Report, TrialState } from "./resume.ts";

export interface ManagementInput {
  /** Fragments of the operations that this gateway does. */
  readonly taken: readonly string[];
}

/** One operation that was asked for. */
export interface Task {
  /** As the other parts name it. */
  readonly operation: string;
  /** Where the cloud told it. */
  readonly id?: string;
  readonly request: ManagementRequest;
}

export type ManagementCommand =
  /** The gateway is registered. `isNew`: only now, so the cloud knows of no operation of an earlier run. */
  | { readonly type: "management.start"; readonly isNew: boolean }
  | { readonly type: "management.online" }
  | { readonly type: "management.offline"; readonly why: string }
  | ({ readonly type: "management.requested" } & Task)
  /** What was asked for by `management.quiet-wanted` is so. */
  | { readonly type: "management.quiet" };

/** What the parent is told. */
export type ManagementFact =
  | { readonly type: "management.finished"; readonly operation: string; readonly outcome: ManagementOutcome }
  | { readonly type: "management.message"; readonly message: OutgoingMessage }
  /** Before the machine restarts: the tunnels are to be closed, and no other opened. */
  | { readonly type: "management.quiet-wanted" }
  /** The machine does not restart after all. */
  | { readonly type: "management.quiet-over" }
  /** The gateway shall end in order and begin anew with the configuration file as it is now. */
  | { readonly type: "management.reconfigured" };

export interface ManagementContext extends ManagementInput {
  readonly records: ManagementRecords;
  /** The stored ones are these. */
  readonly isTidy: boolean;
  readonly bootId: string | undefined;
  readonly trial: TrialState;
  readonly reports: readonly Report[];
  readonly start: { readonly isNew: boolean } | undefined;
  readonly isOnline: boolean;
  /** Why it is not online, for people. */
  readonly whyOffline: string | undefined;
  readonly current: Task | undefined;
  readonly waiting: readonly Task[];
  /** Of the present one, once it is known. */
  readonly outcome: ManagementOutcome | undefined;
  /** A configuration that may be used. */
  readonly newText: string;
}

export type ManagementEvent = ManagementCommand;

/** What the actors do. */
export interface PerformInput {
  readonly request: Exclude<ManagementRequest, { fragment: "c8y_Restart" | "c8y_DownloadConfigFile" }>;
}

export interface JudgeInput {
  readonly request: Extract<ManagementRequest, { fragment: "c8y_DownloadConfigFile" }>;
}

export type JudgeOutput =
  | { readonly kind: "usable"; readonly text: string; readonly hash: string }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly why: string };

export interface RecordsInput {
  readonly records: ManagementRecords;
}

/** Operations that wait for their turn at the same time; one more is refused. */
export const waitingMax = 16;

export const tooManyWaiting: ManagementOutcome = {
  ok: false,
  why: `the gateway has ${waitingMax} operations to do before this one: try again later`,
};

export function initialManagement(input: ManagementInput): ManagementContext {
  return {
    ...input,
    records: { done: [] },
    isTidy: true,
    bootId: undefined,
    trial: "none",
    reports: [],
    start: undefined,
    isOnline: false,
    whyOffline: undefined,
    current: undefined,
    waiting: [],
    outcome: undefined,
    newText: "",
  };
}

/** The status message of an operation that an earlier run was asked for. */
export function reportMessage({ id, fragment, outcome }: Report): OutgoingMessage {
  const operation = { id, fragment };
  const message = outcome.ok ? successful(operation, outcome.parameters) : failedInWords(operation, outcome.why);
  return message.isRepeatable ? { ...message, isKept: true } : message;
}

/** What is EXECUTING now was left so by a crash or power cut, but for the configuration that is still on trial. */
export function leftoverMessages({ taken, trial }: ManagementContext): readonly OutgoingMessage[] {
  const isOnTrial = trial === "proving" || trial === "keeping" || trial === "undoing";
  return taken.filter((fragment) => !isOnTrial || fragment !== configurationFragment).map(leftoverMessage);
}

/** Not repeatable: a second time it might hit an operation of this run. */
export function leftoverMessage(fragment: string): OutgoingMessage {
  return { text: failExecuting(fragment, "the gateway was restarted in between"), isRepeatable: false };
}

export const configurationFragment: ManagementFragment = "c8y_DownloadConfigFile";

/** What waits, or comes, when the gateway is about to end. */
export const aboutToEnd: ManagementOutcome = {
  ok: false,
  why: "the gateway is about to restart: try again after that",
};

export function requestedEntry({ operation, request }: Task): LogEntry {
  return { level: "info", event: "management.requested", fields: { operation, what: request.fragment } };
}

export function finishedEntry(operation: string, outcome: ManagementOutcome): LogEntry {
  return outcome.ok
    ? { level: "info", event: "management.succeeded", fields: { operation } }
    : { level: "warn", event: "management.failed", fields: { operation, why: outcome.why } };
}

export function brokenOutcome(error: unknown): ManagementOutcome {
  return { ok: false, why: `it could not be done: ${messageOf(error)}` };
}

export type { LoadedRecords };
