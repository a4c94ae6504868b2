// The panels of a running site, so that one that is not there is missed by name and not by "undefined".
import { unknownWord } from "../faults/nearest-word.ts";
import type { SitePanels } from "../site-vocabulary.ts";
import type { RunningSite } from "./run-scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

/** Says what each panel is like, and makes the site's panels complain of a name that none has. */
export function namePanels(site: RunningSite, programs: SitePanels): void {
  const running: object = site.panels;
  for (const [name, program] of Object.entries(programs)) {
    if ("profile" in program) site.says(`the panel ${name} is like ${String(program.profile)}`);
  }
  const complaining = new Proxy(running, {
    get: (panels, name) => {
      if (typeof name === "symbol" || name === "then" || name === "toJSON" || name in panels)
        return Reflect.get(panels, name);
      throw missing(name, Object.keys(panels));
    },
  });
  Object.defineProperty(site, "panels", { value: complaining, configurable: true });
}

function missing(name: string, known: readonly string[]): ScenarioError {
  const error = new ScenarioError("scenario.bad-value", `site.panels.${name}: ${unknownWord("panel", name, known)}`);
  return error;
}
