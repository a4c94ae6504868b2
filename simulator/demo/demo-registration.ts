// What the operator does in `postern up`: lets the gateway in if it is new, and keeps its endpoints in step with the panels.
import type { Operator } from "../operator.ts";
import { demoDeviceId } from "./demo-gateway.ts";
import { type DemoPanel, panelAddress } from "./demo-panels.ts";

/** Lets the gateway ask and lets it in. A request of an earlier start that nobody finished is taken up. */
export async function letGatewayIn(operator: Operator): Promise<void> {
  const expected = await operator.expectedDevices();
  if (!expected.some((device) => device["id"] === demoDeviceId)) await operator.expectsDevice(demoDeviceId);
  await operator.acceptsDevice(demoDeviceId);
}

/** Adds what is missing and changes the rest: ports and passwords are those of this start. */
export async function enterPanels(operator: Operator, panels: readonly DemoPanel[]): Promise<void> {
  const known = new Map((await operator.endpoints()).map((endpoint) => [endpoint["name"], String(endpoint["id"])]));
  for (const { name, running, endpoint: told } of panels) {
    const endpoint = { name, hostname: panelAddress, port: running.port, ...told };
    const id = known.get(name);
    if (id === undefined) await operator.addsEndpoint(endpoint);
    else await operator.changesEndpoint(id, endpoint);
  }
}
