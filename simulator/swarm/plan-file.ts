// A plan as a file: written for `postern sim replay FILE`, and read with words for everything that is wrong in it.
import { FaultError } from "../faults/fault-error.ts";
import { parseFaultSpec } from "../faults/fault-spec.ts";
import { unknownWord } from "../faults/nearest-word.ts";
import {
  doors,
  type FaultEvent,
  type PlanEvent,
  type RestartEvent,
  type SessionEvent,
  type Stream,
  type SwarmPlan,
  type TerminalEvent,
  usualSite,
  type ViewEvent,
} from "./swarm-plan.ts";

/** The file cannot be used; the message says where and what was meant. */
export class PlanError extends Error {
  readonly code = "plan.bad-value";

  constructor(message: string) {
    super(message);
    this.name = "PlanError";
  }
}

const dayMs = 86_400_000;
const eventsMax = 1000;
const panelsMax = 20;
const bytesMax = 16 * 1024 * 1024;

/** One line for each event, for people who read and edit it. */
export function writePlan(plan: SwarmPlan): string {
  const { events, ...rest } = plan;
  const head = JSON.stringify(rest, undefined, 2).replace(/\n}$/, "");
  const lines = events.map((event) => `    ${JSON.stringify(event)}`).join(",\n");
  return `${head},\n  "events": [\n${lines}\n  ]\n}\n`;
}

/** Throws a PlanError whose text begins with the file's name. */
export function parsePlan(text: string, file: string): SwarmPlan {
  const place = (where: string, problem: string): PlanError => new PlanError(`${file}: ${where}: ${problem}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new PlanError(`${file}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const plan = new Reader(json, "plan", place);
  const [panelLists, limits] = [["bytePanels", "vncPanels", "sshPanels", "telnetPanels"], Object.keys(usualSite)];
  plan.takesOnly(["format", "seed", "lastsMs", ...panelLists, ...limits, "events"]);
  plan.word("format", ["postern-swarm-plan-1"]);
  const bytePanels = plan.names("bytePanels", 1);
  const vncPanels = plan.names("vncPanels", 0);
  const sshPanels = plan.has("sshPanels") ? plan.names("sshPanels", 0) : [];
  const telnetPanels = plan.has("telnetPanels") ? plan.names("telnetPanels", 0) : [];
  const lastsMs = plan.whole("lastsMs", 0, dayMs);
  const panels = { byte: bytePanels, vnc: vncPanels, terminal: [...sshPanels, ...telnetPanels] };
  const events = plan
    .list("events", eventsMax)
    .map((event, at) => readEvent(event, `events[${at}]`, { panels, place }));
  for (const kind of ["session", "terminal"] as const) {
    const ids = events.flatMap((event) => (event.kind === kind ? [event.id] : []));
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice !== undefined) throw place("events", `two ${kind}s have the id ${twice}`);
  }
  const late = events.find((event) => event.atMs > lastsMs);
  if (late !== undefined)
    throw place("events", `one begins at ${late.atMs} ms, after the end of the run at ${lastsMs}`);
  return {
    format: "postern-swarm-plan-1",
    seed: plan.whole("seed", 0, Number.MAX_SAFE_INTEGER),
    lastsMs,
    bytePanels,
    vncPanels,
    sshPanels,
    telnetPanels,
    tunnelsMax: plan.has("tunnelsMax") ? plan.whole("tunnelsMax", 1, 1000) : usualSite.tunnelsMax,
    sessionLifeMs: plan.has("sessionLifeMs") ? plan.whole("sessionLifeMs", 1000, dayMs) : usualSite.sessionLifeMs,
    isNew: plan.has("isNew") && plan.truth("isNew"),
    events: [...events].sort((one, other) => one.atMs - other.atMs),
  };
}

type Complain = (where: string, problem: string) => PlanError;

interface EventContext {
  readonly panels: {
    readonly byte: readonly string[];
    readonly vnc: readonly string[];
    readonly terminal: readonly string[];
  };
  readonly place: Complain;
}

function readEvent(json: unknown, where: string, context: EventContext): PlanEvent {
  const event = new Reader(json, where, context.place);
  const kind = event.word("kind", ["fault", "restart", "session", "view", "terminal", "knock", "endpoint", "revoke"]);
  const atMs = event.whole("atMs", 0, dayMs);
  switch (kind) {
    case "fault":
      return readFault(event, atMs, context);
    case "restart":
      event.takesOnly(["kind", "atMs", "forMs"]);
      return { kind, atMs, forMs: event.whole("forMs", 0, dayMs) } satisfies RestartEvent;
    case "view":
      event.takesOnly(["kind", "atMs", "panel", "lastsMs"]);
      return {
        kind,
        atMs,
        panel: event.word("panel", context.panels.vnc),
        lastsMs: event.whole("lastsMs", 0, dayMs),
      } satisfies ViewEvent;
    case "revoke":
      event.takesOnly(["kind", "atMs", "forMs"]);
      return { kind, atMs, forMs: event.whole("forMs", 0, dayMs) };
    case "terminal":
      return readTerminal(event, atMs, context);
    case "knock":
      event.takesOnly(["kind", "atMs", "door", "hasChannel"]);
      return { kind, atMs, door: event.word("door", doors), hasChannel: event.truth("hasChannel") };
    case "endpoint":
      event.takesOnly(["kind", "atMs", "panel", "does"]);
      return {
        ...{ kind, atMs },
        panel: event.word("panel", context.panels.byte),
        does: event.word("does", ["change", "replace"]),
      };
    default:
      return readSession(event, atMs, context);
  }
}

function readTerminal(event: Reader, atMs: number, { panels }: EventContext): TerminalEvent {
  const own = ["id", "panel", "lines", "everyMs", "resizesEvery", "answers", "lastsMs", "leaves"];
  event.takesOnly(["kind", "atMs", ...own]);
  return {
    kind: "terminal",
    atMs,
    id: event.whole("id", 1, 999_999),
    panel: event.word("panel", panels.terminal),
    lines: event.whole("lines", 0, 10_000),
    everyMs: event.whole("everyMs", 1, dayMs),
    resizesEvery: event.whole("resizesEvery", 0, 10_000),
    answers: event.word("answers", ["rightly", "wrongly", "never"]),
    lastsMs: event.whole("lastsMs", 0, dayMs),
    leaves: event.word("leaves", ["in-order", "breaks-off", "logs-out"]),
  };
}

function readFault(event: Reader, atMs: number, { panels, place }: EventContext): FaultEvent {
  event.takesOnly(["kind", "atMs", "forMs", "fault", "parameters", "between", "from", "when"]);
  const { kind: _kind, atMs: _atMs, forMs: _forMs, ...spec } = event.json;
  const hosts = ["operator", "cloud", "gateway", ...panels.byte, ...panels.vnc, ...panels.terminal];
  try {
    const { fault, parameters = {}, between, from, when } = parseFaultSpec(spec, event.where, { hosts });
    return {
      kind: "fault",
      atMs,
      forMs: event.whole("forMs", 0, dayMs),
      fault,
      parameters,
      ...(between === undefined ? {} : { between }),
      ...(from === undefined ? {} : { from }),
      ...(when === undefined ? {} : { when }),
    };
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    throw place(event.where, error.message);
  }
}

function readSession(event: Reader, atMs: number, { panels }: EventContext): SessionEvent {
  const own = ["kind", "atMs", "id", "panel", "hasChannel", "up", "down", "panelThen", "lastsMs", "leaves", "pausesMs"];
  event.takesOnly(own);
  return {
    kind: "session",
    atMs,
    id: event.whole("id", 1, 999_999),
    panel: event.word("panel", panels.byte),
    hasChannel: event.truth("hasChannel"),
    up: readStream(event.inside("up")),
    down: readStream(event.inside("down")),
    panelThen: event.word("panelThen", ["stays", "ends", "resets"]),
    lastsMs: event.whole("lastsMs", 0, dayMs),
    leaves: event.word("leaves", ["in-order", "breaks-off"]),
    pausesMs: event.whole("pausesMs", 0, dayMs),
  };
}

function readStream(stream: Reader): Stream {
  stream.takesOnly(["bytes", "pieceBytes", "everyMs"]);
  return {
    bytes: stream.whole("bytes", 0, bytesMax),
    pieceBytes: stream.whole("pieceBytes", 1, bytesMax),
    everyMs: stream.whole("everyMs", 1, dayMs),
  };
}

/** Takes the fields of one object and complains in words. */
class Reader {
  readonly json: Readonly<Record<string, unknown>>;
  readonly where: string;
  readonly #complain: Complain;

  constructor(json: unknown, where: string, complain: Complain) {
    this.where = where;
    this.#complain = complain;
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw complain(where, `must be an object, not ${JSON.stringify(json)}`);
    }
    this.json = json as Readonly<Record<string, unknown>>;
  }

  takesOnly(names: readonly string[]): void {
    for (const name of Object.keys(this.json)) {
      if (!names.includes(name)) throw this.#complain(this.where, unknownWord("field", name, names));
    }
  }

  word<Word extends string>(name: string, words: readonly Word[]): Word {
    const found = words.find((word) => word === this.json[name]);
    if (found !== undefined) return found;
    const given = this.json[name];
    const problem =
      typeof given === "string"
        ? unknownWord("word", given, words)
        : `must be one of ${words.join(", ")}, not ${JSON.stringify(given)}`;
    throw this.#complain(`${this.where}.${name}`, problem);
  }

  whole(name: string, min: number, max: number): number {
    const value = this.json[name];
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
    const problem = `must be a whole number from ${min} to ${max}, not ${JSON.stringify(value)}`;
    throw this.#complain(`${this.where}.${name}`, problem);
  }

  has(name: string): boolean {
    return this.json[name] !== undefined;
  }

  truth(name: string): boolean {
    const value = this.json[name];
    if (typeof value === "boolean") return value;
    throw this.#complain(`${this.where}.${name}`, `must be true or false, not ${JSON.stringify(value)}`);
  }

  list(name: string, max: number): readonly unknown[] {
    const value = this.json[name];
    if (Array.isArray(value) && value.length <= max) return value;
    throw this.#complain(`${this.where}.${name}`, `must be a list of at most ${max}`);
  }

  names(name: string, min: number): readonly string[] {
    const list = this.list(name, panelsMax);
    const isName = (each: unknown): boolean => typeof each === "string" && /^[a-z][a-z0-9-]{0,30}$/.test(each);
    const taken = ["operator", "cloud", "gateway"];
    if (list.length >= min && list.every(isName) && !list.some((each) => taken.includes(String(each)))) {
      return list as readonly string[];
    }
    throw this.#complain(`${this.where}.${name}`, `must be a list of ${min} or more names of panels in lower case`);
  }

  inside(name: string): Reader {
    return new Reader(this.json[name], `${this.where}.${name}`, this.#complain);
  }
}
