// What laying a fault needs of a site, for one link: the wire, its clock and its events; the rest is refused by name.
import type { World } from "../faults/fault.ts";
import { FaultError } from "../faults/fault-error.ts";
import type { RealClock } from "../loopback/real-clock.ts";
import type { RelayNetwork } from "../loopback/relay-network.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { LinkHandle } from "../site/link-handle.ts";
import type { FaultSite } from "../triggers/lay-fault.ts";

export interface LinkFaultSiteOptions {
  readonly network: RelayNetwork;
  readonly clock: RealClock;
  readonly random: SeededRandom;
  /** Told of what went wrong after a fault was asked for. */
  readonly faultFailed: (error: unknown) => void;
}

export function linkFaultSite({ network, clock, random, faultFailed }: LinkFaultSiteOptions): FaultSite {
  const luck = random.child("luck of faults");
  const linkWorld = {
    network,
    world: worldOfLink(() => luck.fraction()),
    remember: (_: unknown, lift: () => void) => lift,
  };
  return {
    mode: "loopback",
    clock,
    between: (one, other) => new LinkHandle(linkWorld, [one, other]),
    from: (sender) => ({ to: (receiver) => new LinkHandle(linkWorld, [sender, receiver], sender) }),
    apply: ({ name }) => {
      throw new FaultError("fault.wrong-place", `"${name}" stands on no link`);
    },
    on: (event, happened) => network.tap.on(event, happened),
    faultFailed,
  };
}

/** A link has neither a gateway nor a cloud of its own. */
function worldOfLink(draw: () => number): Omit<World, "resetConnections"> {
  const notHere = (what: string) => (): never => {
    throw new FaultError("fault.not-here", `a link has no ${what}`);
  };
  return {
    cutPower: notHere("power"),
    restorePower: notHere("power"),
    stopCloud: notHere("cloud"),
    startCloud: notHere("cloud"),
    draw,
  };
}
