// What people do with a gateway while nothing is wrong: each must come to its end as it should.
import { createFault } from "../faults/catalogue.ts";
import { usualThermal } from "../gateway/simulated-thermal.ts";
import { DeviceEnrolment } from "../operator/device-enrolment.ts";
import { SeededRandom } from "../seeded-random.ts";
import { pick } from "../swarm/draw-numbers.ts";
import {
  isConfigured,
  isConfiguredAway,
  isConfiguredAwayAndCut,
  isConfiguredWrongly,
  tellsConfiguration,
} from "./doing-configuration.ts";
import { asks, ends, endsAs } from "./doing-operations.ts";
import { tunnelGoesWrong } from "./doing-tunnels.ts";
import { oneTimePassword, type SoakForm, type SoakSite } from "./soak-form.ts";

type Does = (site: SoakSite, form: SoakForm) => Promise<void>;

const shortPressMs = 300;
/** Past the first warning; just too short, and long enough, for a factory reset; and as if the button were stuck. */
const holdsMs = { warned: 6_000, calledOff: 9_800, reset: 11_000, stuck: 70_000 } as const;
const bounces = 6;
const hotCelsius = 95;
const hotMs = 900_000;
const visitBytes = 2_000;
const fightEveryMs = 5_000;
const fightMs = 600_000;
/** A gateway that was put out by another of its name waits for minutes on purpose; and a wiped one is registered anew. */
const backMs = 900_000;

const logRequest = {
  logFile: "postern-gateway",
  dateFrom: "2026-01-01T00:00:00.000Z",
  dateTo: "2036-01-01T00:00:00.000Z",
  searchText: "",
  maximumLines: 100,
};
const command = { c8y_Command: { text: "uptime" } };
const log = { c8y_LogfileRequest: logRequest };
const restart = { c8y_Restart: {} };

const everywhere = {
  command: (site) => ends(site, command, "SUCCESSFUL"),
  log: (site) => ends(site, log, "SUCCESSFUL"),
  restart: (site) => ends(site, restart, "SUCCESSFUL"),
  "unknown-operation": (site) => ends(site, { c8y_Relay: { relayState: "OPEN" } }, "FAILED"),
  "two-operations": async (site) => {
    const first = await asks(site, log);
    const second = await asks(site, command);
    await endsAs(site, log, first, "SUCCESSFUL");
    await endsAs(site, command, second, "SUCCESSFUL");
  },
  /** Whether it is done before the end, or told that it was not, must be known afterwards. */
  "operation-and-stop": async (site) => {
    const id = await asks(site, log);
    await site.gatewayStops();
    site.powerOn();
    await endsAs(site, log, id, "any");
  },
  "operations-in-a-restart": async (site) => {
    const first = await asks(site, restart);
    const second = await asks(site, command);
    const tunnel = await site.operator.opensPassthrough("plc").catch(() => undefined);
    await endsAs(site, restart, first, "SUCCESSFUL");
    await endsAs(site, command, second, "any");
    await tunnel?.disconnects();
  },
  button: (site) => site.board.button.holds(shortPressMs),
  "button-bounces": (site) => site.board.button.holdsBouncing(shortPressMs, bounces),
  "button-warns": (site) => site.board.button.holds(holdsMs.warned),
  "button-called-off": (site) => site.board.button.holds(holdsMs.calledOff),
  "button-stuck": (site) => site.board.button.holds(holdsMs.stuck),
  "factory-reset": forgetsAll,
  hot: isHot,
  tunnel: visits,
  "tunnel-goes-wrong": (site) =>
    tunnelGoesWrong(site, new SeededRandom(site.seed).child(`tunnel at ${site.clock.monotonicMs()}`)),
  "second-client": hasNamesake,
} as const satisfies Record<string, Does>;

const withFile = {
  configure: isConfigured,
  "configure-wrongly": isConfiguredWrongly,
  "configure-away": isConfiguredAway,
  "configure-away-and-cut": isConfiguredAwayAndCut,
  "tell-configuration": tellsConfiguration,
} as const satisfies Record<string, Does>;

const all: Readonly<Record<string, Does>> = { ...everywhere, ...withFile };
export type Doing = keyof typeof everywhere | keyof typeof withFile;
const namesEverywhere = Object.keys(everywhere) as (keyof typeof everywhere)[];
const namesWithFile = Object.keys(withFile) as (keyof typeof withFile)[];

/** One of two spells has none. */
export function drawDoing(random: SeededRandom, { hasFile, login }: SoakForm): Doing | undefined {
  if (random.integer(0, 1) === 0) return undefined;
  if (hasFile && random.integer(0, 1) === 0) return pick(random, namesWithFile);
  // The simulated namesake logs in by password.
  return pick(
    random,
    login === "password" ? namesEverywhere : namesEverywhere.filter((name) => name !== "second-client"),
  );
}

/** Rejects if it does not come to its end. */
export async function does(site: SoakSite, doing: Doing, form: SoakForm): Promise<void> {
  await all[doing]?.(site, form);
  await site.gatewayIsOnline(backMs);
}

/** The person at the board makes it forget everything, and the one at the cloud lets it in anew. */
async function forgetsAll(site: SoakSite, { login }: SoakForm): Promise<void> {
  await site.board.button.holds(holdsMs.reset);
  await site.until(() => site.gateway.status().registration !== "registered", {
    what: "the gateway to have forgotten everything",
    limitMs: 60_000,
  });
  if (login === "enrolled") await new DeviceEnrolment(site).offers(site.deviceId, oneTimePassword);
  else {
    await site.operator.expectsDevice(site.deviceId);
    await site.operator.acceptsDevice(site.deviceId);
  }
}

async function hasNamesake(site: SoakSite): Promise<void> {
  const fault = createFault("duplicate-client-id", { againAfterMs: fightEveryMs });
  await site.during(fault, () => site.passes(fightMs));
}

async function isHot(site: SoakSite): Promise<void> {
  const { thermal } = site.board;
  thermal.ambientIs(hotCelsius);
  await site.passes(hotMs);
  await site.operator.opensPassthrough("plc").then(
    () => Promise.reject(new Error("A tunnel opened although the gateway is too hot")),
    () => undefined,
  );
  thermal.ambientIs(usualThermal.ambientCelsius);
  await site.passes(hotMs);
}

/** Not only online: a tunnel carries bytes both ways. */
export async function visits(site: SoakSite): Promise<void> {
  const session = await site.operator.opensPassthrough("plc");
  await session.sends(Buffer.alloc(visitBytes, "soak "));
  await session.receives(visitBytes);
  await session.disconnects();
}
