// Starts a site for a test and, if the test fails, says what the world looked like and with which seed to see it again.
import { onTestFailed } from "vitest";
import { Site, type SiteOptions, type SitePanels } from "#simulator/site.ts";

export async function startSite<P extends SitePanels>(options: SiteOptions<P> = {}): Promise<Site<P>> {
  let site: Site<P> | undefined;
  onTestFailed(({ task }) => {
    console.error(`"${task.name}" failed.\n${site?.describe() ?? `Site with seed ${options.seed ?? 1}`}`);
  });
  site = await Site.start(options);
  return site;
}
