// The life of an operation: the rules of SmartREST 501 to 507 (protocol.md 4.5), the sealed key, and who hears of changes.
import { expect, test } from "vitest";
import { type Operation, unfinishedPerDeviceMax } from "#cloud-stub/devices/operations.ts";
import { type CloudBench, startBench } from "./cloud-bench.ts";

const connect = "c8y_RemoteAccessConnect";

/** P: PENDING, E: EXECUTING, S: SUCCESSFUL, F: FAILED; one letter per operation of the same fragment, oldest first. */
test.each([
  { line: `501,${connect}`, before: "PP", after: "EP" },
  { line: `501,${connect}`, before: "EPP", after: "EEP" },
  { line: `501,${connect}`, before: "EFS", after: "EFS", error: "41,501," },
  { line: "501,c8y_Restart", before: "P", after: "P", error: "41,501," },
  { line: `502,${connect},broken`, before: "EE", after: "FE" },
  { line: `502,${connect},broken`, before: "SE", after: "SF" },
  { line: `502,${connect},broken`, before: "P", after: "P", error: "41,502," },
  { line: `503,${connect}`, before: "EE", after: "SE" },
  { line: `503,${connect},extra,parameters`, before: "E", after: "S" },
  { line: `503,${connect}`, before: "P", after: "P", error: "41,503," },
  { line: "504,2", before: "PP", after: "PE" },
  { line: "504,1", before: "E", after: "E" },
  { line: "505,2,broken", before: "EE", after: "EF" },
  { line: "505,1,broken", before: "P", after: "F" },
  { line: "506,2", before: "EE", after: "ES" },
  { line: "506,1", before: "P", after: "S" },
  { line: "504,1", before: "S", after: "S", error: "45,504," },
  { line: "505,1,late", before: "S", after: "S", error: "45,505," },
  { line: "506,1", before: "F", after: "F", error: "45,506," },
  { line: "506,99", before: "E", after: "E", error: "43,506," },
  { line: `507,${connect},restarted`, before: "PEES", after: "PFFS" },
  { line: "507,,restarted", before: "EE", after: "FF" },
  { line: "507,c8y_Restart,restarted", before: "EE", after: "EE" },
])("$line turns $before into $after", async ({ line, before, after, error }) => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  await client.subscribe("s/e");
  const { id } = (await bench.devices.byExternalId("gw-1"))!;
  for (const letter of before) await makeOperation(bench, id, letter);
  await client.publish("s/us", line);
  expect(await letters(bench, id)).toBe(after);
  if (error === undefined) expect(client.received).toEqual([]);
  else expect(await client.next("s/e")).toMatch(new RegExp(`^${error}`));
});

test("501 to 507 go by the fragment's whole name and by the oldest number, not the oldest change", async () => {
  await using bench = await startBench();
  const client = await bench.device("gw-1");
  const { id } = (await bench.devices.byExternalId("gw-1"))!;
  const make = (fragments: Record<string, unknown>) =>
    bench.operations.create({ deviceId: id, description: "d", fragments, userName: "admin" });
  await make({ c8y_RestartNow: {} });
  const restart = await make({ c8y_Restart: {}, c8y_Reason: "x" });
  await client.publish("s/us", "501,c8y_Restart");
  expect((await bench.operations.get(restart.id))?.status).toBe("EXECUTING");
  expect(await letters(bench, id)).toBe("PE");
});

test("a device moves its own operations only, by id and by name", async () => {
  await using bench = await startBench();
  await bench.device("victim");
  const { id } = (await bench.devices.byExternalId("victim"))!;
  await makeOperation(bench, id, "E");
  const attacker = await bench.device("attacker");
  await attacker.subscribe("s/e");
  for (const line of ["505,1,mine now", `502,${connect},mine now`, "507,,mine now", "504,1", "506,1"]) {
    await attacker.publish("s/us", line);
  }
  expect(await letters(bench, id)).toBe("E");
});

test("an ended operation never changes, not even by a statement on the store", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const operation = await makeOperation(bench, "1001", "S");
  expect(await bench.operations.setStatus(operation.id, "FAILED", "late")).toBe("ended");
  const update = bench.store.db.updateTable("operations").set({ status: "FAILED" }).execute();
  await expect(update).rejects.toThrow("an ended operation never changes");
});

test("of two that end an operation at the same time one wins and one hears that it has ended", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const operation = await makeOperation(bench, "1001", "E");
  const heard: string[] = [];
  bench.operations.watch(operation.id, ({ status }) => heard.push(status));
  const outcomes = await Promise.all([
    bench.operations.setStatus(operation.id, "SUCCESSFUL"),
    bench.operations.setStatus(operation.id, "FAILED", "too late"),
  ]);
  expect(outcomes).toEqual(["changed", "ended"]);
  expect(heard).toEqual(["SUCCESSFUL"]);
});

test("each change is told after it is in the store, until the watcher lets go", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const operation = await makeOperation(bench, "1001", "P");
  const heard: (string | undefined)[] = [];
  const stop = bench.operations.watch(operation.id, ({ status, failureReason }) => heard.push(status, failureReason));
  await bench.operations.setStatus(operation.id, "EXECUTING");
  await bench.operations.setStatus(operation.id, "EXECUTING");
  stop();
  await bench.operations.setStatus(operation.id, "FAILED", "x");
  expect(heard).toEqual(["EXECUTING", undefined]);
});

test("the connection key is masked for readers, sealed in the store, and gone once the operation has ended", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const operation = await makeOperation(bench, "1001", "E");
  const key = "key-of-1001";
  expect(JSON.stringify(operation)).not.toContain(key);
  expect(JSON.stringify(await bench.operations.list({ skip: 0, take: 10 }))).not.toContain(key);
  expect((await bench.operations.get(operation.id))?.fragments).toEqual({
    [connect]: { hostname: "192.0.2.10", port: 5900, connectionKey: "***" },
  });
  expect((await bench.operations.forDevice(operation.id))?.fragments).toEqual({
    [connect]: { hostname: "192.0.2.10", port: 5900, connectionKey: key },
  });
  const row = () => bench.store.db.selectFrom("operations").selectAll().executeTakeFirstOrThrow();
  expect((await row()).sealed_key).toMatch(/^v1\./);
  expect(JSON.stringify(await row())).not.toContain(key);
  await bench.operations.setStatus(operation.id, "FAILED", `no answer from /service/remoteaccess/device/${key}`);
  expect((await row()).sealed_key).toBeNull();
  expect((await row()).failure_reason).toBe("no answer from /service/remoteaccess/device/***");
  expect((await bench.operations.forDevice(operation.id))?.fragments[connect]).toMatchObject({ connectionKey: "***" });
});

test("a device has a limit of unfinished operations", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  for (let count = 0; count < unfinishedPerDeviceMax; count++) await makeOperation(bench, "1001", "P");
  await expect(makeOperation(bench, "1001", "P")).rejects.toMatchObject({ code: "operations.too-many" });
  await bench.operations.setStatus("1", "FAILED", "x");
  await makeOperation(bench, "1001", "P");
});

test("creation and each change leave an audit record that cannot be changed or removed", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  await makeOperation(bench, "1001", "F");
  const { records } = await bench.audit.list({ deviceId: "1001", skip: 0, take: 10 });
  expect(records.map(({ type, activity, userName }) => [type, activity, userName])).toEqual([
    ["Operation", "Operation created", "admin"],
    ["Operation", "Operation updated", "admin"],
  ]);
  await expect(bench.store.db.deleteFrom("audit_records").execute()).rejects.toThrow("never removed");
  await expect(
    bench.store.db
      .updateTable("audit_records")
      .set({ number: 9 } as never)
      .execute(),
  ).rejects.toThrow("never change");
});

async function makeOperation(bench: CloudBench, deviceId: string, letter: string): Promise<Operation> {
  const operation = await bench.operations.create({
    deviceId,
    description: "Opening remote access tunnel to 'Press 4'",
    fragments: { [connect]: { hostname: "192.0.2.10", port: 5900, connectionKey: `key-of-${deviceId}` } },
    userName: "admin",
  });
  if (letter === "E") await bench.operations.setStatus(operation.id, "EXECUTING");
  if (letter === "S") await bench.operations.setStatus(operation.id, "SUCCESSFUL");
  if (letter === "F") await bench.operations.setStatus(operation.id, "FAILED", "earlier");
  return operation;
}

async function letters(bench: CloudBench, deviceId: string): Promise<string> {
  const { operations } = await bench.operations.list({ deviceId, skip: 0, take: 100 });
  return operations.map(({ status }) => status[0]).join("");
}

test("an operation whose sealed key is damaged can still be ended", async () => {
  await using bench = await startBench();
  const fragments = { [connect]: { hostname: "192.0.2.10", port: 5900, connectionKey: "key-1" } };
  const { id } = await bench.operations.create({ deviceId: "1", description: "d", fragments, userName: "admin" });
  await bench.store.db.updateTable("operations").set({ sealed_key: "v1.damaged" }).execute();
  expect(await bench.operations.setStatus(id, "FAILED", "broken")).toBe("changed");
  expect((await bench.operations.get(id))?.failureReason).toBe("broken");
});
