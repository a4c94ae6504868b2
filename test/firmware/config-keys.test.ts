// Every key of gateway.toml, wrong in type, range and name: one finding each, with its line and what was meant.
import { describe, expect, test } from "vitest";
import { parseGatewayConfig } from "#firmware/config/parse-config.ts";
import { namedSections, sections } from "#firmware/config/schema.ts";
import { ConfigError } from "#firmware/errors.ts";

function findings(text: string): readonly string[] {
  try {
    parseGatewayConfig(text, "gateway.toml");
  } catch (error) {
    if (error instanceof ConfigError) return error.findings;
    throw error;
  }
  return [];
}

const cloud = { url: '"https://cloud.example"' };
const secret = "never-shown";
const bootstrap = { password: `"${secret}"` };

/** Sections and their keys, as the file has them. */
type File = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What must stand around each section for a file to be right. */
const surroundings: File = { cloud, registration: bootstrap };

function write(file: File): string {
  return Object.entries(file)
    .map(([section, keys]) =>
      [`[${section}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ""].join("\n"),
    )
    .join("\n");
}

interface KeyCase {
  readonly section: string;
  readonly key: string;
  /** Beside the key in its section, so that nothing else is wrong. */
  readonly beside?: Readonly<Record<string, string>>;
  /** TOML of a value that is right. */
  readonly right: string;
  /** TOML of values of another type. */
  readonly types: readonly string[];
  /** TOML of values of the right type that are out of limits. */
  readonly ranges: readonly string[];
  readonly misspelt: string;
  /** What is said of a value of another type. */
  readonly meant: RegExp;
}

const whole = (section: string, key: string, min: number, max: number, more: Partial<KeyCase> = {}): KeyCase => ({
  section,
  key,
  right: String(max),
  types: ['"7"', "7.5", "true", "[7]", "inf", "nan", "2020-01-01"],
  ranges: [String(min - 1), String(max + 1), "-7"],
  misspelt: key.slice(0, -1),
  meant: new RegExp(`must be a whole number from ${min} to ${max}, found `),
  ...more,
});

const choice = (section: string, key: string, right: string, wrong: string, more: Partial<KeyCase> = {}): KeyCase => ({
  section,
  key,
  right: JSON.stringify(right),
  types: ["1", "true", "[]", '""'],
  ranges: [JSON.stringify(wrong)],
  misspelt: `${key}s`,
  meant: /must be ".*" or ".*", found /,
  ...more,
});

const file = (section: string, key: string, more: Partial<KeyCase> = {}): KeyCase => ({
  section,
  key,
  right: '"a-file"',
  types: ["1", "false", '["a"]'],
  ranges: ['""', '" "', '"a\\u0000b"'],
  misspelt: `${key}e`,
  meant: /must be the name of a file.*, found /,
  ...more,
});

const secretKey = (section: string, key: string, more: Partial<KeyCase> = {}): KeyCase => ({
  section,
  key,
  right: `"${secret}"`,
  types: [`["${secret}"]`, "7"],
  ranges: ['""'],
  misspelt: `${key}x`,
  meant: /must be a text in quotes$/,
  ...more,
});

const proxied = { ...cloud, proxy: '"http://proxy.example:3128"' };
const enrolment = { method: '"enrolment"' };
const enrolled = { ...enrolment, one_time_password: `"${secret}"` };
const certificate = { method: '"certificate"' };
const console_ = { port: '"/dev/ttyUSB0"' };
const modem = { port: '"/dev/ttyUSB2"' };
const uplinks = { prefer: '["eth0"]' };
const path = {
  meant: /must be the path of a serial port such as/,
  types: ["1", "true", "[]"],
  ranges: ['"ttyUSB0"', '"/dev/tty USB"'],
};

const keys: readonly KeyCase[] = [
  {
    section: "cloud",
    key: "url",
    beside: {},
    right: '"https://cloud.example:8443"',
    types: ["1", "true", "[]"],
    ranges: [
      '"http://cloud.example"',
      '"https://cloud.example/a"',
      '"https://cloud.example:0"',
      '"https://cloud.example:65536"',
    ],
    misspelt: "urls",
    meant: /must be an address such as "https:\/\/cloud\.example:8443"/,
  },
  {
    section: "cloud",
    key: "mqtt",
    beside: cloud,
    right: '"mqtts://cloud.example:8883"',
    types: ["1", "true", "{}"],
    ranges: ['"mqtt://cloud.example"', '"mqtts://cloud.example:99999"', '"mqtts://user@cloud.example"'],
    misspelt: "mqtts",
    meant: /must be an address such as "mqtts:\/\/cloud\.example:8883"/,
  },
  choice("cloud", "mqtt_over", "websocket", "websockets", { beside: cloud }),
  file("cloud", "ca", { beside: cloud, misspelt: "cas" }),
  {
    section: "cloud",
    key: "proxy",
    beside: cloud,
    right: '"https://proxy.example:3129"',
    types: ["3128", "true", "[]"],
    ranges: ['"socks5://proxy.example"', '"http://user:never-shown@proxy.example"', '"http://proxy.example/x"'],
    misspelt: "proxi",
    meant: /must be an address such as "http:\/\/proxy\.example:3128"/,
  },
  {
    section: "cloud",
    key: "proxy_user",
    beside: { ...proxied, proxy_password: `"${secret}"` },
    right: '"gw"',
    types: ["1", "true", "[]"],
    ranges: ['"a:b"', '""'],
    misspelt: "proxy_usr",
    meant: /must be a text without colon/,
  },
  secretKey("cloud", "proxy_password", { beside: { ...proxied, proxy_user: '"gw"' }, misspelt: "proxy_pasword" }),
  file("cloud", "proxy_password_file", { beside: { ...proxied, proxy_user: '"gw"' } }),
  {
    section: "device",
    key: "id",
    right: '"gw-1"',
    types: ["1", "true", "[]"],
    ranges: ['"a:b"', '"a b"', `"${"x".repeat(129)}"`],
    misspelt: "idd",
    meant: /must (be the gateway's id, such as|have at most 128 characters)/,
  },
  {
    section: "device",
    key: "name",
    right: '"Line 3"',
    types: ["1", "false"],
    ranges: ['""', '"a\\nb"'],
    misspelt: "nam",
    meant: /must be a name for people, found /,
  },
  {
    section: "device",
    key: "type",
    right: '"my-gateway"',
    types: ["1", "false"],
    ranges: ['""'],
    misspelt: "typ",
    meant: /must be a text, found /,
  },
  choice("registration", "method", "bootstrap", "bootstraap", { beside: bootstrap }),
  {
    section: "registration",
    key: "user",
    beside: bootstrap,
    right: '"t1/u"',
    types: ["1", "[]"],
    ranges: ['"u"', '"a/b/c"'],
    misspelt: "usr",
    meant: /must be (a text such as|tenant and user with)/,
  },
  secretKey("registration", "password", { beside: {}, misspelt: "pasword" }),
  file("registration", "password_file", { beside: {}, misspelt: "pasword_file" }),
  secretKey("registration", "security_token", { beside: bootstrap }),
  file("registration", "security_token_file", { beside: bootstrap }),
  file("registration", "certificate", { beside: { ...certificate, key: '"k"' }, misspelt: "certificat" }),
  file("registration", "key", { beside: { ...certificate, certificate: '"c"' }, misspelt: "keys" }),
  secretKey("registration", "one_time_password", { beside: enrolment }),
  file("registration", "one_time_password_file", { beside: enrolment }),
  choice("registration", "key_algorithm", "rsa-3072", "rsa-1024", { beside: enrolled }),
  { ...file("state", "dir", { meant: /must be a folder, found / }), misspelt: "dirr" },
  whole("tunnels", "max", 1, 256, { misspelt: "maxi" }),
  {
    section: "tunnels",
    key: "allow",
    right: '["private", "10.0.0.0/8:5900"]',
    types: ['"private"', "1", "[1]"],
    ranges: ['["publik"]', '["10.0.0.0/33"]', `[${'"self",'.repeat(257)}]`],
    misspelt: "alow",
    meant: /(must be a list of at most 256 entries|entry 1 )/,
  },
  whole("tunnels", "dial_timeout_s", 1, 25),
  whole("tunnels", "lost_after_s", 10, 600),
  whole("tunnels", "stalled_after_s", 1, 600),
  whole("tunnels", "drain_s", 1, 60),
  whole("tunnels", "hot_celsius", 40, 110),
  choice("board", "model", "generic", "raspberry-pi-44", { misspelt: "modell" }),
  {
    section: "board",
    key: "watchdog",
    right: "false",
    types: ['"yes"', "1", "[]"],
    ranges: [],
    misspelt: "watchdogs",
    meant: /must be true or false, found /,
  },
  whole("board", "watchdog_timeout_s", 5, 600),
  {
    section: "uplinks",
    key: "prefer",
    right: '["eth0", "wlan0"]',
    types: ['"eth0"', "1", "[1]"],
    ranges: ["[]", '["eth0", "eth0"]', '["eth 0"]', '["abcdefghijklmnop"]'],
    misspelt: "prefere",
    meant:
      /(must be a list|entry 1 must be|must name at least one|names "eth0" twice|entry 1 "|must be the name of a network)/,
  },
  whole("uplinks", "fail_over_after_s", 10, 3600, { beside: uplinks }),
  whole("uplinks", "fail_back_after_s", 10, 86_400, { beside: uplinks }),
  { section: "modem", key: "port", right: '"/dev/ttyUSB2"', misspelt: "prt", ...path },
  whole("modem", "baud_rate", 50, 4_000_000, { beside: modem }),
  whole("modem", "reset_after_failures", 1, 100, { beside: modem }),
  { section: "serial.press4", key: "port", right: '"/dev/ttyUSB0"', misspelt: "prt", ...path },
  whole("serial.press4", "baud_rate", 50, 4_000_000, { beside: console_ }),
  {
    ...choice("serial.press4", "data_bits", "", "", { beside: console_, meant: /must be 5, 6, 7 or 8, found / }),
    right: "7",
    types: ['"8"', "true", "8.5"],
    ranges: ["4", "9"],
  },
  choice("serial.press4", "parity", "even", "evn", { beside: console_, misspelt: "partiy" }),
  {
    ...choice("serial.press4", "stop_bits", "", "", { beside: console_, meant: /must be 1 or 2, found / }),
    right: "2",
    types: ['"1"', "true"],
    ranges: ["0", "3"],
  },
  choice("serial.press4", "flow_control", "software", "xonxoff", { beside: console_ }),
  whole("health", "interval_s", 10, 3600),
  whole("health", "disk_full_percent", 1, 100),
  whole("health", "memory_full_percent", 1, 100),
  {
    section: "remote_configuration",
    key: "allow",
    right: '["tunnels", "commands"]',
    types: ['"tunnels"', "true", "[1]"],
    ranges: ['["tunnel"]', '["remote_configuration"]', '["cloud", "cloud", "cloud", "cloud", "cloud"]'],
    misspelt: "alow",
    meant:
      /(must be a list of at most 4 entries, each|entry 1 .*must be) one of "cloud", "registration", "tunnels", "commands"/,
  },
  whole("metrics", "port", 1, 65_535, { misspelt: "prt" }),
  choice("log", "level", "debug", "verbose"),
];

function fileOf({ section, key, beside = {} }: KeyCase, name: string, value: string): File {
  const { [key]: _own, ...others } = beside;
  return { ...surroundings, [section]: { ...others, [name]: value } };
}

test("the table has every key of the schema", () => {
  const known = [
    ...Object.entries(sections).flatMap(([name, section]) => Object.keys(section.keys).map((key) => `${name}.${key}`)),
    ...Object.keys(namedSections.serial.keys).map((key) => `serial.press4.${key}`),
  ];
  expect(keys.map(({ section, key }) => `${section}.${key}`)).toEqual(known.toSorted((a, b) => order(a) - order(b)));
});

/** The named sections stand among the others in the table. */
function order(name: string): number {
  return keys.findIndex(({ section, key }) => `${section}.${key}` === name);
}

describe.each(keys)("[$section] $key", (each) => {
  const { section, key, right, types, ranges, misspelt, meant } = each;

  test("with a right value has no finding", () => {
    expect(findings(write(fileOf(each, key, right)))).toEqual([]);
  });

  test.each([...types.map((value) => ({ what: "type", value })), ...ranges.map((value) => ({ what: "range", value }))])(
    "wrong in $what: $value",
    ({ value }) => {
      const text = write(fileOf(each, key, value));
      const all = findings(text);
      expect(all).toHaveLength(1);
      const line = text.split("\n").indexOf(`${key} = ${value}`) + 1;
      expect(all[0]).toMatch(meant);
      expect(all[0]?.startsWith(`gateway.toml:${line}: [${section}] ${key}: `)).toBe(true);
      expect(all[0]).not.toContain(secret);
    },
  );

  test(`wrong in name: ${misspelt}`, () => {
    const text = write(fileOf(each, misspelt, right));
    const all = findings(text).filter((finding) => finding.includes(`] ${misspelt}: `));
    const line = text.split("\n").indexOf(`${misspelt} = ${right}`) + 1;
    expect(all).toEqual([`gateway.toml:${line}: [${section}] ${misspelt}: is not known (did you mean ${key}?)`]);
    expect(findings(text).join("\n")).not.toContain(secret);
  });
});
