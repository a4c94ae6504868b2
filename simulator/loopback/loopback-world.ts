// What faults can do to a site on real sockets.
import type { World } from "../faults/fault.ts";
import { startGatewayDouble } from "./gateway-double.ts";
import type { LoopbackStage } from "./loopback-stage.ts";

/** What the site does itself, as it tells of it. */
export type SiteActions = Pick<World, "cutPower" | "restorePower" | "stopCloud" | "startCloud">;

/** What it lacks are watchdog, modem and uplinks: faults that need them are refused by name. */
export function loopbackWorld(stage: LoopbackStage, deviceId: string, actions: SiteActions): World {
  const { relays, cloud, gateway, front } = stage;
  const luck = stage.random.child("luck of faults");
  return {
    ...actions,
    resetConnections: (port) => relays.resetConnections(({ server }) => port === undefined || server.port === port),
    draw: () => luck.fraction(),
    jumpClock: (host, byMs) => (host === "cloud" ? cloud.clock : gateway.clock).jump(byMs),
    kickBroker: () => front.kickBroker(),
    duplicateClient: ({ againAfterMs }) => startGatewayDouble(stage, deviceId, againAfterMs),
    failDisk: (failure) => gateway.failDisk(failure),
  };
}
