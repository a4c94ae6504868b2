// Carries out one plan on a site of its own: things break for as long as it says, everything heals, and the oracle looks.
import type { PanelProgram } from "../panels/panel.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { type CoverageCounts, MachineCoverage } from "../record/machine-coverage.ts";
import { SeededRandom } from "../seeded-random.ts";
import { Site } from "../site.ts";
import { checkedPanel, type RunningCheckedPanel } from "./checked-panel.ts";
import { CheckedSession } from "./checked-session.ts";
import { FaultInjector } from "./fault-injector.ts";
import { judgeRun } from "./oracle.ts";
import { RunWatch } from "./run-watch.ts";
import { SwarmError, type SwarmFailure } from "./swarm-failure.ts";
import type { PlanEvent, SwarmPlan, ViewEvent } from "./swarm-plan.ts";

export interface RunOutcome {
  readonly seed: number;
  readonly failure: SwarmFailure | undefined;
  /** The whole record. */
  readonly text: string;
  readonly lines: number;
  readonly virtualMs: number;
  readonly injected: Readonly<Record<string, number>>;
  readonly refused: readonly string[];
  readonly coverage: CoverageCounts;
  readonly heldBytesPeak: number;
}

/** More of an oracle: throws a SwarmError for what it finds. */
export type ExtraOracle = (run: SwarmRun) => void | Promise<void>;

/** A run as the oracle sees it when everything has healed. */
export interface SwarmRun {
  readonly plan: SwarmPlan;
  readonly site: Site;
  readonly sessions: readonly CheckedSession[];
  readonly panels: Readonly<Record<string, RunningCheckedPanel>>;
  readonly watch: RunWatch;
  /** Opens a session that is in no plan. */
  opens(event: Extract<PlanEvent, { kind: "session" }>): CheckedSession;
}

/** Never rejects for what the programs under test do wrong: that is the outcome's failure. */
export async function runPlan(plan: SwarmPlan, extraOracle?: ExtraOracle): Promise<RunOutcome> {
  const panels: Record<string, PanelProgram> = {};
  for (const name of plan.bytePanels) panels[name] = checkedPanel();
  for (const name of plan.vncPanels) panels[name] = vncPanel({ password: "secret12" });
  const site = await Site.start({ seed: plan.seed, panels });
  const injector = new FaultInjector(site);
  const watch = new RunWatch(site);
  let failure: SwarmFailure | undefined;
  const failed = (error: unknown): void => {
    failure ??= asFailure(error, site.clock.monotonicMs());
  };
  const crash = (error: unknown): void => failed(new SwarmError("crash", stackOf(error)));
  const uncaught = listenForCrashes(crash);
  try {
    await carryOut({ plan, site, injector, watch }, extraOracle);
  } catch (error) {
    failed(error);
  }
  let heldBytesPeak = 0;
  try {
    heldBytesPeak = watch.heldBytesPeak;
    watch.close();
    // A failing run has said what is wrong; what is left behind then is no news.
    await site[Symbol.asyncDispose]();
  } catch (error) {
    failed(new SwarmError("left-behind", messageOf(error)));
  }
  uncaught();
  return outcomeOf(plan, site, { injector, failure, heldBytesPeak });
}

function outcomeOf(
  plan: SwarmPlan,
  site: Site,
  parts: {
    readonly injector: FaultInjector;
    readonly failure: SwarmFailure | undefined;
    readonly heldBytesPeak: number;
  },
): RunOutcome {
  const coverage = new MachineCoverage();
  for (const machine of site.machines) coverage.addMachine(machine);
  coverage.count(site.record.entries);
  return {
    seed: plan.seed,
    failure: parts.failure,
    text: site.record.text(),
    lines: site.record.entries.length,
    virtualMs: site.clock.monotonicMs(),
    injected: parts.injector.injected,
    refused: [...parts.injector.refused].sort(),
    coverage: coverage.counts(),
    heldBytesPeak: parts.heldBytesPeak,
  };
}

interface Stage {
  readonly plan: SwarmPlan;
  readonly site: Site;
  readonly injector: FaultInjector;
  readonly watch: RunWatch;
}

async function carryOut(stage: Stage, extraOracle: ExtraOracle | undefined): Promise<void> {
  const { plan, site, injector, watch } = stage;
  const startedAtMs = site.clock.monotonicMs();
  const targets = await findTargets(site);
  const random = new SeededRandom(`swarm/${plan.seed}/clients`);
  const sessions: CheckedSession[] = [];
  const views: Promise<void>[] = [];
  const opens: SwarmRun["opens"] = (event) => {
    const session = new CheckedSession(site, event, targetOf(targets, event.panel), random.child(String(event.id)));
    sessions.push(session);
    return session;
  };
  for (const { atMs, run } of timelineOf(stage, { opens, views })) {
    const waitMs = startedAtMs + atMs - site.clock.monotonicMs();
    if (waitMs > 0) await site.passes(waitMs);
    watch.check();
    run();
  }
  const restMs = startedAtMs + plan.lastsMs - site.clock.monotonicMs();
  if (restMs > 0) await site.passes(restMs);
  watch.check();
  site.says("everything heals");
  await injector.heal();
  if (!site.isGatewayOn) site.powerOn();
  const run: SwarmRun = { plan, site, sessions, panels: checkedPanels(site, plan), watch, opens };
  await judgeRun(run, views);
  await extraOracle?.(run);
}

type Timed = { readonly atMs: number; readonly run: () => void };

function timelineOf(
  { plan, site, injector }: Stage,
  { opens, views }: { readonly opens: SwarmRun["opens"]; readonly views: Promise<void>[] },
): readonly Timed[] {
  const timeline = plan.events.flatMap((event): readonly Timed[] => {
    const { atMs } = event;
    switch (event.kind) {
      case "session":
        return [{ atMs, run: () => void opens(event) }];
      case "view":
        return [{ atMs, run: () => void views.push(look(site, event)) }];
      case "fault":
      case "restart":
        if (event.kind === "fault" && event.when !== undefined) return [{ atMs, run: () => injector.begin(event) }];
        return [
          { atMs, run: () => injector.begin(event) },
          { atMs: atMs + event.forMs, run: () => injector.end(event) },
        ];
      default:
        return event satisfies never;
    }
  });
  return timeline.sort((one, other) => one.atMs - other.atMs);
}

/** A person at a VNC panel. What may go wrong under faults is the sessions' business; what came must be RFB. */
async function look(site: Site, { panel, lastsMs }: ViewEvent): Promise<void> {
  try {
    const vnc = await site.operator.opensVnc(panel);
    await site.passes(lastsMs);
    vnc.types("C-9\n");
    await site.passes(1000);
    if (vnc.session.ending === undefined) await vnc.disconnects();
    if (vnc.broken !== undefined) throw new SwarmError("bytes-are-prefix", `no RFB: ${vnc.broken.message}`);
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    site.says(`the person at ${panel} gives up`);
  }
}

type Targets = ReadonlyMap<string, { readonly deviceId: string; readonly endpointId: string }>;

async function findTargets(site: Site): Promise<Targets> {
  const { deviceId } = site.operator;
  const endpoints = await site.operator.endpoints();
  return new Map(endpoints.map(({ name, id }) => [String(name), { deviceId, endpointId: String(id) }]));
}

function targetOf(targets: Targets, panel: string) {
  const target = targets.get(panel);
  if (target === undefined) throw new Error(`The plan names a panel "${panel}" that it does not have`);
  return target;
}

function checkedPanels(site: Site, plan: SwarmPlan): Readonly<Record<string, RunningCheckedPanel>> {
  const running = site.panels as unknown as Readonly<Record<string, RunningCheckedPanel>>;
  return Object.fromEntries(plan.bytePanels.map((name) => [name, running[name] as RunningCheckedPanel]));
}

/** What nobody caught is the run's failure and does not end the process. */
function listenForCrashes(crashed: (error: unknown) => void): () => void {
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  return () => {
    process.off("uncaughtException", crashed);
    process.off("unhandledRejection", crashed);
  };
}

function asFailure(error: unknown, atMs: number): SwarmFailure {
  if (error instanceof SwarmError) return { check: error.check, message: error.message, atMs };
  return { check: "crash", message: stackOf(error), atMs };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
