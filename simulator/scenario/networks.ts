// A bad network by its name, laid over a wire of a site.
import { findLinkProfile, profileFaults } from "../faults/profiles.ts";
import { applyFaultSpecs } from "../triggers/apply-fault-spec.ts";
import type { FaultSite, LaidFault } from "../triggers/lay-fault.ts";

/** Lays a link profile between two hosts, gateway and cloud unless told otherwise. Throws a FaultError for an unknown name. */
export async function layNetwork(
  site: FaultSite & { says(text: string): void },
  name: string,
  between?: readonly [string, string],
): Promise<LaidFault> {
  const [near, far] = between ?? ["gateway", "cloud"];
  site.says(`between ${near} and ${far} lies ${findLinkProfile(name).name}`);
  return applyFaultSpecs(site, profileFaults(name, between));
}
