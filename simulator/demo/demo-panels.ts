// The three panels of `postern up`: how they look, where they would like to listen, and which of them ask for a password.
import type { Random } from "#hardware/ports.ts";
import type { PanelHost, PanelProgram } from "../panels/panel.ts";
import { type RunningVncPanel, type VncPanelOptions, vncPanel } from "../panels/vnc-panel.ts";

const panels = [
  { name: "Press 4", title: "PRESS 4  Hydraulics", machine: "press", theme: "day", port: 5951, asks: false },
  { name: "Mixer 2", title: "MIXER 2  Batch control", machine: "mixer", theme: "night", port: 5952, asks: true },
  { name: "Packer 7", title: "PACKER 7  Line end", machine: "packer", theme: "warm", port: 5953, asks: true },
] as const;

/** VNC Authentication takes no more. */
const passwordLength = 8;
const passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789";

export const panelAddress = "127.0.0.1";

export interface DemoPanel {
  /** Name of its endpoint. */
  readonly name: string;
  readonly running: RunningVncPanel;
  /** New at each start; only the panel and the cloud's vault ever have it. */
  readonly password: string | undefined;
}

/** Starts all of them; a port that is taken gives way to a free one. Rejects with the system's words if that fails too. */
export async function startDemoPanels(host: Omit<PanelHost, "name" | "seed" | "address"> & { readonly seed: number }) {
  const started: DemoPanel[] = [];
  for (const { name, asks, ...look } of panels) {
    const password = asks ? newPassword(host.random) : undefined;
    const options: VncPanelOptions = { ...look, ...(password === undefined ? {} : { password }) };
    const place = { ...host, name, seed: `${host.seed}/${name}`, address: panelAddress };
    started.push({ name, password, running: await startOrGiveWay(vncPanel(options), place) });
  }
  return started;
}

async function startOrGiveWay(program: PanelProgram<RunningVncPanel>, host: PanelHost): Promise<RunningVncPanel> {
  try {
    return await program.start(host);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "port-taken") throw error;
    return program.start({ ...host, port: 0 });
  }
}

function newPassword(random: Random): string {
  const letters = [...random.bytes(passwordLength)].map((byte) => passwordLetters[byte % passwordLetters.length]);
  return letters.join("");
}
