// After a run of real processes: no secret in their outputs, and in clear in no file but those that the gateway needs for itself.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { findCanary, findCanaryInFolder } from "../support/canary.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import {
  adminPassword,
  bootstrapPassword,
  type RunningCloud,
  startCloudProgram,
  startGatewayProgram,
} from "../support/running-cloud.ts";

const panelPassword = "cAn4ry_P";
const id = "gw-secrets";

test("processes leave no secret behind, a failing login and a refused panel included", async () => {
  using folder = temporaryFolder();
  const panel = await startPanel(vncPanel({ password: panelPassword }), "press4");
  const cloud = await startCloudProgram(folder.path);
  const operator = operatorOf(cloud);
  await operator.expectsDevice(id);
  const gateway = startGatewayProgram(folder.path, cloud, {
    id,
    tunnels: `[tunnels]\nallow = ["127.0.0.1:${panel.port}"]`,
  });
  await operator.acceptsDevice(id);
  await gateway.event("connectivity.online");
  await operator.worksWith(id);
  await operator.seesDeviceOnline();
  const endpoint = { name: "press4", hostname: "127.0.0.1", protocol: "VNC", password: panelPassword } as const;
  const credentialsFile = join(folder.path, `${id}-state`, "credentials.json");
  const device = JSON.parse(readFileSync(credentialsFile, "utf8")) as { user: string; password: string };
  const pressEndpoint = await operator.addsEndpoint({ ...endpoint, port: panel.port });
  // While the gateway stands still its operation waits, and the device's own login reads the key that it is about to use.
  gateway.child.kill("SIGSTOP");
  const opening = operator.opensVnc(pressEndpoint);
  const connectionKey = await eventually("the operation's connection key", () => keyOf(cloud, device));
  gateway.child.kill("SIGCONT");
  const session = await opening;
  await session.shows(panel.screen);
  await session.disconnects();
  const refused = await operator.opensVnc(await operator.addsEndpoint({ ...endpoint, name: "elsewhere", port: 1 }));
  expect((await refused.ends()).reason).toBe("policy.refused");
  const stranger = operatorOf(cloud, "n0t-the-Passw0rd");
  await expect(stranger.logsIn()).rejects.toThrow("401");

  await gateway.stop();
  await cloud.program.stop();
  await panel.close();

  const secrets = [
    ...[panelPassword, adminPassword, bootstrapPassword, device.password, "n0t-the-Passw0rd"],
    connectionKey,
  ];
  for (const secret of secrets) {
    expect(findCanary("the cloud's output", cloud.program.output, secret)).toEqual([]);
    expect(findCanary("the gateway's output", gateway.output, secret)).toEqual([]);
    // The gateway's own credentials are in clear where it needs them: its configuration and its state, mode 0600.
    const own = new Set([`${id}.toml`, "credentials.json"]);
    expect(findCanaryInFolder(folder.path, secret, (path) => own.has(basename(path)))).toEqual([]);
  }
  expect(findCanaryInFolder(join(folder.path, `${id}-state`), device.password).map(({ form }) => form)).toContain(
    "raw",
  );
  for (const file of [credentialsFile, ...filesBelow(cloud.dataFolder).filter((path) => !path.endsWith("ca.pem"))]) {
    expect([basename(file), statSync(file).mode & 0o077]).toEqual([basename(file), 0]);
  }
});

/** Of the operation that the device has still to carry out; undefined while there is none. */
async function keyOf(
  cloud: RunningCloud,
  device: { readonly user: string; readonly password: string },
): Promise<string | undefined> {
  const login = Buffer.from(`t1000/${device.user}:${device.password}`).toString("base64");
  const url = `http://localhost:${cloud.ports.http}/devicecontrol/operations?status=PENDING`;
  const answer = await fetch(url, { headers: { Authorization: `Basic ${login}` } });
  const found = /"connectionKey":"([0-9a-f-]{36})"/.exec(await answer.text());
  return found?.[1];
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
