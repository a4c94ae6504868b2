// For the scenarios of device management: a site whose gateway has a configuration file, and the operator's words for it.
import { storesFile } from "#simulator/operator/stored-file.ts";
import type { Site, SiteOptions, SitePanels } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

export const configFileName = "gateway.toml";

/** A gateway that may run two programs and change little from the cloud. */
export const usualConfig = `
[commands]
uptime = ["/usr/bin/uptime", "-p"]
slow = ["/usr/bin/slow"]
`;

export async function startManagedSite<P extends SitePanels>(options: SiteOptions<P> = {}): Promise<Site<P>> {
  const site = await startSite({ configFile: usualConfig, ...options });
  site.board.processes.install("/usr/bin/uptime", () => ({ output: "up 3 days, 2 hours\n" }));
  return site;
}

export interface Ended {
  readonly id: string;
  readonly status: string;
  readonly failureReason?: string;
  /** The whole document. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Creates an operation. Returns its id. */
export async function asksFor(site: Site<SitePanels>, fragments: object): Promise<string> {
  const body = { deviceId: site.operator.deviceId, description: "by an operator", ...fragments };
  const answer = await site.operator.asks("POST", "/devicecontrol/operations", body);
  if (answer.status !== 201) throw new Error(`The cloud took no operation: ${answer.status} ${answer.text}`);
  return String((answer.json() as { readonly id: string }).id);
}

export async function operation(site: Site<SitePanels>, id: string): Promise<Ended> {
  const document = await site.operator.gets(`/devicecontrol/operations/${id}`);
  const { status, failureReason } = document as { readonly status: string; readonly failureReason?: string };
  return { id, status, ...(failureReason === undefined ? {} : { failureReason }), document };
}

/** Between two looks at an operation: some take minutes of the site's time. */
const lookMs = 1_000;

/** Waits until an operation is over. */
export async function endOf(site: Site<SitePanels>, id: string, limitMs = 60_000): Promise<Ended> {
  for (let passedMs = 0; ; passedMs += lookMs) {
    const found = await operation(site, id);
    if (["SUCCESSFUL", "FAILED"].includes(found.status)) return found;
    if (passedMs >= limitMs)
      throw new Error(`Operation ${id} is ${found.status} after ${limitMs} ms\n${site.describe()}`);
    await site.passes(lookMs);
  }
}

/** Asks for an operation and waits for its end. */
export async function does(site: Site<SitePanels>, fragments: object, limitMs?: number): Promise<Ended> {
  return await endOf(site, await asksFor(site, fragments), limitMs);
}

/** Sends a configuration and waits for the operation's end. */
export async function configures(site: Site<SitePanels>, text: string, limitMs = 900_000): Promise<Ended> {
  const url = await storesFile(site, text);
  return await does(site, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } }, limitMs);
}

/** The gateway's configuration as it stands on its disk. */
export function configOnDisk(site: Site<SitePanels>): string {
  return Buffer.from(site.board.disk.files.get(configFileName) ?? []).toString();
}

/** What the cloud has at the address that an operation gave. */
export async function attachmentOf(site: Site<SitePanels>, ended: Ended, fragment: string): Promise<string> {
  const { file, url } = (ended.document[fragment] ?? {}) as { readonly file?: string; readonly url?: string };
  const address = file ?? url ?? "";
  const answer = await site.operator.asks("GET", new URL(address).pathname);
  if (answer.status !== 200) throw new Error(`The cloud has no file at ${address}: ${answer.status}`);
  return answer.text;
}
