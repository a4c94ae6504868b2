// The list of ready-made scenarios: complete, well told, and covering every fault and every profile.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createFault, faultKinds } from "#simulator/faults/catalogue.ts";
import { linkProfiles } from "#simulator/faults/profiles.ts";
import { panelProfiles } from "#simulator/panels/profiles/catalogue.ts";
import { kindOfFault } from "#simulator/scenario/applied-faults.ts";
import { findScenario, scenarios } from "#simulator/scenarios/catalogue.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { projectRoot } from "../tidy/project-files.ts";

describe("the catalogue of scenarios", () => {
  it("has at least 30, each in a file of its name", async () => {
    const files = (await readdir(join(projectRoot, "simulator/scenarios"))).filter((name) => name !== "catalogue.ts");
    expect(scenarios.length).toBeGreaterThanOrEqual(30);
    expect(scenarios.map(({ name }) => `${name}.ts`)).toEqual(files.sort());
    expect(scenarios.map(({ name, file }) => file?.endsWith(`/simulator/scenarios/${name}.ts`))).toEqual(
      scenarios.map(() => true),
    );
  });

  it("covers every fault of the catalogue", () => {
    const declared = new Set(scenarios.flatMap(({ faults }) => faults));
    expect(faultKinds.map(({ name }) => name).filter((name) => !declared.has(name))).toEqual([]);
  });

  it("covers every profile of a panel and of a network", () => {
    const declared = new Set(scenarios.flatMap(({ profiles }) => profiles));
    const known = [...panelProfiles, ...linkProfiles].map(({ name }) => name);
    expect(known.filter((name) => !declared.has(name))).toEqual([]);
  });

  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    "%s is told in plain words",
    (_name, { title, summary }) => {
      expect(title).toMatch(/^[A-Z0-9].{10,80}[^.]$/);
      expect(summary).toMatch(/^[A-Z0-9].{40,300}\.$/s);
    },
  );

  it("offers the nearest name for one that it does not know", () => {
    expect(() => findScenario("half-open-pannel")).toThrow(
      'there is no ready-made scenario "half-open-pannel"; did you mean "half-open-panel"?',
    );
  });

  it.each(faultKinds.map((kind) => [kind.name, kind] as const))(
    "knows the faults of the kind %s by the names that a record has",
    (name, kind) => {
      const random = new SeededRandom("names of faults");
      const drawn = Array.from({ length: 20 }, () => kind.create(kind.draw(random)));
      const names = [createFault(name), ...drawn].map((fault) => fault.name);
      expect(names.map((each) => [each, kindOfFault(each)])).toEqual(names.map((each) => [each, name]));
    },
  );
});
