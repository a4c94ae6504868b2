// How a site is started in each way of running; a way is loaded when it is asked for.
import type { StartSite } from "../scenario/run-scenario.ts";
import { Site } from "../site.ts";
import type { SiteMode } from "../site-vocabulary.ts";

export async function siteStarter(mode: SiteMode): Promise<StartSite> {
  if (mode === "memory") return Site.start;
  const { LoopbackSite } = await import("../loopback/loopback-site.ts");
  return (options) => LoopbackSite.start(options);
}
