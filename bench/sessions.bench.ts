// Reports what 200 sessions at once cost the programs, and how fast a session ends when its right goes; takes two minutes.
import { cpus, release } from "node:os";
import { temporaryFolder } from "#test/support/processes.ts";
import { startPlant } from "./plant.ts";
import { ownChildren } from "./process-figures.ts";
import { gatewaysNeeded, measureRevocation } from "./revocation.ts";
import { measureSessions, sessionCount, sessionsPerGateway } from "./session-load.ts";

const wholeRunMs = 180_000;
const nodeMajor = 24;

/** `postern` on an older Node would start another one, and the figures would be those of the wrong process. */
if (Number(process.versions.node.split(".")[0]) < nodeMajor) {
  throw new Error(`This needs Node ${nodeMajor} or newer; it runs on ${process.version}`);
}

const folder = temporaryFolder();

/** At once, without the order that the programs would keep. */
function endNow(why: string, exitCode: number): void {
  console.error(why);
  for (const pid of ownChildren()) process.kill(pid, "SIGKILL");
  folder[Symbol.dispose]();
  process.exit(exitCode);
}

process.once("SIGINT", () => endNow("Interrupted", 130));
process.once("SIGTERM", () => endNow("Terminated", 143));
process.once("uncaughtException", (error) => endNow(String(error.stack), 1));
// It ends a run that hangs, and a process that does not end after its run.
setTimeout(() => endNow(`The bench did not end within ${wholeRunMs / 1_000} s`, 1), wholeRunMs).unref();

async function run(): Promise<void> {
  const gatewayCount = Math.max(Math.ceil(sessionCount / sessionsPerGateway), gatewaysNeeded);
  console.log(`Node ${process.version}, Linux ${release()}, ${cpus().length} × ${cpus()[0]?.model}`);
  console.log(`one cloud, ${gatewayCount} gateways: the cloud lets a device have ${sessionsPerGateway} sessions`);
  await using plant = await startPlant(folder.path, gatewayCount);
  await measureSessions(plant);
  await measureRevocation(plant);
}

try {
  await run();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  for (const pid of ownChildren()) process.kill(pid, "SIGKILL");
  folder[Symbol.dispose]();
}
