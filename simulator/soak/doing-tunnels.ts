// Tunnels that do not go as the person wished: each must end with its own reason, and none may be left behind.
import { createFault } from "../faults/catalogue.ts";
import type { SeededRandom } from "../seeded-random.ts";
import { pick } from "../swarm/draw-numbers.ts";
import { type SoakSite, soakTunnelsMax } from "./soak-form.ts";

const bytes = Buffer.alloc(2_000, "soak ");
const goneMs = 120_000;

/** One of the ways in which a tunnel goes wrong. */
export async function tunnelGoesWrong(site: SoakSite, random: SeededRandom): Promise<void> {
  await pick(random, ways)(site, random);
  await site.until(() => !site.isGatewayOn || site.gateway.status().tunnels.length === 0, {
    what: "no tunnel to be left",
    limitMs: goneMs,
  });
}

type Way = (site: SoakSite, random: SeededRandom) => Promise<void>;

/** The panel's machine refuses, or does not answer at all. */
const panelUnreachable: Way = async (site, random) => {
  const name = pick(random, ["refuse", "black-hole"] as const);
  const link = site.between("gateway", "plc");
  await link.during(createFault(name, {}), () => fails(site, "plc", /panel\./));
};

const panelResets: Way = async (site) => {
  const session = await site.operator.opensPassthrough("plc");
  await session.sends(bytes);
  await site.between("gateway", "plc").during(createFault("reset", {}), () => session.ends());
};

/** A board beyond what the gateway's own settings allow. */
const forbidden: Way = async (site) => {
  const name = `outside ${site.clock.monotonicMs()}`;
  await site.operator.addsEndpoint({ name, hostname: "203.0.113.99", port: 7, protocol: "PASSTHROUGH" });
  await fails(site, name, /target\.|policy|forbidden/);
  await site.operator.removesEndpoint(name);
};

const gatewayStops: Way = async (site) => {
  const session = await site.operator.opensPassthrough("plc");
  await session.sends(bytes);
  await site.gatewayStops();
  await session.ends();
  site.powerOn();
};

/** What the panel is to get lies at the gateway when the person leaves, and the panel takes nothing more. */
const panelStalls: Way = async (site, random) => {
  const session = await site.operator.opensPassthrough("plc");
  const name = pick(random, ["stall", "black-hole"] as const);
  await site.between("gateway", "plc").during(createFault(name, {}), async () => {
    session.says(Buffer.alloc(200_000, "soak "));
    await site.passes(2_000);
    if (random.integer(0, 1) === 0) await session.disconnects();
    else await site.gatewayStops();
    await site.passes(goneMs);
  });
  if (!site.isGatewayOn) site.powerOn();
};

/** More at the same time than it opens. */
const tooMany: Way = async (site) => {
  const sessions = [];
  for (let count = 0; count < soakTunnelsMax; count += 1) sessions.push(await site.operator.opensPassthrough("plc"));
  await fails(site, "plc", /gateway\.busy/);
  for (const session of sessions) await session.disconnects();
};

const ways: readonly Way[] = [panelUnreachable, panelResets, forbidden, gatewayStops, panelStalls, tooMany];

async function fails(site: SoakSite, endpoint: string, reason: RegExp): Promise<void> {
  const opened = await site.operator.opensPassthrough(endpoint).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (opened === undefined) throw new Error(`A tunnel to ${endpoint} opened although it could not`);
  if (!reason.test(opened)) throw new Error(`A tunnel to ${endpoint} failed with another reason: ${opened}`);
}
