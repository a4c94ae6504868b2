// `postern sim ...` on the command line: scenarios, the swarm and their arguments.
import { Command, type CommanderError, InvalidArgumentError, Option } from "commander";
import { parsePort, parseSeed } from "../command-options.ts";
import { untilStopSignal } from "../stop-signal.ts";
import { processIo } from "./process-io.ts";

type Finished = (exitCode: number) => void;

const exitCodes = `
Exit codes: 0 passed, 1 failed, 2 a mistake in what was asked for; nothing has run then.`;

const usageCode = 2;
const seedsMax = 1_000_000;
const jobsMax = 256;
const hoursMax = 1_000_000;
const reportKinds = ["junit", "html"] as const;
type ReportKind = (typeof reportKinds)[number];

/** `finished` takes the exit code. */
export function createSimCommand(finished: Finished): Command {
  const sim = new Command("sim")
    .summary("the simulator: scenarios of faults, the swarm, and panels for other programs")
    .description("the simulator: a board, a LAN full of panels, and networks that fail on demand, the same every time");
  addList(sim, finished);
  addRun(sim, finished);
  addServe(sim, finished);
  addSwarm(sim, finished);
  addSoak(sim, finished);
  addReplay(sim, finished);
  for (const command of [sim, ...sim.commands]) command.exitOverride(leave);
  return sim;
}

/** Commander ends with 1 for every mistake; here that means that a scenario failed. */
function leave({ exitCode, code }: CommanderError): never {
  process.exit(exitCode === 0 || code === "commander.help" ? exitCode : usageCode);
}

function addList(sim: Command, finished: Finished): void {
  sim
    .command("list")
    .description("the ready-made scenarios with their faults, profiles and modes")
    .option("--json", "as JSON, with the summaries")
    .action(async (options: { readonly json?: true }) => {
      const { listScenarios } = await import("#simulator/main.ts");
      finished(await listScenarios(processIo(), options));
    });
}

interface RunOptions {
  readonly seed?: number;
  readonly mode: "memory" | "loopback";
  readonly report: readonly ReportKind[];
  readonly out: string;
  readonly pcap?: string;
  readonly record?: string;
}

function addRun(sim: Command, finished: Finished): void {
  sim
    .command("run")
    .description("run scenarios and tell their steps as they happen, with the site's own time")
    .argument(
      "<scenario...>",
      "a name of `postern sim list`, a TypeScript file that exports `scenario`, or a plan's .json",
    )
    .option("--seed <number>", "decides everything that is left to luck; the scenario's own by default", parseSeed)
    .addOption(
      new Option("--mode <mode>", "in memory on simulated time, or over real sockets of this machine")
        .choices(["memory", "loopback"])
        .default("memory"),
    )
    .addOption(
      new Option("--report <kinds>", "reports to write: junit, html or both with a comma between")
        .argParser(parseReports)
        .default([], "none"),
    )
    .option("--out <folder>", "where the reports are written", "sim-reports")
    .option("--pcap <file>", "write a capture that Wireshark opens (one scenario, in memory)")
    .option("--record <file>", "write the record of the run, a line of JSON for each entry (one scenario)")
    .addHelpText(
      "after",
      `${exitCodes}

Examples:
  postern sim run black-hole-while-typing
  postern sim run dsl-resync --seed 7 --report junit,html --out reports
  postern sim run vnc-four-products --pcap vnc.pcapng
  postern sim run my-scenario.ts`,
    )
    .action(async (targets: readonly string[], { report, ...options }: RunOptions) => {
      const { runScenarios } = await import("#simulator/main.ts");
      const stop = options.mode === "loopback" ? stopped() : {};
      finished(await runScenarios(processIo(), { targets, reports: report, ...options, ...stop }));
    });
}

/** What is open on real sockets is closed in order; in memory the process's own end is enough. */
function stopped(): { readonly signal: AbortSignal } {
  const stop = new AbortController();
  void untilStopSignal().then(() => stop.abort());
  return { signal: stop.signal };
}

function addServe(sim: Command, finished: Finished): void {
  sim
    .command("serve")
    .description("panels, links and faults on 127.0.0.1, steered over HTTP from any language, until stopped")
    .option("--port <number>", "port of the API; 0 takes a free one", parsePort, 8474)
    .option("--seed <number>", "decides what is left to luck in the default world", parseSeed, 1)
    .addHelpText(
      "after",
      `
The API describes itself at /openapi.json. The first line of standard output is JSON with its address.
Exit codes: 0 stopped by a signal, 2 the port cannot be had.`,
    )
    .action(async (options: { readonly port: number; readonly seed: number }) => {
      const { serveSimulator } = await import("#simulator/main.ts");
      const { signal } = stopped();
      try {
        await serveSimulator({
          ...options,
          signal,
          onReady: tellReady,
          onProblem: (error) => console.error(error),
        });
        finished(0);
      } catch (error) {
        if (!(error instanceof Error && "code" in error && typeof error.code === "string")) throw error;
        console.error(`postern sim serve: ${error.message}`);
        finished(usageCode);
      }
    });
}

function tellReady({ url }: { readonly url: string }): void {
  console.log(JSON.stringify({ event: "simulator.ready", url, openapi: `${url}/openapi.json` }));
  console.error(`The simulator is ready at ${url}. Ctrl+C stops it.`);
}

function addSwarm(sim: Command, finished: Finished): void {
  sim
    .command("swarm")
    .description("run many seeds of compound faults; what fails is shrunk and written as a plan")
    .requiredOption("--seeds <number>", "how many", parseCount("seeds", seedsMax))
    .option("--from <number>", "the first seed", parseSeed, 1)
    .option(
      "--jobs <number>",
      "processes side by side; the outcome does not depend on it",
      parseCount("jobs", jobsMax),
      1,
    )
    .option("--out <folder>", "where the report and the plans are written", "sim-reports")
    .addHelpText("after", exitCodes)
    .action(
      async (options: {
        readonly seeds: number;
        readonly from: number;
        readonly jobs: number;
        readonly out: string;
      }) => {
        const { runSwarmCommand } = await import("#simulator/main.ts");
        finished(await runSwarmCommand(processIo(), options));
      },
    );
}

function addSoak(sim: Command, finished: Finished): void {
  sim
    .command("soak")
    .description(
      "simulated hours of trouble and calm: after each trouble the gateway must be online again within a minute",
    )
    .requiredOption("--hours <number>", "simulated hours over all seeds", parseCount("hours", hoursMax))
    .option("--from <number>", "the first seed", parseSeed, 1)
    .option("--jobs <number>", "processes side by side", parseCount("jobs", jobsMax), 1)
    .option("--out <folder>", "where the report is written", "sim-reports")
    .addHelpText("after", exitCodes)
    .action(
      async (options: {
        readonly hours: number;
        readonly from: number;
        readonly jobs: number;
        readonly out: string;
      }) => {
        const { runSoakCommand } = await import("#simulator/main.ts");
        finished(await runSoakCommand(processIo(), options));
      },
    );
}

function addReplay(sim: Command, finished: Finished): void {
  sim
    .command("replay")
    .description("run a seed of the swarm, or a plan that it wrote, again: its record is the same to the byte")
    .argument("<seed|file>", "a seed, or a plan's .json")
    .option("--record <file>", "write the record, a line of JSON for each entry")
    .addHelpText("after", exitCodes)
    .action(async (what: string, options: { readonly record?: string }) => {
      const { replayCommand } = await import("#simulator/main.ts");
      finished(await replayCommand(processIo(), what, options));
    });
}

function parseReports(text: string): readonly ReportKind[] {
  const words = text.split(",").map((word) => word.trim());
  const known = words.flatMap((word) => reportKinds.filter((kind) => kind === word));
  if (known.length === words.length) return [...new Set(known)];
  const unknown = words.find((word) => !reportKinds.some((kind) => kind === word)) ?? "";
  throw new InvalidArgumentError(`There is no report "${unknown}": there are junit and html.`);
}

function parseCount(what: string, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= 1 && value <= max)) {
      throw new InvalidArgumentError(`It must be a number of ${what}: a whole number from 1 to ${max}.`);
    }
    return value;
  };
}
