// Settings of the gateway of `postern up`: as its program takes them, and as the file says it for people.
import { panelAddress } from "./demo-panels.ts";

export const demoDeviceId = "gw-0001";
export const cloudHost = "localhost";

export interface DemoGatewaySettings {
  readonly httpsPort: number;
  readonly mqttsPort: number;
  /** PEM of what the gateway trusts. */
  readonly authority: string;
  readonly bootstrapUser: string;
  readonly bootstrapPassword: string;
  readonly stateDir: string;
  readonly panelPorts: readonly number[];
}

/** 127.0.0.1 as the policy counts. */
const loopback = { family: 4, value: 0x7f000001n } as const;

export function demoGatewayConfig(settings: DemoGatewaySettings) {
  return {
    cloud: {
      host: cloudHost,
      httpsPort: settings.httpsPort,
      mqttHost: cloudHost,
      mqttPort: settings.mqttsPort,
      authorities: [settings.authority],
      url: `https://${cloudHost}:${settings.httpsPort}`,
    },
    device: { id: demoDeviceId, name: "Line 3 gateway", type: "postern-gateway" },
    registration: {
      method: "bootstrap",
      user: settings.bootstrapUser,
      password: settings.bootstrapPassword,
    },
    stateDir: settings.stateDir,
    tunnels: {
      max: 16,
      allow: [
        { kind: "private" },
        { kind: "self" },
        ...settings.panelPorts.map((port) => ({
          kind: "network" as const,
          network: { base: loopback, prefixLength: 32 },
          ports: { low: port, high: port },
        })),
      ],
      dialTimeoutMs: 10_000,
      lostAfterMs: 20_000,
      stalledAfterMs: 30_000,
      drainMs: 5000,
    },
  } as const;
}

/** The same as a file; the password is in another one, of mode 0600. */
export function demoGatewayToml(
  settings: Omit<DemoGatewaySettings, "authority" | "bootstrapPassword">,
  files: { readonly ca: string; readonly password: string },
): string {
  const quote = JSON.stringify;
  const allow = ["private", "self", ...settings.panelPorts.map((port) => `${panelAddress}:${port}`)];
  return [
    "# What the gateway of `postern up` runs with. Written anew at each start.",
    "[cloud]",
    `url = ${quote(`https://${cloudHost}:${settings.httpsPort}`)}`,
    `mqtt = ${quote(`mqtts://${cloudHost}:${settings.mqttsPort}`)}`,
    `ca = ${quote(files.ca)}`,
    "[device]",
    `id = ${quote(demoDeviceId)}`,
    'name = "Line 3 gateway"',
    'type = "postern-gateway"',
    "[registration]",
    'method = "bootstrap"',
    `user = ${quote(settings.bootstrapUser)}`,
    `password_file = ${quote(files.password)}`,
    "[state]",
    `dir = ${quote(settings.stateDir)}`,
    "[tunnels]",
    "# The default, and the demo's panels: they stand on this machine's loopback, which is refused otherwise.",
    `allow = [${allow.map((entry) => quote(entry)).join(", ")}]`,
    "",
  ].join("\n");
}
