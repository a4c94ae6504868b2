// All state machines of the product, found by their files' names.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyStateMachine, StateMachine } from "xstate";

export interface FoundMachine {
  /** Path of the file from the project's folder. */
  readonly file: string;
  readonly machine: AnyStateMachine;
}

/** Where machines stand, in the order in which a reader meets them. */
const folders = ["firmware", "cloud-stub"];

/** Throws for a file that is called a machine's and exports none, or more than one. */
export async function findMachines(project: string): Promise<readonly FoundMachine[]> {
  const found: FoundMachine[] = [];
  for (const folder of folders) {
    const names = await readdir(join(project, folder), { recursive: true });
    for (const name of names
      .filter((each) => each.endsWith(".machine.ts") && !each.includes("node_modules"))
      .toSorted()) {
      found.push(await load(project, `${folder}/${name}`));
    }
  }
  return found.toSorted((one, other) => rank(one) - rank(other));
}

async function load(project: string, file: string): Promise<FoundMachine> {
  const exported = (await import(pathToFileURL(join(project, file)).href)) as Readonly<Record<string, unknown>>;
  const machines = Object.values(exported).filter((each) => each instanceof StateMachine);
  const [machine] = machines;
  if (machine === undefined || machines.length > 1)
    throw new Error(`${file} exports ${machines.length} machines, not one`);
  return { file, machine: machine as AnyStateMachine };
}

/** The gateway's root comes first. */
function rank({ file }: FoundMachine): number {
  if (file === "firmware/gateway.machine.ts") return 0;
  return file.startsWith("firmware/") ? 1 : 2;
}
