// Reports what 200 sessions at once cost the programs, and how fast a session ends when its right goes; takes two minutes.
import { runBench } from "./bench-run.ts";
import { startPlant } from "./plant.ts";
import { gatewaysNeeded, measureRevocation } from "./revocation.ts";
import { measureSessions, sessionCount, sessionsPerGateway } from "./session-load.ts";

const wholeRunMs = 180_000;

await runBench(wholeRunMs, async (folder) => {
  const gatewayCount = Math.max(Math.ceil(sessionCount / sessionsPerGateway), gatewaysNeeded);
  console.log(`one cloud, ${gatewayCount} gateways: the cloud lets a device have ${sessionsPerGateway} sessions`);
  await using plant = await startPlant(folder, gatewayCount);
  await measureSessions(plant);
  await measureRevocation(plant);
});
