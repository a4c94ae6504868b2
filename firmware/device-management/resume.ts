// What a start makes of what device management left behind: reports that are due, and a configuration that is on trial. Pure.
import { managementFragments } from "#protocol/device-management.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import { type ManagementRecords, type OperationName, withDone, withoutRestart, withoutTrial } from "./records.ts";

/** What was found at the start. */
export interface LoadedRecords {
  readonly records: ManagementRecords;
  /** Undefined where the machine cannot tell. */
  readonly bootId: string | undefined;
  /** SHA-256 of the configuration file; undefined where there is none that could be changed. */
  readonly configHash: string | undefined;
  /** Why the start could not use the file on trial and has put the old one back. */
  readonly fallenBackWhy: string | undefined;
}

export interface Report extends OperationName {
  readonly fragment: string;
  readonly outcome: ManagementOutcome;
}

/**
 * `proving`: it runs with the new file, which is good once it is online. `keeping`: that was so, and was not finished.
 * `undoing`: it runs with the new file and shall not. `ended`: it runs with another file; only the old one's copy may be left.
 */
export type TrialState = "none" | "proving" | "keeping" | "undoing" | "ended";

export interface Resumption {
  readonly records: ManagementRecords;
  readonly reports: readonly Report[];
  readonly trial: TrialState;
}

/** Starts with a new file: one that makes the gateway break again and again is undone at the next. */
export const trialStartsMax = 3;

export function resume(loaded: LoadedRecords): Resumption {
  // By its id an operation that has ended does not change again, however often it is reported.
  const reports = loaded.records.done.flatMap(({ id, outcome, isTold }): readonly Report[] =>
    isTold === true ? [] : [{ id, fragment: "", outcome }],
  );
  return resumeTrial(resumeRestart({ records: loaded.records, reports, trial: "none" }, loaded), loaded);
}

function resumeRestart(before: Resumption, { bootId }: LoadedRecords): Resumption {
  const { restart } = before.records;
  if (restart === undefined) return before;
  const outcome: ManagementOutcome =
    bootId !== undefined && bootId !== restart.bootId
      ? { ok: true }
      : { ok: false, why: "the gateway's program was started again, but the machine was not" };
  return reported(before, withoutRestart(before.records), restart, managementFragments.restart, outcome);
}

function resumeTrial(before: Resumption, { configHash, fallenBackWhy }: LoadedRecords): Resumption {
  const { trial } = before.records;
  if (trial === undefined) return before;
  const isNewFile = configHash === trial.newHash;
  const fragment = managementFragments.downloadConfiguration;
  if (!isNewFile) {
    const why =
      trial.why ??
      fallenBackWhy ??
      "the power failed before the new file was written, or it was changed at the gateway";
    const outcome: ManagementOutcome = trial.phase === "kept" ? { ok: true } : { ok: false, why };
    return { ...reported(before, withoutTrial(before.records), trial, fragment, outcome), trial: "ended" };
  }
  if (trial.phase === "kept") return { ...before, trial: "keeping" };
  if (trial.phase === "undoing") return { ...before, trial: "undoing" };
  const starts = trial.starts + 1;
  if (starts > trialStartsMax) {
    const why = `the gateway was started ${trialStartsMax} times with it and never came online`;
    return { ...before, records: { ...before.records, trial: { ...trial, phase: "undoing", why } }, trial: "undoing" };
  }
  return { ...before, records: { ...before.records, trial: { ...trial, starts } }, trial: "proving" };
}

function reported(
  before: Resumption,
  records: ManagementRecords,
  { id }: OperationName,
  fragment: string,
  outcome: ManagementOutcome,
): Resumption {
  const report = { fragment, outcome, ...(id === undefined ? {} : { id }) };
  return { ...before, records: withDone(records, report, outcome), reports: [...before.reports, report] };
}
