// Reports what a session of each protocol adds to the cloud's memory, and what is left of it afterwards; takes less than three minutes.
// Without arguments all mixes: passthrough, vnc, telnet, ssh, mixed.
import { join } from "node:path";
import { runBench } from "./bench-run.ts";
import { startEchoServers } from "./echo-servers.ts";
import { startPlant } from "./plant.ts";
import { sessionCount, sessionsPerGateway } from "./session-load.ts";
import { addEndpoints, type Mix, measureMix } from "./session-memory.ts";

const wholeRunMs = 180_000;
/** What a mix may take more than the longest one before it. */
const mixGrowth = 1.3;

const mixes: Readonly<Record<string, Mix>> = {
  passthrough: { name: "passthrough", protocols: ["PASSTHROUGH"] },
  vnc: { name: "VNC with a stored password", protocols: ["VNC"] },
  telnet: { name: "Telnet", protocols: ["TELNET"] },
  ssh: { name: "SSH with a stored password", protocols: ["SSH"] },
  mixed: { name: "a quarter of each", protocols: ["PASSTHROUGH", "VNC", "TELNET", "SSH"] },
};

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(mixes);
const chosen = wanted.map((key) => {
  const mix = mixes[key];
  if (mix === undefined) throw new Error(`"${key}" is none of ${Object.keys(mixes).join(", ")}`);
  return mix;
});

await runBench(wholeRunMs, async (folder) => {
  const gatewayCount = Math.ceil(sessionCount / sessionsPerGateway);
  console.log(`one cloud, ${gatewayCount} gateways: the cloud lets a device have ${sessionsPerGateway} sessions`);
  console.log(
    "resident: as the system counts it; heap: what V8 has taken of it; live: in use after a garbage collection",
  );
  await using servers = await startEchoServers();
  await using plant = await startPlant(folder, gatewayCount, {
    otherPorts: Object.values(servers.ports),
    // V8 would drop the compiled form of code that has not run for a while: 4 MiB at any moment, which would bend the slopes.
    cloudNodeArgs: ["--expose-gc", "--no-flush-bytecode", "--import", join(import.meta.dirname, "tell-memory.ts")],
  });
  const endpoints = await addEndpoints(plant, servers);
  let longestMs = 0;
  for (const mix of chosen) {
    const beganMs = performance.now();
    // On a machine with much else to do not all of them fit in; those that are left can be named on the command line.
    if (beganMs + longestMs * mixGrowth < wholeRunMs) await measureMix(plant, endpoints, mix);
    else console.log(`${mix.name}: not measured, the time is up`);
    longestMs = Math.max(longestMs, performance.now() - beganMs);
  }
});
