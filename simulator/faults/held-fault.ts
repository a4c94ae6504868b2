// World faults that take hold of something of the world when they begin and let go of it when they end.
import type { Release, World, WorldFault } from "./fault.ts";
import { FaultError } from "./fault-error.ts";

/** Begins by `take`, ends by calling what that gave. Laid several times, the newest hold is let go first. */
export function heldFault(name: string, take: (world: World) => Release): WorldFault {
  const releases: Release[] = [];
  return {
    name,
    isOfSite: true,
    begin: (world) => {
      releases.push(take(world));
    },
    end: () => releases.pop()?.(),
  };
}

/** What the fault acts on, or the error that says that this site has not got it. */
export function need<Part>(part: Part | undefined, fault: string, what: string): Part {
  if (part === undefined) throw new FaultError("fault.not-here", `"${fault}" needs ${what}, and this site has none`);
  return part;
}
