// A cloud and a gateway as real processes, and an operator; panels stand on loopback ports that the gateway may dial.
import type { ClientSession } from "#simulator/operator/client-session.ts";
import type { CloudRecord, Operator } from "#simulator/operator.ts";
import { operatorOf } from "./loopback.ts";
import { type Program, temporaryFolder } from "./processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "./running-cloud.ts";

export interface RealSite {
  readonly folder: string;
  readonly cloud: RunningCloud;
  readonly gateway: Program;
  readonly operator: Operator;
  /** Makes an endpoint on 127.0.0.1 and opens it on our own channel, or as `binary`. */
  opens(endpoint: Record<string, unknown>, subprotocols?: readonly string[]): Promise<ClientSession>;
  /** The object of the REST API; fails with the cloud's words if it refuses. */
  makesEndpoint(endpoint: Record<string, unknown>): Promise<CloudRecord>;
  stop(): Promise<void>;
}

export async function startRealSite(id: string): Promise<RealSite> {
  const folder = temporaryFolder();
  const cloud = await startCloudProgram(folder.path);
  const operator = operatorOf(cloud);
  await operator.expectsDevice(id);
  const tunnels = '[tunnels]\nallow = ["127.0.0.1:1024-65535"]';
  const gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
  await operator.acceptsDevice(id);
  await gateway.event("connectivity.online");
  const deviceId = await operator.worksWith(id);
  await operator.seesDeviceOnline();
  const makesEndpoint = async (endpoint: Record<string, unknown>) => {
    const path = `/service/remoteaccess/devices/${deviceId}/configurations`;
    const answer = await operator.asks("POST", path, { name: "panel", hostname: "127.0.0.1", ...endpoint });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
    return answer.json() as CloudRecord;
  };
  return {
    folder: folder.path,
    cloud,
    gateway,
    operator,
    makesEndpoint,
    opens: async (endpoint, subprotocols) => {
      const { id: endpointId } = await makesEndpoint(endpoint);
      const target = { deviceId, endpointId: String(endpointId) };
      return await operator.opens(target, subprotocols === undefined ? {} : { subprotocols });
    },
    stop: async () => {
      await gateway.stop();
      await cloud.program.stop();
      folder[Symbol.dispose]();
    },
  };
}
