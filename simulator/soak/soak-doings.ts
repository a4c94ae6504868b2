// What people do with a gateway while nothing is wrong: each must come to its end as it should.
import { usualThermal } from "../gateway/simulated-thermal.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { pick } from "../swarm/draw-numbers.ts";
import type { SoakSite } from "./soak-form.ts";

export const doings = ["command", "log", "restart", "unknown-operation", "button", "hot", "tunnel"] as const;
export type Doing = (typeof doings)[number];

/** An operation takes at most so long, a restart of the board included. */
const endLimitMs = 600_000;
const lookMs = 1_000;
const shortPressMs = 300;
const hotCelsius = 95;
const hotMs = 900_000;
const visitBytes = 2_000;

/** One of two spells has none. */
export function drawDoing(random: SeededRandom): Doing | undefined {
  return random.integer(0, 1) === 0 ? undefined : pick(random, doings);
}

/** Rejects if it does not come to its end. */
export async function does(site: SoakSite, doing: Doing): Promise<void> {
  switch (doing) {
    case "command":
      return await ends(site, { c8y_Command: { text: "uptime" } }, "SUCCESSFUL");
    case "log":
      return await ends(site, { c8y_LogfileRequest: logRequest }, "SUCCESSFUL");
    case "restart":
      return await ends(site, { c8y_Restart: {} }, "SUCCESSFUL");
    case "unknown-operation":
      return await ends(site, { c8y_Relay: { relayState: "OPEN" } }, "FAILED");
    case "button":
      return await site.board.button.holds(shortPressMs);
    case "hot":
      return await isHot(site);
    case "tunnel":
      return await visits(site);
    default:
      return doing satisfies never;
  }
}

const logRequest = {
  logFile: "postern-gateway",
  dateFrom: "2026-01-01T00:00:00.000Z",
  dateTo: "2036-01-01T00:00:00.000Z",
  searchText: "",
  maximumLines: 100,
};

async function ends(site: SoakSite, fragment: object, wanted: string): Promise<void> {
  const body = { deviceId: site.operator.deviceId, description: "of the soak", ...fragment };
  const answer = await site.operator.asks("POST", "/devicecontrol/operations", body);
  if (answer.status !== 201) throw new Error(`The cloud took no operation: ${answer.status} ${answer.text}`);
  const { id } = answer.json() as { readonly id: string };
  for (let passedMs = 0; passedMs <= endLimitMs; passedMs += lookMs) {
    const { status, failureReason } = await site.operator.gets(`/devicecontrol/operations/${id}`);
    if (status === wanted) return;
    if (status === "SUCCESSFUL" || status === "FAILED") {
      throw new Error(`${JSON.stringify(fragment)} is ${status} and not ${wanted}: ${String(failureReason)}`);
    }
    await site.passes(lookMs);
  }
  throw new Error(`${JSON.stringify(fragment)} is not over after ${endLimitMs / 1000} s\n${site.describe()}`);
}

async function isHot(site: SoakSite): Promise<void> {
  const { thermal } = site.board;
  thermal.ambientIs(hotCelsius);
  await site.passes(hotMs);
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
