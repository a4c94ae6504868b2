// How many simulated hours pass in a real minute of one core: a site that idles, one with traffic, one that is looked at, the swarm.
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { Site } from "#simulator/site.ts";
import { drawPlan } from "#simulator/swarm/draw-plan.ts";
import { runPlan } from "#simulator/swarm/run-plan.ts";

const idleHours = 24;
const trafficMinutes = 60;
const viewMinutes = 5;
const swarmSeeds = 12;
/** What is aimed at, in simulated hours per real minute. */
const aims = { idle: 1000, traffic: 60 };

interface Measured {
  readonly virtualMs: number;
  /** Time of the processor, all threads together: waiting for a busy machine is not counted. */
  readonly cpuMs: number;
  readonly lines: number;
}

/** Runs `work` and measures what it took. */
async function measure(site: Site, work: () => Promise<void>): Promise<Measured> {
  const [startMs, startLines] = [site.clock.monotonicMs(), site.record.entries.length];
  const start = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(start);
  return {
    virtualMs: site.clock.monotonicMs() - startMs,
    cpuMs: (user + system) / 1000,
    lines: site.record.entries.length - startLines,
  };
}

async function idle(): Promise<Measured> {
  await using site = await Site.start({ seed: 3 });
  return await measure(site, () => site.passes(idleHours * 3_600_000));
}

/** One session on which 200 bytes go and come back each second. */
async function traffic(): Promise<Measured> {
  await using site = await Site.start({ seed: 3, panels: { plc: echoPanel() } });
  const echo = await site.operator.opensPassthrough("plc");
  return await measure(site, async () => {
    for (let second = 0; second < trafficMinutes * 60; second += 1) {
      echo.says(Buffer.alloc(200, second));
      await site.passes(1000);
    }
  });
}

/** A person looks at a picture that changes all the time, as our own VNC client takes it. */
async function view(): Promise<Measured> {
  await using site = await Site.start({ seed: 3, panels: { press: vncPanel({ password: "secret12" }) } });
  const vnc = await site.operator.opensVnc("press");
  const measured = await measure(site, () => site.passes(viewMinutes * 60_000));
  await vnc.disconnects();
  return measured;
}

/** Whole runs, with the start of the site, all sessions and faults, and the oracle. */
async function swarm(): Promise<Measured> {
  const start = process.cpuUsage();
  let [virtualMs, lines] = [0, 0];
  for (let seed = 1; seed <= swarmSeeds; seed += 1) {
    const outcome = await runPlan(drawPlan(seed));
    if (outcome.failure !== undefined) throw new Error(`seed ${seed}: ${outcome.failure.message}`);
    virtualMs += outcome.virtualMs;
    lines += outcome.lines;
  }
  const { user, system } = process.cpuUsage(start);
  return { virtualMs, cpuMs: (user + system) / 1000, lines };
}

function tell(what: string, { virtualMs, cpuMs, lines }: Measured, aim?: number): void {
  const hoursPerMinute = virtualMs / 3_600_000 / (cpuMs / 60_000);
  const linesPerMinute = lines / (virtualMs / 60_000);
  const goal = aim === undefined ? "" : ` (aim: ${aim})`;
  process.stdout.write(
    `${what.padEnd(10)}${hoursPerMinute.toFixed(hoursPerMinute < 10 ? 1 : 0).padStart(7)} simulated hours per minute of one core${goal}, ` +
      `${linesPerMinute.toFixed(0)} lines of record per simulated minute\n`,
  );
}

tell("idle", await idle(), aims.idle);
tell("traffic", await traffic(), aims.traffic);
tell("view", await view());
tell("swarm", await swarm());
