// The cloud goes away when the fault begins and is back, with its database, when it ends.
import type { WorldFault } from "./fault.ts";
import { booleanParameter, defineFault } from "./fault-kind.ts";

/** `hard`: as by kill -9, nobody is told. Otherwise sessions end with a word before the cloud stops. */
export function cloudRestart(options: { readonly hard?: boolean } = {}): WorldFault {
  const hard = options.hard ?? false;
  return {
    name: hard ? "cloud killed" : "cloud restart",
    isOfSite: true,
    begin: (world) => world.stopCloud({ hard }),
    end: (world) => world.startCloud(),
  };
}

export const cloudRestartKind = defineFault({
  name: "cloud-restart",
  summary: "The cloud goes when it begins and is back with its database when it ends.",
  kind: "world",
  isLossy: true,
  modes: { memory: true, loopback: true },
  parameters: [booleanParameter("hard", "as by kill -9: nobody is told")],
  create: (given) => cloudRestart({ hard: given["hard"] === true }),
});
