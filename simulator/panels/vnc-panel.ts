// A VNC panel: an RFB server that shows and operates a living screen.

import { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";
import { challengeBytes } from "#protocol/rfb/vnc-authentication.ts";
import { HmiScreen } from "./hmi-screen.ts";
import { type PanelHost, PanelListener, type PanelProgram, type RunningPanel } from "./panel.ts";
import type { MachineName } from "./process-model.ts";
import type { ThemeName } from "./theme.ts";
import { VncViewer } from "./vnc-viewer.ts";

const vncPort = 5900;

export interface VncPanelOptions {
  /** With one, viewers must prove that they know it (VNC Authentication); without, anybody may look (None). */
  readonly password?: string;
  /** What the cloud is told instead, for tests of a wrong one. */
  readonly endpointPassword?: string;
  readonly title?: string;
  readonly machine?: MachineName;
  readonly theme?: ThemeName;
  /** The newest version that it speaks, default 3.8. */
  readonly version?: RfbVersion;
  readonly port?: number;
}

export interface RunningVncPanel extends RunningPanel {
  readonly screen: HmiScreen;
  /** Viewers that have been let in since the start. */
  readonly viewersAccepted: number;
}

export function vncPanel(options: VncPanelOptions = {}): PanelProgram<RunningVncPanel> {
  const endpointPassword = options.endpointPassword ?? options.password;
  return {
    port: options.port ?? vncPort,
    endpoint: { protocol: "VNC", ...(endpointPassword === undefined ? {} : { password: endpointPassword }) },
    start: (host) => startVncPanel(host, options),
  };
}

async function startVncPanel(host: PanelHost, options: VncPanelOptions): Promise<RunningVncPanel> {
  const screen = new HmiScreen({
    title: options.title ?? host.name,
    seed: host.seed,
    clock: host.clock,
    ...(options.machine === undefined ? {} : { machine: options.machine }),
    ...(options.theme === undefined ? {} : { theme: options.theme }),
  });
  const viewers = new Set<VncViewer>();
  let viewersAccepted = 0;
  screen.changed = () => {
    for (const viewer of viewers) viewer.screenChanged();
  };
  const listener = await PanelListener.open(host, options.port ?? vncPort, (connection) => {
    const viewer = new VncViewer({
      connection,
      screen,
      clock: host.clock,
      handshake: new ServerHandshake({
        version: options.version ?? "3.8",
        security:
          options.password === undefined
            ? { type: "none" }
            : { type: "vnc", password: options.password, challenge: host.random.bytes(challengeBytes) },
      }),
      accepted: () => {
        viewersAccepted += 1;
      },
    });
    viewers.add(viewer);
    connection.stream.once("close", () => viewers.delete(viewer));
  });
  return {
    screen,
    port: listener.port,
    get connections() {
      return listener.connections;
    },
    get viewersAccepted() {
      return viewersAccepted;
    },
    close: () => listener.close(),
  };
}
