// A panel that dies without a word, on a real kernel: a network namespace whose neighbour entry is turned to nobody's address.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientSession } from "#simulator/operator/client-session.ts";
import type { Operator } from "#simulator/operator.ts";
import { operatorOf } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-dead";
const namespace = `postern-${process.pid}`;
const [nearEnd, farEnd] = [`pn${process.pid}`, `pf${process.pid}`];
/** TEST-NET-2 of RFC 5737: nobody's on any real network. */
const [nearAddress, panelAddress] = ["198.51.100.1", "198.51.100.2"];
const panelPort = 7;
const isRoot = process.getuid?.() === 0;

function ip(...args: string[]): void {
  execFileSync("ip", args, { stdio: "pipe" });
}

describe.skipIf(isAnyMissing(peers.ip) || !isRoot)("a panel that dies without a word", () => {
  const folder = temporaryFolder();
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;
  let panel: Program;

  beforeAll(async () => {
    ip("netns", "add", namespace);
    ip("link", "add", nearEnd, "type", "veth", "peer", "name", farEnd, "netns", namespace);
    ip("addr", "add", `${nearAddress}/30`, "dev", nearEnd);
    ip("link", "set", nearEnd, "up");
    ip("-n", namespace, "addr", "add", `${panelAddress}/30`, "dev", farEnd);
    ip("-n", namespace, "link", "set", farEnd, "up");
    const echo = `require("node:net").createServer((s) => s.on("error", () => {}).pipe(s)).listen(${panelPort}, "${panelAddress}", () => console.log("{\\"event\\":\\"ready\\"}"))`;
    panel = new Program("panel", "ip", ["netns", "exec", namespace, process.execPath, "-e", echo]);
    await panel.event("ready");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    const tunnels = `[tunnels]\nallow = ["${panelAddress}:${panelPort}"]`;
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    await operator.addsEndpoint({ name: "plc", hostname: panelAddress, port: panelPort, protocol: "PASSTHROUGH" });
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await panel?.stop("SIGKILL");
    ip("netns", "del", namespace);
    folder[Symbol.dispose]();
  });

  test("is panel.lost within about 20 s, whether nobody types, somebody types, or bulk is under way", async () => {
    const sessions = { idle: await opened(), typing: await opened(), bulk: await opened() };
    ip("neigh", "replace", panelAddress, "lladdr", "02:00:00:00:00:99", "dev", nearEnd, "nud", "permanent");
    const diedAtMs = performance.now();
    const keys = setInterval(() => sessions.typing.says(Buffer.from("x")), 1_000);
    for (let sent = 0; sent < 3_000_000; sent += 50_000) sessions.bulk.says(Buffer.alloc(50_000));
    const ends = await Promise.all(
      Object.entries(sessions).map(async ([what, session]) => {
        const { code, reason } = await session.ends(60_000);
        return { what, code, reason, seconds: (performance.now() - diedAtMs) / 1000 };
      }),
    );
    clearInterval(keys);
    for (const { what, seconds } of ends) console.info(`${what}: panel.lost after ${seconds.toFixed(1)} s`);
    expect(ends.map(({ what, code, reason }) => ({ what, code, reason }))).toEqual([
      { what: "idle", code: 4014, reason: "panel.lost" },
      { what: "typing", code: 4014, reason: "panel.lost" },
      { what: "bulk", code: 4014, reason: "panel.lost" },
    ]);
    for (const { seconds } of ends) expect(seconds).toBeLessThan(27);
  });

  async function opened(): Promise<ClientSession> {
    const session = await operator.opensPassthrough("plc");
    session.says(Buffer.from("hello"));
    await session.receives(5);
    return session;
  }
});
