// Draws a small picture of each fault by running it (docs/faults/*.svg), and writes what docs/faults.md says of each.
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { faultKinds } from "#simulator/faults/catalogue.ts";
import { drawFault } from "#simulator/faults/pictures/draw-fault.ts";
import { remakePage } from "#simulator/faults/pictures/fault-pages.ts";

const folder = fileURLToPath(new URL("../docs/faults/", import.meta.url));

await mkdir(folder, { recursive: true });
const made = new Set<string>();
for (const kind of faultKinds) {
  const drawing = await drawFault(kind);
  if (drawing === undefined) continue;
  await writeFile(`${folder}${kind.name}.svg`, drawing);
  made.add(`${kind.name}.svg`);
}
for (const old of await readdir(folder)) if (!made.has(old)) await rm(`${folder}${old}`);
const page = fileURLToPath(new URL("../docs/faults.md", import.meta.url));
await writeFile(
  page,
  remakePage(await readFile(page, "utf8"), (name) => made.has(`${name}.svg`)),
);
process.stdout.write(`${made.size} pictures in docs/faults\n`);
