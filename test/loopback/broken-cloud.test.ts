// An exception that nobody caught ends the cloud's process in order: said in its log, told to its sessions, exit code 1.
import SqliteDatabase from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { verifyAudit } from "#cloud-stub/audit/verify-audit.ts";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { type Program, startPostern, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-broken";
const secret = "hunter2-in-an-error";
const folder = temporaryFolder();
let panel: RunningPanel;
const programs: Program[] = [];

beforeAll(async () => {
  panel = await startPanel(echoPanel(), "echo");
});
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop("SIGKILL");
});
afterAll(async () => {
  await panel.close();
  folder[Symbol.dispose]();
});

const load = (module: string): string[] => [
  `--import=data:text/javascript;base64,${Buffer.from(module).toString("base64")}`,
];

/** A module that Node loads before the program: on SIGUSR2 something breaks in it on a turn of its own, as a library's bug would. */
const preload = (what: string): string[] => load(`process.on("SIGUSR2", () => { ${what} });`);

const thrown = `setTimeout(() => { throw new TypeError('cannot read "${secret}"'); }, 1)`;
const rejected = `Promise.reject(new TypeError('cannot read "${secret}"'))`;

async function startWith(what: string, dataIn = folder.path): Promise<RunningCloud> {
  const cloud = await startCloudProgram(dataIn, undefined, [], preload(what));
  programs.push(cloud.program);
  return cloud;
}

/** With one session open to a panel. */
async function withSession(cloud: RunningCloud, dataIn: string) {
  const operator: Operator = operatorOf(cloud);
  await operator.expectsDevice(id);
  const tunnels = `[tunnels]\nallow = ["127.0.0.1:${panel.port}"]`;
  const gateway = startGatewayProgram(dataIn, cloud, { id, tunnels });
  programs.push(gateway);
  await operator.acceptsDevice(id);
  await gateway.event("connectivity.online");
  await operator.worksWith(id);
  await operator.seesDeviceOnline();
  const endpoint = { name: "echo", hostname: "127.0.0.1", port: panel.port, protocol: "PASSTHROUGH" } as const;
  return { gateway, session: await operator.opens(await operator.addsEndpoint(endpoint)) };
}

test.each([
  ["an exception on a turn of its own", thrown],
  ["a promise that nobody listens to", rejected],
])("%s ends the sessions with internal.error, then the process with exit code 1", async (_what, what) => {
  using place = temporaryFolder();
  const cloud = await startWith(what, place.path);
  const { session } = await withSession(cloud, place.path);
  await session.sends(Buffer.from("hello"));
  await session.receives(5);
  cloud.program.child.kill("SIGUSR2");
  expect(await cloud.program.exited).toEqual({ code: 1, signal: null });
  expect((await session.ends()).said?.reason).toBe("internal.error");
  const events = cloud.program.lines.map(({ event }) => event);
  expect(events.filter((event) => event === "cloud.broken")).toHaveLength(1);
  expect(cloud.program.lines).toContainEqual(
    expect.objectContaining({ level: "error", event: "cloud.broken", why: 'TypeError: cannot read "…"' }),
  );
  expect(cloud.program.lines).toContainEqual(
    expect.objectContaining({ event: "session.closed", reason: "internal.error" }),
  );
  expect(events.indexOf("cloud.broken")).toBeLessThan(events.indexOf("cloud.stopping"));
  expect(cloud.program.output).not.toContain(secret);

  // What it left is whole, and the next one starts on it.
  const database = new SqliteDatabase(`${cloud.dataFolder}/postern.db`, { readonly: true });
  expect(verifyAudit(database)).toMatchObject({ isUnbroken: true });
  database.close();
  const again = await startWith(what, place.path);
  expect(await again.program.stop()).toEqual({ code: 0, signal: null });
});

test("one that is thrown again and again is said a few times, and the process still ends", async () => {
  const cloud = await startWith(`setInterval(() => { throw new TypeError('cannot read "${secret}"'); }, 5)`);
  cloud.program.child.kill("SIGUSR2");
  expect(await cloud.program.exited).toEqual({ code: 1, signal: null });
  const said = cloud.program.lines.filter(({ event }) => event === "cloud.broken");
  expect(said.length).toBeGreaterThanOrEqual(1);
  expect(said.length).toBeLessThanOrEqual(10);
});

test("one that comes while the cloud is still starting ends it too, without a stack at people", async () => {
  using place = temporaryFolder();
  // As soon as the program listens for such, which is before it opens anything.
  const module = `
    const looking = setInterval(() => {
      if (process.listenerCount("uncaughtException") === 0) return;
      clearInterval(looking);
      throw new TypeError('cannot read "${secret}"');
    }, 1);`;
  const args = ["--data", place.path, "--http-port", "0", "--https-port", "0", "--mqtts-port", "0"];
  const env = { XDG_CONFIG_HOME: place.path };
  const program = startPostern("cloud", ["cloud", "run", ...args], env, load(module));
  programs.push(program);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.lines.filter(({ event }) => event === "cloud.broken")).toHaveLength(1);
  expect(program.output).not.toContain(secret);
  expect(program.output).not.toContain("    at ");
});
