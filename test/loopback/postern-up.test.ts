// `postern up` as a process: what it says, that its console can be used, that a second start takes up where the first ended.
import { readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { realPatience } from "#simulator/operator/real-patience.ts";
import { Operator } from "#simulator/operator.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { findCanaryInFolder } from "../support/canary.ts";
import { type LogLine, type Program, startPostern, temporaryFolder } from "../support/processes.ts";

const freePorts = ["--port", "0", "--https-port", "0", "--mqtts-port", "0"];

async function started(folder: string, args: readonly string[] = freePorts) {
  const program = startPostern("up", ["up", ...args, "--data", folder]);
  const line = await program.event("site.ready", 60_000);
  return { program, line, password: passwordOf(program) };
}

function passwordOf(program: Program): string {
  const password = /^ {2}Password +(\S+)$/m.exec(program.output)?.[1];
  if (password === undefined) throw new Error(`no password in:\n${program.output}`);
  return password;
}

function operatorOf(line: LogLine, password: string): Operator {
  return new Operator({
    network: openLinuxNetwork(),
    patience: realPatience(linuxClock),
    random: linuxRandom,
    cloud: {
      host: "localhost",
      httpsPort: Number(URL.parse(String(line["https"]))?.port),
      authorities: [readFileSync(String(line["ca"]), "utf8")],
    },
    user: `${line["tenant"]}/${line["user"]}`,
    password,
  });
}

/** Takes a port on the loopback until closed. */
async function takenPort(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as { port: number }).port };
}

function portsOf(line: LogLine): number[] {
  const panels = line["panels"] as readonly { readonly port: number }[];
  const urls = [line["console"], line["https"], line["mqtts"]].map((url) => Number(URL.parse(String(url))?.port));
  return [...urls, ...panels.map(({ port }) => port)];
}

async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("error", () => resolve(false));
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
  });
}

describe("postern up", () => {
  test("shows five panels of three protocols, and again after a restart, with a new password that is on no disk", async () => {
    using folder = temporaryFolder();
    const site = join(folder.path, "site");
    const first = await started(site);
    await using firstProgram = first.program;
    const operator = operatorOf(first.line, first.password);
    await operator.worksWith("gw-0001");
    expect((await operator.endpoints()).map((endpoint) => endpoint["name"])).toEqual([
      "Press 4",
      "Mixer 2",
      "Packer 7",
      "Mixer 2 shell",
      "Press 4 menu",
    ]);
    for (const name of ["Press 4", "Mixer 2", "Packer 7"]) {
      const vnc = await operator.opensVnc(name);
      await vnc.showsPicture();
      vnc.clicks(layout.button);
      expect(await vnc.disconnects()).toMatchObject({ code: 1000 });
    }
    const shell = await operator.opensTerminal("Mixer 2 shell", { columns: 101, rows: 33 });
    await shell.isOpen();
    shell.types("stty size; whoami\n");
    await shell.shows("\r\n33 101\r\nservice\r\n");
    await shell.disconnects();
    const menu = await operator.opensTerminal("Press 4 menu");
    await menu.shows("Choice: ");
    menu.types("1\n");
    await menu.shows(" 80 x 24 ");
    await menu.disconnects();
    expect(JSON.stringify(first.line)).not.toContain(first.password);
    expect(findCanaryInFolder(site, first.password)).toEqual([]);
    // A terminal and npm both send the signal.
    firstProgram.child.kill("SIGINT");
    expect(await firstProgram.stop("SIGINT")).toEqual({ code: 0, signal: null });
    for (const port of portsOf(first.line)) expect(await isListening(port)).toBe(false);

    const second = await started(site);
    await using secondProgram = second.program;
    expect(second.password).not.toBe(first.password);
    await expect(operatorOf(second.line, first.password).logsIn()).rejects.toMatchObject({ status: 401 });
    const again = operatorOf(second.line, second.password);
    await again.worksWith("gw-0001");
    expect(await again.endpoints()).toHaveLength(5);
    const vnc = await again.opensVnc("Mixer 2");
    await vnc.showsPicture();
    await vnc.disconnects();
    const shellAgain = await again.opensTerminal("Mixer 2 shell");
    await shellAgain.isOpen();
    await shellAgain.disconnects();
    expect((await again.operations()).map((operation) => operation["status"])).toEqual(new Array(7).fill("SUCCESSFUL"));
    expect(await secondProgram.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test.each(["--port", "--https-port", "--mqtts-port"])(
    "names a port that was asked for with %s and is taken, in one line, and ends with code 1",
    async (option) => {
      using folder = temporaryFolder();
      const { server, port } = await takenPort();
      const args = ["up", ...freePorts, option, String(port), "--data", join(folder.path, "site")];
      const program = startPostern("up", args);
      expect(await program.exited).toEqual({ code: 1, signal: null });
      const complaints = program.output.split("\n").filter((line) => line.startsWith("postern up:"));
      expect(complaints).toHaveLength(1);
      expect(complaints[0]).toContain(String(port));
      server.close();
    },
  );

  test("says in one line that its folder cannot be one, and ends with code 1", async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, "site");
    writeFileSync(file, "a file");
    const program = startPostern("up", ["up", ...freePorts, "--data", file]);
    expect(await program.exited).toEqual({ code: 1, signal: null });
    expect(program.output.trim()).toBe(
      `postern up: the folder ${file} cannot be used: something that is no folder stands in its way`,
    );
  });

  test("refuses a folder in which another site runs", async () => {
    using folder = temporaryFolder();
    const { program } = await started(folder.path);
    await using running = program;
    const second = startPostern("up", ["up", ...freePorts, "--data", folder.path]);
    expect(await second.exited).toEqual({ code: 1, signal: null });
    expect(second.output).toMatch(/postern up: a site is running in .*; stop it, .* It is process \d+\.\n/);
    expect(await running.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test("stops in order when the signal comes in the middle of its start", async () => {
    using folder = temporaryFolder();
    const program = startPostern("up", ["up", ...freePorts, "--data", folder.path]);
    await program.until(
      () => (program.output.includes("registering it") ? true : undefined),
      "start of the gateway",
      30_000,
    );
    expect(await program.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(program.output).not.toContain("site.ready");
  });
});
