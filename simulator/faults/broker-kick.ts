// The broker ends its MQTT connections, as it does when it is being updated or does not like a client.
import type { WorldFault } from "./fault.ts";
import { defineFault } from "./fault-kind.ts";
import { need } from "./held-fault.ts";

/** Once, when it begins; in order and without a word, as MQTT 3.1.1 has none. */
export function brokerKick(): WorldFault {
  const name = "broker kick";
  return { name, isOfSite: true, begin: (world) => need(world.kickBroker, name, "a broker that can be told to")() };
}

export const brokerKickKind = defineFault({
  name: "broker-kick",
  summary: "The broker ends the MQTT connections that it has, in order and without a word.",
  kind: "world",
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [],
  create: () => brokerKick(),
});
