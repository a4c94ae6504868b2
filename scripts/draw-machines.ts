// Writes docs/machines.md and docs/machines/*.svg from the machines.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { drawMachine } from "./machines/machine-drawing.ts";
import { findMachines } from "./machines/machine-list.ts";
import { writeMachinesPage } from "./machines/machine-page.ts";

const project = fileURLToPath(new URL("..", import.meta.url));
const folder = join(project, "docs", "machines");

const machines = await findMachines(project);
await mkdir(folder, { recursive: true });
for (const { machine } of machines) await writeFile(join(folder, `${machine.id}.svg`), await drawMachine(machine));
const wanted = new Set(machines.map(({ machine }) => `${machine.id}.svg`));
for (const old of await readdir(folder)) if (!wanted.has(old)) await rm(join(folder, old));
await writeFile(
  join(project, "docs", "machines.md"),
  writeMachinesPage(machines, (id) => `machines/${id}.svg`),
);
process.stdout.write(`${machines.length} machines in docs/machines.md\n`);
