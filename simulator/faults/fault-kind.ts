// A kind of fault as the command line, the API and the swarm know it: name, parameters with their ranges, where it can run.
import type { SeededRandom } from "../seeded-random.ts";
import type { Fault } from "./fault.ts";

export type ParameterValue = number | string | boolean;
export type Parameters = Readonly<Record<string, ParameterValue>>;

interface ParameterBase {
  readonly name: string;
  /** What the number counts: "ms", "bytes", "bytes/s", "fraction", "port"; empty for words. */
  readonly unit: string;
  readonly summary: string;
}

export interface NumberParameter extends ParameterBase {
  readonly kind: "number";
  readonly min: number;
  readonly max: number;
  readonly default: number;
  /** False: any number in the range, otherwise whole ones only. */
  readonly isWhole: boolean;
  /** What the swarm draws between: hardly to be noticed, and as bad as it gets in life. */
  readonly gentle: number;
  readonly severe: number;
}

export interface ChoiceParameter extends ParameterBase {
  readonly kind: "choice";
  readonly choices: readonly string[];
  readonly default: string;
}

export interface BooleanParameter extends ParameterBase {
  readonly kind: "boolean";
  readonly default: boolean;
}

export type FaultParameter = NumberParameter | ChoiceParameter | BooleanParameter;

export type RunMode = "memory" | "loopback";

export interface FaultKind {
  /** Kebab-case, as on the command line and in the API. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  readonly kind: "link" | "world";
  /** Where it can be laid: on the wire between two hosts, over the whole site, or on one direction of a wire only. */
  readonly places: readonly ("link" | "direction" | "site")[];
  readonly parameters: readonly FaultParameter[];
  /** True, or why it cannot be had in that way of running. */
  readonly modes: { readonly [Mode in RunMode]: true | string };
  /** What is different where it runs on real sockets, for the table of where each fault runs. */
  readonly onLoopback?: string;
  /**
   * May lose or alter a session's bytes by itself, or end its connections: afterwards bytes received are a prefix only. (A
   * link that is dark or frozen loses nothing by itself, but programs give up on it after their own limits.)
   */
  readonly isLossy: boolean;
  /** All parameters; use `createFault` of the catalogue, which checks them and fills in what is left out. */
  create(parameters: Parameters): Fault;
  /** Parameters for the swarm, strength included. */
  draw(random: SeededRandom): Parameters;
}

type Definition = Omit<FaultKind, "draw" | "places"> & Partial<Pick<FaultKind, "draw" | "places">>;

/** A kind with what follows from the rest of it: where it can be laid, and how the swarm draws its parameters. */
export function defineFault(definition: Definition): FaultKind {
  const places = definition.places ?? (definition.kind === "link" ? ["link", "direction"] : ["site"]);
  return {
    places,
    draw: (random) => strengthen(definition.parameters, random.fraction(), random),
    ...definition,
  };
}

/** Parameters of a strength from 0 (gentle) to 1 (severe); choices are drawn, or stay as they are by default. */
export function strengthen(
  parameters: readonly FaultParameter[],
  strength: number,
  random?: { integer(min: number, max: number): number },
): Parameters {
  const values = parameters.map((parameter): readonly [string, ParameterValue] => {
    if (parameter.kind === "number") return [parameter.name, between(parameter, strength)];
    if (random === undefined) return [parameter.name, parameter.default];
    if (parameter.kind === "boolean") return [parameter.name, random.integer(0, 1) === 1];
    return [parameter.name, parameter.choices[random.integer(0, parameter.choices.length - 1)] ?? parameter.default];
  });
  return Object.fromEntries(values);
}

/** By equal factors where both ends are above zero (1 ms, 10 ms, 100 ms), by equal steps otherwise. */
function between({ gentle, severe, isWhole }: NumberParameter, strength: number): number {
  const isByFactors = gentle > 0 && severe > 0;
  const value = isByFactors ? gentle * (severe / gentle) ** strength : gentle + (severe - gentle) * strength;
  return isWhole ? Math.round(value) : Number(value.toPrecision(3));
}

type NumberRange = Pick<NumberParameter, "summary" | "min" | "max" | "default"> &
  Partial<Pick<NumberParameter, "gentle" | "severe" | "unit" | "isWhole">>;

export function numberParameter(name: string, unit: string, range: NumberRange): NumberParameter {
  const { gentle = range.default, severe = range.default } = range;
  return { kind: "number", name, unit, isWhole: true, ...range, gentle, severe };
}

/** A share of what happens, above 0 and at most 1. */
export function shareParameter(name: string, range: NumberRange): NumberParameter {
  return numberParameter(name, "fraction", { isWhole: false, ...range });
}

/** A TCP port; 0 stands for all of them. */
export function portParameter(summary = "only connections to this port; 0: to all"): NumberParameter {
  return numberParameter("port", "port", { summary, min: 0, max: 65_535, default: 0 });
}

export function choiceParameter(name: string, choices: readonly string[], summary: string): ChoiceParameter {
  return { kind: "choice", name, unit: "", choices, default: choices[0] ?? "", summary };
}

export function booleanParameter(name: string, summary: string): BooleanParameter {
  return { kind: "boolean", name, unit: "", default: false, summary };
}

/** The number of that name; `createFault` has checked that it is one. */
export function numberOf(parameters: Parameters, name: string): number {
  const value = parameters[name];
  if (typeof value !== "number") throw new TypeError(`The parameter "${name}" is not a number`);
  return value;
}

/** One of the words of that parameter; `createFault` has checked that it is one. */
export function wordOf<Word extends string>(parameters: Parameters, name: string, words: readonly Word[]): Word {
  const value = words.find((word) => word === parameters[name]);
  if (value === undefined) throw new TypeError(`The parameter "${name}" is none of ${words.join(", ")}`);
  return value;
}

/** The port, or undefined for all. */
export function portOf(parameters: Parameters): number | undefined {
  const port = numberOf(parameters, "port");
  return port === 0 ? undefined : port;
}
