// How often each state and each transition of each machine was taken, and which never were.
import type { AnyStateMachine, AnyStateNode } from "xstate";
import type { StampedEntry } from "./event-log.ts";
import { transitionName, transitionsOf } from "./machine-transitions.ts";

export interface MachineCounts {
  /** By state path; how often it was entered. */
  readonly states: Readonly<Record<string, number>>;
  /** By transitionName; how often it was taken. */
  readonly transitions: Readonly<Record<string, number>>;
}

/** By machine id. Plain data, so that counts of other processes can be added. */
export type CoverageCounts = Readonly<Record<string, MachineCounts>>;

interface Counts {
  readonly states: Record<string, number>;
  readonly transitions: Record<string, number>;
}

export class MachineCoverage {
  readonly #machines = new Map<string, Counts>();

  /** Makes all states and transitions of a machine known, as never taken so far. */
  addMachine(machine: AnyStateMachine): void {
    const counts = this.#countsOf(machine.id);
    addNode(machine.root, counts);
  }

  count(entries: readonly StampedEntry[]): void {
    for (const entry of entries) {
      if (entry.kind !== "transition") continue;
      const counts = this.#countsOf(entry.machine);
      for (const name of entry.taken) bump(counts.transitions, name, 1);
      const before = statesOf(entry.from);
      for (const state of statesOf(entry.to)) if (!before.has(state)) bump(counts.states, state, 1);
    }
  }

  add(other: CoverageCounts): void {
    for (const [machine, { states, transitions }] of Object.entries(other)) {
      const counts = this.#countsOf(machine);
      for (const [name, count] of Object.entries(states)) bump(counts.states, name, count);
      for (const [name, count] of Object.entries(transitions)) bump(counts.transitions, name, count);
    }
  }

  counts(): CoverageCounts {
    return Object.fromEntries(this.#machines);
  }

  #countsOf(machine: string): Counts {
    const known = this.#machines.get(machine);
    if (known !== undefined) return known;
    const counts: Counts = { states: {}, transitions: {} };
    this.#machines.set(machine, counts);
    return counts;
  }
}

/** Names of what was never taken, "tunnel state standing.failing" or "tunnel transition standing: tunnel.cut". */
export function neverTaken(counts: CoverageCounts): readonly string[] {
  return Object.entries(counts).flatMap(([machine, { states, transitions }]) => [
    ...namesOfNone(states).map((name) => `${machine} state ${name}`),
    ...namesOfNone(transitions).map((name) => `${machine} transition ${name}`),
  ]);
}

function namesOfNone(counts: Readonly<Record<string, number>>): readonly string[] {
  return Object.keys(counts).filter((name) => counts[name] === 0);
}

function addNode(node: AnyStateNode, counts: Counts): void {
  if (node.path.length > 0) bump(counts.states, node.path.join("."), 0);
  for (const eventType of ["", ...node.transitions.keys()]) {
    for (const transition of transitionsOf(node, eventType)) bump(counts.transitions, transitionName(transition), 0);
  }
  for (const child of Object.values(node.states)) addNode(child, counts);
}

/** "a.b+a.c" is in a, a.b and a.c. */
function statesOf(paths: string): ReadonlySet<string> {
  const states = new Set<string>();
  if (paths === "") return states;
  for (const path of paths.split("+")) {
    const names = path.split(".");
    for (let length = 1; length <= names.length; length += 1) states.add(names.slice(0, length).join("."));
  }
  return states;
}

function bump(counts: Record<string, number>, name: string, by: number): void {
  counts[name] = (counts[name] ?? 0) + by;
}
