// Names do not resolve: the name server says that there is no such name, or says nothing.
import { plainName } from "../network/names.ts";
import type { WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, wordOf } from "./fault-kind.ts";

export interface DnsFailureOptions {
  /** "unknown" (the default): the server says that there is no such name; "silent": nobody answers. */
  readonly how?: "unknown" | "silent";
  /** Only this name. */
  readonly name?: string;
}

/** Literals resolve all the same, as no server is asked for them. */
export function dnsFailure(options: DnsFailureOptions = {}): WorldFault {
  const { how = "unknown", name } = options;
  return {
    name: [how === "unknown" ? "DNS: no such name" : "DNS: no answer", ...(name === undefined ? [] : [name])].join(" "),
    onResolve: (query) => {
      if (name !== undefined && plainName(name) !== plainName(query.name)) return false;
      if (how === "unknown") query.unknown();
      else query.silence();
      return true;
    },
  };
}

export const dnsFailureKind = defineFault({
  name: "dns-failure",
  summary: "Names do not resolve: the server says that there is no such name, or never answers.",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [choiceParameter("how", ["unknown", "silent"], "what the server does: says no, or says nothing")],
  create: (given) => dnsFailure({ how: wordOf(given, "how", ["unknown", "silent"] as const) }),
});
