// The five panels of `postern up`: how they look, where they would like to listen, and which of them ask for a password.
import type { Random } from "#hardware/ports.ts";
import type { HmiScreen } from "../panels/hmi-screen.ts";
import type { PanelEndpoint, PanelHost, PanelProgram, RunningPanel } from "../panels/panel.ts";
import { machines, type ProcessSource, sharedProcess } from "../panels/process-model.ts";
import { sshPanel } from "../panels/ssh/ssh-panel.ts";
import { telnetPanel } from "../panels/telnet/telnet-panel.ts";
import { type VncPanelOptions, vncPanel } from "../panels/vnc-panel.ts";

const screens = [
  { name: "Press 4", title: "PRESS 4  Hydraulics", machine: "press", theme: "day", port: 5951, asks: false },
  { name: "Mixer 2", title: "MIXER 2  Batch control", machine: "mixer", theme: "night", port: 5952, asks: true },
  { name: "Packer 7", title: "PACKER 7  Line end", machine: "packer", theme: "warm", port: 5953, asks: true },
] as const;
/** The computer behind the mixer's screen and the controller of the press: the same machines, by other protocols. */
const shell = { name: "Mixer 2 shell", title: "MIXER 2  Batch control", port: 5954, user: "service" } as const;
const menu = { name: "Press 4 menu", title: "PRESS 4  Hydraulics", port: 5955 } as const;

/** VNC Authentication takes no more. */
const passwordLength = 8;
const passwordLetters = "abcdefghijkmnpqrstuvwxyz23456789";

export const panelAddress = "127.0.0.1";

export interface DemoPanel {
  /** Name of its endpoint. */
  readonly name: string;
  readonly running: RunningPanel;
  /** What the cloud is told. Passwords are new at each start; only the panel and the cloud's vault ever have them. */
  readonly endpoint: PanelEndpoint;
  /** Of those that have one. */
  readonly screen?: HmiScreen;
}

type DemoHost = Omit<PanelHost, "name" | "seed" | "address"> & { readonly seed: number };

/** Starts all of them; a port that is taken gives way to a free one. Rejects with the system's words if that fails too. */
export async function startDemoPanels(host: DemoHost): Promise<readonly DemoPanel[]> {
  const processes = { press: sharedProcess(machines.press), mixer: sharedProcess(machines.mixer) };
  const shown: DemoPanel[] = [];
  for (const { name, asks, ...look } of screens) {
    const process: ProcessSource | undefined = look.machine === "packer" ? undefined : processes[look.machine];
    const options: VncPanelOptions = {
      ...look,
      ...(asks ? { password: newPassword(host.random) } : {}),
      ...(process === undefined ? {} : { process }),
    };
    const { running, ...panel } = await started(name, vncPanel(options), host);
    shown.push({ ...panel, running, screen: running.screen });
  }
  const { user: username, name, ...rest } = shell;
  const password = newPassword(host.random);
  const ssh = sshPanel({ ...rest, username, password, process: processes.mixer });
  const telnet = telnetPanel({ title: menu.title, port: menu.port, process: processes.press });
  return [...shown, await started(name, ssh, host), await started(menu.name, telnet, host)];
}

async function started<R extends RunningPanel>(name: string, program: PanelProgram<R>, host: DemoHost) {
  const running = await startOrGiveWay(program, { ...host, name, seed: `${host.seed}/${name}`, address: panelAddress });
  return { name, running, endpoint: { ...program.endpoint, ...running.endpoint } };
}

async function startOrGiveWay<R extends RunningPanel>(program: PanelProgram<R>, host: PanelHost): Promise<R> {
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
