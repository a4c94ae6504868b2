// Configurations that the soak sends from the cloud: kept, refused, and tried in vain.
import { storesFile } from "../operator/stored-file.ts";
import { configFileName } from "../site/config-on-disk.ts";
import { asks, ends, endsAs } from "./doing-operations.ts";
import type { SoakSite } from "./soak-form.ts";

const type = "postern-gateway";
/** Within the time in which a new configuration is tried. */
const untilCutMs = 20_000;

/** A measurement interval that it has not now, so that something changes. */
export async function isConfigured(site: SoakSite): Promise<void> {
  const text = edited(site);
  const other = text.includes("interval_s = 120") ? 180 : 120;
  const changed = text.replace(/\n\[health\]\ninterval_s = \d+\n/, "");
  await ends(site, await operation(site, `${changed}\n[health]\ninterval_s = ${other}\n`), "SUCCESSFUL");
}

/** What it must not take, and what is none. */
export async function isConfiguredWrongly(site: SoakSite): Promise<void> {
  const before = onDisk(site);
  await ends(site, await operation(site, `${edited(site)}\n[state]\ndir = "elsewhere"\n`), "FAILED");
  await ends(site, await operation(site, "[cloud\nurl = "), "FAILED");
  if (onDisk(site) !== before) throw new Error("A configuration that was refused has changed the file");
}

/** There is no cloud where it is sent to: it must come back by itself and with the file as it was. */
export async function isConfiguredAway(site: SoakSite): Promise<void> {
  const before = onDisk(site);
  await ends(site, await operation(site, away(site)), "FAILED");
  if (onDisk(site) !== before) throw new Error("A configuration with which it was not online has stayed");
}

/** As `isConfiguredAway`, and power fails in the middle. */
export async function isConfiguredAwayAndCut(site: SoakSite): Promise<void> {
  const before = onDisk(site);
  const fragment = await operation(site, away(site));
  const id = await asks(site, fragment);
  await site.passes(untilCutMs);
  site.powerCut();
  site.powerOn();
  await endsAs(site, fragment, id, "FAILED");
  if (onDisk(site) !== before) throw new Error("A configuration with which it was not online has stayed");
}

/** It sends its file to the cloud. */
export async function tellsConfiguration(site: SoakSite): Promise<void> {
  await ends(site, { c8y_UploadConfigFile: { type } }, "SUCCESSFUL");
}

async function operation(site: SoakSite, text: string): Promise<object> {
  return { c8y_DownloadConfigFile: { url: await storesFile(site, text), type } };
}

function away(site: SoakSite): string {
  return edited(site).replaceAll("cloud.example", "nowhere.example");
}

/** As the cloud has it: with its secrets hidden. */
function edited(site: SoakSite): string {
  return onDisk(site).replace(/password = ".*"/, 'password = "***"');
}

function onDisk(site: SoakSite): string {
  return Buffer.from(site.board.disk.files.get(configFileName) ?? []).toString();
}
