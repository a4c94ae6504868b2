// Breaks parts of a program that runs machines: an actor that throws, and one that never answers.
import type { AnyActorRef, AnyStateMachine, AnyStateNode, InspectionEvent } from "xstate";
import type { SeededRandom } from "../seeded-random.ts";

/** "breaks": it ends with an error. "hangs": what it was asked for never comes, for as long as its machine waits. */
export type PartTrouble = "breaks" | "hangs";

/** What of xstate's actors is needed to end one as its own error would (xstate 5: Actor._stop, ActorSystem._relay). */
interface Part {
  readonly id: string;
  readonly _parent?: Part;
  readonly system: { _relay(source: Part, target: Part, event: object): void };
  /** Undefined before it has begun. */
  getSnapshot(): PartSnapshot | undefined;
  start(): void;
  _stop(): void;
}

interface PartSnapshot {
  readonly status: string;
  /** Of a machine. */
  readonly machine?: AnyStateMachine;
  readonly _nodes?: readonly AnyStateNode[];
}

/** Parts that are kept in mind before those that have ended are forgotten. */
const knownMax = 128;
const armedEvery = 3;

export class ProgramParts {
  readonly #armed = new Map<string, PartTrouble>();
  #known: Part[] = [];

  /** To be told of all that the machines do. */
  readonly inspect = (event: InspectionEvent): void => {
    if (event.type !== "@xstate.actor") return;
    const part = event.actorRef as AnyActorRef as unknown as Part;
    if (part._parent === undefined) return;
    if (this.#known.length >= knownMax) this.#known = this.#known.filter(isActive);
    this.#known.push(part);
    if (this.#armed.size === 0) return;
    const start = part.start.bind(part);
    part.start = () => this.#starts(part, start);
  };

  /** Gives one of those that run now trouble; its name, or undefined where there is none that can have it. */
  strikes(trouble: PartTrouble, random: SeededRandom): string | undefined {
    this.#known = this.#known.filter(isActive);
    const able = this.#known.filter((part) => canHave(part, trouble));
    const part = able[random.integer(0, Math.max(0, able.length - 1))];
    if (part === undefined) return undefined;
    const name = nameOf(part);
    strike(part, trouble);
    return name;
  }

  /** Of each kind that these machines start the next one has trouble, one kind in so many; how many kinds. */
  arms(machines: readonly AnyStateMachine[], random: SeededRandom): number {
    const kinds = new Set(machines.flatMap((machine) => kindsIn(machine.root)));
    for (const kind of [...kinds].sort()) {
      if (random.integer(1, armedEvery) === 1) this.#armed.set(kind, random.integer(0, 1) === 0 ? "breaks" : "hangs");
    }
    return this.#armed.size;
  }

  disarms(): void {
    this.#armed.clear();
  }

  #starts(part: Part, start: () => void): void {
    const name = nameOf(part);
    const trouble = this.#armed.get(name);
    if (trouble === undefined || !canHave(part, trouble)) start();
    else {
      this.#armed.delete(name);
      strike(part, trouble);
    }
  }
}

function strike(part: Part, trouble: PartTrouble): void {
  const { _parent: parent, id, system } = part;
  const what = `${nameOf(part)} was broken on purpose`;
  part._stop();
  if (trouble === "hangs" || parent === undefined) return;
  system._relay(part, parent, { type: `xstate.error.actor.${id}`, error: new Error(what), actorId: id });
}

function isActive(part: Part): boolean {
  const isOver = ({ status }: PartSnapshot): boolean => status !== "active";
  return ![part, part._parent].some((each) => isOver(each?.getSnapshot() ?? { status: "active" }));
}

/** What hangs is a question with a limit: a watch, or a conversation, has no answer that may fail to come. */
function canHave(part: Part, trouble: PartTrouble): boolean {
  if (trouble === "breaks") return true;
  const nodes = part._parent?.getSnapshot()?._nodes ?? [];
  const asking = nodes.find(({ invoke }) => invoke.some(({ id }) => id === part.id));
  if (asking === undefined || part.getSnapshot()?.machine !== undefined) return false;
  return asking.transitions.has(`xstate.done.actor.${part.id}`) && hasLimit(asking);
}

function hasLimit(node: AnyStateNode): boolean {
  const isLimited = [...node.transitions.keys()].some((type) => type.startsWith("xstate.after."));
  return isLimited || (node.parent !== undefined && hasLimit(node.parent));
}

/** "gateway.tunnel": the machine and what it starts, without the number of one of many. */
function nameOf({ id, _parent: parent }: Part): string {
  return kindName(parent?.getSnapshot()?.machine?.id ?? "", id);
}

function kindName(machine: string, id: string): string {
  return `${machine}.${id.replace(/:.*$/, "")}`;
}

function kindsIn(node: AnyStateNode): readonly string[] {
  const own = node.invoke.map(({ id }) => kindName(node.machine.id, id));
  return [...own, ...Object.values(node.states).flatMap(kindsIn)];
}
