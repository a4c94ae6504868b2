// What a person names on the command line: a ready-made scenario, a file with one, or a plan of the swarm.

import { ScenarioError } from "../scenario/scenario-error.ts";
import { checkScenario, type Scenario, type ScenarioPlan } from "../scenario.ts";
import { findScenario } from "../scenarios/catalogue.ts";
import type { SiteMode, SitePanels } from "../site-vocabulary.ts";
import { parsePlan } from "../swarm/plan-file.ts";
import type { SwarmPlan } from "../swarm/swarm-plan.ts";
import type { CommandIo } from "./command-io.ts";

export type RunTarget =
  | { readonly kind: "scenario"; readonly word: string; readonly scenario: Scenario }
  | { readonly kind: "plan"; readonly word: string; readonly plan: SwarmPlan };

/** Throws ScenarioError or PlanError: the file or the word, and what was meant. */
export async function findTarget(io: CommandIo, word: string): Promise<RunTarget> {
  if (!isFile(word)) return { kind: "scenario", word, scenario: findScenario(word) };
  if (word.endsWith(".json")) return { kind: "plan", word, plan: parsePlan(readText(io, word), word) };
  return { kind: "scenario", word, scenario: await loadScenario(io, word) };
}

/** Names of scenarios have neither. */
function isFile(word: string): boolean {
  return /[\\/.]/.test(word);
}

function readText(io: CommandIo, file: string): string {
  try {
    return io.readText(io.absolute(file));
  } catch (error) {
    throw new ScenarioError("scenario.bad-file", `${file}: cannot be read: ${wordsOf(error)}`);
  }
}

async function loadScenario(io: CommandIo, file: string): Promise<Scenario> {
  const bad = (problem: string) => new ScenarioError("scenario.bad-file", `${file}: ${problem}`);
  if (!/\.(ts|mts|js|mjs)$/.test(file))
    throw bad("is neither a TypeScript file with a scenario (.ts) nor a plan (.json)");
  const path = io.absolute(file);
  readText(io, file);
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await io.importFile(path)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (error instanceof ScenarioError) throw bad(error.message);
    throw bad(`cannot be loaded: ${wordsOf(error)}${hintFor(error)}`);
  }
  const { scenario } = module;
  if (typeof scenario !== "object" || scenario === null) {
    const names = Object.keys(module).join(", ") || "nothing";
    throw bad(`must export a scenario: "export const scenario = defineScenario({ ... })"; it exports ${names}`);
  }
  try {
    return checkScenario(scenario as ScenarioPlan<SitePanels, readonly SiteMode[]>, path);
  } catch (error) {
    throw error instanceof ScenarioError ? bad(error.message) : error;
  }
}

function hintFor(error: unknown): string {
  const isForeign = error instanceof Error && "code" in error && error.code === "ERR_PACKAGE_IMPORT_NOT_DEFINED";
  return isForeign
    ? '; names such as "#simulator/scenario.ts" are known inside the checkout only: put the file there'
    : "";
}

/** The first line of what went wrong. */
export function wordsOf(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return "there is no such file";
  const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return first;
}
