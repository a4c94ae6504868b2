// The real machine as Hardware.
import type { Hardware } from "../ports.ts";
import { linuxClock } from "./clock.ts";
import { readLinuxIdentity } from "./identity.ts";
import { openLinuxNetwork } from "./network.ts";
import { linuxRandom } from "./random.ts";
import { openLinuxStorage } from "./storage.ts";

/** Opens the ports of this machine. `stateDir` is made if missing; rejects with Node's `code` if it cannot be used. */
export async function openLinuxHardware({ stateDir }: { readonly stateDir: string }): Promise<Hardware> {
  const storage = await openLinuxStorage(stateDir);
  const identity = await readLinuxIdentity({ storage, random: linuxRandom });
  return { clock: linuxClock, random: linuxRandom, network: openLinuxNetwork(), storage, identity };
}
