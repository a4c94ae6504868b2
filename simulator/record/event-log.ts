// The record of a run: every delivery, transition, fault, step and log line in order, as text the same to the byte for one seed.
import type { DeliveryKind } from "../faults/fault.ts";

/** Entries that a record holds; about 400 MB of text. */
export const recordEntriesMax = 2_000_000;

/** Something that reached a host. */
export interface DeliveryEntry {
  readonly kind: "delivery";
  /** The two hosts of the link in the order of the alphabet: "cloud-gateway". */
  readonly link: string;
  /** Host that sent it. */
  readonly from: string;
  /** Dialler first, whichever sent it: "gateway:49152>cloud:8883". */
  readonly connection: string;
  readonly delivery: DeliveryKind;
  readonly bytes: number;
  /** First 16 hex digits of the bytes' SHA-256; "enciphered" where keys that no seed decides have made the bytes. */
  readonly sha256?: string;
}

/** A machine has taken a step; one that left it where it was is there too. */
export interface TransitionEntry {
  readonly kind: "transition";
  /** The machine's id: "tunnel". */
  readonly machine: string;
  /** Which of the machine's actors: "tunnel:114". */
  readonly actor: string;
  readonly event: string;
  /** Paths of all states that are entered, side by side with "+": "connected.online.outbox.idle". Empty at the start. */
  readonly from: string;
  readonly to: string;
  /** The transitions taken, as transitionName says them; none for the machine's start. */
  readonly taken: readonly string[];
}

export interface FaultEntry {
  readonly kind: "fault";
  readonly name: string;
  /** Between whom: "cloud-gateway", "cloud>gateway" for one direction, or "site". */
  readonly on: string;
  readonly phase: "begin" | "end";
}

/** What the story does. */
export interface StepEntry {
  readonly kind: "step";
  readonly text: string;
}

/** A line of a program's own log. */
export interface LogEntry {
  readonly kind: "log";
  readonly program: "gateway" | "cloud";
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type RecordEntry = DeliveryEntry | TransitionEntry | FaultEntry | StepEntry | LogEntry;

/** When, and in which order. */
export interface Stamp {
  /** Time since the site's start, in ms. */
  readonly atMs: number;
  /** Counts from 1. */
  readonly seq: number;
}

export type StampedEntry = Stamp & RecordEntry;

export class EventLog {
  readonly #nowMs: () => number;
  readonly #entries: StampedEntry[] = [];

  /** `nowMs`: time since the site's start. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Throws when the record is full: a run that goes on without a record could not be replayed. */
  append(entry: RecordEntry): void {
    if (this.#entries.length >= recordEntriesMax) {
      throw new Error(
        `The record of this run is full (${recordEntriesMax} entries, ${this.#nowMs()} ms after the start)`,
      );
    }
    this.#entries.push({ atMs: this.#nowMs(), seq: this.#entries.length + 1, ...entry });
  }

  get entries(): readonly StampedEntry[] {
    return this.#entries;
  }

  /** One line of JSON for each entry, keys in a fixed order, a line feed behind each. */
  text(): string {
    return this.#entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  }
}
