// A gateway dials out only: asked of the kernel, its process owns no socket to which somebody else could begin to talk.
import { createSocket } from "node:dgram";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Operator } from "#simulator/operator.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { operatorOf, startPanel } from "../support/loopback.ts";
import { isOpenToOthers, type OwnedSocket, socketsOf } from "../support/process-sockets.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-deaf";

describe.skipIf(process.platform !== "linux")("what a gateway listens on", () => {
  const folder = temporaryFolder();
  let echo: RunningPanel;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;

  beforeAll(async () => {
    echo = await startPanel(echoPanel(), "echo");
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await echo?.close();
    folder[Symbol.dispose]();
  });

  const owned = () => socketsOf(gateway.child.pid!);
  const openOnes = () => owned().filter(isOpenToOthers);
  const connectedTo = (port: number) =>
    owned().filter(({ state, remotePort }) => state === "established" && remotePort === port).length;

  test("is nothing: while it asks to be let in, online, with an open tunnel and after it", async () => {
    await operator.expectsDevice(id);
    const tunnels = `[tunnels]\nallow = ["127.0.0.1:${echo.port}"]`;
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await eventually("the gateway to dial the cloud", () => (connectedTo(cloud.ports.mqtts) > 0 ? true : undefined));
    expect(openOnes()).toEqual([]);

    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    expect(openOnes()).toEqual([]);

    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    await operator.addsEndpoint({ name: "echo", hostname: "127.0.0.1", port: echo.port, protocol: "PASSTHROUGH" });
    const session = await operator.opensPassthrough("echo");
    await session.sends(Buffer.from("hello"));
    await session.receives(5);
    // These are the gateway's own sockets that are looked at: to the broker, to the cloud's relay and to the panel.
    expect([cloud.ports.mqtts, cloud.ports.https, echo.port].map(connectedTo)).toEqual([1, 1, 1]);
    expect(openOnes()).toEqual([]);

    await session.disconnects();
    await gateway.event("tunnel.closed");
    await eventually("the tunnel's sockets to be gone", () => (connectedTo(echo.port) === 0 ? true : undefined));
    expect(openOnes()).toEqual([]);
  });

  test("would be seen: a cloud's ports are, and a datagram socket until it is connected", async () => {
    const listening = socketsOf(cloud.program.child.pid!).filter(isOpenToOthers);
    const ports = new Set(listening.map(({ localPort }) => localPort));
    expect(ports).toEqual(new Set([cloud.ports.http, cloud.ports.https, cloud.ports.mqtts]));

    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
    const mine = (each: OwnedSocket) => each.table === "udp" && each.localPort === socket.address().port;
    const own = () => socketsOf(process.pid).filter(isOpenToOthers).filter(mine);
    expect(own()).toHaveLength(1);
    await new Promise<void>((resolve) => socket.connect(9, "127.0.0.1", resolve));
    expect(own()).toEqual([]);
    socket.close();
  });
});
