// kill -9 again and again: while endpoints are edited no acknowledged change is lost and no half-written one is seen; while a
// database is re-keyed it is under the old key or under the new one, whole.
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import SqliteDatabase from "better-sqlite3";
import { expect, test } from "vitest";
import { verifyAudit } from "#cloud-stub/audit/verify-audit.ts";
import { DeviceRegistry } from "#cloud-stub/devices/device-registry.ts";
import { Endpoints } from "#cloud-stub/remote-access/endpoints.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { startPostern, temporaryFolder } from "../support/processes.ts";
import { adminPassword, startCloudProgram } from "../support/running-cloud.ts";

const rounds = Number(process.env["POSTERN_KILL_ROUNDS"] ?? 8);
/** How long a round edits before the kill, in ms: drawn anew for each. */
const editMs = { least: 30, most: 700 };
const editors = 4;
const silentLog = { info: () => {}, warn: () => {}, error: () => {} };

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown> | undefined;
}

/** What one editor knows of its endpoint: the last version that was acknowledged, and the last that was sent. */
interface Knowledge {
  id: string;
  acknowledged: number;
  /** The last that was found in the store: what was there once stays, acknowledged or not. */
  found: number;
  sent: number;
}

/** Everything of a version follows from its number, so that a mixture of two gives itself away. */
function fieldsOf(editor: number, version: number) {
  return {
    name: `endpoint ${editor} version ${version}`,
    hostname: `192.0.2.${1 + (version % 250)}`,
    port: 1_000 + version,
    protocol: "VNC",
    credentialsType: "PASS_ONLY",
    password: `secret ${editor} ${version}`,
    attrs: { version },
  };
}

test("no acknowledged change of an endpoint is lost and no half-written one is seen", async () => {
  using folder = temporaryFolder();
  let deviceId = "";
  const known: Knowledge[] = [];
  /** Endpoints made and removed in passing: whether each must, must not, or may be there. */
  const passing = new Map<string, "there" | "gone" | "unknown">();
  let serial = 0;
  let edits = 0;
  for (let round = 0; round < rounds; round++) {
    const cloud = await startCloudProgram(folder.path);
    const { http } = cloud.ports;
    if (round === 0) {
      deviceId = await addDevice(join(cloud.dataFolder, "postern.db"));
      for (let editor = 0; editor < editors; editor++) {
        const made = await ask(http, "POST", configurations(deviceId), fieldsOf(editor, 0));
        expect(made.status).toBe(201);
        known.push({ id: String(made.json?.["id"]), acknowledged: 0, found: 0, sent: 0 });
      }
    }
    // A login first: its slow hash must not take the time of the edits.
    expect((await ask(http, "GET", "/user/currentUser")).status).toBe(200);
    const working = [
      ...known.map((one, editor) => edit(http, `${configurations(deviceId)}/${one.id}`, editor, one)),
      makeAndRemove(http, configurations(deviceId), passing, () => `passing ${serial++}`),
    ];
    await pause(editMs.least + Math.random() * (editMs.most - editMs.least));
    cloud.program.child.kill("SIGKILL");
    const counts = await Promise.all(working);
    await cloud.program.exited;
    edits += counts.reduce((sum, count) => sum + count, 0);
    await checkStore({ folder: folder.path, deviceId, known, passing });
  }
  console.log(`kill loop: ${rounds} kills, ${edits} acknowledged changes`);
  expect(edits).toBeGreaterThan(rounds);
});

/** Changes one endpoint as fast as it is acknowledged, until the cloud is gone. How many changes were. */
async function edit(port: number, path: string, editor: number, known: Knowledge): Promise<number> {
  let count = 0;
  for (;;) {
    known.sent += 1;
    const answer = await ask(port, "PUT", path, fieldsOf(editor, known.sent)).catch(() => undefined);
    if (answer === undefined) return count;
    expect(answer.status).toBe(200);
    known.acknowledged = known.sent;
    count += 1;
  }
}

async function makeAndRemove(
  port: number,
  path: string,
  passing: Map<string, "there" | "gone" | "unknown">,
  nextName: () => string,
): Promise<number> {
  let count = 0;
  for (;;) {
    const name = nextName();
    passing.set(name, "unknown");
    const body = { name, hostname: "192.0.2.9", port: 5_900, protocol: "PASSTHROUGH", credentialsType: "NONE" };
    const made = await ask(port, "POST", path, body).catch(() => undefined);
    if (made === undefined) return count;
    expect(made.status).toBe(201);
    passing.set(name, "there");
    count += 1;
    if (count % 2 === 0) continue;
    passing.set(name, "unknown");
    const removed = await ask(port, "DELETE", `${path}/${made.json?.["id"]}`).catch(() => undefined);
    if (removed === undefined) return count;
    expect(removed.status).toBe(204);
    passing.set(name, "gone");
    count += 1;
  }
}

async function checkStore(facts: {
  readonly folder: string;
  readonly deviceId: string;
  readonly known: readonly Knowledge[];
  readonly passing: Map<string, "there" | "gone" | "unknown">;
}): Promise<void> {
  const file = join(facts.folder, "cloud", "postern.db");
  const database = new SqliteDatabase(file);
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(verifyAudit(database)).toMatchObject({ isUnbroken: true });
  const audited = database.prepare("select count(*) from audit_records where text like ?").pluck();
  const store = openStore(file);
  const masterKey = Buffer.from(readFileSync(join(facts.folder, "config/postern/master.key"), "utf8"), "base64");
  const vault = createVault(masterKey, linuxRandom);
  const endpoints = new Endpoints({ clock: linuxClock, store, vault, tenantId: "t1000" });
  const all = await endpoints.list(facts.deviceId);
  for (const [editor, known] of facts.known.entries()) {
    const endpoint = all.find(({ id }) => id === known.id);
    const version = Number(endpoint?.name.split(" ").at(-1));
    expect(version, `endpoint ${editor}`).toBeGreaterThanOrEqual(Math.max(known.acknowledged, known.found));
    known.found = version;
    expect(version, `endpoint ${editor}`).toBeLessThanOrEqual(known.sent);
    const { password, credentialsType, ...fields } = fieldsOf(editor, version);
    expect(endpoint).toMatchObject(fields);
    expect(await endpoints.password(facts.deviceId, known.id)).toBe(password);
    // No change without its record, acknowledged or not.
    expect(audited.get(`%'endpoint ${editor} version ${version}'%`), credentialsType).toBe(1);
  }
  for (const [name, state] of facts.passing) {
    const isThere = all.some((endpoint) => endpoint.name === name);
    if (state !== "unknown") expect(isThere, name).toBe(state === "there");
    facts.passing.set(name, isThere ? "there" : "gone");
  }
  store.close();
  database.close();
}

test("a re-key that is killed leaves the old key or the new one, never some of each", async () => {
  using folder = temporaryFolder();
  const dataDir = join(folder.path, "cloud");
  const keyFiles = [join(folder.path, "a.key"), join(folder.path, "b.key")] as const;
  for (const file of keyFiles) writeFileSync(file, Buffer.from(linuxRandom.bytes(32)).toString("base64"));
  const cloud = await startCloudProgram(folder.path, undefined, ["--master-key-file", keyFiles[0]]);
  await cloud.program.stop();
  const secrets = 8_000;
  await addOptions(join(dataDir, "postern.db"), keyFiles[0], secrets);
  let present: 0 | 1 = 0;
  const rekey = () =>
    startPostern("rekey", [
      ...["cloud", "rekey", "--data", dataDir, "--master-key-file", keyFiles[present]],
      ...["--new-master-key-file", keyFiles[present === 0 ? 1 : 0]],
    ]);
  const startedMs = performance.now();
  expect((await rekey().exited).code).toBe(0);
  const wholeMs = performance.now() - startedMs;
  present = 1;
  let wasOld = 0;
  for (let round = 0; round < rounds; round++) {
    const running = rekey();
    // From when it has hardly begun to when it may be over.
    await pause(wholeMs * (0.1 + round / rounds));
    running.child.kill("SIGKILL");
    await running.exited;
    const found = keyThatFits(join(dataDir, "postern.db"), keyFiles);
    expect(await openOptions(join(dataDir, "postern.db"), keyFiles[found])).toBe(secrets);
    if (found === present) wasOld += 1;
    present = found;
  }
  console.log(`re-key: ${rounds} kills within ${Math.round(wholeMs)} ms, ${wasOld} left the old key`);
  expect(wasOld).toBeGreaterThan(0);
});

/** Seals values as tenant options, in one go. */
async function addOptions(file: string, keyFile: string, count: number): Promise<void> {
  const vault = vaultOf(keyFile);
  const database = new SqliteDatabase(file);
  const insert = database.prepare("insert into tenant_options (category, key, sealed_value) values ('t', ?, ?)");
  database.transaction(() => {
    for (let number = 0; number < count; number++) {
      const key = `credentials.${number}`;
      insert.run(key, vault.seal(`value ${number}`, `tenant option t/${key}`));
    }
  })();
  database.close();
}

function keyThatFits(file: string, keyFiles: readonly [string, string]): 0 | 1 {
  const database = new SqliteDatabase(file);
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
  const sealed = database.prepare("select value from settings where name = 'master-key-check'").pluck().get();
  database.close();
  for (const index of [0, 1] as const) {
    try {
      vaultOf(keyFiles[index]).open(String(sealed), "setting master-key-check");
      return index;
    } catch {
      // The other one, then.
    }
  }
  throw new Error("neither key fits");
}

/** Opens every option under that key; throws at the first one that does not open. */
async function openOptions(file: string, keyFile: string): Promise<number> {
  const vault = vaultOf(keyFile);
  const database = new SqliteDatabase(file);
  const rows = database.prepare("select key, sealed_value from tenant_options where category = 't'").all();
  database.close();
  for (const { key, sealed_value } of rows as { key: string; sealed_value: string }[]) {
    const clear = Buffer.from(vault.open(sealed_value, `tenant option t/${key}`)).toString();
    expect(clear).toBe(`value ${key.replace("credentials.", "")}`);
  }
  return rows.length;
}

function vaultOf(keyFile: string) {
  return createVault(Buffer.from(readFileSync(keyFile, "utf8"), "base64"), linuxRandom);
}

function configurations(deviceId: string): string {
  return `/service/remoteaccess/devices/${deviceId}/configurations`;
}

async function addDevice(file: string): Promise<string> {
  const store = openStore(file);
  const devices = new DeviceRegistry({ clock: linuxClock, store, log: silentLog });
  const device = await devices.create({
    externalId: "gw-1",
    name: "gw-1",
    type: "gateway",
    owner: "device_gw-1",
    fragments: {},
  });
  store.close();
  if (device === undefined) throw new Error("the device exists already");
  return device.id;
}

function ask(port: number, method: string, path: string, body?: unknown): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const authorization = `Basic ${Buffer.from(`t1000/admin:${adminPassword}`).toString("base64")}`;
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const asked = request(
      {
        port,
        host: "127.0.0.1",
        method,
        path,
        headers: {
          authorization,
          ...(payload === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, json: text === "" ? undefined : JSON.parse(text) });
        });
      },
    );
    asked.on("error", reject);
    asked.end(payload);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
