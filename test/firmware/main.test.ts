// The gateway's program at its start: what it says about files that it cannot use, and its exit code.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkGateway, runGateway } from "#firmware/main.ts";

let folder = "";
let told: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postern-gateway-"));
  told = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
  vi.spyOn(process.stdout, "write").mockImplementation((text) => told.push(String(text)) > 0);
});

afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const good = `[cloud]
url = "https://127.0.0.1:1"
mqtt = "mqtts://127.0.0.1:1"
[device]
id = "gw-1"
`;

describe("a start with files that cannot be used", () => {
  test.each([
    { what: "no configuration", files: {}, says: /^the configuration: .*gateway\.toml: there is no such file\n$/ },
    {
      what: "a mistake",
      files: { "gateway.toml": `[cloud]\nurl = 1\n[registration]\npassword = "boot-secret"\n` },
      says: /^gateway\.toml:2: \[cloud\] url: must be an address/,
    },
    {
      what: "no authorities",
      files: {
        "gateway.toml": `${good}[registration]\npassword = "boot-secret"\n`.replace(
          "[device]",
          'ca = "ca.pem"\n[device]',
        ),
      },
      says: /^gateway\.toml:4: \[cloud\] ca: .*ca\.pem: there is no such file\n$/,
    },
    {
      what: "authorities that are none",
      files: {
        "gateway.toml": `${good}[registration]\npassword = "boot-secret"\n`.replace(
          "[device]",
          'ca = "ca.pem"\n[device]',
        ),
        "ca.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      },
      says: /^gateway\.toml:4: \[cloud\] ca: .*ca\.pem must hold certificates in PEM form\n$/,
    },
    {
      what: "no password file",
      files: { "gateway.toml": `${good}[registration]\npassword_file = "p"\n` },
      says: /^gateway\.toml:7: \[registration\] password_file: .*p: there is no such file\n$/,
    },
    {
      what: "an empty password file",
      files: { "gateway.toml": `${good}[registration]\npassword_file = "p"\n`, p: "\n" },
      says: /^gateway\.toml:7: \[registration\] password_file: .*p has no first line\n$/,
    },
    {
      what: "a state folder that is a file",
      files: { "gateway.toml": `${good}[registration]\npassword = "boot-secret"\n[state]\ndir = "s"\n`, s: "" },
      says: /^gateway\.toml: \[state\] dir: .*s cannot be used: /,
    },
  ])("$what: exit code 1 and one line that says it", async ({ files, says }) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
    const config = join(folder, "gateway.toml");
    expect(await runGateway({ config })).toBe(1);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(says);
    expect(await checkGateway({ config })).toBe(1);
    expect(told.join("")).not.toContain("boot-secret");
  });
});

/** A folder that is there and takes no files, also from root: Linux's own. */
const readOnlyFolder = "/sys/kernel";

describe.runIf(process.platform === "linux")("a state folder that cannot be written to", () => {
  beforeEach(() =>
    writeFile(
      join(folder, "gateway.toml"),
      `${good}[registration]\npassword = "boot-secret"\n[state]\ndir = "${readOnlyFolder}"\n`,
    ),
  );

  test("makes the gateway refuse to start, with one line and exit code 1", async () => {
    expect(await runGateway({ config: join(folder, "gateway.toml") })).toBe(1);
    expect(told).toEqual([
      expect.stringMatching(
        /^gateway\.toml: \[state\] dir: \/sys\/kernel cannot be written to: it .*(EROFS|EACCES|EPERM).*\n$/,
      ),
    ]);
  });

  test("is found by a check, which goes on with the cloud", async () => {
    expect(await checkGateway({ config: join(folder, "gateway.toml") })).toBe(1);
    expect(told.filter((line) => line.startsWith("FAIL"))).toEqual([
      expect.stringMatching(/^FAIL {2}the state folder \/sys\/kernel cannot be written to: it .*(EROFS|EACCES|EPERM)/),
      expect.stringMatching(/^FAIL {2}HTTPS/),
      expect.stringMatching(/^FAIL {2}MQTT/),
    ]);
  });
});

describe("a state folder that takes nothing any more, as a full disk or a worn-out card", () => {
  const settings = `${good}[registration]\npassword = "boot-secret"\n[state]\ndir = "state"\n`;
  beforeEach(async () => {
    await writeFile(join(folder, "gateway.toml"), settings);
    // No file can take the place of a folder.
    await mkdir(join(folder, "state", "write-probe"), { recursive: true });
  });

  test("is no reason not to come online for a gateway that is registered, which says so", async () => {
    await writeFile(
      join(folder, "state", "credentials.json"),
      '{"tenant":"t1","user":"device_gw","password":"issued-secret"}',
    );
    const before = process.listeners("SIGTERM");
    const ended = runGateway({ config: join(folder, "gateway.toml") });
    await vi.waitFor(() => expect(told.join("")).toContain('"event":"gateway.started"'), { timeout: 10_000 });
    for (const listener of process.listeners("SIGTERM").filter((each) => !before.includes(each))) listener("SIGTERM");
    expect(await ended).toBe(0);
    expect(told.join("")).toContain('"event":"state.unwritable"');
  });

  test("is one for a gateway that is not", async () => {
    expect(await runGateway({ config: join(folder, "gateway.toml") })).toBe(1);
    expect(told.join("")).toMatch(/cannot be written to: the write failed \(EISDIR/);
  });
});

describe("a configuration that the cloud has sent and that cannot be used", () => {
  const bad = `${good}[registration]\npassword_file = "gone.password"\n`;

  test("is taken back at the start, and the old one used", async () => {
    await writeFile(join(folder, "gateway.toml"), bad);
    await writeFile(join(folder, "gateway.toml.previous"), `${good}[registration]\npassword = "boot-secret"\n`);
    const before = process.listeners("SIGTERM");
    const ended = runGateway({ config: join(folder, "gateway.toml") });
    await vi.waitFor(() => expect(told.join("")).toContain('"event":"gateway.started"'), { timeout: 10_000 });
    for (const listener of process.listeners("SIGTERM").filter((each) => !before.includes(each))) listener("SIGTERM");
    expect(await ended).toBe(0);
    expect(told[0]).toMatch(/gone\.password: there is no such file\n$/);
    expect(told[1]).toMatch(/gateway\.toml: the configuration before this one is used again\n$/);
    expect(await readFile(join(folder, "gateway.toml"), "utf8")).toContain('password = "boot-secret"');
    expect(await readdir(folder)).toEqual(["gateway.toml", "state"]);
  });

  test("is said and left when there is no old one", async () => {
    await writeFile(join(folder, "gateway.toml"), bad);
    expect(await runGateway({ config: join(folder, "gateway.toml") })).toBe(1);
    expect(told).toHaveLength(1);
  });

  test("is said and left when the old one is no better", async () => {
    await writeFile(join(folder, "gateway.toml"), bad);
    await writeFile(join(folder, "gateway.toml.previous"), bad);
    expect(await runGateway({ config: join(folder, "gateway.toml") })).toBe(1);
    expect(await readdir(folder)).toEqual(["gateway.toml"]);
  });
});

test("a signal that comes before there is a gateway ends the start with exit code 0", async () => {
  await writeFile(join(folder, "gateway.toml"), `${good}[registration]\npassword = "boot-secret"\n`);
  const before = process.listeners("SIGTERM");
  const ended = runGateway({ config: join(folder, "gateway.toml") });
  const added = process.listeners("SIGTERM").filter((each) => !before.includes(each));
  expect(added).toHaveLength(1);
  for (const listener of added) listener("SIGTERM");
  expect(await ended).toBe(0);
  expect(told).toEqual([]);
});

test("a start leaves nothing of the probe in the state folder", async () => {
  await writeFile(join(folder, "gateway.toml"), `${good}[registration]\npassword = "boot-secret"\n`);
  expect(await checkGateway({ config: join(folder, "gateway.toml") })).toBe(1);
  expect(told).toContain(`ok    the state folder ${join(folder, "state")} can be written to\n`);
  expect(await readdir(join(folder, "state"))).toEqual([]);
});

test("a check of a cloud that does not run says which address is not answered, and what was meant", async () => {
  await writeFile(join(folder, "gateway.toml"), `${good}[registration]\npassword = "boot-secret"\n`);
  expect(await checkGateway({ config: join(folder, "gateway.toml") })).toBe(1);
  expect(told.filter((line) => line.startsWith("ok"))).toHaveLength(3);
  expect(told.filter((line) => line.startsWith("FAIL"))).toEqual([
    expect.stringMatching(
      /^FAIL {2}HTTPS, \[cloud\] url: 127\.0\.0\.1:1: nothing listens on that port: is the port right/,
    ),
    expect.stringMatching(/^FAIL {2}MQTT, \[cloud\] mqtt: 127\.0\.0\.1:1: nothing listens on that port/),
  ]);
});
