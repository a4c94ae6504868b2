// Ends a CI run: prints what speaks against it and, last, the sum of the runners' reports. Takes npm test's exit code.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { projectRoot } from "#bin/pinned-node.mjs";
import { closingLine, sumReports } from "./sum-reports.mjs";

const runs = ["unit", "system"];

async function readReport(name) {
  try {
    return JSON.parse(await readFile(join(projectRoot, "build", "reports", `${name}.json`), "utf8"));
  } catch {
    // Missing or cut off: the sum says so.
    return undefined;
  }
}

const reports = await Promise.all(runs.map(async (name) => ({ name, report: await readReport(name) })));
const sum = sumReports(reports, Number(process.argv[2] ?? 1));
for (const complaint of sum.complaints) console.log(`ci: ${complaint}`);
console.log(closingLine(sum));
process.exitCode = sum.complaints.length > 0 ? 1 : 0;
