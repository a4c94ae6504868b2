// Revocation on real sockets: from the request that takes a right away to the closed socket at both ends.
import type { ClientSession, EndpointAddress } from "#simulator/operator/client-session.ts";
import type { Operator } from "#simulator/operator.ts";
import { indices, type Plant, type PlantGateway } from "./plant.ts";
import { percentile } from "./process-figures.ts";

const trialsPerRow = 5;
const endMs = 10_000;
const protocols = ["PASSTHROUGH", "VNC"] as const;
type Protocol = (typeof protocols)[number];

interface Trial {
  readonly deviceId: string;
  readonly endpointId: string;
  readonly userName: string;
  readonly sessionId: string;
}

interface ListedSession {
  readonly id: string;
  readonly endpointId: string;
}

interface Trigger {
  readonly what: string;
  readonly method: string;
  readonly path: (trial: Trial) => string;
  readonly body?: unknown;
  /** The word that both ends must be told. */
  readonly reason: string;
}

const triggers: readonly Trigger[] = [
  {
    what: "endpoint removed",
    method: "DELETE",
    path: ({ deviceId, endpointId }) => `/service/remoteaccess/devices/${deviceId}/configurations/${endpointId}`,
    reason: "endpoint.removed",
  },
  {
    what: "session killed by an admin",
    method: "DELETE",
    path: ({ sessionId }) => `/service/remoteaccess/sessions/${sessionId}`,
    reason: "session.ended-by-admin",
  },
  {
    what: "user disabled",
    method: "PUT",
    path: ({ userName }) => `/user/t1000/users/${userName}`,
    body: { enabled: false },
    reason: "permission.revoked",
  },
];

const deviceRemoved: Trigger = {
  what: "device removed",
  method: "DELETE",
  path: ({ deviceId }) => `/inventory/managedObjects/${deviceId}`,
  reason: "device.removed",
};

/** Each removed device takes a gateway. */
export const gatewaysNeeded = 1 + trialsPerRow * protocols.length;

/** In ms, all from the sending of the request. */
interface Times {
  readonly answered: number;
  readonly client: number;
  readonly gateway: number;
}

export async function measureRevocation(plant: Plant): Promise<void> {
  console.log(`revocation, ms from the request (over a new TLS connection), median / longest of ${trialsPerRow}`);
  const [first, ...others] = plant.gateways;
  if (first === undefined) throw new Error("There is no gateway");
  for (const trigger of triggers) {
    for (const protocol of protocols) {
      const times: Times[] = [];
      for (const _ of indices(trialsPerRow)) times.push(await revoke(plant, first, protocol, trigger));
      reportRow(trigger, protocol, times);
    }
  }
  for (const protocol of protocols) {
    const times: Times[] = [];
    for (const gateway of others.splice(0, trialsPerRow)) {
      times.push(await revoke(plant, gateway, protocol, deviceRemoved));
    }
    reportRow(deviceRemoved, protocol, times);
  }
}

function reportRow({ what, reason }: Trigger, protocol: Protocol, times: readonly Times[]): void {
  const shown = (of: (times: Times) => number): string => {
    const values = times.map(of);
    return `${percentile(values, 0.5).toFixed(1)} / ${percentile(values, 1).toFixed(1)}`;
  };
  const columns = [
    `client closed ${shown(({ client }) => client)}`,
    `gateway closed ${shown(({ gateway }) => gateway)}`,
    `answer ${shown(({ answered }) => answered)}`,
    `both closed after the answer ${shown(({ answered, client, gateway }) => Math.max(client, gateway) - answered)}`,
  ];
  console.log(`  ${what} × ${protocol} (${reason}): ${columns.join(", ")}`);
}

let people = 0;

async function revoke(plant: Plant, gateway: PlantGateway, protocol: Protocol, trigger: Trigger): Promise<Times> {
  const { admin } = plant;
  people += 1;
  const userName = `person-${people}`;
  const person = await plant.addPerson(userName);
  const target = await addEndpoint(plant, gateway, protocol, `panel of ${userName}`);
  const session = await open(person, target, protocol);
  const list = (await admin.gets("/service/remoteaccess/sessions"))["sessions"] as ListedSession[];
  const sessionId = list.find(({ endpointId }) => endpointId === target.endpointId)?.id;
  if (sessionId === undefined) throw new Error("The cloud does not list the session");
  const path = trigger.path({ ...target, userName, sessionId });
  const seenLines = gateway.program.lines.length;
  const startedMs = performance.now();
  const since = (): number => performance.now() - startedMs;
  const [answer, client, atGateway] = await Promise.all([
    admin.asks(trigger.method, path, trigger.body).then(({ status, text }) => ({ ms: since(), status, text })),
    session.ends(endMs).then(({ reason }) => ({ ms: since(), reason })),
    gateway.program
      .event("tunnel.closed", endMs, undefined, seenLines)
      .then((line) => ({ ms: since(), reason: String(line["reason"]) })),
  ]);
  if (answer.status > 299) throw new Error(`${trigger.method} ${path}: ${answer.status} ${answer.text}`);
  for (const [end, { reason }] of Object.entries({ client, gateway: atGateway })) {
    if (reason !== trigger.reason) throw new Error(`${trigger.what}: the ${end} was told ${reason}`);
  }
  return { answered: answer.ms, client: client.ms, gateway: atGateway.ms };
}

async function addEndpoint(
  { admin, vncPort, vncPassword }: Plant,
  gateway: PlantGateway,
  protocol: Protocol,
  name: string,
): Promise<EndpointAddress> {
  await admin.worksWith(gateway.id);
  const where = { name, hostname: "127.0.0.1", protocol };
  if (protocol === "VNC") return admin.addsEndpoint({ ...where, port: vncPort, password: vncPassword });
  return admin.addsEndpoint({ ...where, port: gateway.echoPort });
}

/** Open means that something has come from the panel. */
async function open(person: Operator, target: EndpointAddress, protocol: Protocol): Promise<ClientSession> {
  if (protocol === "VNC") {
    const vnc = await person.opensVnc(target);
    await vnc.showsPicture();
    return vnc.session;
  }
  const session = await person.opensPassthrough(target);
  const message = Buffer.from("hello");
  await session.sends(message);
  await session.receives(message.length);
  return session;
}
