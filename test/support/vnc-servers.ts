// Real VNC servers on loopback with something drawn on their display: TigerVNC, TightVNC, and x11vnc over Xvfb.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually, Program } from "./processes.ts";
import { freePort } from "./xvnc.ts";
import { type Picture, pictureOfDisplay } from "./xwd.ts";

export interface VncServer {
  readonly port: number;
  readonly version: string;
  picture(): Promise<Picture>;
  stop(): Promise<void>;
}

export function passwordFile(folder: string, password: string): string {
  const file = join(folder, "vnc.pass");
  writeFileSync(file, execFileSync("tigervncpasswd", ["-f"], { input: `${password}\n` }), { mode: 0o600 });
  return file;
}

/** Displays that other servers of this machine hardly use. */
let nextDisplay = 300 + (process.pid % 500);

async function withTerminal(
  programs: readonly Program[],
  server: { readonly port: number; readonly display: string; readonly version: string },
): Promise<VncServer> {
  const { port, display, version } = server;
  await eventually(
    "the display",
    () => spawnSync("xwd", ["-root", "-silent", "-display", display]).status === 0 || undefined,
  );
  const terminal = new Program(
    "xterm",
    "xterm",
    ["-geometry", "80x24+0+0", "-bc", "-bcn", "0", "-bcf", "0", "-fn", "fixed", "-e", "echo panel; sleep 1000"],
    { env: { DISPLAY: display } },
  );
  await eventually(
    "a picture on the display",
    async () => new Set((await pictureOfDisplay(display)).pixels).size > 1 || undefined,
  );
  return {
    port,
    version,
    picture: () => pictureOfDisplay(display),
    stop: async () => {
      await terminal.stop("SIGTERM");
      for (const program of programs) await program.stop("SIGTERM");
    },
  };
}

/** `args`: of the security types. */
export async function startTigerVnc(args: readonly string[]): Promise<VncServer> {
  const port = await freePort();
  const display = `:${nextDisplay++}`;
  const common = [display, "-geometry", "640x400", "-depth", "24", "-rfbport", String(port), "-interface", "127.0.0.1"];
  const program = new Program("Xtigervnc", "Xtigervnc", [...common, "-localhost", "-AlwaysShared", ...args]);
  const { stderr } = spawnSync("Xtigervnc", ["-version"], { encoding: "utf8" });
  const version = `TigerVNC ${/Xvnc TigerVNC ([0-9.]+)/.exec(stderr)?.[1] ?? "unknown"}`;
  return withTerminal([program], { port, display, version });
}

export async function startTightVnc(args: readonly string[]): Promise<VncServer> {
  const port = await freePort();
  const display = `:${nextDisplay++}`;
  const common = [display, "-geometry", "640x400", "-depth", "24", "-rfbport", String(port), "-localhost"];
  const program = new Program("Xtightvnc", "Xtightvnc", [...common, "-alwaysshared", ...args]);
  const { stderr, stdout } = spawnSync("Xtightvnc", ["-version"], { encoding: "utf8" });
  const version = `TightVNC ${/(?:tightvnc|TightVNC)[- ]?(?:server )?(?:version )?([0-9.]+)/i.exec(stderr + stdout)?.[1] ?? "unknown"}`;
  return withTerminal([program], { port, display, version });
}

export async function startX11vnc(args: readonly string[]): Promise<VncServer> {
  const port = await freePort();
  const display = `:${nextDisplay++}`;
  const xvfb = new Program("Xvfb", "Xvfb", [display, "-screen", "0", "640x400x24", "-nolisten", "tcp"]);
  await eventually("Xvfb", () => spawnSync("xwd", ["-root", "-display", display]).status === 0 || undefined);
  const common = ["-display", display, "-rfbport", String(port), "-localhost", "-forever", "-shared", "-noxdamage"];
  const program = new Program("x11vnc", "x11vnc", [...common, ...args]);
  await program.until(() => (/PORT=\d+/.test(program.output) ? true : undefined), "listening", 15_000);
  const { stdout } = spawnSync("x11vnc", ["-version"], { encoding: "utf8" });
  const version = /x11vnc: [0-9.]+/.exec(stdout)?.[0] ?? "x11vnc";
  return withTerminal([program, xvfb], { port, display, version });
}
