// Scenarios: a story about a site with a title, what it needs and what it holds, and the runner that carries it out.
import { checkMode, findFaultKind } from "./faults/catalogue.ts";
import { FaultError } from "./faults/fault-error.ts";
import { unknownWord } from "./faults/nearest-word.ts";
import { linkProfiles } from "./faults/profiles.ts";
import { panelProfiles } from "./panels/profiles/catalogue.ts";
import { fileOfCaller } from "./scenario/failure-line.ts";
import { ScenarioError } from "./scenario/scenario-error.ts";
import type { Site, SiteOptions } from "./site.ts";
import type { SiteMode, SitePanels, SiteVocabulary } from "./site-vocabulary.ts";

/** The longest that a story may take, in ms of the site's time, unless it says otherwise. */
const storyLimitMs = 4 * 3_600_000;
const storyLimitMaxMs = 30 * 86_400_000;
const nameSyntax = /^[a-z][a-z0-9-]{2,60}$/;
const panelNameSyntax = /^[a-z][a-z0-9-]{0,30}$/;
const otherHosts: readonly string[] = ["operator", "cloud", "gateway", "double"];

/** What of a site a scenario may set; all of it has the product's defaults. */
export type ScenarioSite = Pick<
  SiteOptions<SitePanels>,
  "board" | "deviceId" | "tunnels" | "limits" | "registered" | "startAtMs"
>;

/** A story that runs on real sockets too has the words that both kinds of site know; one in memory has the whole site. */
export type StorySite<P extends SitePanels, M extends readonly SiteMode[]> = "loopback" extends M[number]
  ? SiteVocabulary<P>
  : Site<P>;

export interface ScenarioPlan<P extends SitePanels, M extends readonly SiteMode[]> {
  /** In kebab-case, as on the command line. */
  readonly name: string;
  /** A few words. */
  readonly title: string;
  /** One to three sentences: what happens, and what must be seen. */
  readonly summary: string;
  /** Names of the faults that it applies. */
  readonly faults: readonly string[];
  /** Names of the panel profiles and link profiles that it has. */
  readonly profiles: readonly string[];
  readonly modes: M;
  /** 1 unless told otherwise. */
  readonly seed?: number;
  readonly panels?: P;
  readonly site?: ScenarioSite;
  /** Longest time that the story may take, in ms of the site's time; four hours unless told otherwise. */
  readonly limitMs?: number;
  /** Passes if it resolves. */
  readonly story: (site: StorySite<P, M>) => Promise<void>;
}

/** A checked scenario, whatever its panels. */
export interface Scenario
  extends Omit<ScenarioPlan<SitePanels, readonly SiteMode[]>, "story" | "panels" | "limitMs" | "seed" | "site"> {
  readonly seed: number;
  readonly limitMs: number;
  readonly panels: SitePanels;
  readonly site: ScenarioSite;
  /** The file that defines it; failures name their line there. */
  readonly file: string | undefined;
  readonly story: (site: never) => Promise<void>;
}

/** Checks a scenario's fields. Throws a ScenarioError that names the field, the word in it and what was meant. */
export function defineScenario<const M extends readonly SiteMode[], P extends SitePanels = Record<never, never>>(
  plan: ScenarioPlan<P, M>,
): Scenario {
  return checkScenario(plan as unknown as ScenarioPlan<SitePanels, readonly SiteMode[]>, fileOfCaller(defineScenario));
}

/** As defineScenario, for what a file exports: nothing of it is taken for granted. */
export function checkScenario(plan: ScenarioPlan<SitePanels, readonly SiteMode[]>, file: string | undefined): Scenario {
  const name = typeof plan.name === "string" ? plan.name : "?";
  const wrong = (field: string, problem: string) =>
    new ScenarioError("scenario.bad-value", `scenario ${JSON.stringify(name)}: ${field}: ${problem}`);
  if (!nameSyntax.test(name)) {
    throw wrong(
      "name",
      `takes words in lower case with hyphens, such as "half-open-panel", not ${JSON.stringify(plan.name)}`,
    );
  }
  for (const field of ["title", "summary"] as const) {
    if (typeof plan[field] !== "string" || plan[field].trim() === "") throw wrong(field, "says nothing");
  }
  if (typeof plan.story !== "function") throw wrong("story", "is no function of a site");
  const modes = checkWords(plan.modes, ["memory", "loopback"], (problem) => wrong("modes", problem), "mode");
  if (modes.length === 0) throw wrong("modes", `is empty: "memory", "loopback" or both`);
  checkFaults(plan.faults, modes, wrong);
  const profiles = [...panelProfiles, ...linkProfiles].map((profile) => profile.name);
  checkWords(plan.profiles, profiles, (problem) => wrong("profiles", problem), "profile");
  const { seed = 1, limitMs = storyLimitMs, panels = {}, site = {} } = plan;
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw wrong("seed", `takes a whole number from 0 up, not ${JSON.stringify(seed)}`);
  if (!(Number.isFinite(limitMs) && limitMs > 0 && limitMs <= storyLimitMaxMs)) {
    throw wrong("limitMs", `takes ms above 0 and at most ${storyLimitMaxMs}, not ${JSON.stringify(limitMs)}`);
  }
  checkPanels(panels, wrong);
  return { ...plan, modes, seed, limitMs, panels, site, file };
}

/** Throws a ScenarioError where the scenario does not run in that mode, with the reason of the fault that cannot be there. */
export function checkScenarioMode(scenario: Scenario, mode: SiteMode): void {
  if (scenario.modes.includes(mode)) return;
  const reasons = scenario.faults.flatMap((fault) => {
    const possible = findFaultKind(fault).modes[mode];
    return possible === true ? [] : [`its fault ${fault} cannot be had there: ${possible}`];
  });
  const why = reasons.length === 0 ? "its story needs what only a site in memory has" : reasons.join("; ");
  const known = scenario.modes.map((each) => `"${each}"`).join(" and ");
  throw new ScenarioError(
    "scenario.not-here",
    `${scenario.name} runs in the mode ${known} and not in "${mode}": ${why}`,
  );
}

type Wrong = (field: string, problem: string) => ScenarioError;

function checkFaults(faults: readonly string[], modes: readonly SiteMode[], wrong: Wrong): void {
  if (!Array.isArray(faults)) throw wrong("faults", "takes a list of names");
  for (const [at, fault] of (faults as readonly string[]).entries()) {
    try {
      for (const mode of modes) checkMode(findFaultKind(fault), mode);
    } catch (error) {
      if (error instanceof FaultError) throw wrong(`faults[${at}]`, error.message);
      throw error;
    }
  }
}

function checkWords<Word extends string>(
  given: readonly Word[],
  known: readonly string[],
  wrong: (problem: string) => ScenarioError,
  what: string,
): readonly Word[] {
  if (!Array.isArray(given)) throw wrong("takes a list of names");
  const unknown = (given as readonly Word[]).find((word) => !known.includes(word));
  if (unknown !== undefined) throw wrong(unknownWord(what, String(unknown), known));
  return given;
}

function checkPanels(panels: SitePanels, wrong: Wrong): void {
  if (typeof panels !== "object" || panels === null) throw wrong("panels", "takes an object of panels by name");
  for (const [name, program] of Object.entries(panels)) {
    if (otherHosts.includes(name)) throw wrong(`panels.${name}`, "another host of the site has this name");
    if (!panelNameSyntax.test(name))
      throw wrong(`panels.${name}`, "a panel's name has letters in lower case, digits and hyphens");
    if (typeof program?.start !== "function")
      throw wrong(`panels.${name}`, "is no panel such as vncPanel() or echoPanel()");
  }
}
