// `postern up`, as `npm start` runs it: a whole site on one machine, ready by itself and gone without a trace.

import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxNetwork } from "#hardware/linux/network.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { realPatience } from "#simulator/operator/real-patience.ts";
import { Operator } from "#simulator/operator.ts";
import { eventually, type LogLine, startPostern, temporaryFolder } from "../support/processes.ts";

const freePorts = ["--port", "0", "--https-port", "0", "--mqtts-port", "0"];

describe("postern up", () => {
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());

  test("brings up cloud, gateway and three panels, says where, shows each panel, and stops with code 0", async () => {
    await using up = startPostern("up", ["up", ...freePorts, "--data", join(folder.path, "one"), "--seed", "3"]);
    const ready = await up.event("site.ready", 60_000);
    expect(ready).toMatchObject({ user: "admin", gateway: "gw-0001", seed: 3 });
    expect(up.output).toContain(String(ready["console"]));
    const password = shownPassword(up.output);
    expect(JSON.stringify(ready)).not.toContain(password);

    const operator = operatorOfSite(ready, password);
    await operator.worksWith("gw-0001");
    const endpoints = await operator.endpoints();
    expect(endpoints.map(({ protocol }) => protocol)).toEqual(["VNC", "VNC", "VNC"]);
    for (const endpoint of endpoints) {
      const session = await operator.opensVnc(String(endpoint["name"]));
      await session.showsPicture();
      expect(new Set(session.picture?.pixels).size).toBeGreaterThan(8);
      await session.disconnects();
    }

    const ports = [ready["console"], ready["https"], ready["mqtts"]].map((url) => Number(new URL(String(url)).port));
    up.child.kill("SIGINT");
    expect(await up.stop("SIGINT")).toEqual({ code: 0, signal: null });
    for (const port of [...ports, ...(ready["panels"] as { port: number }[]).map((panel) => panel.port)]) {
      await eventually(`port ${port} to be free again`, async () => ((await isListening(port)) ? undefined : true));
    }
  });

  test("a second start finds what the first one stored, and makes a new password", async () => {
    const data = join(folder.path, "one");
    await using up = startPostern("up", ["up", ...freePorts, "--data", data]);
    const ready = await up.event("site.ready", 60_000);
    const operator = operatorOfSite(ready, shownPassword(up.output));
    await operator.worksWith("gw-0001");
    expect(await operator.endpoints()).toHaveLength(3);
    expect((await operator.operations()).length).toBeGreaterThanOrEqual(3);
    expect(await up.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  });

  test.each(["--port", "--https-port", "--mqtts-port"])(
    "a port that was asked for with %s and is taken is named in one line, and the exit code is 1",
    async (option) => {
      const { server, port } = await takePort();
      const others = freePorts.flatMap((name, index) => (index % 2 === 0 && name !== option ? [name, "0"] : []));
      await using up = startPostern("up", [
        "up",
        ...others,
        option,
        String(port),
        "--data",
        join(folder.path, "taken"),
      ]);
      expect((await up.exited).code).toBe(1);
      const complaints = up.output.split("\n").filter((line) => line.includes(String(port)));
      expect(complaints).toHaveLength(1);
      expect(up.output).not.toMatch(/\n\s+at /);
      server.close();
    },
  );
});

function shownPassword(output: string): string {
  const password = /^\s*Password\s+(\S+)$/m.exec(output)?.[1];
  if (password === undefined) throw new Error(`No password was shown:\n${output}`);
  return password;
}

function operatorOfSite(ready: LogLine, password: string): Operator {
  return new Operator({
    network: openLinuxNetwork(),
    patience: realPatience(linuxClock),
    random: linuxRandom,
    cloud: {
      host: "localhost",
      httpsPort: Number(new URL(String(ready["https"])).port),
      authorities: [readFileSync(String(ready["ca"]), "utf8")],
    },
    user: `${String(ready["tenant"])}/${String(ready["user"])}`,
    password,
  });
}

async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { server, port: address.port };
}

async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
