// Carries out one plan on a site of its own: things break for as long as it says, everything heals, and the oracle looks.
import type { PanelProgram } from "../panels/panel.ts";
import { sshPanel } from "../panels/ssh/ssh-panel.ts";
import { telnetPanel } from "../panels/telnet/telnet-panel.ts";
import { vncPanel } from "../panels/vnc-panel.ts";
import { type CoverageCounts, MachineCoverage } from "../record/machine-coverage.ts";
import { Site, type SiteOptions, type SitePanels } from "../site.ts";
import { checkedPanel, type RunningCheckedPanel } from "./checked-panel.ts";
import type { CheckedSession } from "./checked-session.ts";
import { type CheckedTerminal, rightAnswer } from "./checked-terminal.ts";
import { Crowd } from "./crowd.ts";
import { FaultInjector } from "./fault-injector.ts";
import { judgeRun } from "./oracle.ts";
import type { RightsKeeper } from "./rights-keeper.ts";
import { RunWatch } from "./run-watch.ts";
import { SwarmError, type SwarmFailure } from "./swarm-failure.ts";
import type { PlanEvent, SwarmPlan } from "./swarm-plan.ts";
import type { EndpointKeeper, Knock } from "./visitors.ts";

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
  readonly terminals: readonly CheckedTerminal[];
  readonly knocks: readonly Knock[];
  readonly endpoints: EndpointKeeper;
  readonly rights: RightsKeeper;
  readonly panels: Readonly<Record<string, RunningCheckedPanel>>;
  readonly watch: RunWatch;
  /** Opens a session that is in no plan. */
  opens(event: Extract<PlanEvent, { kind: "session" }>): CheckedSession;
}

export interface RunHooks {
  /** What the gateway is configured with beside the usual. */
  readonly gateway?: NonNullable<SiteOptions<SitePanels>["gateway"]>;
  readonly extraOracle?: ExtraOracle;
  /** Called when the site stands and nothing has happened yet: for a program that does something more with the board. */
  readonly begins?: (site: Site) => void;
}

/** Never rejects for what the programs under test do wrong: that is the outcome's failure. */
export async function runPlan(plan: SwarmPlan, hooks: RunHooks = {}): Promise<RunOutcome> {
  const { tunnelsMax: max, sessionLifeMs: totalMs } = plan;
  const site = await Site.start({
    ...{ seed: plan.seed, panels: panelsOf(plan), registered: !plan.isNew },
    ...{ tunnels: { max }, limits: { totalMs } },
    ...(hooks.gateway === undefined ? {} : { gateway: hooks.gateway }),
  });
  const injector = new FaultInjector(site);
  const watch = new RunWatch(site);
  let failure: SwarmFailure | undefined;
  const failed = (error: unknown): void => {
    failure ??= asFailure(error, site.clock.monotonicMs());
  };
  const crash = (error: unknown): void => failed(new SwarmError("crash", stackOf(error)));
  const uncaught = listenForCrashes(crash);
  try {
    hooks.begins?.(site);
    await carryOut({ plan, site, injector, watch }, hooks.extraOracle);
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

/** Those that speak bytes first: their addresses go by their place. */
function panelsOf(plan: SwarmPlan): Readonly<Record<string, PanelProgram>> {
  const panels: Record<string, PanelProgram> = {};
  for (const name of plan.bytePanels) panels[name] = checkedPanel();
  for (const name of plan.vncPanels) panels[name] = vncPanel({ password: "secret12" });
  const questions = [{ prompts: [{ text: "Code: ", echo: true, answer: rightAnswer }] }];
  for (const [at, name] of plan.sshPanels.entries())
    panels[name] = at === 0 ? sshPanel() : sshPanel({ questions, tellsHostKey: false });
  for (const name of plan.telnetPanels) panels[name] = telnetPanel({ title: name });
  return panels;
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
  const crowd = await Crowd.gather(site, plan);
  for (const { atMs, run } of timelineOf(stage, crowd)) {
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
  await crowd.isRegistered();
  const { sessions, terminals, knocks, endpoints, rights } = crowd;
  const opens: SwarmRun["opens"] = (event) => crowd.opens(event);
  const people = { sessions, terminals, knocks, endpoints, rights, opens };
  const run: SwarmRun = { plan, site, ...people, panels: checkedPanels(site, plan), watch };
  await judgeRun(run, crowd.views);
  await extraOracle?.(run);
}

type Timed = { readonly atMs: number; readonly run: () => void };

function timelineOf({ plan, injector }: Stage, crowd: Crowd): readonly Timed[] {
  const timeline = plan.events.flatMap((event): readonly Timed[] => {
    const { atMs } = event;
    switch (event.kind) {
      case "session":
        return [{ atMs, run: () => crowd.comes(event) }];
      case "view":
        return [{ atMs, run: () => crowd.looks(event) }];
      case "terminal":
        return [{ atMs, run: () => crowd.sitsDown(event) }];
      case "knock":
        return [{ atMs, run: () => crowd.knocksAt(event) }];
      case "endpoint":
        return [{ atMs, run: () => crowd.endpoints.begin(event) }];
      case "revoke":
        return [
          { atMs, run: () => crowd.rights.begin(event) },
          { atMs: atMs + event.forMs, run: () => crowd.rights.end(event) },
        ];
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
