// A fault as text says it, in a file, on the command line and over the API: what, where, how likely, and when.
import { createEvent, type EventAsk } from "../triggers/event-kinds.ts";
import { withProbability } from "../triggers/probability.ts";
import { checkSchedule, type Schedule } from "../triggers/schedule.ts";
import { checkParameters, findFaultKind } from "./catalogue.ts";
import { FaultError, shortened, shown } from "./fault-error.ts";
import { type FaultKind, type Parameters, strengthen } from "./fault-kind.ts";
import { nearestWord, unknownWord } from "./nearest-word.ts";
import { profileFaults } from "./profiles.ts";

export interface FaultSpec {
  /** Name of its kind, as in the catalogue. */
  readonly fault: string;
  readonly parameters?: Parameters;
  /** 0 (hardly to be noticed) to 1 (as bad as it gets): says the parameters that are left out. */
  readonly strength?: number;
  /** The two hosts of the wire. */
  readonly between?: readonly [string, string];
  /** The one of them whose sending alone is meant. */
  readonly from?: string;
  /** Above 0, at most 1; certain by default. */
  readonly probability?: number;
  readonly schedule?: Schedule;
  /** Begins, and its schedule with it, only when this has happened. */
  readonly when?: EventAsk;
}

export interface SpecContext {
  /** Names of the site's hosts; anything is taken where they are not known yet. */
  readonly hosts?: readonly string[];
}

const fields = ["fault", "parameters", "strength", "between", "from", "probability", "schedule", "when"] as const;
const profileFields = ["profile", "between"] as const;
const scheduleFields = ["afterMs", "forMs", "everyMs", "times"] as const;

/**
 * Checks one fault of a text form. Throws a FaultError that begins with the place (`place` and what is inside of it), and
 * names the word and what was meant. With an empty place, places begin at the fault itself.
 */
export function parseFaultSpec(json: unknown, place = "fault", context: SpecContext = {}): FaultSpec {
  return at(place, () => readSpec(json, context));
}

/** Checks a list of them; `{ "profile": "lte-bad" }`, with `between` for another wire, stands for all faults of a profile. */
export function parseFaultSpecs(json: unknown, place = "faults", context: SpecContext = {}): readonly FaultSpec[] {
  if (!Array.isArray(json)) {
    throw new FaultError("fault.bad-value", `takes a list of faults, not ${shown(json)}`, place);
  }
  return json.flatMap((each: unknown, index) => {
    const inside = `${place}[${index}]`;
    const isProfile = typeof each === "object" && each !== null && "profile" in each;
    return isProfile ? at(inside, () => readProfile(each, context)) : [parseFaultSpec(each, inside, context)];
  });
}

function readProfile(given: { readonly profile: unknown }, context: SpecContext): readonly FaultSpec[] {
  onlyFields(given, profileFields, "field of a profile");
  const { profile, between } = given as { readonly profile: unknown; readonly between?: unknown };
  if (typeof profile !== "string") {
    throw new FaultError("fault.bad-value", `takes the name of a link profile, not ${shown(profile)}`, "profile");
  }
  const wire = between === undefined ? undefined : at("between", () => twoHosts(between, context));
  return at("profile", () => profileFaults(profile, wire));
}

function readSpec(json: unknown, context: SpecContext): FaultSpec {
  const given = objectOf(json, `a fault such as { "fault": "latency", "between": ["gateway", "cloud"] }`);
  onlyFields(given, fields, "field of a fault");
  if (typeof given["fault"] !== "string") {
    throw new FaultError("fault.bad-value", `takes the name of a fault, not ${shown(given["fault"])}`, "fault");
  }
  const kind = at("fault", () => findFaultKind(given["fault"] as string));
  const strength = shareOf(given, "strength", { isZeroTaken: true });
  const parameters = at("parameters", () => readParameters(kind, given["parameters"], strength));
  const probability = shareOf(given, "probability", { isZeroTaken: false });
  if (probability !== undefined) withProbability(probability, kind.create(parameters)); // throws if it cannot have one
  const schedule = given["schedule"] === undefined ? undefined : at("schedule", () => readSchedule(given["schedule"]));
  const when = given["when"] === undefined ? undefined : at("when", () => readWhen(given["when"], context));
  return {
    fault: kind.name,
    parameters,
    ...readPlace(kind, given, context),
    ...(strength === undefined ? {} : { strength }),
    ...(probability === undefined ? {} : { probability }),
    ...(schedule === undefined ? {} : { schedule }),
    ...(when === undefined ? {} : { when }),
  };
}

function readParameters(kind: FaultKind, json: unknown, strength: number | undefined): Parameters {
  const given = json === undefined ? {} : objectOf(json, `an object with parameters of ${kind.name}`);
  const base = strength === undefined ? {} : strengthen(kind.parameters, strength);
  return checkParameters(kind, { ...base, ...given });
}

function readPlace(
  kind: FaultKind,
  given: Readonly<Record<string, unknown>>,
  context: SpecContext,
): Pick<FaultSpec, "between" | "from"> {
  const { between, from } = given;
  const isOfLink = kind.places.includes("link") || kind.places.includes("direction");
  if (between === undefined) {
    if (from !== undefined)
      throw wrongPlace(`"from" says a direction, and "between" does not say of which wire`, "from");
    if (kind.places.includes("site")) return {};
    throw wrongPlace(`${kind.name} stands on a wire: "between": ["gateway", "cloud"] says on which`, "between");
  }
  if (!isOfLink) throw wrongPlace(`${kind.name} acts on the whole site: leave "between" out`, "between");
  const [one, other] = at("between", () => twoHosts(between, context));
  if (from === undefined) {
    if (kind.places.includes("link")) return { between: [one, other] };
    throw wrongPlace(`${kind.name} has a direction: "from": ${JSON.stringify(one)} says which`, "from");
  }
  if (from === one || from === other) return { between: [one, other], from };
  throw wrongPlace(`takes one of the two ends ${one} and ${other}, not ${shown(from)}`, "from");
}

function readSchedule(json: unknown): Schedule {
  const given = objectOf(json, `an object such as { "afterMs": 1000, "forMs": 5000 }`);
  onlyFields(given, scheduleFields, "field of a schedule");
  const schedule = given as Schedule;
  checkSchedule(schedule);
  return schedule;
}

function readWhen(json: unknown, context: SpecContext): EventAsk {
  const given = objectOf(json, `an event such as { "event": "rfb.framebuffer-update", "nth": 3 }`);
  if (typeof given["event"] !== "string") {
    throw new FaultError("fault.bad-value", `takes the name of an event, not ${shown(given["event"])}`, "event");
  }
  const ask = given as EventAsk;
  createEvent(ask);
  if (ask["between"] !== undefined) at("between", () => twoHosts(ask["between"], context));
  return ask;
}

function twoHosts(json: unknown, { hosts }: SpecContext): readonly [string, string] {
  const [one, other] = Array.isArray(json) && json.length === 2 ? (json as readonly unknown[]) : [];
  if (typeof one !== "string" || typeof other !== "string") {
    throw new FaultError("fault.bad-value", `takes the names of two hosts, not ${shown(json)}`);
  }
  for (const [place, host] of [one, other].entries()) {
    if (hosts === undefined || hosts.includes(host)) continue;
    throw new FaultError("fault.unknown-name", unknownWord("host", host, hosts), `[${place}]`);
  }
  return [one, other];
}

function shareOf(
  given: Readonly<Record<string, unknown>>,
  name: "strength" | "probability",
  { isZeroTaken }: { readonly isZeroTaken: boolean },
): number | undefined {
  const value = given[name];
  if (value === undefined) return undefined;
  const isShare = typeof value === "number" && value <= 1 && (isZeroTaken ? value >= 0 : value > 0);
  if (isShare) return value;
  const range = isZeroTaken ? "a number from 0 to 1" : "a number above 0 and at most 1";
  throw new FaultError("fault.bad-value", `takes ${range}, not ${shown(value)}`, name);
}

function objectOf(json: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  throw new FaultError("fault.bad-value", `takes ${what}, not ${shown(json)}`);
}

function onlyFields(given: object, known: readonly string[], what: string): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const isParameter = what === "field of a fault" && nearestWord(name, known) === undefined;
    const hint = isParameter ? `; parameters of the fault stand in "parameters"` : "";
    throw new FaultError("fault.unknown-name", `${unknownWord(what, name, known)}${hint}`, shortened(name));
  }
}

function wrongPlace(text: string, place: string): FaultError {
  return new FaultError("fault.wrong-place", text, place);
}

/** Puts a place, if there is one, before that of what goes wrong inside. */
function at<T>(place: string, read: () => T): T {
  if (place === "") return read();
  try {
    return read();
  } catch (error) {
    throw error instanceof FaultError ? error.inside(place) : error;
  }
}
