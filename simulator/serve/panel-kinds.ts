// The panels that the simulator serves by name: what each takes, and how it is made.
import { echoPanel, sinkPanel, sourcePanel } from "../panels/byte-panels.ts";
import { type StatusPanelOptions, statusPanel } from "../panels/http/status-panel.ts";
import { type ModbusPanelOptions, modbusPanel } from "../panels/modbus/modbus-panel.ts";
import { garbagePanel, httpPanel, silentPanel } from "../panels/odd-panels.ts";
import { findProfile, profilePanel } from "../panels/profiles/catalogue.ts";
import { type SshPanelOptions, sshPanel } from "../panels/ssh/ssh-panel.ts";
import { type TelnetPanelOptions, telnetPanel } from "../panels/telnet/telnet-panel.ts";
import { type VncPanelOptions, vncPanel } from "../panels/vnc-panel.ts";
import { badValue } from "./api-error.ts";
import type { PanelKind, PanelOption } from "./panel-kind.ts";

const text = (name: string, summary: string, choices?: readonly string[]): PanelOption => ({
  name,
  summary,
  kind: "text",
  ...(choices === undefined ? {} : { choices }),
});
const number = (name: string, summary: string): PanelOption => ({ name, summary, kind: "number" });

const vncOptions = [
  text("password", "what viewers must know (VNC Authentication); without it anybody may look"),
  text("username", "for sign-ins that ask for one"),
  text("title", "the desktop's name, which the screen shows too"),
  text("machine", "what the screen is of", ["press", "mixer", "packer"]),
  text("theme", "how the screen looks", ["day", "night", "warm"]),
  text("version", "newest version of RFB that it speaks", ["3.3", "3.7", "3.8"]),
];

export const panelKinds: readonly PanelKind[] = [
  {
    name: "vnc",
    summary: "An RFB server that shows and operates a living screen.",
    protocol: "VNC",
    options: vncOptions,
    create: (options, profile) =>
      profile === undefined ? vncPanel(options as VncPanelOptions) : profilePanel(profile, options as VncPanelOptions),
  },
  {
    name: "ssh",
    summary: "The computer in a machine's panel: a shell, a small disk and living values.",
    protocol: "SSH",
    options: [
      text("username", 'who is let in, "root" if left out'),
      text("password", 'by password; "changeme" if there is no key either'),
      text("publicKey", "by key: a line as in authorized_keys"),
      text("title", "what the machine is called"),
      text("banner", "shown before the sign-in"),
      text("machine", "what the computer runs", ["press", "mixer", "packer"]),
    ],
    create: (options, profile) => sshPanel({ ...(options as SshPanelOptions), ...sshProfile(profile) }),
  },
  {
    name: "telnet",
    summary: "A controller's menu and full-screen pages over Telnet.",
    protocol: "TELNET",
    options: [
      text("username", "with a password: what the login asks for; without both the menu comes at once"),
      text("password", "with a user name"),
      text("title", "what the machine is called"),
      text("banner", "shown before the login"),
      text("machine", "what the controller runs", ["press", "mixer", "packer"]),
      { name: "waitsForInput", kind: "boolean", summary: "says nothing before the first byte has come" },
    ],
    create: ({ username, password, ...options }) =>
      telnetPanel({ ...(options as TelnetPanelOptions), ...telnetAccount(username, password) }),
  },
  {
    name: "http",
    summary: "A controller's status page, with living values.",
    protocol: "PASSTHROUGH",
    options: [
      text("title", "what the machine is called"),
      text("machine", "what the controller runs", ["press", "mixer", "packer"]),
    ],
    create: (options) => statusPanel(options as StatusPanelOptions),
  },
  {
    name: "modbus",
    summary: "Modbus TCP registers with living values.",
    protocol: "PASSTHROUGH",
    options: [text("machine", "what the controller runs", ["press", "mixer", "packer"])],
    create: (options) => modbusPanel(options as ModbusPanelOptions),
  },
  {
    name: "echo",
    summary: "Sends back what it gets, its end of stream too.",
    protocol: "PASSTHROUGH",
    options: [],
    create: () => echoPanel(),
  },
  {
    name: "source",
    summary: "Streams bytes as fast as they are taken and ends.",
    protocol: "PASSTHROUGH",
    options: [
      number("bytes", "how many it sends on each connection, 1 MiB if left out"),
      text("afterwards", "what comes after the last one", ["end", "reset", "stay"]),
    ],
    create: ({ bytes, afterwards }) =>
      sourcePanel({
        bytes: wholeNumber("bytes", bytes ?? 1_048_576, 0),
        ...(afterwards === undefined ? {} : { afterwards: afterwards as "end" | "reset" | "stay" }),
      }),
  },
  {
    name: "sink",
    summary: "Takes bytes, as fast or as slowly as it is told, and ends its side when the other end has.",
    protocol: "PASSTHROUGH",
    options: [number("readBytes", "how many it takes at a time"), number("everyMs", "pause between two times, in ms")],
    create: ({ readBytes, everyMs }) =>
      sinkPanel({
        ...(readBytes === undefined ? {} : { readBytes: wholeNumber("readBytes", readBytes, 1) }),
        ...(everyMs === undefined ? {} : { everyMs: wholeNumber("everyMs", everyMs, 1) }),
      }),
  },
  {
    name: "silent",
    summary: "Accepts connections and never says a word.",
    protocol: "VNC",
    options: [],
    create: () => silentPanel(),
  },
  {
    name: "garbage",
    summary: "Greets with bytes that mean nothing in any protocol.",
    protocol: "VNC",
    options: [],
    create: () => garbagePanel(),
  },
  {
    name: "http-error",
    summary: "A web server where something else was expected: answers whatever comes with 400.",
    protocol: "VNC",
    options: [],
    create: () => httpPanel(),
  },
];

/** The kind that has the profiles of a protocol. */
export const kindOfProtocol: Readonly<Record<string, string>> = { VNC: "vnc", SSH: "ssh", TELNET: "telnet" };

function telnetAccount(username: unknown, password: unknown): Pick<TelnetPanelOptions, "account"> {
  if (username === undefined && password === undefined) return {};
  if (typeof username === "string" && typeof password === "string") return { account: { username, password } };
  throw badValue(
    "is missing: a login has a user name and a password",
    username === undefined ? "options.username" : "options.password",
  );
}

function sshProfile(name: string | undefined): Pick<SshPanelOptions, "profile"> {
  const profile = name === undefined ? undefined : findProfile(name);
  return profile?.protocol === "SSH" ? { profile } : {};
}

function wholeNumber(name: string, value: unknown, min: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= min) return value;
  throw badValue(`takes a whole number from ${min} up, not ${JSON.stringify(value)}`, `options.${name}`);
}
