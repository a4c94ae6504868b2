// The cloud goes away when the fault begins and is back, with its database, when it ends.
import type { WorldFault } from "./fault.ts";

/** `hard`: as by kill -9, nobody is told. Otherwise sessions end with a word before the cloud stops. */
export function cloudRestart(options: { readonly hard?: boolean } = {}): WorldFault {
  const hard = options.hard ?? false;
  return {
    name: hard ? "cloud killed" : "cloud restart",
    begin: (world) => world.stopCloud({ hard }),
    end: (world) => world.startCloud(),
  };
}
