// Cloud, gateway and simulated panels, each in a process of its own, over real TLS sockets; the operator knows only Cumulocity's API.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { type RunningVncPanel, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-three";

describe("three programs", () => {
  const folder = temporaryFolder();
  let vnc: RunningVncPanel;
  let echo: RunningPanel;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;
  let tunnels: string;

  beforeAll(async () => {
    vnc = await startPanel(vncPanel({ password: "on-panel" }), "press4");
    echo = await startPanel(echoPanel(), "echo");
    cloud = await startCloudProgram(folder.path);
    tunnels = `[tunnels]\nallow = ["127.0.0.1:${vnc.port}", "127.0.0.1:${echo.port}"]`;
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    await operator.addsEndpoint({
      name: "press4",
      hostname: "127.0.0.1",
      port: vnc.port,
      protocol: "VNC",
      password: "on-panel",
    });
    await operator.addsEndpoint({ name: "echo", hostname: "127.0.0.1", port: echo.port, protocol: "PASSTHROUGH" });
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await vnc?.close();
    await echo?.close();
    folder[Symbol.dispose]();
  });

  test("the gateway keeps the credentials it was given in a file that nobody else can read", () => {
    const file = join(folder.path, `${id}-state`, "credentials.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Object.keys(JSON.parse(readFileSync(file, "utf8"))).toSorted()).toEqual(["password", "tenant", "user"]);
    expect(gateway.lines.find((line) => line.event === "registration.completed")).toMatchObject({
      tenant: "t1000",
      user: `device_${id}`,
    });
  });

  test.each([
    [["binary"], "binary"],
    [[], ""],
  ] as const)(
    "a client that asks for subprotocols %j talks to a passthrough target byte for byte",
    async (subprotocols, agreed) => {
      const session = await operator.opensPassthrough("echo", { subprotocols });
      expect(session.subprotocol).toBe(agreed);
      const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256));
      await session.sends(bytes);
      await session.receives(bytes.length);
      expect(session.received.equals(bytes)).toBe(true);
      expect(await session.disconnects()).toMatchObject({ code: 1000 });
    },
  );

  test("a client sees the panel's picture without ever having its password", async () => {
    const session = await operator.opensVnc("press4");
    await session.shows(vnc.screen);
    await session.disconnects();
    const closed = await gateway.event("tunnel.closed", 10_000, (line) => Number(line["bytesDown"]) > 10_000);
    expect(closed).toMatchObject({ reason: "client.closed" });
    expect(typeof closed["operation"]).toBe("string");
    await eventually("the panel's connection to be gone", () => (vnc.connections === 0 ? true : undefined));
    expect((await operator.operations())[0]).toMatchObject({ status: "SUCCESSFUL" });
  });

  test("SIGTERM ends the gateway within 5 s with code 0, and its tunnels with gateway.stopping", async () => {
    const session = await operator.opensPassthrough("echo");
    const startedAtMs = performance.now();
    const end = await gateway.stop("SIGTERM", 5_000);
    expect(end.code).toBe(0);
    expect(performance.now() - startedAtMs).toBeLessThan(5_000);
    expect(await session.ends()).toMatchObject({ code: 4023, reason: "gateway.stopping" });
    expect(gateway.lines.filter((line) => line.event === "tunnel.closed").at(-1)).toMatchObject({
      reason: "gateway.stopping",
    });
  });

  test("the gateway comes back with its credentials, and a killed cloud is cloud.lost until it is there again", async () => {
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels, registration: 'password = "of-no-use-any-more"' });
    await gateway.event("connectivity.online");
    expect(gateway.lines.some((line) => line.event === "registration.completed")).toBe(false);
    await operator.seesDeviceOnline();
    const session = await operator.opensPassthrough("echo");
    await cloud.program.stop("SIGKILL");
    expect((await session.ends()).code).toBe(1006);
    await gateway.event("tunnel.closed", 30_000, (line) => line["reason"] === "cloud.lost");
    cloud = await startCloudProgram(folder.path, cloud.ports);
    await gateway.event(
      "connectivity.online",
      90_000,
      undefined,
      gateway.lines.findIndex((line) => line.event === "connectivity.offline"),
    );
    await operator.seesDeviceOnline();
    const again = await operator.opensPassthrough("echo");
    await again.sends(Buffer.from("still here"));
    await again.receives(10);
    await again.disconnects();
  });
});
