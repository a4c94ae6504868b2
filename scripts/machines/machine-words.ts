// What a machine's states and transitions are called in tables and drawings.
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from "xstate";

/** "a.b" of a state within its machine; "" is the machine itself. */
export function pathOf(node: AnyStateNode): string {
  return node.path.join(".");
}

/** All states of a machine, each before those within it. */
export function statesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return Object.values(node.states).flatMap((state) => [state, ...statesOf(state)]);
}

/** What a state reacts to, in the order in which it is judged. */
export function reactionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...(node.always ?? []), ...[...node.transitions.values()].flat()];
}

/** The event as a person would say it, with the guard's name behind it. */
export function triggerOf(machine: AnyStateMachine, node: AnyStateNode, reaction: AnyTransitionDefinition): string {
  const guard = guardName(reaction.guard);
  return `${eventWords(machine, node, reaction.eventType)}${guard === undefined ? "" : ` [${guard}]`}`;
}

function eventWords(machine: AnyStateMachine, node: AnyStateNode, eventType: string): string {
  if (eventType === "") return "at once";
  if (eventType === "*") return "anything else";
  const after = /^xstate\.after\.(.+?)\./.exec(eventType)?.[1];
  if (after !== undefined) return `after ${delayWords(machine, after)}`;
  const [, kind, actor = ""] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(eventType) ?? [];
  if (kind !== undefined) return `${actorName(node, actor)} ${kind === "done" ? "is done" : "breaks"}`;
  if (/^xstate\.done\.state\./.test(eventType)) return "all within it is done";
  return eventType;
}

/** An actor without a name of its own is called by what it runs. */
function actorName(node: AnyStateNode, id: string): string {
  if (id === "*") return "a child";
  const invoked = node.invoke.find((each) => each.id === id);
  return invoked === undefined || !/^\d+\./.test(id) ? id : String(invoked.src);
}

function delayWords(machine: AnyStateMachine, name: string): string {
  const delay = machine.implementations.delays[name];
  const ms = typeof delay === "number" ? delay : Number(name);
  if (Number.isFinite(ms)) return typeof delay === "number" ? `${name} (${duration(ms)})` : duration(ms);
  return name;
}

function duration(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 120_000) return `${ms / 1_000} s`;
  return ms < 7_200_000 ? `${ms / 60_000} min` : `${ms / 3_600_000} h`;
}

function guardName(guard: unknown): string | undefined {
  if (guard === undefined) return undefined;
  if (typeof guard === "string") return guard;
  if (typeof guard === "object" && guard !== null && "type" in guard) return String(guard.type);
  return typeof guard === "function" && guard.name !== "" ? guard.name : "a condition";
}
