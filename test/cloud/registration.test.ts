// How a device comes in, seen from the device (MQTT) and from the operator (registry).
import { expect, test } from "vitest";
import { bootstrapPassword, type CloudBench, startBench } from "./cloud-bench.ts";

const bootstrap = { user: "management/devicebootstrap", password: bootstrapPassword };

test("a device is requested, seen, accepted, handed its credentials, and its request is gone", async () => {
  await using bench = await startBench();
  await bench.registration.create({ id: "gw-1", owner: "admin" });
  expect(await statusOf(bench)).toBe("WAITING_FOR_CONNECTION");
  const client = await bench.connect({ clientId: "gw-1", ...bootstrap });
  await client.subscribe("s/dcr");
  await client.publish("s/ucr", "");
  expect(await statusOf(bench)).toBe("PENDING_ACCEPTANCE");
  await client.publish("s/ucr", "");
  expect(client.received).toEqual([]);
  expect(await bench.registration.accept("gw-1", "admin")).toMatchObject({ ok: true });
  expect(await statusOf(bench)).toBe("ACCEPTED");
  await client.publish("s/ucr", "");
  const line = await client.next("s/dcr");
  expect(line).toMatch(/^70,t1000,device_gw-1,[A-Za-z0-9_-]{32}$/);
  await client.end();
  await bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password: line.split(",")[3]! });
  expect(await statusOf(bench)).toBeUndefined();
  expect(bench.logLines.map(({ event }) => event)).toEqual(
    expect.arrayContaining(["device.requested", "device.accepted", "device.connected"]),
  );
});

test("a device that lost power before it stored its credentials gets the same ones again", async () => {
  await using bench = await startBench();
  const first = await handOver(bench);
  const client = await bench.connect({ clientId: "gw-1", ...bootstrap });
  await client.subscribe("s/dcr");
  await client.publish("s/ucr", "");
  expect((await client.next("s/dcr")).split(",")[3]).toBe(first);
});

test("two polls at the same time get one password", async () => {
  await using bench = await startBench();
  await accepted(bench);
  const polls = await Promise.all([bench.registration.poll("gw-1"), bench.registration.poll("gw-1")]);
  expect(polls[0]?.password).toBe(polls[1]?.password);
  const login = { clientId: "gw-1", user: "t1000/device_gw-1", password: polls[0]!.password };
  await bench.connect(login);
});

test("a registered device can be registered again: the new password replaces the old one", async () => {
  await using bench = await startBench();
  const first = await handOver(bench);
  await bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password: first });
  const second = await handOver(bench);
  expect(second).not.toBe(first);
  const login = { clientId: "gw-1", user: "t1000/device_gw-1" };
  await expect(bench.connect({ ...login, password: first })).rejects.toMatchObject({ code: 4 });
  await bench.connect({ ...login, password: second });
});

test("a device without a request gets nothing and makes none", async () => {
  await using bench = await startBench();
  const client = await bench.connect({ clientId: "gw-1", ...bootstrap });
  await client.subscribe("s/dcr");
  await client.publish("s/ucr", "");
  await client.publish("s/ucr", "");
  expect(client.received).toEqual([]);
  expect((await bench.registration.list({ skip: 0, take: 10 })).total).toBe(0);
});

test("a device gets the credentials of its own client identifier only", async () => {
  await using bench = await startBench();
  await accepted(bench);
  const other = await bench.connect({ clientId: "gw-2", ...bootstrap });
  await other.subscribe("s/dcr");
  await other.publish("s/ucr", "gw-1");
  await other.publish("s/ucr", "gw-1");
  expect(other.received).toEqual([]);
});

test.each([
  { what: "that has not connected", polls: 0, outcome: { ok: false, why: "not-seen-yet" } },
  { what: "that has connected", polls: 1, outcome: { ok: true, request: { status: "ACCEPTED" } } },
])("accepting a device $what", async ({ polls, outcome }) => {
  await using bench = await startBench();
  await bench.registration.create({ id: "gw-1", owner: "admin" });
  for (let count = 0; count < polls; count++) await bench.registration.poll("gw-1");
  expect(await bench.registration.accept("gw-1", "admin")).toMatchObject(outcome);
});

test("accepting twice is fine, an unknown one is not, a second request is none", async () => {
  await using bench = await startBench();
  await accepted(bench);
  expect(await bench.registration.accept("gw-1", "admin")).toMatchObject({ ok: true });
  expect(await bench.registration.accept("gw-9", "admin")).toEqual({ ok: false, why: "unknown" });
  expect(await bench.registration.create({ id: "gw-1", owner: "admin" })).toBe("exists");
});

test("taking back a request whose password was issued takes the password back too", async () => {
  await using bench = await startBench();
  const password = await handOver(bench);
  expect(await bench.registration.remove("gw-1", "admin")).toBe(true);
  const login = bench.connect({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  await expect(login).rejects.toMatchObject({ code: 4 });
});

test("an issued password stands in the store only sealed", async () => {
  await using bench = await startBench();
  const password = await handOver(bench);
  const row = await bench.store.db.selectFrom("device_requests").selectAll().executeTakeFirstOrThrow();
  expect(row.sealed_password).toMatch(/^v1\./);
  expect(JSON.stringify(row)).not.toContain(password);
  expect(JSON.stringify(bench.logLines)).not.toContain(password);
});

async function accepted(bench: CloudBench): Promise<void> {
  await bench.registration.create({ id: "gw-1", owner: "admin" });
  await bench.registration.poll("gw-1");
  await bench.registration.accept("gw-1", "admin");
}

/** The password that the device was given. */
async function handOver(bench: CloudBench): Promise<string> {
  await accepted(bench);
  const credentials = await bench.registration.poll("gw-1");
  return credentials!.password;
}

async function statusOf(bench: CloudBench): Promise<string | undefined> {
  return (await bench.registration.get("gw-1"))?.status;
}

test("a device gets nothing when its request is taken back while its password is being made", async () => {
  await using bench = await startBench();
  await bench.registration.create({ id: "gw-1", owner: "admin" });
  await bench.registration.poll("gw-1");
  await bench.registration.accept("gw-1", "admin");
  const hash = bench.hasher.hash;
  bench.hasher.hash = async (password) => {
    await bench.registration.remove("gw-1", "admin");
    return hash(password);
  };
  expect(await bench.registration.poll("gw-1")).toBeUndefined();
  expect(await bench.accounts.get("t1000", "device_gw-1")).toBeUndefined();
});

test.each(Array.from({ length: 12 }, (_, turns) => turns))(
  "whoever asks with another token while the operator accepts (after %i turns) does not get the credentials",
  async (turns) => {
    await using bench = await startBench();
    await bench.registration.create({ id: "gw-1", owner: "admin" });
    await bench.registration.poll("gw-1", "on the label");
    const accepting = bench.registration.accept("gw-1", "admin", "on the label");
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await bench.registration.poll("gw-1", "of a thief");
    const isAccepted = (await accepting).ok;
    expect(await bench.registration.poll("gw-1", "of a thief")).toBeUndefined();
    // If the thief was first, the operator hears that the token is another one.
    expect((await bench.registration.poll("gw-1", "on the label")) !== undefined).toBe(isAccepted);
  },
);
