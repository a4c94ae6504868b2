// What the management machine makes of its events: tasks, records, outcomes and words for the log. Pure.
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import {
  aboutToEnd,
  finishedEntry,
  type JudgeInput,
  type JudgeOutput,
  type ManagementContext,
  type ManagementFact,
  type PerformInput,
  reportMessage,
  requestedEntry,
  type Task,
} from "./management-events.ts";
import { type ManagementRecords, withDone, withoutTrial } from "./records.ts";

/** For tunnels to close before the machine restarts. */
export const quietLimitMs = 4_000;
/** From the system's yes to a restart until it must have come. */
export const restartLimitMs = 5 * 60_000;
/** For anything else that an operation asks for: the longest is a file over a slow link. */
export const performLimitMs = 5 * 60_000;
/** A gateway with a new configuration is online by then, or it gets the old one back. */
export const trialLimitMs = 5 * 60_000;
export const retryMs = 10_000;
/** The parent stops within 5 s. */
export const leaveLimitMs = 10_000;

/** What was reported at the start of a connection that has lasted so long has arrived. */
export const toldAfterMs = 60_000;

export type RestartAnswer = { readonly ok: true } | { readonly ok: false; readonly why: string };

export function doneOutcome({ records, current }: ManagementContext): ManagementOutcome | undefined {
  return records.done.find(({ id }) => id === current?.id)?.outcome;
}

export function taskOf({ operation, id, request }: Task): Task {
  return { operation, request, ...(id === undefined ? {} : { id }) };
}

export function operationOf({ current }: ManagementContext): string {
  return current?.operation ?? "";
}

export function outcomeIn({ outcome }: ManagementContext): ManagementOutcome {
  return outcome ?? { ok: false, why: "nothing is known of it" };
}

export function finishedCurrent(context: ManagementContext): ManagementFact {
  return finished({ operation: operationOf(context) }, outcomeIn(context));
}

export function finished({ operation }: Pick<Task, "operation">, outcome: ManagementOutcome): ManagementFact {
  return { type: "management.finished", operation, outcome };
}

export function requestOf({ current }: ManagementContext): PerformInput["request"] {
  const request = current?.request;
  if (request === undefined || request.fragment === "c8y_Restart" || request.fragment === "c8y_DownloadConfigFile") {
    throw new Error("must hold: only what can be done at once is performed");
  }
  return request;
}

export function newConfigurationOf({ current }: ManagementContext): JudgeInput["request"] {
  const request = current?.request;
  if (request?.fragment !== "c8y_DownloadConfigFile") throw new Error("must hold: a new configuration is asked for");
  return request;
}

export function usableOf(verdict: JudgeOutput): Extract<JudgeOutput, { kind: "usable" }> {
  if (verdict.kind !== "usable") throw new Error("must hold: the verdict was usable");
  return verdict;
}

export function outcomeOf(verdict: JudgeOutput): ManagementOutcome {
  return verdict.kind === "refused" ? { ok: false, why: verdict.why } : { ok: true };
}

export function nameOf({ current }: ManagementContext): { readonly id?: string } {
  return current?.id === undefined ? {} : { id: current.id };
}

export function withRestart(context: ManagementContext): ManagementRecords {
  return { ...context.records, restart: { ...nameOf(context), bootId: context.bootId ?? "unknown" } };
}

export function withTrial(context: ManagementContext, newHash: string): ManagementRecords {
  return { ...context.records, trial: { ...nameOf(context), newHash, phase: "trying", starts: 0 } };
}

export function withOutcome(context: ManagementContext): ManagementRecords {
  return withDone(context.records, nameOf(context), outcomeIn(context));
}

export function withPhase(records: ManagementRecords, phase: "kept" | "undoing"): ManagementRecords {
  return records.trial === undefined ? records : { ...records, trial: { ...records.trial, phase } };
}

export function withKeptTrial(records: ManagementRecords): ManagementRecords {
  return withDone(withoutTrial(records), records.trial ?? {}, { ok: true });
}

export function undoing({ records, whyOffline }: ManagementContext): ManagementRecords {
  if (records.trial === undefined) return records;
  const why =
    `the gateway did not come online with it within ${trialLimitMs / 60_000} minutes` +
    `${whyOffline === undefined ? "" : ` (${whyOffline})`}: the old configuration is used again`;
  return { ...records, trial: { ...records.trial, phase: "undoing", why } };
}

export function keptMessage({ trial }: ManagementRecords): ReturnType<typeof reportMessage> {
  const id = trial?.id;
  const fragment = "c8y_DownloadConfigFile";
  return reportMessage({ fragment, outcome: { ok: true }, ...(id === undefined ? {} : { id }) });
}

export function undoneEntry({ trial }: ManagementRecords): LogEntry {
  return { level: "warn", event: "management.configuration-undone", fields: { why: trial?.why } };
}

/** Of what comes when the gateway is about to end. */
export function refusal() {
  return {
    actions: [
      { type: "log", params: ({ event }: { event: Task }) => requestedEntry(event) },
      { type: "log", params: ({ event }: { event: Task }) => finishedEntry(event.operation, aboutToEnd) },
      { type: "tell", params: ({ event }: { event: Task }) => finished(event, aboutToEnd) },
    ],
  } as const;
}

export function refusedBy(answer: RestartAnswer): ManagementOutcome {
  return answer.ok ? { ok: true } : { ok: false, why: answer.why };
}

export function tooLong(): ManagementOutcome {
  return { ok: false, why: `it took longer than ${performLimitMs / 60_000} minutes` };
}

export function notRestarted(): ManagementOutcome {
  return { ok: false, why: `the machine said yes and did not restart within ${restartLimitMs / 60_000} minutes` };
}

export function unwritable(error: unknown): ManagementOutcome {
  return { ok: false, why: `the new configuration cannot be written: ${messageOf(error)}` };
}

export function errorEntry(where: string) {
  return ({ event }: { event: { readonly error: unknown } }): LogEntry => {
    return { level: "error", event: "internal.error", fields: { where, what: messageOf(event.error) } };
  };
}
