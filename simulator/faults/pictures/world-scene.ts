// What a world fault does to a small world, found out by running it: attempts of all kinds, an old connection, a clock.
import { ClockView } from "../../clock-view.ts";
import { Disk } from "../../gateway/disk.ts";
import { startHttpProxy } from "../../network/http-proxy.ts";
import type { World, WorldFault } from "../fault.ts";
import { MqttDouble } from "../mqtt-double.ts";
import { siteWorld } from "../site-world.ts";
import { attemptsOf } from "./attempts.ts";
import { pictureMs, shownFromMs, shownUntilMs } from "./shown-parameters.ts";
import { authorities, ports, SmallCloud } from "./small-cloud.ts";
import { cloudName, panelAddress, TwoEnds } from "./two-ends.ts";

/** Between two attempts. */
export const everyMs = 100;
/** Between two looks at what is there. */
export const sampleEveryMs = 10;
const login = { clientId: "gw-0001", user: "t/gw", password: "" } as const;
const broker = { host: cloudName, port: ports.mqtt, authorities };

/** How something that was begun at a time ended, in a word; "ok" when all was well. */
export interface Attempt {
  readonly atMs: number;
  readonly outcome: string;
}

/** One line of the picture: what was tried, or when something was there. */
export type Row =
  | { readonly kind: "attempts"; readonly name: string; readonly attempts: readonly Attempt[] }
  | { readonly kind: "there"; readonly name: string; readonly spans: readonly Span[] };

export type Span = [fromMs: number, untilMs: number];

/**
 * What happens with the fault in its time, or without one. `isOfWire`: it is laid between gateway and cloud, otherwise over
 * everything. Throws what the fault throws.
 */
export async function tellWorldStory(
  fault: WorldFault | undefined,
  options: { readonly isOfWire?: boolean } = {},
): Promise<readonly Row[]> {
  using ends = new TwoEnds();
  const cloud = new SmallCloud(ends.network.host("cloud"), ends.clock.nowMs());
  await cloud.start();
  const disk = new Disk(ends.clock, ends.random.child("disk"));
  const wallClock = new ClockView(ends.clock, "gateway");
  await hostProxy(ends);
  const client = stayConnected(ends);
  const rows = [...watchSpans(ends, wallClock), ...tryAll(ends, disk)];
  let broken: unknown;
  const failed = (error: unknown): void => {
    broken ??= error;
  };
  const laid = options.isOfWire === true && fault !== undefined ? betweenGatewayAndCloud(fault) : fault;
  if (laid !== undefined) lay(ends, laid, worldOf(ends, { cloud, disk, wallClock }), failed);
  await ends.clock.advance(pictureMs);
  client.stop();
  if (broken !== undefined) throw broken;
  return rows;
}

async function hostProxy({ network }: TwoEnds): Promise<void> {
  const panel = network.host("panel");
  await startHttpProxy({ network: panel });
  await panel.listen({ address: panelAddress, port: 80 }, ({ stream }) => stream.on("error", () => undefined));
}

/** The gateway's MQTT client, connected from the beginning on; it comes back 150 ms after each end. */
function stayConnected({ network, clock }: TwoEnds): MqttDouble {
  const client = new MqttDouble({ network: network.host("gateway"), clock, broker, login, againAfterMs: 150 });
  client.start();
  return client;
}

function watchSpans({ network, clock, at }: TwoEnds, wallClock: ClockView): readonly Row[] {
  const [near, far, right]: [Span[], Span[], Span[]] = [[], [], []];
  for (let ms = 0; ms < pictureMs; ms += sampleEveryMs) {
    at(ms, () => {
      const names = network.openConnections().filter((name) => /^gateway:\d+ > cloud:8883/.test(name));
      const isThere = (half: string): boolean => names.some((name) => !name.includes("(") || name.includes(half));
      if (isThere("only gateway")) grow(near, ms);
      if (isThere("only cloud")) grow(far, ms);
      if (wallClock.nowMs() === clock.nowMs()) grow(right, ms);
    });
  }
  return [
    { kind: "there", name: "MQTT at the gateway", spans: near },
    { kind: "there", name: "MQTT at the cloud", spans: far },
    { kind: "there", name: "clock is right", spans: right },
  ];
}

/** It is there at this time, and until the next look. */
export function grow(spans: Span[], ms: number): void {
  const last = spans.at(-1);
  if (last !== undefined && last[1] === ms) last[1] = ms + sampleEveryMs;
  else spans.push([ms, ms + sampleEveryMs]);
}

function tryAll({ network, at }: TwoEnds, disk: Disk): readonly Row[] {
  const gateway = network.host("gateway");
  return attemptsOf(gateway, disk.boot()).map(([name, attempt]): Row => {
    const attempts: Attempt[] = [];
    for (let ms = everyMs / 2; ms < pictureMs; ms += everyMs) {
      at(ms, () => {
        if (!gateway.isUp) return; // nobody is there to try
        void attempt().then((outcome) => attempts.push({ atMs: ms, outcome }));
      });
    }
    return { kind: "attempts", name, attempts };
  });
}

function betweenGatewayAndCloud(fault: WorldFault): WorldFault {
  return { ...fault, onConnect: (attempt) => attempt.to === "cloud" && fault.onConnect?.(attempt) === true };
}

function lay({ network, at }: TwoEnds, fault: WorldFault, world: World, failed: (error: unknown) => void): void {
  let lift = (): void => undefined;
  const run = async (step: WorldFault["begin"]): Promise<void> => step?.call(fault, world);
  at(shownFromMs, () => {
    lift = network.lay(fault);
    run(fault.begin).catch(failed);
  });
  at(shownUntilMs, () => {
    lift();
    run(fault.end).catch(failed);
  });
}

function worldOf(
  { network, random }: TwoEnds,
  parts: { readonly cloud: SmallCloud; readonly disk: Disk; readonly wallClock: ClockView },
): World {
  const { cloud, disk, wallClock } = parts;
  const gateway = network.host("gateway");
  return {
    resetConnections: (port) => network.resetConnections(({ server }) => port === undefined || server.port === port),
    cutPower: () => {
      gateway.powerOff();
      gateway.forgetAll();
    },
    restorePower: () => gateway.powerOn(),
    stopCloud: () => cloud.stop(),
    startCloud: () => cloud.start(),
    vanishConnections: (end) => {
      for (const conversation of network.conversations()) {
        if (conversation.server.port === ports.mqtt) conversation.endVanishes(end === "near" ? "client" : "server");
      }
    },
    ...siteWorld({
      network,
      broker: { ...broker, machine: "cloud" },
      draw: () => random.fraction(),
      clockOf: () => wallClock,
      login: () => login,
      disk,
    }),
  };
}
