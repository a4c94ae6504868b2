// The end of a site: everything is ended in order, and what did not end by itself is named.
import type { SimulatedNetwork } from "../network/network.ts";
import type { Operator } from "../operator.ts";
import type { RunningPanel } from "../panels/panel.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { CloudServer } from "./cloud-server.ts";
import type { GatewayBox } from "./gateway-box.ts";

/** Half-open connections that a power cut leaves behind are gone after their survivors' keep-alive, at the latest. */
const connectionsEndMs = 140_000;

export interface EndingSite {
  readonly clock: SimulatedClock;
  readonly network: SimulatedNetwork;
  readonly operator: Operator;
  readonly gateway: GatewayBox;
  readonly cloud: CloudServer;
  readonly panels: readonly RunningPanel[];
}

/** Names of what was left behind: sessions, tunnels, timers, connections. Each program must clean up after itself first. */
export async function endSite(site: EndingSite): Promise<readonly string[]> {
  const { clock, network, operator, gateway, cloud, panels } = site;
  const leaks: string[] = [];
  for (const session of operator.openSessions) await session.disconnects();
  if (gateway.isRunning && cloud.isRunning) leaks.push(...(await sessionsLeft(site)));
  await gateway.stop();
  gateway.dismantle();
  if (gateway.timersLeft > 0) leaks.push(`${gateway.timersLeft} timers of the gateway`);
  leaks.push(...(await connectionsLeft(site, "gateway")));
  await cloud.stop({ hard: false });
  leaks.push(...(await connectionsLeft(site, "cloud")));
  for (const panel of panels) await panel.close();
  await clock.settle();
  leaks.push(...network.openConnections(), ...clock.pending().map(({ name }) => `timer of ${name}`));
  return [...new Set(leaks)];
}

async function sessionsLeft({ clock, gateway, cloud }: EndingSite): Promise<readonly string[]> {
  const left = (): readonly string[] => {
    const tunnels = gateway.program?.status().tunnels ?? [];
    const sessions = cloud.program?.status().sessions ?? 0;
    return [
      ...tunnels.map(({ operation, state }) => `tunnel ${operation} (${state})`),
      ...(sessions === 0 ? [] : [`${sessions} sessions of the cloud`]),
    ];
  };
  return untilNothing(clock, left, "tunnels and sessions to end");
}

function connectionsLeft({ clock, network }: EndingSite, host: string): Promise<readonly string[]> {
  const left = (): readonly string[] => network.openConnections().filter((name) => name.includes(`${host}:`));
  return untilNothing(clock, left, `connections of the ${host} to end`);
}

/** What is still left at the limit. */
async function untilNothing(clock: SimulatedClock, left: () => readonly string[], what: string) {
  try {
    await clock.until(() => left().length === 0, { what, limitMs: connectionsEndMs });
    return [];
  } catch {
    return left(); // the failed wait's own text says less than what it waited for
  }
}
