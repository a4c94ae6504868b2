// What device management must not forget over a restart: which operation restarted the machine, which configuration is tried. Pure.
import type { ManagementOutcome } from "../operations/intake.ts";

/** An operation as its report needs it, by its id or, where the cloud told none, by its name. */
export interface OperationName {
  readonly id?: string;
}

export interface RestartRecord extends OperationName {
  /** Of the boot in which it was asked for. */
  readonly bootId: string;
}

export interface TrialRecord extends OperationName {
  /** SHA-256 of the new file. */
  readonly newHash: string;
  /** `trying`: it is used from the next start on. `kept`: it is good. `undoing`: the old file is put back. */
  readonly phase: "trying" | "kept" | "undoing";
  /** Why it is undone. */
  readonly why?: string;
  /** Starts of the gateway with it. */
  readonly starts: number;
}

export interface DoneOperation {
  readonly id: string;
  readonly outcome: ManagementOutcome;
  /** The cloud has heard of it for certain. */
  readonly isTold?: boolean;
}

export interface ManagementRecords {
  readonly restart?: RestartRecord;
  readonly trial?: TrialRecord;
  /** How operations ended, newest last: a cloud that has not heard of it is told again. */
  readonly done: readonly DoneOperation[];
}

export const noRecords: ManagementRecords = { done: [] };

/** Operations remembered, the oldest is forgotten first. */
export const doneMax = 16;
const whyLengthMax = 500;

export function withDone(
  records: ManagementRecords,
  { id }: OperationName,
  outcome: ManagementOutcome,
): ManagementRecords {
  if (id === undefined) return records;
  return { ...records, done: [...records.done.filter((each) => each.id !== id), { id, outcome }].slice(-doneMax) };
}

export function hasUntold({ done }: ManagementRecords): boolean {
  return done.some(({ isTold }) => isTold !== true);
}

export function withAllTold(records: ManagementRecords): ManagementRecords {
  return { ...records, done: records.done.map((each) => ({ ...each, isTold: true })) };
}

export function withoutRestart({ restart: _restart, ...rest }: ManagementRecords): ManagementRecords {
  return rest;
}

export function withoutTrial({ trial: _trial, ...rest }: ManagementRecords): ManagementRecords {
  return rest;
}

export function writeRecords(records: ManagementRecords): string {
  return JSON.stringify(records);
}

/** Throws Error when the text is damaged. */
export function parseRecords(text: string): ManagementRecords {
  const value = objectOf(JSON.parse(text), "it");
  const { restart, trial, done } = value;
  if (!Array.isArray(done)) throw new Error("done is no list");
  return {
    ...(restart === undefined ? {} : { restart: readRestart(restart) }),
    ...(trial === undefined ? {} : { trial: readTrial(trial) }),
    done: done.slice(-doneMax).map(readDone),
  };
}

function readRestart(value: unknown): RestartRecord {
  const record = objectOf(value, "restart");
  return { ...idOf(record), bootId: textOf(record, "bootId") };
}

function readTrial(value: unknown): TrialRecord {
  const record = objectOf(value, "trial");
  const { phase, starts, why } = record;
  if (phase !== "trying" && phase !== "kept" && phase !== "undoing") throw new Error("phase is none that there is");
  return {
    ...idOf(record),
    newHash: textOf(record, "newHash"),
    phase,
    ...(why === undefined ? {} : { why: textOf(record, "why").slice(0, whyLengthMax) }),
    starts: typeof starts === "number" && Number.isSafeInteger(starts) ? starts : 0,
  };
}

function readDone(value: unknown): DoneOperation {
  const record = objectOf(value, "an operation");
  const outcome = objectOf(record["outcome"], "outcome");
  const { parameters } = outcome;
  const isTold = record["isTold"] === true;
  const texts = Array.isArray(parameters) ? parameters.filter((each) => typeof each === "string") : undefined;
  return {
    id: textOf(record, "id"),
    ...(isTold ? { isTold } : {}),
    outcome:
      outcome["ok"] === true
        ? { ok: true, ...(texts === undefined ? {} : { parameters: texts }) }
        : { ok: false, why: textOf(outcome, "why").slice(0, whyLengthMax) },
  };
}

function idOf(record: Readonly<Record<string, unknown>>): OperationName {
  return record["id"] === undefined ? {} : { id: textOf(record, "id") };
}

function textOf(record: Readonly<Record<string, unknown>>, name: string): string {
  const value = record[name];
  if (typeof value !== "string" || value === "") throw new Error(`${name} is no text`);
  return value;
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}
