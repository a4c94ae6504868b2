// The configuration file: what it may say, what it means when it says nothing, and what is told about each mistake.
import { describe, expect, test } from "vitest";
import { parseGatewayConfig } from "#firmware/config/parse-config.ts";
import { ConfigError } from "#firmware/errors.ts";

const shortest = `[cloud]
url = "https://cloud.example:8443"
[registration]
password = "boot-secret"
`;

function findings(text: string): readonly string[] {
  try {
    parseGatewayConfig(text, "gateway.toml");
  } catch (error) {
    if (error instanceof ConfigError) return error.findings;
    throw error;
  }
  return [];
}

describe("a good file", () => {
  test("may say little: the rest are the product's defaults", () => {
    expect(parseGatewayConfig(shortest, "gateway.toml")).toEqual({
      cloud: {
        host: "cloud.example",
        httpsPort: 8443,
        mqttHost: "cloud.example",
        mqttPort: 8883,
        mqttOver: "auto",
        url: "https://cloud.example:8443",
      },
      device: { name: "Postern gateway", type: "postern-gateway" },
      registration: { method: "bootstrap", user: "management/devicebootstrap", password: "boot-secret" },
      files: {},
      hasSecrets: true,
      stateDir: "state",
      tunnels: {
        max: 16,
        allow: [{ kind: "private" }, { kind: "self" }],
        dialTimeoutMs: 10_000,
        lostAfterMs: 20_000,
        stalledAfterMs: 30_000,
        drainMs: 5_000,
        hotCelsius: 80,
      },
      board: { model: "auto", watchdog: "auto", watchdogTimeoutMs: 15_000 },
      serialConsoles: [],
      health: { intervalMs: 60_000, diskFullPercent: 90, memoryFullPercent: 90 },
      commands: [],
      remoteConfiguration: { allow: [] },
      logLevel: "info",
    });
  });

  test("may say everything", () => {
    const parsed = parseGatewayConfig(
      `[cloud]
url = "https://[2001:db8::1]/"
mqtt = "mqtts://mqtt.example:8884"
ca = "ca.pem"
[device]
id = "gw-0001"
name = "Line 3 gateway"
type = "my-gateway"
[registration]
method = "bootstrap"
user = "management/devicebootstrap"
password_file = "bootstrap.password"
[state]
dir = "/var/lib/postern"
[tunnels]
max = 256
allow = ["private", "self", "10.1.0.0/16:5900-5999", "127.0.0.1:5951", "[fd00::1]:22", "[fd00::/64]", "fd00::/64", "10.0.0.1"]
dial_timeout_s = 5
lost_after_s = 60
stalled_after_s = 90
drain_s = 1
`,
      "gateway.toml",
    );
    expect(parsed.cloud).toMatchObject({
      host: "2001:db8::1",
      httpsPort: 443,
      mqttHost: "mqtt.example",
      mqttPort: 8884,
    });
    expect(parsed).toMatchObject({
      files: {
        ca: { name: "ca.pem", place: "gateway.toml:4: [cloud] ca" },
        password: { name: "bootstrap.password", place: "gateway.toml:12: [registration] password_file" },
      },
      hasSecrets: false,
      stateDir: "/var/lib/postern",
    });
    expect(parsed.registration).toEqual({ method: "bootstrap", user: "management/devicebootstrap" });
    expect(parsed.tunnels).toMatchObject({ max: 256, dialTimeoutMs: 5_000, lostAfterMs: 60_000, drainMs: 1_000 });
    expect(parsed.tunnels.allow).toHaveLength(8);
  });

  test("with an empty allow list allows nothing", () => {
    expect(parseGatewayConfig(`${shortest}[tunnels]\nallow = []\n`, "gateway.toml").tunnels.allow).toEqual([]);
  });
});

describe("a mistake", () => {
  test.each([
    {
      line: '[tunnels]\nmax = "many"',
      told: 'gateway.toml:6: [tunnels] max: must be a whole number from 1 to 256, found "many"',
    },
    {
      line: "[tunnels]\nmax = 0",
      told: "gateway.toml:6: [tunnels] max: must be a whole number from 1 to 256, found 0",
    },
    {
      line: "[tunnels]\nmax = 257",
      told: "gateway.toml:6: [tunnels] max: must be a whole number from 1 to 256, found 257",
    },
    {
      line: "[tunnels]\nmax = 1.5",
      told: "gateway.toml:6: [tunnels] max: must be a whole number from 1 to 256, found 1.5",
    },
    {
      line: "[tunnels]\n\n# comment\nalow = []",
      told: "gateway.toml:8: [tunnels] alow: is not known (did you mean allow?)",
    },
    {
      line: "[tunnels]\nbandwidth = 1",
      told: "gateway.toml:6: [tunnels] bandwidth: is not known (known: max, allow, dial_timeout_s, lost_after_s, stalled_after_s, drain_s, hot_celsius)",
    },
    {
      line: "[tunels]\nmax = 1",
      told: "gateway.toml:5: [tunels]: is not a section of this file (did you mean [tunnels]?)",
    },
    {
      line: "[colours]\nred = 1",
      told: "gateway.toml:5: [colours]: is not a section of this file (known: [cloud], [device], [registration], [state], [tunnels], [board], [uplinks], [modem], [health], [remote_configuration], [metrics], [log], [serial], [commands])",
    },
    {
      line: "tunnels.max = 0",
      told: /^gateway\.toml:5: \[registration\] tunnels: is not known \(known: method, user, password, password_file, /,
    },
    {
      line: '[tunnels]\nallow = "private"',
      told: /^gateway\.toml:6: \[tunnels\] allow: must be a list of at most 256 entries/,
    },
    {
      line: '[tunnels]\nallow = ["private", "10.1.2.3/16"]',
      told: 'gateway.toml:6: [tunnels] allow: entry 2 "10.1.2.3/16" names an address inside the network: leave out "/16" for that one address, or name the network\'s first',
    },
    {
      line: '[tunnels]\nallow = ["privat"]',
      told: /entry 1 "privat" must be "private", "self", an address or network/,
    },
    { line: '[tunnels]\nallow = ["127.1"]', told: /entry 1 "127\.1" has no IP address in its standard spelling/ },
    { line: '[tunnels]\nallow = ["010.0.0.1"]', told: /has no IP address in its standard spelling/ },
    { line: '[tunnels]\nallow = ["panel.local:5900"]', told: /entry 1 "panel\.local:5900" must be/ },
    {
      line: '[tunnels]\nallow = ["10.0.0.0/33"]',
      told: /must have a prefix length from 0 to 32 after "\/" \(found "33"\)/,
    },
    { line: '[tunnels]\nallow = ["10.0.0.1:0"]', told: /must have a port from 1 to 65535/ },
    { line: '[tunnels]\nallow = ["10.0.0.1:9-8"]', told: /must have a port from 1 to 65535 or a range/ },
    { line: '[tunnels]\nallow = ["10.0.0.1:70000"]', told: /must have a port from 1 to 65535/ },
    { line: '[tunnels]\nallow = ["::1:5900:"]', told: /has no IP address/ },
    { line: '[tunnels]\nallow = ["::ffff:10.0.0.1"]', told: /must name the IPv4 address itself/ },
    { line: "[tunnels]\nallow = [5900]", told: /^gateway\.toml:6: \[tunnels\] allow: entry 1 must be "private"/ },
    { line: "[tunnels]\nlost_after_s = 9", told: /lost_after_s: must be a whole number from 10 to 600, found 9/ },
    { line: "[tunnels]\ndial_timeout_s = 26", told: /dial_timeout_s: must be a whole number from 1 to 25, found 26/ },
    {
      line: '[device]\nid = "a:b"',
      told: /^gateway\.toml:6: \[device\] id: must have at most 128 characters and none of ":"/,
    },
    { line: "[device]\nname = 7", told: "gateway.toml:6: [device] name: must be a name for people, found 7" },
    {
      line: 'method = "bootstrapp"',
      told: 'gateway.toml:5: [registration] method: must be "bootstrap", "certificate" or "enrolment", found "bootstrapp" (did you mean "bootstrap"?)',
    },
    { line: 'user = "devicebootstrap"', told: /^gateway\.toml:5: \[registration\] user: must be tenant and user/ },
    {
      line: 'password_file = "p"',
      told: "gateway.toml:5: [registration] password_file: and password are both there: keep one of them",
    },
    { line: "[state]\ndir = 1", told: "gateway.toml:6: [state] dir: must be a folder, found 1" },
    { line: "[tunnels\nmax = 1", told: /^gateway\.toml:[0-9]+:[0-9]+: not valid TOML: / },
    { line: "max = ", told: /^gateway\.toml:[0-9]+:[0-9]+: not valid TOML: / },
    { line: "password = 1", told: /^gateway\.toml:[0-9]+:[0-9]+: not valid TOML: / },
  ])("%#: $line", ({ line, told }) => {
    const all = findings(`${shortest}${line}\n`);
    expect(all).toHaveLength(1);
    if (typeof told === "string") expect(all[0]).toBe(told);
    else expect(all[0]).toMatch(told);
    expect(all[0]).not.toContain("boot-secret");
  });

  test.each([
    { url: "http://cloud.example", told: /must be an address such as "https:\/\/cloud\.example:8443"/ },
    { url: "cloud.example", told: /must be an address such as/ },
    { url: "https://cloud.example/path", told: /without path or user/ },
    { url: "https://user:secret@cloud.example", told: /found "https:\/\/\*\*\*@cloud\.example"/ },
    { url: "https://cloud.example:99999", told: /must be an address such as/ },
    { url: "", told: /must be an address such as/ },
  ])("the address $url of the cloud", ({ url, told }) => {
    const all = findings(`[cloud]\nurl = "${url}"\n[registration]\npassword = "x"\n`);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(told);
    expect(all[0]).toMatch(/^gateway\.toml:2: \[cloud\] url: /);
    expect(all[0]).not.toContain("secret");
  });

  test("that leaves out what must be there", () => {
    expect(findings("")).toEqual([
      'gateway.toml: [cloud] url: is missing: an address such as "https://cloud.example:8443" of the cloud that this gateway belongs to',
      "gateway.toml: [registration] password: is missing: the bootstrap password, here or in a file named by password_file",
    ]);
  });

  test("does not hide another: all are told, in the order of their lines", () => {
    const text = `[tunnels]\nmax = 0\n[cloud]\nurl = "x"\nurll = 1\n[registration]\npassword = "p"\n`;
    expect(findings(text).map((each) => each.replace(/: .*/, ""))).toEqual([
      "gateway.toml:2",
      "gateway.toml:4",
      "gateway.toml:5",
    ]);
  });

  test("in the password does not show it", () => {
    expect(findings('[cloud]\nurl = "https://c"\n[registration]\npassword = ["boot-secret"]\n')).toEqual([
      "gateway.toml:4: [registration] password: must be a text in quotes",
    ]);
    expect(findings('[registration]\npassword = "boot-secret').join()).not.toContain("boot-secret");
  });
});
