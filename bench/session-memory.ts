// What sessions of one protocol, or of several, cost the cloud: in steps up to 200, after their end, and all once more.
import { setTimeout as pause } from "node:timers/promises";
import type { RemoteAccessProtocol } from "#protocol/remote-access.ts";
import type { ClientSession, EndpointAddress } from "#simulator/operator/client-session.ts";
import { memoryDuring, memoryOf, reportHead, reportSlopes, reportStep, type Step } from "./cloud-figures.ts";
import { echoThrough, openEchoSession } from "./echo-client.ts";
import { type EchoServers, echoCredentials } from "./echo-servers.ts";
import { inBatches, indices, type Plant } from "./plant.ts";
import { sessionCount } from "./session-load.ts";

const stepSessions = 50;
/** TLS handshakes at a time: the cloud takes 128 from one address. */
const openingsAtOnce = 25;
const settleMs = 300;
const traffic = { lines: 4, everyMs: 250 };
const warmUpSessions = 13;
const middleOfTrafficMs = (traffic.lines * traffic.everyMs) / 2;

export interface Mix {
  readonly name: string;
  readonly protocols: readonly RemoteAccessProtocol[];
}

type Endpoints = Readonly<Record<RemoteAccessProtocol, EndpointAddress>>;

/** One of each protocol on each gateway. */
export async function addEndpoints(plant: Plant, servers: EchoServers): Promise<readonly Endpoints[]> {
  const add = async (deviceId: string, protocol: RemoteAccessProtocol): Promise<EndpointAddress> => {
    const path = `/service/remoteaccess/devices/${deviceId}/configurations`;
    const where = { name: `echo over ${protocol}`, hostname: "127.0.0.1", port: servers.ports[protocol], protocol };
    const answer = await plant.admin.asks("POST", path, { ...where, ...echoCredentials[protocol] });
    if (answer.status > 299) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`);
    return { deviceId, endpointId: String((answer.json() as { readonly id: unknown }).id) };
  };
  return await Promise.all(
    plant.gateways.map(async ({ deviceId }) => ({
      PASSTHROUGH: await add(deviceId, "PASSTHROUGH"),
      VNC: await add(deviceId, "VNC"),
      TELNET: await add(deviceId, "TELNET"),
      SSH: await add(deviceId, "SSH"),
    })),
  );
}

/** In a cloud that has just been started: freed memory of sessions before would be taken again, and nothing would seem to come on top. */
export async function measureMix(plant: Plant, endpoints: readonly Endpoints[], mix: Mix): Promise<void> {
  await plant.restartCloud();
  const run = new MixRun(plant, endpoints, mix);
  reportHead(mix.name);
  await run.warmUp();
  const steps = [await run.step("none yet")];
  for (let count = stepSessions; count <= sessionCount; count += stepSessions) {
    await run.openUpTo(count);
    steps.push(await run.step(String(count)));
  }
  reportSlopes(steps);
  await run.closeAll();
  await run.step("all closed");
  await run.openUpTo(sessionCount);
  await run.step(`${sessionCount} once more`);
  await run.closeAll();
  await run.step("all closed");
}

class MixRun {
  readonly #plant: Plant;
  readonly #endpoints: readonly Endpoints[];
  readonly #protocols: readonly RemoteAccessProtocol[];
  #sessions: readonly ClientSession[] = [];

  constructor(plant: Plant, endpoints: readonly Endpoints[], { protocols }: Mix) {
    this.#plant = plant;
    this.#endpoints = endpoints;
    this.#protocols = protocols;
  }

  /** What the first session of a protocol brings along (code, its compilation) is no session's memory. */
  async warmUp(): Promise<void> {
    await this.openUpTo(warmUpSessions);
    await echoThrough(this.#sessions, traffic);
    await this.closeAll();
  }

  async openUpTo(count: number): Promise<void> {
    const wanted = indices(count).slice(this.#sessions.length);
    const opened = await inBatches(wanted, openingsAtOnce, (number) => this.#open(number));
    this.#sessions = [...this.#sessions, ...opened];
  }

  async closeAll(): Promise<void> {
    await inBatches(this.#sessions, openingsAtOnce, (session) => session.disconnects());
    this.#sessions = [];
  }

  async step(what: string): Promise<Step> {
    const cloud = this.#plant.cloud.program;
    await pause(settleMs);
    await this.#expectAllOpen();
    const sessions = this.#sessions.length;
    const idle = await memoryOf(cloud);
    const step: Step =
      sessions === 0
        ? { sessions, idle }
        : {
            sessions,
            idle,
            traffic: await memoryDuring(cloud, middleOfTrafficMs, () => echoThrough(this.#sessions, traffic)),
          };
    reportStep(what, step);
    return step;
  }

  /** Gateways in turn, protocols in turn: of several protocols each gateway gets all. */
  #open(number: number): Promise<ClientSession> {
    const { length } = this.#endpoints;
    const protocol = this.#protocols[Math.floor(number / length) % this.#protocols.length];
    const endpoint = protocol === undefined ? undefined : this.#endpoints[number % length]?.[protocol];
    if (protocol === undefined || endpoint === undefined) throw new Error("There is no protocol or no gateway");
    return openEchoSession(this.#plant.admin, protocol, endpoint);
  }

  /** The cloud's own list is asked, not only our sockets. */
  async #expectAllOpen(): Promise<void> {
    const list = await this.#plant.admin.gets("/service/remoteaccess/sessions");
    const atCloud = (list["sessions"] as readonly unknown[]).length;
    const here = this.#sessions.filter(({ ending }) => ending === undefined).length;
    if (atCloud !== this.#sessions.length || here !== atCloud) {
      throw new Error(
        `${this.#sessions.length} sessions should be open: the cloud has ${atCloud}, ${here} are open here`,
      );
    }
  }
}
