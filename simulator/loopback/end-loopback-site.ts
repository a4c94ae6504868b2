// The end of a site on real sockets: everything is ended in order, and what did not end by itself is named.
import type { Patience } from "../operator/patience.ts";
import type { Operator } from "../operator.ts";
import type { RunningPanel } from "../panels/panel.ts";
import type { LoopbackCloud } from "./loopback-cloud.ts";
import type { LoopbackGateway } from "./loopback-gateway.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";

/** Until the last of each kind is gone. */
const endMs = 20_000;
/** The gateway promises to stop within 5 s; a busy machine may need longer. */
const stopMs = 10_000;

export interface EndingLoopbackSite {
  readonly until: Patience["until"];
  readonly relays: RelayNetwork;
  readonly operator: Operator;
  readonly gateway: LoopbackGateway;
  readonly cloud: LoopbackCloud;
  readonly panels: readonly RunningPanel[];
}

/** Names of the sessions, connections and timers that were left behind. */
export async function endLoopbackSite(site: EndingLoopbackSite): Promise<readonly string[]> {
  const { until, relays, operator, gateway, cloud, panels } = site;
  const leaks: string[] = [];
  const isGone = async (what: string, left: () => readonly string[]): Promise<void> => {
    await until(() => left().length === 0, { what, limitMs: endMs }).catch(() => leaks.push(...left()));
  };
  const connectionsOf = (host: string): readonly string[] =>
    relays.openConnections().filter((name) => name.includes(`${host}:`));
  await relays.settled();
  for (const session of operator.openSessions) await session.disconnects();
  await isGone("tunnels and sessions to end", () => sessionsLeft(site));
  await until(gateway.stop(), { what: "the gateway to stop", limitMs: stopMs });
  // What a power cut has left behind would end by its survivor's keep-alive: nobody waits for that here.
  for (const connection of relays.conversations()) if (connection.isHalfOpen) connection.breakOff();
  await isGone("the gateway's connections to end", () => connectionsOf("gateway"));
  if (gateway.timersLeft > 0) leaks.push(`${gateway.timersLeft} timers of the gateway`);
  await cloud.stop({ hard: false });
  await isGone("the cloud's connections to end", () => connectionsOf("cloud"));
  for (const panel of panels) await panel.close();
  await isGone("the last connections to end", () => relays.openConnections());
  return leaks;
}

/** How many timers of these clocks are still set, in words; they are dropped. */
export function timersLeft(clocks: readonly RealClock[]): readonly string[] {
  const left = clocks.reduce((sum, clock) => sum + clock.pendingCount, 0);
  for (const clock of clocks) clock.dropAllTimers();
  return left === 0 ? [] : [`${left} timers`];
}

function sessionsLeft({ gateway, cloud }: EndingLoopbackSite): readonly string[] {
  if (gateway.program === undefined || cloud.program === undefined) return [];
  const { sessions } = cloud.program.status();
  return [
    ...gateway.program.status().tunnels.map(({ operation, state }) => `tunnel ${operation} (${state})`),
    ...(sessions === 0 ? [] : [`${sessions} sessions of the cloud`]),
  ];
}
