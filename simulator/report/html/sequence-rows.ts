// The rows of a sequence diagram, made from the record: what the story does, faults, states, and exchanges of bytes.
import type { StampedEntry } from "../../record/event-log.ts";
import { duration } from "../words.ts";
import { Burst, type ExchangeRow, portName } from "./exchange.ts";
import { coarseState, stateWords } from "./lanes.ts";

export type SequenceRow =
  | { readonly kind: "step"; readonly atMs: number; readonly text: string }
  | {
      readonly kind: "fault";
      readonly atMs: number;
      readonly text: string;
      readonly phase: "begin" | "end";
      readonly on: string;
      readonly name: string;
    }
  | { readonly kind: "state"; readonly atMs: number; readonly host: string; readonly text: string }
  | ExchangeRow
  | { readonly kind: "gap"; readonly atMs: number; readonly ms: number }
  | { readonly kind: "left-out"; readonly atMs: number; readonly rows: number };

/** Rows of a diagram that people still read. */
export const rowsMax = 220;
/** A silence that is worth a row. */
const gapMs = 3000;
/** Silence on a connection behind which a new exchange begins: the first that gives few enough rows. */
const burstGaps = [400, 2000, 10_000, 60_000] as const;

export function sequenceRows(entries: readonly StampedEntry[]): readonly SequenceRow[] {
  let rows: readonly SequenceRow[] = [];
  for (const [turn, burstGapMs] of burstGaps.entries()) {
    rows = withGaps(withQuietMerged(collect(entries, { burstGapMs, hasStates: turn < burstGaps.length - 1 })));
    if (rows.length <= rowsMax) return rows;
  }
  const half = Math.floor(rowsMax / 2);
  const last = rows.slice(-half);
  return [
    ...rows.slice(0, half),
    { kind: "left-out", atMs: last[0]?.atMs ?? 0, rows: rows.length - 2 * half },
    ...last,
  ];
}

interface Detail {
  readonly burstGapMs: number;
  readonly hasStates: boolean;
}

function collect(entries: readonly StampedEntry[], { burstGapMs, hasStates }: Detail): readonly SequenceRow[] {
  const rows: SequenceRow[] = [];
  const states = new Map<string, string>();
  let bursts: Burst[] = [];
  const flush = (isDue: (burst: Burst) => boolean): void => {
    const due = bursts.filter(isDue);
    bursts = bursts.filter((burst) => !due.includes(burst));
    for (const burst of due) rows.push(burst.row());
  };
  for (const entry of entries) {
    flush(({ lastMs }) => entry.atMs - lastMs > burstGapMs);
    if (entry.kind === "delivery") {
      const open = bursts.find(({ connection }) => connection === entry.connection);
      if (open === undefined) bursts.push(new Burst(entry));
      else open.take(entry);
      continue;
    }
    const row = noteRow(entry, states, hasStates);
    if (row === undefined) continue;
    flush(() => true);
    rows.push(row);
  }
  flush(() => true);
  return rows.toSorted((one, other) => one.atMs - other.atMs);
}

function noteRow(entry: StampedEntry, states: Map<string, string>, hasStates: boolean): SequenceRow | undefined {
  const { atMs } = entry;
  if (entry.kind === "step") return { kind: "step", atMs, text: entry.text };
  if (entry.kind === "fault") {
    const { phase, name, on } = entry;
    const place = on === "site" ? "" : ` (${on})`;
    return { kind: "fault", atMs, phase, on, name, text: `${name}${place} ${phase === "begin" ? "begins" : "ends"}` };
  }
  if (entry.kind !== "transition" || !hasStates || entry.to === "") return undefined;
  const state = coarseState(entry.to);
  const shown = shownStates[entry.machine];
  if (states.get(entry.actor) === state || shown === undefined) return undefined;
  states.set(entry.actor, state);
  if (!shown.states.test(state)) return undefined;
  return { kind: "state", atMs, host: shown.host, text: `${entry.actor.replace(/[:#]/, " ")}: ${stateWords(state)}` };
}

/** Of which machines a diagram tells which states: the others are in the lanes. */
const shownStates: Readonly<Record<string, { readonly host: string; readonly states: RegExp }>> = {
  connectivity: { host: "gateway", states: /online|offline|waiting|unregistered/ },
  registration: { host: "gateway", states: /^registered|^asking/ },
  tunnel: { host: "gateway", states: /forwarding|closed|refus|fail/ },
  session: { host: "cloud", states: /waitingForGateway|established|closed/ },
};

/** Small exchanges, such as signs of life, with nothing but others between them become one row for each connection. */
function withQuietMerged(rows: readonly SequenceRow[]): readonly SequenceRow[] {
  const merged: SequenceRow[] = [];
  let quiet: ExchangeRow[] = [];
  const flush = (): void => {
    const byConnection = Map.groupBy(quiet, ({ connection }) => connection);
    const rest = [...byConnection.values()].flatMap((same) => (same.length < 3 ? same : [mergeQuiet(same)]));
    merged.push(...rest.sort((one, other) => one.atMs - other.atMs));
    quiet = [];
  };
  for (const row of rows) {
    if (row.kind === "exchange" && row.isQuiet) {
      quiet.push(row);
      continue;
    }
    flush();
    merged.push(row);
  }
  flush();
  return merged;
}

function mergeQuiet(rows: readonly ExchangeRow[]): ExchangeRow {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) throw new Error("must hold: there are rows to merge");
  const words = `${portName(first.port)} ${rows.length} small exchanges in ${duration(last.toMs - first.atMs)}`;
  return { ...first, toMs: last.toMs, isBothWays: true, text: words };
}

function withGaps(rows: readonly SequenceRow[]): readonly SequenceRow[] {
  let lastMs = 0;
  return rows.flatMap((row) => {
    const silenceMs = row.atMs - lastMs;
    lastMs = Math.max(lastMs, row.kind === "exchange" ? row.toMs : row.atMs);
    return silenceMs > gapMs ? [{ kind: "gap", atMs: row.atMs, ms: silenceMs } as const, row] : [row];
  });
}
