// A change and its audit record stand together or not at all: where one cannot be written, the other is not there either.
import { sql, type Transaction } from "kysely";
import { expect, test } from "vitest";
import { DeviceRemoval } from "#cloud-stub/devices/device-removal.ts";
import type { Database } from "#cloud-stub/store/schema.ts";
import { remoteAccessApplication } from "#cloud-stub/tenant/subscriptions.ts";
import { type CloudBench, startBench } from "./cloud-bench.ts";
import { basic, startHttpBench } from "./http-bench.ts";
import { refuseRecords, takeRecordsAgain, withDatabaseFile } from "./refused-records.ts";

const tables = [
  "users",
  "devices",
  "device_requests",
  "operations",
  "tenant_options",
  "subscriptions",
  "endpoints",
  "groups",
] as const;

/** Everything that a change may touch, and how many records there are. */
async function contents(bench: CloudBench): Promise<unknown> {
  const rows: unknown[] = [];
  for (const table of [...tables, "audit_records"] as const) {
    // The time of a last message is no change that anybody makes.
    const all = await bench.store.db.selectFrom(table).selectAll().execute();
    rows.push([table, all.map((row) => ({ ...row, last_message_at_ms: null }))]);
  }
  return rows;
}

async function makesOperation(bench: CloudBench) {
  const fragments = { c8y_RemoteAccessConnect: { hostname: "192.0.2.1", port: 5900, connectionKey: "key-1" } };
  return bench.operations.create({ deviceId: "1001", description: "d", fragments, userName: "admin" });
}

/** As the routes do. */
const along = (bench: CloudBench, activity: string) => (transaction: Transaction<Database>) =>
  bench.audit.record({ type: "Option", activity, text: activity, userName: "admin" }, transaction);
const removalOf = (bench: CloudBench) => new DeviceRemoval({ ...bench, disconnect: () => {} });
const ask = (bench: CloudBench) => bench.registration.create({ id: "gw-2", owner: "admin" });
async function accepted(bench: CloudBench): Promise<void> {
  await ask(bench);
  await bench.registration.poll("gw-2");
  await bench.registration.accept("gw-2", "admin");
}

interface Change {
  readonly what: string;
  prepare(bench: CloudBench): Promise<unknown>;
  make(bench: CloudBench): Promise<unknown>;
  /** What the record says. */
  readonly activity: RegExp;
}

const changes: readonly Change[] = [
  { what: "an operation is made", prepare: async () => {}, make: makesOperation, activity: /^Operation created$/ },
  {
    what: "an operation is moved on",
    prepare: makesOperation,
    make: (bench) => bench.operations.setStatus("1", "EXECUTING"),
    activity: /^Operation updated$/,
  },
  {
    what: "an operation ends, and its key is dropped",
    prepare: makesOperation,
    make: (bench) => bench.operations.setStatus("1", "FAILED", "x"),
    activity: /^Operation updated$/,
  },
  {
    what: "the oldest operation is moved on by its fragment",
    prepare: makesOperation,
    make: (bench) =>
      bench.operations.setStatusOfOldest("1001", "c8y_RemoteAccessConnect", {
        from: "PENDING",
        to: "EXECUTING",
        userName: "device_gw-1",
      }),
    activity: /^Operation updated$/,
  },
  {
    what: "operations are failed together",
    prepare: makesOperation,
    make: (bench) => bench.operations.failAll({ statuses: ["PENDING"], failureReason: "x" }),
    activity: /^Operation updated$/,
  },
  {
    what: "a device is asked for",
    prepare: async () => {},
    make: ask,
    activity: /^Device registration requested$/,
  },
  {
    what: "a device is accepted",
    prepare: async (bench) => {
      await ask(bench);
      await bench.registration.poll("gw-2");
    },
    make: (bench) => bench.registration.accept("gw-2", "admin"),
    activity: /^Device registration accepted$/,
  },
  {
    what: "a device has its credentials",
    prepare: async (bench) => {
      await accepted(bench);
      await bench.registration.poll("gw-2");
    },
    make: (bench) => bench.registration.handedOver("gw-2"),
    activity: /^Device registered$/,
  },
  {
    what: "a request is taken back, with the password that was issued",
    prepare: async (bench) => {
      await accepted(bench);
      await bench.registration.poll("gw-2");
    },
    make: (bench) => bench.registration.remove("gw-2", "admin"),
    activity: /^Device registration removed$/,
  },
  {
    what: "a device is removed with all that is its own",
    prepare: makesOperation,
    make: async (bench) => {
      const device = await bench.devices.get("1001");
      if (device !== undefined) await removalOf(bench).remove(device, "admin");
    },
    activity: /^Device removed$/,
  },
  {
    what: "a tenant option is set",
    prepare: async () => {},
    make: (bench) => bench.options.set("a", "b", "c", along(bench, "Option set")),
    activity: /^Option set$/,
  },
  {
    what: "a tenant option is removed",
    prepare: (bench) => bench.options.set("a", "b", "c"),
    make: (bench) => bench.options.remove("a", "b", along(bench, "Option removed")),
    activity: /^Option removed$/,
  },
  {
    what: "a subscription ends",
    prepare: async () => {},
    make: (bench) => bench.subscriptions.remove(remoteAccessApplication, along(bench, "Subscription changed")),
    activity: /^Subscription changed$/,
  },
  {
    what: "a subscription begins",
    prepare: (bench) => bench.subscriptions.remove(remoteAccessApplication),
    make: (bench) => bench.subscriptions.add(remoteAccessApplication, along(bench, "Subscription changed")),
    activity: /^Subscription changed$/,
  },
];

test.each(changes)("without its record nothing changes and nobody is told: $what", async (change) => {
  await using bench = await startBench();
  await bench.device("gw-1");
  await change.prepare(bench);
  const before = await contents(bench);
  const told: string[] = [];
  bench.operations.watch("1", ({ status }) => told.push(status));
  bench.operations.watchCreated(() => told.push("created"));
  bench.options.watch(({ key }) => told.push(key));
  bench.subscriptions.watch(() => told.push("subscriptions"));
  bench.devices.watchRemoved((id) => told.push(id));
  await refuseRecords(bench.store);
  await expect(change.make(bench)).rejects.toThrow("no record can be written");
  expect(await contents(bench)).toEqual(before);
  expect(told).toEqual([]);
  // It was the record alone: the same change goes through once records are taken.
  await takeRecordsAgain(bench.store);
  await change.make(bench);
  const { records } = await bench.audit.list({ isNewestFirst: true, skip: 0, take: 1 });
  expect(records[0]?.activity).toMatch(change.activity);
});

test.each(changes)("without its change there is no record: $what", async (change) => {
  await using bench = await startBench();
  await bench.device("gw-1");
  await change.prepare(bench);
  const before = await contents(bench);
  for (const table of tables) {
    for (const act of ["insert", "update", "delete"]) {
      await sql`${sql.raw(`create trigger no_${act}_${table} after ${act} on ${table}
        begin select raise(abort, 'no change can be written'); end`)}`.execute(bench.store.db);
    }
  }
  await expect(change.make(bench)).rejects.toThrow("no change can be written");
  expect(await contents(bench)).toEqual(before);
});

test("a device that makes itself known while it is being removed does not come back", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const device = (await bench.devices.get("1001"))!;
  const removing = new DeviceRemoval({ ...bench, disconnect: (id) => bench.broker.disconnect(id) }).remove(
    device,
    "admin",
  );
  client.mqtt.publish("s/us", "100,gw-1,test", { qos: 1 });
  const create = bench.devices.create({
    externalId: "gw-1",
    name: "n",
    type: "t",
    owner: "device_gw-1",
    fragments: {},
    onlyWithLogin: true,
  });
  await removing;
  expect(await create).toBeUndefined();
  await client.closed;
  expect(await bench.devices.byExternalId("gw-1")).toBeUndefined();
});

test("of two that remove a device at the same time one leaves a record", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const device = (await bench.devices.get("1001"))!;
  await Promise.all([removalOf(bench).remove(device, "admin"), removalOf(bench).remove(device, "eve")]);
  const { records } = await bench.audit.list({ deviceId: "1001", skip: 0, take: 10 });
  expect(records.map(({ activity, userName }) => [activity, userName])).toEqual([["Device removed", "admin"]]);
});

test("a person's change of a device leaves a record of what it was and is, a device's own change none", async () => {
  await using bench = await startHttpBench();
  const { id, password } = await bench.registers("gw-1");
  const path = `/inventory/managedObjects/${id}`;
  expect((await bench.admin("PUT", path, { name: "Press 4", c8y_Position: { lat: 1 } })).status).toBe(200);
  expect((await bench.admin("PUT", path, { name: "Press 4" })).status).toBe(200);
  const own = basic("t1000/device_gw-1", password);
  expect((await bench.ask({ method: "PUT", path, headers: own, body: { name: "mine" } })).status).toBe(200);
  const { json } = await bench.admin("GET", `/audit/auditRecords?source=${id}&pageSize=10`);
  expect(json.auditRecords).toMatchObject([
    {
      type: "Inventory",
      activity: "Device changed",
      text: "Device changed: 'gw-1' (gw-1): the name is now 'Press 4'; changed were c8y_Position.",
      user: "admin",
    },
  ]);
});

test("a failing record makes a REST change a 500 that changed nothing", async () => {
  using database = withDatabaseFile();
  await using bench = await startHttpBench({ databaseFile: database.file });
  const { id } = await bench.registers("gw-1");
  const option = "/tenant/options/a/b";
  expect((await bench.admin("PUT", option, { value: "before" })).status).toBe(200);
  database.refuseRecords();
  const application = "/tenant/tenants/t1000/applications";
  for (const [method, path, body] of [
    ["PUT", option, { value: "after" }],
    ["DELETE", option, undefined],
    ["DELETE", `${application}/1`, undefined],
    ["DELETE", `/inventory/managedObjects/${id}`, undefined],
    ["PUT", `/inventory/managedObjects/${id}`, { name: "renamed" }],
    ["POST", "/devicecontrol/operations", { deviceId: id, c8y_Restart: {} }],
    ["POST", "/devicecontrol/newDeviceRequests", { id: "gw-3" }],
  ] as const) {
    const answer = await bench.admin(method, path, body);
    expect([path, answer.status, answer.json.error]).toEqual([path, 500, "general/internalError"]);
  }
  expect((await bench.admin("GET", option)).json.value).toBe("before");
  expect((await bench.admin("GET", application)).json.references).toHaveLength(1);
  expect((await bench.admin("GET", `/inventory/managedObjects/${id}`)).json.name).toBe("gw-1");
  expect((await bench.admin("GET", "/devicecontrol/operations")).json.operations).toEqual([]);
  expect((await bench.admin("GET", "/devicecontrol/newDeviceRequests/gw-3")).status).toBe(404);
});
