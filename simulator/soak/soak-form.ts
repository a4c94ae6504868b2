// Which gateway a soak run has: how it logs in, which way it goes, and what of its board it looks after.
import { DeviceEnrolment } from "../operator/device-enrolment.ts";
import { echoPanel } from "../panels/byte-panels.ts";
import { SeededRandom } from "../seeded-random.ts";
import { proxySettings } from "../site/site-proxy.ts";
import { Site, type SiteOptions } from "../site.ts";
import { pick } from "../swarm/draw-numbers.ts";

export interface SoakForm {
  readonly login: "password" | "enrolled";
  readonly way: "direct" | "proxy" | "https-only";
  /** Whether the gateway chooses among its uplinks. */
  readonly steers: boolean;
  readonly hasModem: boolean;
  /** Whether it has a configuration file, which the cloud may ask for and change. */
  readonly hasFile: boolean;
  /** Whether things break while it registers for the first time. */
  readonly startsInTrouble: boolean;
}

/** Tunnels that the gateway opens at once. */
export const soakTunnelsMax = 3;

export const soakPanels = { plc: echoPanel() };
export type SoakSite = Site<typeof soakPanels>;

/** Of the certificates: a run of twenty hours sees several. */
const certificateLifeS = 6 * 3_600;
export const oneTimePassword = "one-time-of-the-soak";
const firstOnlineMs = 180_000;

export function drawForm(seed: number): SoakForm {
  const random = new SeededRandom(seed).child("form");
  const login = pick(random, ["password", "password", "enrolled"] as const);
  // A certificate cannot log in through a websocket (protocol.md 1.1).
  const ways = login === "enrolled" ? (["direct", "proxy"] as const) : (["direct", "proxy", "https-only"] as const);
  const coin = (): boolean => random.integer(0, 1) === 1;
  const way = pick(random, ways);
  const form = { login, way, steers: coin(), hasModem: coin(), hasFile: false, startsInTrouble: coin() };
  const mayHaveFile = login === "password" && way === "direct" && coin();
  return mayHaveFile ? { ...form, steers: false, hasModem: false, hasFile: true } : form;
}

/** Registered and online, with an endpoint for the panel. `trouble` is what it goes through first, where it starts in trouble. */
export async function startSoakSite(
  seed: number,
  form: SoakForm,
  trouble: (site: SoakSite) => Promise<void>,
): Promise<SoakSite> {
  const site = await Site.start({
    seed,
    panels: soakPanels,
    registered: false,
    partsMayBreak: true,
    ...optionsOf(form),
  });
  try {
    if (form.way === "https-only") {
      site.network.firewall.add({ from: "gateway", to: "cloud", port: 8883, action: "drop" });
    }
    site.board.processes.install("/usr/bin/uptime", () => ({ output: "up 3 days\n" }));
    const suffers = form.startsInTrouble ? trouble : async () => {};
    if (form.login === "enrolled") await enrolls(site, suffers);
    else await registers(site, suffers);
    await site.gatewayIsOnline(firstOnlineMs);
    await site.addsEndpoints();
    return site;
  } catch (error) {
    await site[Symbol.asyncDispose]().catch(() => undefined);
    throw error;
  }
}

const configFile = `
[commands]
uptime = ["/usr/bin/uptime", "-p"]

[tunnels]
max = ${soakTunnelsMax}

[remote_configuration]
allow = ["cloud"]
`;

function optionsOf({ login, way, steers, hasModem, hasFile }: SoakForm): Partial<SiteOptions<typeof soakPanels>> {
  if (hasFile) return { configFile };
  const cloud = way === "proxy" ? { cloud: { proxy: proxySettings() } } : {};
  const registration = { method: "enrolment", oneTimePassword: oneTimePassword, keyAlgorithm: "ec-p256" } as const;
  const prefer = ["eth0", "wlan0", "wwan0"];
  return {
    ...(way === "proxy" ? { proxy: {} } : {}),
    tunnels: { max: soakTunnelsMax },
    gateway: {
      ...cloud,
      ...(login === "enrolled" ? { registration } : {}),
      ...(steers ? { uplinks: { prefer, failOverAfterMs: 60_000, failBackAfterMs: 300_000 } } : {}),
      ...(hasModem
        ? { modem: { port: "/dev/serial/by-id/usb-modem-if02", baudRate: 115_200, resetAfterFailures: 3 } }
        : {}),
      commands: [{ name: "uptime", command: ["/usr/bin/uptime", "-p"] }],
    },
  };
}

type Suffers = (site: SoakSite) => Promise<void>;

/** The person accepts it, and gives its one-time password, only when everything is whole again. */
async function registers(site: SoakSite, suffers: Suffers): Promise<void> {
  await site.operator.expectsDevice(site.deviceId);
  site.powerOn();
  await suffers(site);
  if (!site.isGatewayOn) site.powerOn();
  await site.operator.acceptsDevice(site.deviceId);
}

async function enrolls(site: SoakSite, suffers: Suffers): Promise<void> {
  const authority = new DeviceEnrolment(site);
  await authority.createsAuthority();
  await authority.setsLife(certificateLifeS);
  site.powerOn();
  await suffers(site);
  if (!site.isGatewayOn) site.powerOn();
  await authority.offers(site.deviceId, oneTimePassword);
}
