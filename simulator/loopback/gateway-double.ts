// A second machine with the gateway's login: what the gateway's disk has, in the hands of somebody else.
import { FaultError } from "../faults/fault-error.ts";
import { MqttDouble } from "../faults/mqtt-double.ts";
import { mqttsPort } from "../site/cloud-server.ts";
import { cloudName } from "../site/site-map.ts";
import type { LoopbackStage } from "./loopback-stage.ts";

/** Logs in until the returned function is called, again so many ms after each end. */
export function startGatewayDouble(stage: LoopbackStage, clientId: string, againAfterMs: number): () => void {
  const file = stage.gateway.disk.files.get("credentials.json");
  if (file === undefined) {
    throw new FaultError("fault.not-here", "the gateway has no login yet that a double could have: register it first");
  }
  const { tenant, user, password } = JSON.parse(Buffer.from(file).toString()) as Record<string, string>;
  const device = new MqttDouble({
    network: stage.ways.network("double"),
    clock: stage.clock,
    broker: { host: cloudName, port: mqttsPort, authorities: [stage.authority.pem] },
    login: { clientId, user: `${tenant}/${user}`, password: password ?? "" },
    againAfterMs,
  });
  device.start();
  return () => device.stop();
}
