// For scenarios about the connection to the cloud: each ends with a tunnel through which bytes go and come back.
import { expect } from "vitest";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { Site, SitePanels } from "#simulator/site.ts";

/** A panel for it; its name is the endpoint's. */
export const plc = { plc: echoPanel() };

export async function tunnelWorks<P extends SitePanels>(site: Site<P>): Promise<void> {
  const session = await site.operator.opensPassthrough("plc");
  session.says(Buffer.from("are you there?"));
  await session.receives(14);
  await session.disconnects();
  expect(site.gateway.status().connectivity).toBe("online");
}

/** Lines of the gateway's log of one kind. */
export function lines<P extends SitePanels>(site: Site<P>, event: string): readonly Record<string, unknown>[] {
  return site.gatewayLog.filter((line) => line.event === event);
}

export function reasons<P extends SitePanels>(site: Site<P>): readonly unknown[] {
  return lines(site, "connectivity.offline").map((line) => line["reason"]);
}
