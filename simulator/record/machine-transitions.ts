// Makes transitions for the record out of what xstate tells about its actors.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, InspectionEvent } from "xstate";
import type { TransitionEntry } from "./event-log.ts";
import { statePath } from "./state-path.ts";

interface MachineSnapshot {
  readonly value: unknown;
  readonly machine: AnyStateMachine;
}

interface Actor {
  readonly name: string;
  /** State after the last transition; empty before the first. */
  state: string;
}

/** Watches the machines of one run of a program: `inspect` is given to each of its root actors. */
export class MachineTransitions {
  readonly #take: (entry: TransitionEntry) => void;
  readonly #actors = new WeakMap<object, Actor>();
  readonly #counts = new Map<string, number>();
  readonly #machines = new Map<string, AnyStateMachine>();

  constructor(take: (entry: TransitionEntry) => void) {
    this.#take = take;
  }

  /** The machines that have run, one for each id. */
  get machines(): readonly AnyStateMachine[] {
    return [...this.#machines.values()];
  }

  /** To be given to `createActor` as it is. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type === "@xstate.microstep") this.#stepped(event, event.snapshot, event._transitions);
    else if (event.type === "@xstate.event" && event.event.type === "xstate.init") this.#started(event);
  };

  #started(event: InspectionEvent & { readonly event: { readonly type: string } }): void {
    const snapshot = event.actorRef.getSnapshot();
    // Transitions that need no event have been told already, when the machine was made.
    if (isMachineSnapshot(snapshot) && !this.#actors.has(event.actorRef)) this.#stepped(event, snapshot, []);
  }

  #stepped(
    event: InspectionEvent & { readonly event: { readonly type: string } },
    snapshot: object,
    transitions: readonly AnyTransitionDefinition[],
  ): void {
    if (!isMachineSnapshot(snapshot)) return;
    const actor = this.#actorOf(event, snapshot.machine);
    const { state: from, name } = actor;
    const to = statePath(snapshot.value);
    if (transitions.length === 0 && from === to) return;
    actor.state = to;
    this.#take({
      kind: "transition",
      machine: snapshot.machine.id,
      actor: name,
      event: event.event.type,
      from,
      to,
      taken: transitions.map(transitionName),
    });
  }

  /** xstate counts the names that it makes up over the whole process: here they count for each machine of the run. */
  #actorOf({ actorRef, rootId }: InspectionEvent, machine: AnyStateMachine): Actor {
    const known = this.#actors.get(actorRef);
    if (known !== undefined) return known;
    const { sessionId } = actorRef;
    const id = "id" in actorRef ? String(actorRef.id) : sessionId;
    const name = sessionId === rootId || /^x:\d+$/.test(id) ? this.#numbered(machine.id) : id;
    this.#machines.set(machine.id, machine);
    const actor = { name, state: "" };
    this.#actors.set(actorRef, actor);
    return actor;
  }

  #numbered(machine: string): string {
    const count = (this.#counts.get(machine) ?? 0) + 1;
    this.#counts.set(machine, count);
    return `${machine}#${count}`;
  }
}

/**
 * "connected.online.outbox.idle: always 1 of 2" or "operating: gateway.stop": the state that has the transition, the event
 * that it is for, and its place where there are several.
 */
export function transitionName(transition: AnyTransitionDefinition): string {
  const { source, eventType } = transition;
  const all = transitionsOf(source, eventType);
  const name = `${source.path.join(".") || "(root)"}: ${eventType === "" ? "always" : eventType}`;
  return all.length < 2 ? name : `${name} ${all.indexOf(transition) + 1} of ${all.length}`;
}

/** All transitions of a state for one kind of event; the empty one is for those that need none. */
export function transitionsOf(node: AnyStateNode, eventType: string): readonly AnyTransitionDefinition[] {
  return eventType === "" ? (node.always ?? []) : (node.transitions.get(eventType) ?? []);
}

function isMachineSnapshot(snapshot: unknown): snapshot is MachineSnapshot {
  return typeof snapshot === "object" && snapshot !== null && "value" in snapshot && "machine" in snapshot;
}
