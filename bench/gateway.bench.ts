// The gateway as it ships, as one bundle: memory idle and with 16 tunnels, and processor time idle, with several flags of V8.
// Arguments: names of forms; without any, all of them. Takes about two minutes a form.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { bundleGateway } from "#scripts/bundle-gateway.mjs";
import { runBench } from "./bench-run.ts";
import { indices, startPlant } from "./plant.ts";
import { cpuSeconds, residentMiB } from "./process-figures.ts";

const tunnelCount = 16;
const settleMs = 5_000;
const idleMs = 60_000;
const echoBytes = 100_000;
const formMs = 180_000;

/** What runs the bundle; "sources" is what a developer runs. */
const forms: Readonly<Record<string, ((bundle: string) => readonly string[]) | undefined>> = {
  sources: undefined,
  plain: (bundle) => [process.execPath, bundle],
  shipped: (bundle) => [process.execPath, ...shippedFlags, bundle],
  size: (bundle) => [process.execPath, "--optimize-for-size", bundle],
  lite: (bundle) => [process.execPath, "--lite-mode", bundle],
};
/** As in the archive's `postern` and its unit. */
const shippedFlags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(forms);
for (const name of wanted)
  if (!(name in forms)) throw new Error(`"${name}" is none of ${Object.keys(forms).join(", ")}`);

await runBench(formMs * wanted.length, async (folder) => {
  const { bundle } = await bundleGateway(join(folder, "bundle"));
  console.log(
    "resident memory in MiB: idle, with 16 tunnels idle, after 100 kB through each; processor time idle in % of a core",
  );
  for (const name of wanted) {
    const command = forms[name]?.(bundle);
    const own = join(folder, name);
    mkdirSync(own);
    await measure(name, own, command);
  }
});

async function measure(name: string, folder: string, gatewayCommand: readonly string[] | undefined): Promise<void> {
  await using plant = await startPlant(folder, 1, gatewayCommand === undefined ? {} : { gatewayCommand });
  const [gateway] = plant.gateways;
  const pid = gateway?.program.child.pid;
  if (gateway === undefined || pid === undefined) throw new Error("must hold: the plant has one gateway");
  await pause(settleMs);
  const idle = residentMiB(pid);
  const cpuBefore = cpuSeconds(pid);
  await pause(idleMs);
  const idleCpu = (100 * (cpuSeconds(pid) - cpuBefore)) / (idleMs / 1_000);
  const sessions = await Promise.all(indices(tunnelCount).map(() => plant.admin.opensPassthrough(gateway.echo)));
  await pause(settleMs);
  const open = residentMiB(pid);
  await Promise.all(
    sessions.map(async (session) => {
      await session.sends(Buffer.alloc(echoBytes, "x"));
      await session.receives(echoBytes);
    }),
  );
  const used = residentMiB(pid);
  await Promise.all(sessions.map((session) => session.disconnects()));
  const figures = [idle, open, used].map((each) => each.toFixed(1).padStart(6)).join("  ");
  console.log(`${name.padEnd(10)} ${figures}   ${idleCpu.toFixed(2)} %`);
}
