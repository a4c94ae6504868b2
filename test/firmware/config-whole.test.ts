// What the keys of gateway.toml mean together: conflicts, what is missing, sections named by who writes the file.
import { describe, expect, test } from "vitest";
import { completeConfig } from "#firmware/config/defaults.ts";
import { type ParsedConfigFile, parseGatewayConfig } from "#firmware/config/parse-config.ts";
import { ConfigError } from "#firmware/errors.ts";

const cloud = '[cloud]\nurl = "https://cloud.example"\n';
const bootstrap = '[registration]\npassword = "never-shown"\n';
const good = cloud + bootstrap;

function parse(text: string): ParsedConfigFile {
  return parseGatewayConfig(text, "gateway.toml");
}

function findings(text: string): readonly string[] {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigError) return error.findings;
    throw error;
  }
  return [];
}

describe("keys that do not go together", () => {
  test.each([
    {
      text: `${cloud}proxy_user = "gw"\nproxy_password = "never-shown"\n${bootstrap}`,
      told: [
        "gateway.toml:3: [cloud] proxy_user: has no meaning without proxy",
        "gateway.toml:4: [cloud] proxy_password: has no meaning without proxy",
      ],
    },
    {
      text: `${cloud}proxy = "http://p:1"\nproxy_password = "never-shown"\n${bootstrap}`,
      told: ["gateway.toml:4: [cloud] proxy_password: has no meaning without proxy_user"],
    },
    {
      text: `${cloud}proxy = "http://p:1"\nproxy_user = "gw"\n${bootstrap}`,
      told: ["gateway.toml:4: [cloud] proxy_user: has no password: name its file by proxy_password_file"],
    },
    {
      text: `${cloud}proxy = "http://p:1"\nproxy_user = "gw"\nproxy_password = "never-shown"\nproxy_password_file = "f"\n${bootstrap}`,
      told: ["gateway.toml:6: [cloud] proxy_password_file: and proxy_password are both there: keep one of them"],
    },
    {
      text: `${good}security_token = "never-shown"\nsecurity_token_file = "f"\n`,
      told: ["gateway.toml:6: [registration] security_token_file: and security_token are both there: keep one of them"],
    },
    {
      text: `${good}certificate = "c"\none_time_password = "never-shown"\nkey_algorithm = "rsa-2048"\n`,
      told: [
        'gateway.toml:5: [registration] certificate: belongs to method = "certificate", but without method it is "bootstrap"',
        'gateway.toml:6: [registration] one_time_password: belongs to method = "enrolment", but without method it is "bootstrap"',
        'gateway.toml:7: [registration] key_algorithm: belongs to method = "enrolment", but without method it is "bootstrap"',
      ],
    },
    {
      text: `${cloud}[registration]\nmethod = "certificate"\nuser = "a/b"\n`,
      told: [
        "gateway.toml:3: [registration] certificate: is missing: the name of a file with PEM certificates",
        "gateway.toml:3: [registration] key: is missing: the name of a file with a PEM private key",
        'gateway.toml:5: [registration] user: belongs to method = "bootstrap", but method is "certificate"',
      ],
    },
    {
      text: `${cloud}[registration]\nmethod = "enrolment"\n`,
      told: [
        "gateway.toml:3: [registration] one_time_password: is missing: the password for the first certificate, in a file named by one_time_password_file",
      ],
    },
    {
      text: `${cloud}mqtt_over = "websocket"\n[registration]\nmethod = "certificate"\ncertificate = "c"\nkey = "k"\n`,
      told: [
        'gateway.toml:3: [cloud] mqtt_over: "websocket" is for gateways with a password: with method = "certificate" MQTT goes over TLS',
      ],
    },
    {
      text: `${good}[board]\nwatchdog = false\nwatchdog_timeout_s = 10\n`,
      told: ["gateway.toml:7: [board] watchdog_timeout_s: has no meaning while watchdog = false"],
    },
    {
      text: `${good}[uplinks]\nfail_over_after_s = 10\n`,
      told: [
        'gateway.toml:5: [uplinks] prefer: is missing: the network interfaces, best first, as in ["eth0", "wwan0"]',
      ],
    },
    {
      text: `${good}[modem]\nbaud_rate = 9600\n`,
      told: ['gateway.toml:5: [modem] port: is missing: the path of a serial port such as "/dev/ttyUSB2"'],
    },
    {
      text: `${good}[metrics]\n`,
      told: ["gateway.toml:5: [metrics] port: is missing: the TCP port on the loopback, such as 9464"],
    },
    {
      text: `${good}[modem]\nport = "/dev/ttyUSB0"\n[serial.a]\nport = "/dev/ttyUSB0"\n[serial.b]\nport = "/dev/ttyUSB0"\n`,
      told: [
        "gateway.toml:8: [serial.a] port: /dev/ttyUSB0 is that of [modem] already",
        "gateway.toml:10: [serial.b] port: /dev/ttyUSB0 is that of [serial.a] already",
      ],
    },
  ])("%#: $told.0", ({ text, told }) => {
    expect(findings(text)).toEqual(told);
  });

  test("a method that is wrong hides what depends on it, not the rest", () => {
    expect(findings(`${cloud}[registration]\nmethod = "magic"\ncertificate = "c"\nuser = "u"\n`)).toEqual([
      'gateway.toml:4: [registration] method: must be "bootstrap", "certificate" or "enrolment", found "magic"',
      'gateway.toml:6: [registration] user: must be tenant and user with "/" between, as in "management/devicebootstrap"',
    ]);
  });

  test("of two bad targets both are told", () => {
    expect(findings(`${good}[tunnels]\nallow = ["private", "publik", "10.0.0.0/33"]\n`)).toHaveLength(2);
  });
});

describe("serial consoles", () => {
  test("may be several, with line settings of their own", () => {
    const text = `${good}[serial.press4]\nport = "/dev/ttyUSB0"\nbaud_rate = 115200\nparity = "even"\n[serial.oven-2]\nport = "/dev/ttyAMA0"\n`;
    expect(parse(text).serialConsoles).toEqual([
      {
        name: "press4",
        port: "/dev/ttyUSB0",
        settings: { baudRate: 115_200, dataBits: 8, parity: "even", stopBits: 1, flowControl: "none" },
      },
      {
        name: "oven-2",
        port: "/dev/ttyAMA0",
        settings: { baudRate: 9600, dataBits: 8, parity: "none", stopBits: 1, flowControl: "none" },
      },
    ]);
  });

  test.each([
    {
      lines: "[serial.press4]",
      told: 'gateway.toml:5: [serial.press4] port: is missing: the path of a serial port such as "/dev/ttyUSB0"',
    },
    {
      lines: '[serial.Press4]\nport = "/dev/ttyUSB0"',
      told: "gateway.toml:5: [serial.Press4]: must be named by 1 to 32 of a to z, 0 to 9 and -, as in [serial.press4]",
    },
    {
      lines: '[serial."a.b"]\nport = "/dev/ttyUSB0"',
      told: "gateway.toml:5: [serial.a.b]: must be named by 1 to 32 of a to z, 0 to 9 and -, as in [serial.press4]",
    },
    {
      lines: '[serial]\nport = "/dev/ttyUSB0"',
      told: 'gateway.toml:6: [serial] port: must be in a section of its own: a line [serial.<name>], then port; found "/dev/ttyUSB0"',
    },
    {
      lines: "[[serial.press4]]",
      told: /^gateway\.toml:5: \[serial\] press4: must be in a section of its own: .*; found a list$/,
    },
    {
      lines: Array.from({ length: 17 }, (_, index) => `[serial.p${index}]\nport = "/dev/ttyUSB${index}"`).join("\n"),
      told: "gateway.toml:5: [serial]: must have at most 16 serial consoles, found 17",
    },
    { lines: "[[serial]]", told: "gateway.toml:5: [serial]: must be a section: a line [serial.<name>], then its keys" },
  ])("%#: $lines", ({ lines, told }) => {
    const all = findings(`${good}${lines}\n`);
    expect(all).toHaveLength(1);
    if (typeof told === "string") expect(all[0]).toBe(told);
    else expect(all[0]).toMatch(told);
  });
});

describe("commands", () => {
  test("are names with a program each", () => {
    const text = `${good}[commands]\nuptime = ["/usr/bin/uptime", "-p"]\nvpn_restart = ["/usr/local/bin/vpn"]\n`;
    expect(parse(text).commands).toEqual([
      { name: "uptime", command: ["/usr/bin/uptime", "-p"] },
      { name: "vpn_restart", command: ["/usr/local/bin/vpn"] },
    ]);
  });

  test.each([
    { line: 'Up = ["/bin/a"]', told: /Up: must be named by 1 to 32 of a to z, 0 to 9, - and _$/ },
    { line: '"up time" = ["/bin/a"]', told: /up time: must be named by/ },
    { line: 'up = "/usr/bin/uptime"', told: /up: must be a list of the program and its arguments, .*, found "/ },
    { line: "up = []", told: /up: must be a list of the program and its arguments, .*, found an empty list$/ },
    { line: 'up = ["/bin/a", 1]', told: /up: must be a list .*, but entry 2 is no text of 1 to 1024 characters$/ },
    { line: 'up = ["/bin/a", ""]', told: /but entry 2 is no text/ },
    { line: 'up = ["/bin/a", "b\\u0000c"]', told: /but entry 2 is no text/ },
    { line: `up = ["/bin/a", "${"x".repeat(1025)}"]`, told: /but entry 2 is no text/ },
    { line: 'up = ["uptime"]', told: /must begin with the program's absolute path, .*, found "uptime"$/ },
    { line: `up = ["/bin/a"${', "x"'.repeat(32)}]`, told: /up: must have at most 32 entries, found 33$/ },
  ])("%#: $line", ({ line, told }) => {
    const all = findings(`${good}[commands]\n${line}\n`);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatch(told);
    expect(all[0]).toMatch(/^gateway\.toml:6: \[commands\] /);
  });

  test("are at most 64", () => {
    const lines = Array.from({ length: 65 }, (_, index) => `c${index} = ["/bin/a"]`);
    expect(findings(`${good}[commands]\n${lines.join("\n")}\n`)).toEqual([
      "gateway.toml:5: [commands]: must have at most 64 commands, found 65",
    ]);
  });
});

describe("a file that is no configuration", () => {
  test("is refused soon, however much is wrong with it", () => {
    const before = performance.now();
    const lines = Array.from({ length: 60_000 }, (_, index) => `k${index} = 1`);
    const all = findings(`${good}${lines.join("\n")}\n`);
    expect(all).toHaveLength(101);
    expect(all[0]).toMatch(/^gateway\.toml:5: \[registration\] k0: is not known/);
    expect(all.at(-1)).toBe("gateway.toml: 59900 more are not told");
    // Looking each line up anew took minutes.
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("takes no longer for long lines of blanks, brackets and quotes", () => {
    const before = performance.now();
    for (const line of [`[${" ".repeat(300_000)}`, '"'.repeat(2) + "a".repeat(300_000), "a ".repeat(150_000)]) {
      expect(findings(`${good}security_token_file = """\n${line}\n"""\n[tunnels]\nmax = 0\n`).length).toBeGreaterThan(
        0,
      );
    }
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("takes no longer for long texts", () => {
    const before = performance.now();
    const long = ":".repeat(300_000);
    const text = `[cloud]\nurl = "${long}"\n${bootstrap}user = "${long}"\n[tunnels]\nallow = ["${long}x"]\n`;
    expect(findings(text)).toEqual([
      'gateway.toml:2: [cloud] url: must be an address such as "https://cloud.example:8443", found a text of 300000 characters',
      'gateway.toml:5: [registration] user: must be a text such as "management/devicebootstrap", found a text of 300000 characters',
      expect.stringMatching(
        /^gateway\.toml:7: \[tunnels\] allow: entry 1 a text of 300001 characters must be "private"/,
      ),
    ]);
    expect(performance.now() - before).toBeLessThan(10_000);
  });

  test("may nest deeply", () => {
    const deep = `[${Array.from({ length: 500 }, () => "a").join(".")}]`;
    expect(findings(`${good}${deep}\n`)).toHaveLength(1);
  });
});

describe("a misspelt section", () => {
  test.each([
    ["[clouds]", "[cloud]"],
    ["[registrations]", "[registration]"],
    ["[uplink]", "[uplinks]"],
    ["[modems]", "[modem]"],
    ["[serials.a]", "[serial]"],
    ["[comands]", "[commands]"],
    ["[remote-configuration]", "[remote_configuration]"],
    ["[metric]", "[metrics]"],
    ["[logs]", "[log]"],
    ["[boards]", "[board]"],
    ["[healt]", "[health]"],
    ["[status]", "[state]"],
    ["[devices]", "[device]"],
  ])("%s: did you mean %s?", (line, meant) => {
    const all = findings(`${good}${line}\n`);
    expect(all).toHaveLength(1);
    expect(all[0]).toContain(`is not a section of this file (did you mean ${meant}?)`);
    expect(all[0]).toMatch(/^gateway\.toml:5: /);
  });
});

describe("the whole", () => {
  test("may say everything", () => {
    const parsed = parse(`[cloud]
url = "https://t1.example"
mqtt = "mqtts://mqtt.example:8884"
mqtt_over = "tls"
proxy = "https://[2001:db8::1]:3129"
proxy_user = "gw"
proxy_password_file = "proxy.password"
[registration]
method = "enrolment"
one_time_password_file = "otp"
key_algorithm = "rsa-3072"
[tunnels]
hot_celsius = 70
[board]
model = "raspberry-pi-4"
watchdog = true
watchdog_timeout_s = 10
[uplinks]
prefer = ["eth0", "wwan0"]
fail_over_after_s = 30
fail_back_after_s = 120
[modem]
port = "/dev/ttyUSB2"
baud_rate = 9600
reset_after_failures = 5
[health]
interval_s = 10
disk_full_percent = 80
memory_full_percent = 70
[remote_configuration]
allow = ["tunnels"]
[metrics]
port = 9464
[log]
level = "warn"
`);
    expect(parsed).toMatchObject({
      cloud: {
        mqttOver: "tls",
        proxy: { host: "2001:db8::1", port: 3129, isTls: true, user: "gw" },
      },
      registration: { method: "enrolment", keyAlgorithm: "rsa-3072" },
      files: { proxyPassword: { name: "proxy.password" }, oneTimePassword: { name: "otp" } },
      hasSecrets: false,
      tunnels: { hotCelsius: 70 },
      board: { model: "raspberry-pi-4", watchdog: true, watchdogTimeoutMs: 10_000 },
      uplinks: { prefer: ["eth0", "wwan0"], failOverAfterMs: 30_000, failBackAfterMs: 120_000 },
      modem: { port: "/dev/ttyUSB2", baudRate: 9600, resetAfterFailures: 5 },
      health: { intervalMs: 10_000, diskFullPercent: 80, memoryFullPercent: 70 },
      remoteConfiguration: { allow: ["tunnels"] },
      metrics: { port: 9464 },
      logLevel: "warn",
    });
  });

  test("leaves out uplinks, modem and metrics where the file does", () => {
    const parsed = parse(good);
    for (const part of ["uplinks", "modem", "metrics"]) expect(parsed).not.toHaveProperty(part);
  });

  test("a file and what a test gives have the same defaults", () => {
    const { files: _files, hasSecrets: _hasSecrets, cloud: parsedCloud, ...rest } = parse(good);
    const { url, host, httpsPort, mqttHost, mqttPort } = parsedCloud;
    const address = { url, host, httpsPort, mqttHost, mqttPort };
    const registration = {
      method: "bootstrap",
      user: "management/devicebootstrap",
      password: "never-shown",
    } as const;
    const complete = completeConfig({ cloud: address, registration });
    expect(complete).toEqual({ ...rest, cloud: { ...parsedCloud, authorities: [] } });
    expect(complete.cloud.mqttPort).toBe(8883);
  });

  test("what a test changes comes first, section by section", () => {
    const given = {
      cloud: parse(good).cloud,
      registration: { method: "bootstrap", user: "a/b", password: "p" },
    } as const;
    const complete = completeConfig(
      { ...given, tunnels: { max: 3, drainMs: 1 } },
      {
        tunnels: { max: 4 },
        cloud: { mqttOver: "websocket" },
        uplinks: { prefer: ["eth0"] },
        modem: { port: "/dev/x" },
      },
    );
    expect(complete.tunnels).toMatchObject({ max: 4, drainMs: 1, dialTimeoutMs: 10_000 });
    expect(complete.cloud).toMatchObject({ mqttOver: "websocket", host: "cloud.example" });
    expect(complete.uplinks).toEqual({ prefer: ["eth0"], failOverAfterMs: 60_000, failBackAfterMs: 300_000 });
    expect(complete.modem).toEqual({ port: "/dev/x", baudRate: 115_200, resetAfterFailures: 3 });
  });
});
