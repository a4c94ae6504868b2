// A real gateway process is asked for what a device does: a program, its log, its configuration, and another one, in one process.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { operatorOf } from "../support/loopback.ts";
import { eventually, temporaryFolder } from "../support/processes.ts";
import { bootstrapPassword, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const id = "gw-managed";

interface Ended {
  readonly status: string;
  readonly failureReason?: string;
  readonly [fragment: string]: unknown;
}

async function does(operator: Operator, fragments: object): Promise<Ended> {
  const body = { deviceId: operator.deviceId, description: "a test", ...fragments };
  const made = await operator.asks("POST", "/devicecontrol/operations", body);
  const { id: operation } = made.json() as { readonly id: string };
  const ended = async (): Promise<Ended | undefined> => {
    const found = (await operator.gets(`/devicecontrol/operations/${operation}`)) as unknown as Ended;
    return ["SUCCESSFUL", "FAILED"].includes(found.status) ? found : undefined;
  };
  return await eventually(`operation ${operation} to end`, ended, 60_000);
}

async function fileOf(operator: Operator, ended: Ended, fragment: string): Promise<string> {
  const { file, url } = ended[fragment] as { readonly file?: string; readonly url?: string };
  return (await operator.asks("GET", new URL(file ?? url ?? "").pathname)).text;
}

test("a gateway runs a listed program, sends its log and its configuration, and takes another one without ending", async () => {
  const folder = temporaryFolder();
  closing.push(() => folder[Symbol.dispose]());
  const cloud = await startCloudProgram(folder.path);
  closing.push(() => cloud.program.stop());
  const operator = operatorOf(cloud);
  await operator.expectsDevice(id);
  const more = '[commands]\nhello = ["/bin/echo", "hello", "$HOME"]';
  const gateway = startGatewayProgram(folder.path, cloud, { id, tunnels: more });
  closing.push(() => gateway.stop());
  await operator.acceptsDevice(id);
  await gateway.event("connectivity.online");
  await operator.worksWith(id);
  await operator.seesDeviceOnline();
  const file = join(folder.path, `${id}.toml`);
  const before = readFileSync(file, "utf8");

  expect(await does(operator, { c8y_Command: { text: "hello" } })).toMatchObject({
    status: "SUCCESSFUL",
    c8y_Command: { result: "hello $HOME\n" },
  });
  expect(await does(operator, { c8y_Command: { text: "/bin/echo" } })).toMatchObject({ status: "FAILED" });

  const logged = await does(operator, { c8y_LogfileRequest: { logFile: "postern-gateway", maximumLines: 500 } });
  expect(logged).toMatchObject({ status: "SUCCESSFUL" });
  const log = await fileOf(operator, logged, "c8y_LogfileRequest");
  expect(log).toContain('"event":"connectivity.online"');
  expect(log).not.toContain(bootstrapPassword);

  const uploaded = await does(operator, { c8y_UploadConfigFile: { type: "postern-gateway" } });
  const text = await fileOf(operator, uploaded, "c8y_UploadConfigFile");
  expect(text).toBe(before.replace(bootstrapPassword, "***"));

  const form = [
    "--x",
    'Content-Disposition: form-data; name="object"',
    "",
    '{"name":"gateway.toml","type":"text/plain"}',
    "--x",
    'Content-Disposition: form-data; name="file"; filename="gateway.toml"',
    "Content-Type: text/plain",
    "",
    `${text}\n[log]\nlevel = "debug"\n`,
    "--x--",
    "",
  ].join("\r\n");
  const stored = await operator.http.send("POST", "/inventory/binaries", {
    type: "multipart/form-data; boundary=x",
    text: form,
  });
  const { self: url } = stored.json() as { readonly self: string };
  const changed = await does(operator, { c8y_DownloadConfigFile: { url, type: "postern-gateway" } });
  expect(changed).toMatchObject({ status: "SUCCESSFUL" });
  expect(readFileSync(file, "utf8")).toBe(`${before}\n[log]\nlevel = "debug"\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder.path)).not.toContain(`${id}.toml.previous`);
  // The same process still: it can be asked again, and ends in order.
  expect(await does(operator, { c8y_Command: { text: "hello" } })).toMatchObject({ status: "SUCCESSFUL" });
  expect(await gateway.stop()).toMatchObject({ code: 0 });
});
