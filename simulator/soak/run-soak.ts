// Carries out a soak plan: after each spell of trouble the gateway must be online again within a minute.

import { type CoverageCounts, MachineCoverage } from "../record/machine-coverage.ts";
import { SeededRandom } from "../seeded-random.ts";
import { FaultInjector } from "../swarm/fault-injector.ts";
import { type Doing, does, visits } from "./soak-doings.ts";
import { type SoakForm, type SoakSite, startSoakSite } from "./soak-form.ts";
import { lastsMs, type PartEvent, type SoakPlan, type Spell } from "./soak-plan.ts";

/** Simulated time within which the gateway is online again once everything is whole. */
export const onlineAgainMs = 60_000;

export interface SoakOutcome {
  readonly seed: number;
  readonly form: SoakForm;
  readonly hours: number;
  readonly spells: number;
  /** Of each spell after which the gateway had to come back, in ms of simulated time. */
  readonly recoveriesMs: readonly number[];
  readonly visits: number;
  readonly injected: Readonly<Record<string, number>>;
  readonly refused: readonly string[];
  readonly coverage: CoverageCounts;
  readonly failure?: { readonly message: string; readonly atMs: number };
}

/** Never rejects for what the programs under test do wrong. `limitMs`: within it the gateway must be online again. */
export async function runSoak(plan: SoakPlan, limitMs = onlineAgainMs): Promise<SoakOutcome> {
  const [first] = plan.spells;
  const site = await startSoakSite(plan.seed, plan.form, async (each) => {
    if (first !== undefined) await suffer(each, new FaultInjector(each), first, plan.form);
  });
  const told = {
    recoveriesMs: [] as number[],
    visits: 0,
    injected: {} as Record<string, number>,
    refused: new Set<string>(),
  };
  let failure: SoakOutcome["failure"];
  const failed = (error: unknown): void => {
    failure ??= { message: error instanceof Error ? error.message : String(error), atMs: site.clock.monotonicMs() };
  };
  process.on("uncaughtException", failed);
  process.on("unhandledRejection", failed);
  try {
    for (const spell of plan.spells) {
      await site.passes(spell.calmMs);
      if (spell.doing !== undefined) await does(site, spell.doing, plan.form);
      const injector = new FaultInjector(site);
      await suffer(site, injector, spell, plan.form);
      for (const [name, count] of Object.entries(injector.injected))
        told.injected[name] = (told.injected[name] ?? 0) + count;
      for (const name of injector.refused) told.refused.add(name);
      told.recoveriesMs.push(await comesBack(site, spell, limitMs));
      if (spell.isVisited) {
        await site.gatewayIsOnline(limitMs);
        await visits(site);
        told.visits += 1;
      }
    }
  } catch (error) {
    failed(error);
  }
  const coverage = new MachineCoverage();
  for (const machine of site.machines) coverage.addMachine(machine);
  coverage.count(site.record.entries);
  try {
    await site[Symbol.asyncDispose]();
  } catch (error) {
    failed(error);
  }
  process.off("uncaughtException", failed);
  process.off("unhandledRejection", failed);
  const { seed, form, hours, spells } = plan;
  const whole = {
    seed,
    form,
    hours,
    spells: spells.length,
    ...told,
    refused: [...told.refused].sort(),
    coverage: coverage.counts(),
  };
  return failure === undefined ? whole : { ...whole, failure };
}

async function suffer(site: SoakSite, injector: FaultInjector, spell: Spell, form: SoakForm): Promise<void> {
  const startedAtMs = site.clock.monotonicMs();
  const random = new SeededRandom(site.seed).child(`parts at ${startedAtMs}`);
  const timeline = [
    ...spell.faults.flatMap((event) => [
      { atMs: event.atMs, run: () => injector.begin(event) },
      { atMs: event.atMs + event.forMs, run: () => injector.end(event) },
    ]),
    ...spell.parts.map((event) => ({ atMs: event.atMs, run: () => troubles(site, event, random) })),
    { atMs: lastsMs(spell), run: () => site.gatewayParts.disarms() },
  ].toSorted((one, other) => one.atMs - other.atMs);
  const attempt = spell.attempt === undefined ? undefined : tries(site, spell.attempt, form);
  for (const { atMs, run } of timeline) {
    const waitMs = startedAtMs + atMs - site.clock.monotonicMs();
    if (waitMs > 0) await site.passes(waitMs);
    run();
  }
  await attempt;
  await injector.heal();
}

/** In the middle of trouble nobody can promise how it ends. */
async function tries(site: SoakSite, doing: Doing, form: SoakForm): Promise<void> {
  await does(site, doing, form).catch((error: unknown) => site.says(`in vain: ${String(error).split("\n")[0]}`));
}

function troubles(site: SoakSite, { trouble }: PartEvent, random: SeededRandom): void {
  const parts = site.gatewayParts;
  if (trouble === "next") site.says(`the next of ${parts.arms(site.machines, random)} kinds of parts have trouble`);
  else site.says(`${parts.strikes(trouble, random) ?? "nothing"} ${trouble}`);
}

async function comesBack(site: SoakSite, spell: Spell, limitMs: number): Promise<number> {
  const healedAtMs = site.clock.monotonicMs();
  if (!site.isGatewayOn) site.powerOn();
  const names = [
    ...spell.faults.map((event) => (event.kind === "restart" ? "restart" : event.fault)),
    ...spell.parts.map(({ trouble }) => (trouble === "next" ? "trouble of the next parts" : `a part that ${trouble}`)),
  ].join(", ");
  await site.until(() => site.isGatewayOn && site.gateway.status().connectivity === "online", {
    what: `the gateway to be online within ${limitMs / 1000} s of the end of ${names} (${lastsMs(spell)} ms)`,
    limitMs,
  });
  return site.clock.monotonicMs() - healedAtMs;
}
