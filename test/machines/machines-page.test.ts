// docs/machines.md and its drawings are those of the machines that stand in the code.
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { drawMachine } from "#scripts/machines/machine-drawing.ts";
import { findMachines } from "#scripts/machines/machine-list.ts";
import { writeMachinesPage } from "#scripts/machines/machine-page.ts";
import { statesOf } from "#scripts/machines/machine-words.ts";
import { projectRoot } from "../tidy/project-files.ts";

const machines = await findMachines(projectRoot);
const read = (name: string): Promise<string> => readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const remedy = "run `node scripts/draw-machines.ts`";

describe("docs/machines.md", () => {
  test("knows the gateway's root first, and the cloud's session", () => {
    const ids = machines.map(({ machine }) => machine.id);
    expect(ids[0]).toBe("gateway");
    expect(ids).toContain("session");
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("is what the script writes now", async () => {
    expect(await read("machines.md"), remedy).toBe(writeMachinesPage(machines, (id) => `machines/${id}.svg`));
  });

  test.each(machines.map(({ machine }) => [machine.id, machine] as const))(
    "has the drawing of %s, with a box for each state",
    async (id, machine) => {
      const drawing = await read(`machines/${id}.svg`);
      expect(drawing, remedy).toBe(await drawMachine(machine));
      for (const { key } of statesOf(machine.root)) expect(drawing).toContain(`>${key}<`);
    },
  );

  test("has no drawing of a machine that is gone", async () => {
    const drawings = await readdir(new URL("../../docs/machines/", import.meta.url));
    expect(drawings.toSorted()).toEqual(machines.map(({ machine }) => `${machine.id}.svg`).toSorted());
  });
});
