// For the machines' tables: plays events into a machine with no actor and no clock, and says where it is and what it wants done.
import {
  type AnyStateMachine,
  type EventFrom,
  type InputFrom,
  initialTransition,
  type SnapshotFrom,
  transition,
} from "xstate";

export interface Step<M extends AnyStateMachine> {
  readonly snapshot: SnapshotFrom<M>;
  /** State as a path, such as "standing.opening.dialing"; of parallel states all, in brackets. */
  readonly state: string;
  /** What the last event made it do, such as "log tunnel.opened", "send session.publish", "tellOpened". */
  readonly actions: readonly string[];
}

/** Where a machine is after its start and the given events. */
export function play<M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  events: readonly (EventFrom<M> | { readonly type: string; readonly [key: string]: unknown })[],
): Step<M> {
  const orphan = withoutParent(machine);
  let [snapshot, actions] = initialTransition(orphan, input as never) as [SnapshotFrom<M>, readonly ExecutableAction[]];
  for (const event of events) {
    [snapshot, actions] = transition(orphan, snapshot, event as never) as [
      SnapshotFrom<M>,
      readonly ExecutableAction[],
    ];
  }
  return { snapshot, state: pathOf((snapshot as { value: unknown }).value), actions: actions.flatMap(nameOf) };
}

/** A machine under test has no parent, so what it tells one is only noted. */
function withoutParent<M extends AnyStateMachine>(machine: M): M {
  const names = Object.keys(machine.implementations.actions).filter((name) => name.startsWith("tell"));
  const actions = Object.fromEntries(names.map((name) => [name, () => {}]));
  return machine.provide({ actions }) as M;
}

interface ExecutableAction {
  readonly type: string;
  readonly params?: unknown;
}

function pathOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const parts = Object.entries(value).map(([name, inner]) =>
    typeof inner === "object" && Object.keys(inner as object).length === 0 ? name : `${name}.${pathOf(inner)}`,
  );
  return parts.length === 1 ? String(parts[0]) : `(${parts.join(" ")})`;
}

function nameOf({ type, params }: ExecutableAction): string[] {
  const details = (params ?? {}) as Record<string, unknown>;
  const event = details["event"] as { type?: string } | string | undefined;
  const eventType = typeof event === "object" ? event.type : event;
  switch (type) {
    case "log":
      return [`log ${eventType}`];
    case "xstate.spawnChild":
      return [`spawn ${details["id"]}`];
    case "xstate.stopChild":
      return [`stop ${(details["id"] ?? (details["actorRef"] as { id?: string } | undefined)?.id) as string}`];
    case "xstate.raise":
      return [`${eventType} in ${details["delay"]} ms`];
    case "xstate.cancel":
      // Left states take their timers with them: the machinery's own business.
      return [];
    case "xstate.sendTo":
      return [`send ${eventType}`];
    default:
      return [type];
  }
}
