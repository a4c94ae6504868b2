// Changes of endpoints at the same time: none that was acknowledged is undone by another, and each has its audit record.
import { expect, test } from "vitest";
import { Endpoints } from "#cloud-stub/remote-access/endpoints.ts";
import { startBench } from "./cloud-bench.ts";

const fields = { name: "HMI", hostname: "192.0.2.1", port: 5900, protocol: "VNC", credentialsType: "PASS_ONLY" };

test("a secret that one request keeps is the one that another has just stored", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const device = await bench.devices.byExternalId("gw-1");
  const deviceId = device?.id ?? "";
  const endpoints = new Endpoints(bench);
  await endpoints.create(deviceId, { ...fields, password: "first" });
  for (let round = 0; round < 20; round++) {
    const renames = () => endpoints.update(deviceId, "1", { ...fields, name: `HMI ${round}`, password: "***" });
    const changes = () => endpoints.update(deviceId, "1", { ...fields, password: `secret ${round}` });
    const both = round % 2 === 0 ? [renames(), changes()] : [changes(), renames()];
    for (const { kind } of await Promise.all(both)) expect(kind).toBe("saved");
    expect(await endpoints.password(deviceId, "1")).toBe(`secret ${round}`);
  }
});

test("a change whose audit record cannot be written is not made", async () => {
  await using bench = await startBench();
  await bench.device("gw-1");
  const device = await bench.devices.byExternalId("gw-1");
  const deviceId = device?.id ?? "";
  const endpoints = new Endpoints(bench);
  await endpoints.create(deviceId, { ...fields, password: "first" });
  const fails = async () => {
    throw new Error("disk full");
  };
  const attempts = [
    () => endpoints.create(deviceId, { ...fields, password: "p" }, fails),
    () => endpoints.update(deviceId, "1", { ...fields, password: "second" }, fails),
    () => endpoints.remove(deviceId, "1", fails),
  ];
  for (const attempt of attempts) await expect(attempt()).rejects.toThrow("disk full");
  expect((await endpoints.list(deviceId)).map(({ id }) => id)).toEqual(["1"]);
  expect(await endpoints.password(deviceId, "1")).toBe("first");
});
