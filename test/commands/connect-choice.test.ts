// Which device and endpoint `postern connect` takes, and what it asks the cloud for that: Cumulocity's API and nothing else.
import { afterEach, describe, expect, it } from "vitest";
import { chooseDevice, type Device } from "#bin/connect/choose-device.ts";
import { chooseEndpoint } from "#bin/connect/choose-endpoint.ts";
import { openCloudApi } from "#bin/connect/cloud-api.ts";
import { type ForeignAnswers, type ForeignCloud, startForeignCloud } from "../support/foreign-cloud.ts";

let cloud: ForeignCloud | undefined;

afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

async function apiOf(answers: ForeignAnswers) {
  cloud = await startForeignCloud(answers);
  return openCloudApi({ origin: cloud.origin, authorization: "Basic x", authorities: [] });
}

const query = (name: string) => `(name eq '${name}') and has(c8y_IsDevice)`;
const press = { id: "1001", name: "Press line 4", c8y_IsDevice: {}, owner: "device_gw-0004" };
const oven = { id: "1002", name: "Oven", c8y_IsDevice: {}, c8y_Hardware: { serialNumber: "RPI-77" } };
const paths = { press: "/inventory/managedObjects/1001", oven: "/inventory/managedObjects/1002" };
const serial = (id: string) => `/identity/externalIds/c8y_Serial/${id}`;

describe("the device", () => {
  it.each<[string, string, ForeignAnswers]>([
    ["its internal id", "1001", { documents: { [paths.press]: press } }],
    [
      "its external id",
      "gw-0004",
      { documents: { [serial("gw-0004")]: { managedObject: { id: "1001" } }, [paths.press]: press } },
    ],
    ["its name", "Press line 4", { inventory: { [query("Press line 4")]: [press] } }],
    [
      "a name with a quote",
      "Bob's press",
      { inventory: { [query("Bob''s press")]: [{ ...press, name: "Bob's press" }] } },
    ],
    [
      "an external id with a slash",
      "a/b",
      { documents: { [serial("a/b")]: { managedObject: { id: "1001" } }, [paths.press]: press } },
    ],
  ])("is found by %s", async (_what, wanted, answers) => {
    expect(await chooseDevice(await apiOf(answers), wanted)).toMatchObject({ id: "1001" });
  });

  it("is asked for by id, serial number and name, of which none may mean another device", async () => {
    const answers = {
      documents: {
        [paths.press]: press,
        [serial("1001")]: { managedObject: { id: "1002" } },
        [paths.oven]: oven,
      },
    };
    await expect(chooseDevice(await apiOf(answers), "1001")).rejects.toMatchObject({
      exitCode: 5,
      message: `"1001" fits more than one device; say which by its id: "Press line 4" (id 1001), "Oven" (id 1002).`,
    });
    expect(cloud?.asked).toEqual([
      "GET /inventory/managedObjects/1001",
      "GET /identity/externalIds/c8y_Serial/1001",
      "GET /inventory/managedObjects/1002",
      `GET /inventory/managedObjects?query=${query("1001")}&pageSize=10`,
    ]);
  });

  it("is one device when id, serial number and name all mean the same", async () => {
    const same = { ...press, name: "1001" };
    const answers = {
      documents: { [paths.press]: same, [serial("1001")]: { managedObject: { id: "1001" } } },
      inventory: { [query("1001")]: [same] },
    };
    expect(await chooseDevice(await apiOf(answers), "1001")).toMatchObject({ id: "1001" });
  });

  it("is not what only an asterisk of Cumulocity's query fits", async () => {
    const answers = { inventory: { [query("Press*")]: [press], "": [press] } };
    await expect(chooseDevice(await apiOf(answers), "Press*")).rejects.toMatchObject({ exitCode: 5 });
  });

  it("is not a group or another object that has the id", async () => {
    const answers = { documents: { [paths.press]: { id: "1001", name: "Group", c8y_IsDeviceGroup: {} } } };
    await expect(chooseDevice(await apiOf(answers), "1001")).rejects.toMatchObject({ exitCode: 5 });
  });

  it("is ambiguous when two have the name", async () => {
    const answers = { inventory: { [query("Oven")]: [oven, { ...oven, id: "1003" }] } };
    await expect(chooseDevice(await apiOf(answers), "Oven")).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining(`"Oven" (id 1002), "Oven" (id 1003)`),
    });
  });

  it.each([
    ["Pres line 4", `There is no device "Pres line 4". Did you mean "Press line 4" (id 1001)?`],
    ["gw-004", `There is no device "gw-004". Did you mean "Press line 4" (id 1001)?`],
    ["rpi-77", `There is no device "rpi-77". Did you mean "Oven" (id 1002)?`],
    ["press", `There is no device "press". Did you mean "Press line 4" (id 1001)?`],
    ["zeppelin", `There is no device "zeppelin".`],
  ])("that is not there is said with what was meant: %s", async (wanted, message) => {
    const api = await apiOf({ inventory: { "": [press, oven] } });
    await expect(chooseDevice(api, wanted)).rejects.toMatchObject({ exitCode: 5, message });
  });

  it("that is not there, of a user who sees none", async () => {
    await expect(chooseDevice(await apiOf({}), "x")).rejects.toThrow("This user sees no device at all.");
  });

  it.each([
    [401, 3],
    [403, 4],
    [429, 3],
    [500, 7],
  ])(
    "is not looked for any further after HTTP %i: exit code %i, with the cloud's own words",
    async (status, exitCode) => {
      const api = await apiOf({ documents: { [serial("x")]: status } });
      await expect(chooseDevice(api, "x")).rejects.toMatchObject({
        exitCode,
        message: expect.stringContaining(`It says: said with ${status}`),
      });
    },
  );

  it("has no control character of its name printed", async () => {
    const api = await apiOf({ inventory: { "": [{ ...press, name: "Press \u001b[2J4" }] } });
    const error = await chooseDevice(api, "Press 4").catch((caught: Error) => caught);
    expect(String(error)).not.toContain("\u001b");
  });
});

describe("the endpoint", () => {
  const device: Device = { id: "1001", name: "Press line 4", otherNames: [] };
  const configurations = "/service/remoteaccess/devices/1001/configurations";
  const endpoint = (id: string, name: string, protocol = "PASSTHROUGH") => ({
    ...{ id, name, hostname: "10.0.0.5", port: 22, protocol },
    credentials: { type: "NONE", password: null },
  });
  const list = [
    endpoint("1", "plc"),
    endpoint("2", "Screen", "VNC"),
    endpoint("3", "2"),
    endpoint("4", "shell", "SSH"),
  ];

  it.each([
    ["its id", "1", "1"],
    ["its name", "plc", "1"],
    ["its name in other letter case", "screen", "2"],
    ["its id where its name is another's id", "3", "3"],
  ])("is found by %s", async (_what, wanted, id) => {
    const api = await apiOf({ documents: { [configurations]: list } });
    expect(await chooseEndpoint(api, device, wanted)).toMatchObject({ id });
    expect(cloud?.asked).toEqual([`GET ${configurations}`]);
  });

  it.each([
    ["2", `"2" fits more than one endpoint; say which by another of its names or ids: "Screen" (id 2), "2" (id 3).`],
    ["plk", `"Press line 4" has no endpoint "plk". Did you mean "plc"?`],
    ["boiler", `"Press line 4" has no endpoint "boiler". It has "plc", "Screen", "2", "shell".`],
  ])("is refused where it is not clear: %s", async (wanted, message) => {
    const api = await apiOf({ documents: { [configurations]: list } });
    await expect(chooseEndpoint(api, device, wanted)).rejects.toMatchObject({ exitCode: 6, message });
  });

  it("of protocol SSH is refused with the remedy: the cloud would give a terminal, which no ssh client understands", async () => {
    const api = await apiOf({ documents: { [configurations]: list } });
    await expect(chooseEndpoint(api, device, "shell")).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringContaining("add a Passthrough endpoint to 10.0.0.5:22"),
    });
  });

  it.each([
    [[], "It has none yet."],
    [undefined, "The cloud has no remote access for this device or this tenant."],
  ])("is refused where there are none: %j", async (document, says) => {
    const api = await apiOf({ documents: { [configurations]: document } });
    await expect(chooseEndpoint(api, device, "plc")).rejects.toMatchObject({
      exitCode: 6,
      message: expect.stringContaining(says),
    });
  });
});
