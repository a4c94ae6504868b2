// What a bench measures: a cloud and gateways as processes over real TLS sockets, and panels in the bench's own process.
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import type { EndpointAddress } from "#simulator/operator/client-session.ts";
import { realPatience } from "#simulator/operator/real-patience.ts";
import { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { startPanel } from "#test/support/loopback.ts";
import type { Program } from "#test/support/processes.ts";
import {
  adminPassword,
  type RunningCloud,
  startCloudProgram,
  startGatewayProgram,
} from "#test/support/running-cloud.ts";

/** One echo panel takes 64 connections at most. */
const echoPanelCount = 4;
/** Programs that start at a time. */
const startsAtOnce = 7;
const onlineMs = 40_000;
const panelPassword = "panel";

export interface PlantGateway {
  readonly id: string;
  readonly program: Program;
  readonly deviceId: string;
  /** Passthrough to an echo panel. */
  readonly echo: EndpointAddress;
  readonly echoPort: number;
}

export interface Plant extends AsyncDisposable {
  /** Another one after `restartCloud`. */
  readonly cloud: RunningCloud;
  readonly gateways: readonly PlantGateway[];
  readonly admin: Operator;
  readonly vncPort: number;
  readonly vncPassword: string;
  /** Somebody who may do what the group "readers" may. */
  addPerson(name: string): Promise<Operator>;
  /** Stops the cloud, starts it anew on the same data and ports, and waits until each gateway is online. */
  restartCloud(): Promise<void>;
}

export interface PlantOptions {
  /** Ports of loopback that the gateways may dial beside the plant's own panels. */
  readonly otherPorts?: readonly number[];
  /** For the Node that runs the cloud. */
  readonly cloudNodeArgs?: readonly string[];
  /** Runs the gateways; `postern` from the sources where absent. */
  readonly gatewayCommand?: readonly string[];
}

/** Starts everything in the folder and waits until each gateway is online and has its endpoint. */
export async function startPlant(folder: string, gatewayCount: number, options: PlantOptions = {}): Promise<Plant> {
  const { otherPorts = [], cloudNodeArgs = [], gatewayCommand } = options;
  const command = gatewayCommand === undefined ? {} : { command: gatewayCommand };
  await using stack = new AsyncDisposableStack();
  const echoes: RunningPanel[] = [];
  for (let number = 1; number <= echoPanelCount; number += 1) {
    echoes.push(stack.adopt(await startPanel(echoPanel(), `echo-${number}`), (panel) => panel.close()));
  }
  const vnc = stack.adopt(await startPanel(vncPanel({ password: panelPassword }), "vnc"), (panel) => panel.close());
  let cloud = await startCloudProgram(folder, undefined, [], cloudNodeArgs);
  stack.defer(() => cloud.program.stop().then(() => undefined));
  const admin = operatorFor(cloud, "admin", adminPassword);
  const allow = [...[...echoes, vnc].map(({ port }) => port), ...otherPorts].map((port) => `127.0.0.1:${port}`);
  const starts = await inBatches(indices(gatewayCount), startsAtOnce, async (index) => {
    const id = `bench-gw-${index + 1}`;
    await admin.expectsDevice(id);
    const tunnels = `[tunnels]\nallow = ${JSON.stringify(allow)}`;
    const program = startGatewayProgram(folder, cloud, { id, tunnels, ...command });
    stack.defer(() => program.stop().then(() => undefined));
    // So that the operator need not ask the cloud over and over, which would show in its memory.
    await program.event("registration.waiting", onlineMs);
    await admin.acceptsDevice(id);
    await program.event("connectivity.online", onlineMs);
    return { id, program };
  });
  const gateways: PlantGateway[] = [];
  for (const [index, { id, program }] of starts.entries()) {
    const echoPort = echoes[index % echoes.length]?.port ?? 0;
    const deviceId = await admin.worksWith(id);
    await admin.seesDeviceOnline();
    const where = { hostname: "127.0.0.1", port: echoPort, protocol: "PASSTHROUGH" } as const;
    const echo = await admin.addsEndpoint({ name: "echo", ...where });
    gateways.push({ id, program, deviceId, echo, echoPort });
  }
  const started = stack.move();
  const restartCloud = async (): Promise<void> => {
    const seenLines = gateways.map(({ program }) => program.lines.length);
    await cloud.program.stop();
    cloud = await startCloudProgram(folder, cloud.ports, [], cloudNodeArgs);
    await Promise.all(
      gateways.map(({ program }, index) =>
        program.event("connectivity.online", onlineMs, undefined, seenLines[index] ?? 0),
      ),
    );
  };
  return {
    get cloud() {
      return cloud;
    },
    gateways,
    admin,
    restartCloud,
    vncPort: vnc.port,
    vncPassword: panelPassword,
    addPerson: (name) => addPerson(cloud, admin, name),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

/** Runs over all items, so many at a time, and gives the results in their order. */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  size: number,
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += size) {
    results.push(...(await Promise.all(items.slice(from, from + size).map(run))));
  }
  return results;
}

export function indices(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

async function addPerson(cloud: RunningCloud, admin: Operator, name: string): Promise<Operator> {
  const password = `${name}-of-the-bench`;
  const group = await admin.gets("/user/t1000/groupByName/readers");
  await expectOk(admin, "POST", "/user/t1000/users", { userName: name, password });
  await expectOk(admin, "POST", `/user/t1000/groups/${String(group["id"])}/users`, { user: { id: name } });
  return operatorFor(cloud, name, password);
}

async function expectOk(admin: Operator, method: string, path: string, body: unknown): Promise<void> {
  const answer = await admin.asks(method, path, body);
  if (answer.status > 299) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
}

function operatorFor(cloud: RunningCloud, name: string, password: string): Operator {
  return new Operator({
    network: openLinuxNetwork(),
    patience: realPatience(linuxClock),
    random: linuxRandom,
    cloud: { host: "localhost", httpsPort: cloud.ports.https, authorities: [cloud.authority] },
    user: `t1000/${name}`,
    password,
  });
}
