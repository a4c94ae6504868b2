// For tests of the doctor: a site whose gateway is stopped while its board stays on, and the doctor run on that board.
import { completeConfig } from "#firmware/config/defaults.ts";
import type { GatewayConfig } from "#firmware/config/gateway-config.ts";
import { type DiagnoseOptions, diagnose } from "#firmware/doctor/diagnose.ts";
import { type Diagnosis, firstFailure } from "#firmware/doctor/findings.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { gatewayConfig } from "#simulator/site/gateway-config.ts";
import { Site, type SiteOptions } from "#simulator/site.ts";

export const doctorPanels = { press: vncPanel(), plc: echoPanel() };
export type DoctorSite = Site<typeof doctorPanels>;

/** A site whose gateway has registered and was stopped in order: nothing is wrong with it. */
export async function startDoctorSite(options: SiteOptions<typeof doctorPanels> = {}): Promise<DoctorSite> {
  const site = await Site.start({ panels: doctorPanels, ...options });
  await site.gatewayStops();
  return site;
}

export function configOf(site: DoctorSite, changes: Partial<GatewayConfig> = {}): GatewayConfig {
  return completeConfig({ ...gatewayConfig(site.deviceId, authorityPem("Postern site")), ...changes });
}

/** Longest simulated time that a walk may take. */
const walkMs = 180_000;

export async function examine(
  site: DoctorSite,
  changes: Partial<GatewayConfig> = {},
  options: Partial<DiagnoseOptions> = {},
): Promise<Diagnosis> {
  const { hardware } = site.board;
  if (hardware === undefined) throw new Error("The board is off");
  const walk = diagnose({
    configName: "gateway.toml",
    load: async () => ({ config: configOf(site, changes), warnings: [] }),
    openHardware: async () => hardware,
    ...options,
  });
  return await site.until(walk, { what: "the doctor to be done", limitMs: walkMs });
}

export function codesOf({ results }: Diagnosis): readonly string[] {
  return results.flatMap(({ outcome, code }) => (outcome === "fail" ? [String(code)] : []));
}

export function firstCode(diagnosis: Diagnosis): string | undefined {
  return firstFailure(diagnosis)?.code;
}
