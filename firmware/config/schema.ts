// Every section and key of gateway.toml: kind, limits, default and meaning. Parsing, suggestions and the reference come from here.
import { boardNames } from "#hardware/boards/boards.ts";
import { allowEntryGrammar, defaultAllow, parseAllowEntry } from "../tunnel/allow-entry.ts";
import { configDefaults, serialDefaults } from "./defaults.ts";
import type { GuardedSection } from "./gateway-config.ts";
import {
  addressKey,
  choiceKey,
  fileKey,
  flagKey,
  type Key,
  listKey,
  secretKey,
  textKey,
  wholeKey,
} from "./key-kinds.ts";
import { suggestValue } from "./suggestion.ts";

export interface Section {
  readonly about: string;
  readonly keys: Readonly<Record<string, Key<unknown>>>;
}

/** What the keys of a section are read as. */
export type ValuesOf<S extends Section> = {
  readonly [Name in keyof S["keys"]]: S["keys"][Name] extends Key<infer T> ? T : never;
};

const cloud = {
  about: "Which cloud the gateway belongs to and how it is reached.",
  keys: {
    url: addressKey({
      about: "Address of the cloud for HTTPS and websockets. The one key that must be there.",
      meaning: 'an address such as "https://cloud.example:8443"',
      without: " without path or user",
      ports: { "https:": configDefaults.httpsPort },
    }),
    mqtt: addressKey({
      about: "Address of the cloud for MQTT over TLS.",
      meaning: 'an address such as "mqtts://cloud.example:8883"',
      ports: { "mqtts:": configDefaults.mqttPort },
      defaultText: `the host of url, port ${configDefaults.mqttPort}`,
    }),
    mqtt_over: choiceKey({
      about:
        "How MQTT travels: over TLS to the address of `mqtt`, over a websocket to `url` (where a firewall lets nothing " +
        "but 443 out; not with a certificate), or whichever works, TLS first.",
      of: ["auto", "tls", "websocket"],
      suggest: (found) => suggestValue(found, ["auto", "tls", "websocket"]),
      fallback: configDefaults.mqttOver,
    }),
    ca: fileKey({
      about: "PEM certificates of authorities to trust beside the system's own.",
      meaning: "the name of a file with PEM certificates",
    }),
    proxy: addressKey({
      about: "HTTP proxy through which everything goes to the cloud (CONNECT). With https the way to the proxy is TLS.",
      meaning: 'an address such as "http://proxy.example:3128"',
      without: " without path or user (those go into proxy_user and proxy_password_file)",
      ports: { "http:": 80, "https:": 443 },
    }),
    proxy_user: textKey({
      about: "User at the proxy, for Basic authentication.",
      meaning: "a text without colon",
      // RFC 7617: the colon ends the user.
      check: (text) => (text.includes(":") ? "must be a text without colon" : undefined),
    }),
    proxy_password: secretKey({ about: "Password at the proxy. Better in a file of its own: proxy_password_file." }),
    proxy_password_file: fileKey({ about: "File whose first line is the password at the proxy." }),
  },
} satisfies Section;

/** Of an external id, by which the cloud knows the device. */
const deviceIdLengthMax = 128;

const device = {
  about: "Under which names the cloud knows the gateway.",
  keys: {
    id: textKey({
      about: "External id and MQTT client id of the gateway.",
      meaning: "the gateway's id, such as its serial number",
      defaultText: "the board's serial number",
      // A colon would separate parts of the MQTT client id (protocol.md 1.2); the rest have a meaning in MQTT topics.
      check: (id) =>
        /[:/#+\s]/.test(id) || id.length > deviceIdLengthMax
          ? `must have at most ${deviceIdLengthMax} characters and none of ":", "/", "#", "+" or blanks, found ${JSON.stringify(id)}`
          : undefined,
    }),
    name: textKey({
      about: "Name for people, used when the device is new to the cloud.",
      meaning: "a name for people",
      fallback: configDefaults.deviceName as string,
    }),
    type: textKey({
      about: "Type of the device in the cloud.",
      meaning: "a text",
      fallback: configDefaults.deviceType as string,
    }),
  },
} satisfies Section;

const methods = ["bootstrap", "certificate", "enrolment"] as const;
const algorithms = ["ec-p256", "rsa-2048", "rsa-3072"] as const;

const registration = {
  about: "How a gateway that the cloud does not know yet becomes one that it knows.",
  keys: {
    method: choiceKey({
      about:
        "`bootstrap`: the cloud hands out a user and password once somebody has accepted the gateway. `certificate`: " +
        "the gateway shows a certificate given in files. `enrolment`: it makes a key and gets a certificate from the " +
        "cloud's certificate authority, which it renews by itself.",
      of: methods,
      suggest: (found) => suggestValue(found, methods),
      fallback: "bootstrap",
    }),
    user: textKey({
      about: "bootstrap: the account for registering, tenant and user.",
      meaning: 'a text such as "management/devicebootstrap"',
      fallback: configDefaults.bootstrapUser as string,
      check: (user) =>
        /^[^/\s]+\/[^/\s]+$/.test(user)
          ? undefined
          : 'must be tenant and user with "/" between, as in "management/devicebootstrap"',
    }),
    password: secretKey({ about: "bootstrap: its password. Better in a file of its own: password_file." }),
    password_file: fileKey({ about: "bootstrap: file whose first line is the password." }),
    security_token: secretKey({
      about: "bootstrap: proves to the cloud that this is the gateway that was announced, where the cloud asks for it.",
    }),
    security_token_file: fileKey({ about: "bootstrap: file whose first line is the security token." }),
    certificate: fileKey({
      about: "certificate: the gateway's own certificate, then those up to the authority that the cloud trusts.",
      meaning: "the name of a file with PEM certificates",
    }),
    key: fileKey({
      about: "certificate: the private key of the first certificate.",
      meaning: "the name of a file with a PEM private key",
    }),
    one_time_password: secretKey({ about: "enrolment: the password for the first certificate." }),
    one_time_password_file: fileKey({ about: "enrolment: file whose first line is that password." }),
    key_algorithm: choiceKey({
      about: "enrolment: of the key that the gateway makes.",
      of: algorithms,
      suggest: (found) => suggestValue(found, algorithms),
      fallback: configDefaults.keyAlgorithm,
    }),
  },
} satisfies Section;

const state = {
  about: "Where the gateway keeps what it must not forget.",
  keys: {
    dir: textKey({
      about: "Folder, relative to the configuration file unless absolute. Only the gateway's user needs to get in.",
      meaning: "a folder",
      kind: "name of a folder",
      fallback: configDefaults.stateDir as string,
    }),
  },
} satisfies Section;

const tunnels = {
  about: "What the gateway opens tunnels to, whatever the cloud asks for, and how long it waits.",
  keys: {
    max: wholeKey({
      about: "Tunnels at the same time.",
      min: 1,
      max: 256,
      fallback: configDefaults.tunnelsMax as number,
    }),
    allow: listKey({
      about:
        "Which targets may be reached. `private`: private addresses of directly attached networks that are not the " +
        "default route's. `self`: this gateway on ports 22, 23 and 5900.",
      kind: "list of targets",
      max: 256,
      entry: allowEntryGrammar,
      readEntry: parseAllowEntry,
      fallback: defaultAllow,
      defaultText: '["private", "self"]',
    }),
    dial_timeout_s: wholeKey({
      about: "Longest wait for the machine and for the cloud when a tunnel opens.",
      min: 1,
      // The cloud fails an operation after 30 s, so a longer wait for the panel would be in vain.
      max: 25,
      fallback: configDefaults.dialTimeoutS as number,
    }),
    lost_after_s: wholeKey({
      about: "An end from which nothing has come for so long counts as gone.",
      // The cloud is pinged every 5 s: with less than twice that a good tunnel that is idle would count as lost.
      min: 10,
      max: 600,
      fallback: configDefaults.lostAfterS as number,
    }),
    stalled_after_s: wholeKey({
      about: "An end that has taken nothing of what waits for it for so long ends the tunnel.",
      min: 1,
      max: 600,
      fallback: configDefaults.stalledAfterS as number,
    }),
    drain_s: wholeKey({
      about: "Longest wait for an end to take the rest when a tunnel closes.",
      min: 1,
      max: 60,
      fallback: configDefaults.drainS as number,
    }),
    hot_celsius: wholeKey({
      about: "From this CPU temperature on no new tunnel is opened.",
      min: 40,
      max: 110,
      fallback: configDefaults.hotCelsius as number,
    }),
  },
} satisfies Section;

const boardModels: readonly string[] = [configDefaults.boardModel, ...boardNames];

const board = {
  about: "The board that the gateway runs on.",
  keys: {
    model: choiceKey({
      about: "Which board it is; `auto` finds out by the device tree.",
      of: boardModels,
      suggest: (found) => suggestValue(found, boardModels),
      fallback: configDefaults.boardModel as string,
    }),
    watchdog: flagKey({
      about: "Whether the board's watchdog restarts the board when the gateway hangs.",
      defaultText: "true where the board has one",
    }),
    watchdog_timeout_s: wholeKey({
      about: "After how long without progress the board restarts. The board may take the nearest that it can do.",
      min: 5,
      max: 600,
      fallback: configDefaults.watchdogTimeoutS as number,
    }),
  },
} satisfies Section;

const interfaceName = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,14}$/;

const uplinks = {
  about: "Several ways to the internet. Without this section the system's own choice stands.",
  keys: {
    prefer: listKey({
      about: "Network interfaces, best first.",
      kind: "list of names of interfaces",
      max: 8,
      entry: 'the name of a network interface such as "eth0"',
      readEntry: (text): string | { readonly problem: string } =>
        interfaceName.test(text) ? text : { problem: 'must be the name of a network interface such as "eth0"' },
      check: (names) => {
        if (names.length === 0) return "must name at least one network interface, best first; or leave out [uplinks]";
        const twice = names.find((name, index) => names.indexOf(name) !== index);
        return twice === undefined ? undefined : `names ${JSON.stringify(twice)} twice`;
      },
    }),
    fail_over_after_s: wholeKey({
      about: "How long the cloud must be out of reach before the next uplink is taken.",
      min: 10,
      max: 3600,
      fallback: configDefaults.failOverAfterS as number,
    }),
    fail_back_after_s: wholeKey({
      about: "Between two tries of a better uplink; it is taken again once two in a row have reached the cloud.",
      min: 10,
      max: 86_400,
      fallback: configDefaults.failBackAfterS as number,
    }),
  },
} satisfies Section;

/** Absolute: what a serial port is called depends on nothing else. */
const portPath = (path: string): string | undefined =>
  /^\/[^\0\s]{1,254}$/.test(path)
    ? undefined
    : `must be the path of a serial port such as "/dev/ttyUSB0", found ${JSON.stringify(path.slice(0, 60))}`;

const modem = {
  about: "A cellular modem. Without this section there is none.",
  keys: {
    port: textKey({
      about: "Serial port that takes AT commands.",
      meaning: 'the path of a serial port such as "/dev/ttyUSB2"',
      kind: "path",
      check: portPath,
    }),
    baud_rate: wholeKey({
      about: "Speed of that port.",
      min: 50,
      max: 4_000_000,
      fallback: configDefaults.modemBaudRate as number,
    }),
    reset_after_failures: wholeKey({
      about: "After so many failures in a row the modem is reset.",
      min: 1,
      max: 100,
      fallback: configDefaults.resetAfterFailures as number,
    }),
  },
} satisfies Section;

const flows = ["none", "hardware", "software"] as const;
const parities = ["none", "even", "odd"] as const;

/** Of each `[serial.<name>]`. */
const serialConsole = {
  about:
    "A serial port of the gateway offered as an endpoint: to the cloud its host is `<name>.serial.internal`. Any number " +
    "of such sections up to 16; a name has 1 to 32 of a to z, 0 to 9 and `-`.",
  keys: {
    port: textKey({
      about: "Path of the serial port. Must be there.",
      meaning: 'the path of a serial port such as "/dev/ttyUSB0"',
      kind: "path",
      check: portPath,
    }),
    baud_rate: wholeKey({ about: "Speed.", min: 50, max: 4_000_000, fallback: serialDefaults.baudRate as number }),
    data_bits: choiceKey({
      about: "Data bits of a character.",
      of: [5, 6, 7, 8],
      suggest: () => "",
      fallback: serialDefaults.dataBits,
    }),
    parity: choiceKey({
      about: "Parity.",
      of: parities,
      suggest: (found) => suggestValue(found, parities),
      fallback: serialDefaults.parity,
    }),
    stop_bits: choiceKey({ about: "Stop bits.", of: [1, 2], suggest: () => "", fallback: serialDefaults.stopBits }),
    flow_control: choiceKey({
      about: "Flow control: RTS/CTS is `hardware`, XON/XOFF is `software`.",
      of: flows,
      suggest: (found) => suggestValue(found, flows),
      fallback: serialDefaults.flowControl,
    }),
  },
} satisfies Section;

const health = {
  about: "How the gateway looks after itself.",
  keys: {
    interval_s: wholeKey({
      about: "Between two measurements (temperature, load, memory, disk, uplink).",
      min: 10,
      max: 3600,
      fallback: configDefaults.healthIntervalS as number,
    }),
    disk_full_percent: wholeKey({
      about: "From this filling of the disk on an alarm is raised.",
      min: 1,
      max: 100,
      fallback: configDefaults.diskFullPercent as number,
    }),
    memory_full_percent: wholeKey({
      about: "From this filling of the memory on an alarm is raised.",
      min: 1,
      max: 100,
      fallback: configDefaults.memoryFullPercent as number,
    }),
  },
} satisfies Section;

/** Has no fixed keys: each is the name of a command. */
const commands = {
  about:
    "What the cloud may run on the gateway (c8y_Command). Each key is a name that the cloud may send, 1 to 32 of a to z, " +
    '0 to 9, `-` and `_`; its value is the program and its arguments, as in `uptime = ["/usr/bin/uptime", "-p"]`. ' +
    "No shell is involved. At most 64.",
  keys: {},
} satisfies Section;

export const guardedSections: readonly GuardedSection[] = ["cloud", "registration", "tunnels", "commands"];

const remoteConfiguration = {
  about:
    "What of this file the cloud may change. Never: secrets, names of files, `[state]` and this section. Only with a permission: the sections that may be named here; serial consoles go with `tunnels`, and `[device] id` with `registration`. All else always.",
  keys: {
    allow: listKey({
      about: "Sections that may be changed from the cloud too.",
      kind: "list of sections",
      max: guardedSections.length,
      entry: `one of ${guardedSections.map((each) => JSON.stringify(each)).join(", ")}`,
      readEntry: (text): GuardedSection | { readonly problem: string } =>
        guardedSections.find((each) => each === text) ?? {
          problem: `must be one of ${guardedSections.map((each) => JSON.stringify(each)).join(", ")}${suggestValue(text, guardedSections)}`,
        },
      fallback: [] as readonly GuardedSection[],
    }),
  },
} satisfies Section;

const metrics = {
  about: "Figures for Prometheus, on the loopback only. Without this section there are none.",
  keys: {
    port: wholeKey({ about: "TCP port on 127.0.0.1, commonly 9464.", min: 1, max: 65_535 }),
  },
} satisfies Section;

const levels = ["debug", "info", "warn", "error"] as const;

const log = {
  about: "What is written to standard output, one JSON line per event.",
  keys: {
    level: choiceKey({
      about: "From which level on.",
      of: levels,
      suggest: (found) => suggestValue(found, levels),
      fallback: configDefaults.logLevel,
    }),
  },
} satisfies Section;

/** The sections with fixed keys, in the order of the reference. */
export const sections = {
  cloud,
  device,
  registration,
  state,
  tunnels,
  board,
  uplinks,
  modem,
  health,
  remote_configuration: remoteConfiguration,
  metrics,
  log,
} as const;

/** Sections whose keys or sub-sections are named by who writes the file. */
export const namedSections = { serial: serialConsole, commands } as const;

export type SectionName = keyof typeof sections;
