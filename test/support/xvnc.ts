// TigerVNC's Xvnc with a password, running xterm: the panel that nobody here wrote.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { eventually, Program } from "./processes.ts";
import { type Picture, pictureOfDisplay } from "./xwd.ts";

export interface Xvnc {
  readonly port: number;
  readonly display: string;
  /** As the program itself tells. */
  readonly version: string;
  /** The picture that the X server gives of its own screen. */
  picture(): Promise<Picture>;
  stop(): Promise<void>;
}

/** Starts it on loopback with an xterm whose shell works in `folder`. */
export async function startXvnc(options: { password: string; folder: string; geometry?: string }): Promise<Xvnc> {
  const geometry = options.geometry ?? "800x480";
  const passwordFile = join(options.folder, "vnc.pass");
  writeFileSync(passwordFile, execFileSync("tigervncpasswd", ["-f"], { input: `${options.password}\n` }), {
    mode: 0o600,
  });
  const port = await freePort();
  const server = new Program("Xtigervnc", "Xtigervnc", [
    ...[
      "-displayfd",
      "1",
      "-geometry",
      geometry,
      "-depth",
      "24",
      "-rfbport",
      String(port),
      "-interface",
      "127.0.0.1",
      "-localhost",
    ],
    ...["-SecurityTypes", "VncAuth", "-PasswordFile", passwordFile, "-AlwaysShared", "-BlacklistThreshold", "1000"],
  ]);
  const number = await server.until(() => /^(\d+)$/m.exec(server.output)?.[1], "display number", 15_000);
  const display = `:${number}`;
  // A plain shell without a prompt that changes, and a cursor that does not blink, so that the picture comes to rest.
  const terminal = new Program(
    "xterm",
    "xterm",
    ["-geometry", "120x34+0+0", "-bc", "-bcn", "0", "-bcf", "0", "-fn", "fixed", "-e", "sh"],
    { cwd: options.folder, env: { DISPLAY: display, PS1: "panel$ ", ENV: "", HOME: options.folder } },
  );
  await eventually("xterm's picture on the display", async () => ((await isDrawn(display)) ? true : undefined));
  return {
    port,
    display,
    version: /Xvnc TigerVNC ([0-9.]+)/.exec(server.output)?.[1] ?? "unknown",
    picture: () => pictureOfDisplay(display),
    stop: async () => {
      await terminal.stop("SIGTERM");
      await server.stop("SIGTERM");
    },
  };
}

async function isDrawn(display: string): Promise<boolean> {
  const picture = await pictureOfDisplay(display);
  return new Set(picture.pixels).size > 1;
}

/** A TCP port on loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
