// Walks a machine by xstate's graph utilities, over all that it can be told, and finds states from which there is no way back.
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from "xstate";
import { getAdjacencyMap } from "xstate/graph";
import { statePath } from "#simulator/record/state-path.ts";

export interface WalkOptions {
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /**
   * What comes with an event, by its type; of an actor by "done NAME" and "error NAME". Several: the event is tried with each.
   * An event that is not named comes with nothing.
   */
  readonly payloads: Readonly<Record<string, readonly object[]>>;
  /** What of the context decides where it goes; the rest is left out, or the walk would have no end. */
  readonly decides: (context: Record<string, unknown>) => unknown;
  /** Events that somebody gives on purpose to end it: not on the walk. */
  readonly leftOut: readonly string[];
  /** Moments walked at most: a walk that is longer fails, since it has seen not everything. */
  readonly momentsMax?: number;
}

export interface Moment {
  /** As statePath says it. */
  readonly state: string;
  readonly snapshot: AnyMachineSnapshot;
  /** Keys of the moments that may follow. */
  readonly next: readonly string[];
}

const momentsMaxUsual = 20_000;

/** All moments that can be reached, by key. Throws when the machine breaks under an event, and when there are too many. */
export function walk(options: WalkOptions): ReadonlyMap<string, Moment> {
  const { input, decides, momentsMax = momentsMaxUsual } = options;
  const machine = alone(options.machine);
  const key = (snapshot: AnyMachineSnapshot): string =>
    `${snapshot.status} ${statePath(snapshot.value)} ${JSON.stringify(decides(snapshot.context))}`;
  const map = getAdjacencyMap(machine as never, {
    input: input as never,
    events: ((snapshot: AnyMachineSnapshot) => eventsOf(snapshot, options)) as never,
    serializeState: key as never,
    serializeEvent: ((event: object) => JSON.stringify(event)) as never,
    limit: momentsMax,
    stopWhen: ((snapshot: AnyMachineSnapshot) => snapshot.status !== "active") as never,
  }) as unknown as Readonly<
    Record<string, { state: AnyMachineSnapshot; transitions: Record<string, { state: AnyMachineSnapshot }> }>
  >;
  const moments = new Map<string, Moment>();
  for (const [name, { state, transitions }] of Object.entries(map)) {
    const next = [...new Set(Object.values(transitions).map(({ state: after }) => key(after)))];
    moments.set(name, { state: statePath(state.value), snapshot: state, next });
  }
  return moments;
}

/** States of which at least one moment has no way to a good one, ascending. */
export function deadStates(
  moments: ReadonlyMap<string, Moment>,
  isGood: (moment: Moment) => boolean,
): readonly string[] {
  const before = new Map<string, string[]>();
  for (const [name, { next }] of moments)
    for (const after of next) before.set(after, [...(before.get(after) ?? []), name]);
  const alive = new Set<string>();
  const open = [...moments].filter(([, moment]) => isGood(moment)).map(([name]) => name);
  while (open.length > 0) {
    const name = open.pop();
    if (name === undefined || alive.has(name)) continue;
    alive.add(name);
    open.push(...(before.get(name) ?? []));
  }
  const dead = [...moments].filter(([name]) => !alive.has(name)).map(([, { state }]) => state);
  return [...new Set(dead)].toSorted();
}

/** States that neither a clock nor an actor of theirs will ever end: whoever is there waits for somebody else. */
export function waitingStates(moments: ReadonlyMap<string, Moment>): readonly string[] {
  const waiting = [...moments.values()].filter(
    ({ snapshot }) => snapshot.status === "active" && !endsByItself(snapshot),
  );
  return [...new Set(waiting.map(({ state }) => state))].toSorted();
}

function endsByItself(snapshot: AnyMachineSnapshot): boolean {
  const root = snapshot.machine.root;
  return snapshot._nodes.some((node: AnyStateNode) => {
    const isTimed = [...node.transitions.keys()].some((type) => type.startsWith("xstate.after."));
    return isTimed || (node !== root && node.invoke.length > 0);
  });
}

function eventsOf(snapshot: AnyMachineSnapshot, { payloads, leftOut }: WalkOptions): readonly { type: string }[] {
  const types = new Set(snapshot._nodes.flatMap((node: AnyStateNode) => [...node.transitions.keys()]));
  return [...types]
    .filter((type) => type !== "*" && !leftOut.includes(type))
    .flatMap((type) => {
      const [, kind, id = ""] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? [];
      if (kind === undefined) return (payloads[type] ?? [{}]).map((payload) => ({ ...payload, type }));
      const name = sourceOf(snapshot, id);
      const given = payloads[`${kind} ${name}`] ?? (kind === "error" ? [{ error: new Error("broken") }] : undefined);
      if (given === undefined)
        throw new Error(`${snapshot.machine.id}: the walk does not know what ${name} gives when it is done`);
      return given.map((payload) => ({ ...payload, type, actorId: id }));
    });
}

/** What an invoked actor runs; its id where it has one of its own. */
function sourceOf(snapshot: AnyMachineSnapshot, id: string): string {
  for (const node of snapshot._nodes as readonly AnyStateNode[]) {
    const invoked = node.invoke.find((each) => each.id === id);
    if (invoked !== undefined) return String(invoked.src);
  }
  return id;
}

/** Nobody hears it: what it tells its parent goes nowhere. */
function alone(machine: AnyStateMachine): AnyStateMachine {
  const names = Object.keys(machine.implementations.actions).filter((name) => name.startsWith("tell"));
  return machine.provide({ actions: Object.fromEntries(names.map((name) => [name, () => {}])) });
}
