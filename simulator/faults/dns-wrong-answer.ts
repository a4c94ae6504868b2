// Names resolve to somewhere else: an old entry, a captive network, an attack.
import { plainName } from "../network/names.ts";
import type { WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, wordOf } from "./fault-kind.ts";

/** Where a wrong answer points: nobody has the first one (RFC 5737), the others are the asker itself and its LAN. */
export const wrongAddresses = {
  nobody: "192.0.2.1",
  loopback: "127.0.0.1",
  lan: "192.168.10.250",
} as const;

export interface DnsWrongAnswerOptions {
  /** The default is an address that nobody has. */
  readonly address?: string;
  /** Only this name. */
  readonly name?: string;
}

export function dnsWrongAnswer(options: DnsWrongAnswerOptions = {}): WorldFault {
  const { address = wrongAddresses.nobody, name } = options;
  return {
    name: `DNS: ${name ?? "every name"} is ${address}`,
    onResolve: (query) => {
      if (name !== undefined && plainName(name) !== plainName(query.name)) return false;
      query.answer([address]);
      return true;
    },
  };
}

const targets = ["nobody", "loopback", "lan"] as const;

export const dnsWrongAnswerKind = defineFault({
  name: "dns-wrong-answer",
  summary: "Every name resolves to an address that is not its own.",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    choiceParameter("to", targets, "an address that nobody has, the asker's own loopback, or one of the private LAN"),
  ],
  create: (given) => dnsWrongAnswer({ address: wrongAddresses[wordOf(given, "to", targets)] }),
});
