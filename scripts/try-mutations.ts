// Tries the swarm on a gateway that is broken on purpose: each patch of test/swarm/mutations in a copy of the project.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const usage = `node scripts/try-mutations.ts [NAME ...] [--seeds 500] [--from 1] [--jobs 2] [--suite]

Copies the project to a temporary folder for each mutation (all of them without NAME), applies its patch there, and runs
the swarm until it finds a failure, which it shrinks. --suite runs the ordinary tests on the copy first: they must pass.
Exit code 0: each was found with at most five faults, and none by the ordinary tests.
`;

/** What a mutation is allowed to need. */
const faultsMax = 5;
const project = fileURLToPath(new URL("..", import.meta.url));
const mutations = join(project, "test/swarm/mutations");
/** Neither needed nor small. */
const leftOut = new Set([".git", "node_modules", "build", "dist", "data"]);

interface Found {
  readonly seed: number;
  readonly runs: number;
  readonly check: string;
  readonly message: string;
  readonly faults: number;
  readonly shrinkRuns: number;
  readonly file: string;
}

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seeds: { type: "string", default: "500" },
      from: { type: "string", default: "1" },
      jobs: { type: "string", default: "2" },
      suite: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const known = readdirSync(mutations)
    .filter((name) => name.endsWith(".patch"))
    .map((name) => basename(name, ".patch"));
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no mutation "${unknown}"; there are ${known.join(", ")}\n`);
    return 2;
  }
  const numbers = { seeds: Number(values.seeds), from: Number(values.from), jobs: Number(values.jobs) };
  const wanted = positionals.length > 0 ? positionals : known;
  const outcomes = wanted.map((name) => tryOne(name, { ...numbers, suite: values.suite }));
  return outcomes.every((isGood) => isGood) ? 0 : 1;
}

function tryOne(
  name: string,
  options: { readonly seeds: number; readonly from: number; readonly jobs: number; readonly suite: boolean },
): boolean {
  const copy = copyProject();
  try {
    run("patch", ["-p1", "-i", join(mutations, `${name}.patch`)], copy);
    const passes = options.suite ? passesSuite(copy) : undefined;
    const found = runSwarm(copy, options);
    say(`${name}:`);
    if (passes !== undefined) say(`  ordinary tests: ${passes ? "all pass" : "FAIL, so they know it already"}`);
    if (found === undefined) {
      say(`  NOT found in ${options.seeds} seeds from ${options.from} on`);
      return false;
    }
    const { seed, runs, check, message, faults, shrinkRuns, file } = found;
    say(`  found by seed ${seed} after ${runs} runs: ${check}: ${message.split("\n")[0]}`);
    say(`  shrunk to ${faults} faults in ${shrinkRuns} runs:\n${file}`);
    return faults <= faultsMax && passes !== false;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), "postern-mutation-"));
  for (const name of readdirSync(project)) {
    if (!leftOut.has(name)) cpSync(join(project, name), join(copy, name), { recursive: true });
  }
  mkdirSync(join(copy, "build"), { recursive: true });
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function passesSuite(copy: string): boolean {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  // The swarm's own tests would find what only the swarm is to find. (A project's own list of files overrules --exclude.)
  rmSync(join(copy, "test/swarm.test.ts"));
  const options = ["run", "--project", "unit"];
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...options], { cwd: copy, encoding: "utf8" });
  // The names of what failed and why are on standard error.
  if (status !== 0) process.stdout.write(`${stdout.split("\n").slice(-8).join("\n")}\n${stderr.slice(0, 8_000)}\n`);
  return status === 0;
}

function runSwarm(
  copy: string,
  { seeds, from, jobs }: { readonly seeds: number; readonly from: number; readonly jobs: number },
): Found | undefined {
  const swarm = pathToFileURL(join(copy, "simulator/swarm/run-swarm.ts")).href;
  const options = JSON.stringify({ seeds, from, jobs, failuresMax: 1 });
  const outcome = join(copy, "build", "found.json");
  const program = `
    import { writeFileSync } from "node:fs";
    const { runSwarm } = await import(${JSON.stringify(swarm)});
    const { failures, runs } = await runSwarm(${options});
    const [found] = failures;
    const told = found && { ...found, ...found.failure, runs: runs.length, failure: undefined, plan: undefined };
    writeFileSync(${JSON.stringify(outcome)}, JSON.stringify(told ?? null));
  `;
  run(process.execPath, ["--input-type=module", "-e", program], copy);
  return (JSON.parse(readFileSync(outcome, "utf8")) as Found | null) ?? undefined;
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${command} failed in ${cwd}: ${error?.message ?? `exit code ${status}`}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = main();
