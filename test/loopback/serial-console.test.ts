// Serial consoles through the whole product: real pseudo-terminals, a gateway and a cloud as programs, `postern connect`.
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { type DeviceScript, scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import type { SerialDevice } from "#simulator/gateway/serial-device.ts";
import { type PluggedDevice, plugIntoPty } from "#simulator/loopback/serial-device-on-pty.ts";
import type { Operator } from "#simulator/operator.ts";
import { cloudOptions, startConnect } from "../support/connect-program.ts";
import { operatorOf } from "../support/loopback.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually, type Program, temporaryFolder } from "../support/processes.ts";
import { type RunningCloud, startCloudProgram, startGatewayProgram } from "../support/running-cloud.ts";

const id = "gw-serial";

const drive: DeviceScript = {
  prompt: "> ",
  script: [{ expects: "show speed", answers: "1485 rpm" }],
  otherwise: "?",
};

describe.skipIf(isAnyMissing(peers.socat))("a serial console on a pseudo-terminal", () => {
  const folder = temporaryFolder();
  // A path of a device begins with /dev/.
  const devices = mkdtempSync("/dev/shm/postern-serial-");
  const path = join(devices, "ttyPress4");
  let plugged: PluggedDevice | undefined;
  let cloud: RunningCloud;
  let gateway: Program;
  let operator: Operator;

  const plugIn = async (device: SerialDevice): Promise<void> => {
    plugged = await plugIntoPty(path, device, linuxClock);
  };
  const pullOut = async (): Promise<void> => {
    await plugged?.pullOut();
    plugged = undefined;
  };

  beforeAll(async () => {
    cloud = await startCloudProgram(folder.path);
    operator = operatorOf(cloud);
    await operator.expectsDevice(id);
    const tunnels = `[serial.press4]\nport = ${JSON.stringify(path)}\nbaud_rate = 115200`;
    gateway = startGatewayProgram(folder.path, cloud, { id, tunnels });
    await operator.acceptsDevice(id);
    await gateway.event("connectivity.online");
    await operator.worksWith(id);
    await operator.seesDeviceOnline();
    const hostname = "press4.serial.internal";
    await operator.addsEndpoint({ name: "console", hostname, port: 23, protocol: "TELNET" });
    await operator.addsEndpoint({ name: "line", hostname, port: 1, protocol: "PASSTHROUGH" });
  });

  afterAll(async () => {
    await gateway?.stop();
    await cloud?.program.stop();
    await pullOut();
    rmSync(devices, { recursive: true, force: true });
    folder[Symbol.dispose]();
  });

  test("answers a person at a terminal, and gives the port free", async () => {
    await plugIn(scriptedDevice(drive));
    for (let each = 0; each < 2; each++) {
      const terminal = await operator.opensTerminal("console");
      await terminal.isOpen();
      terminal.types("show speed\n");
      await terminal.shows("1485 rpm\r\n> ");
      await terminal.session.disconnects();
      await eventually("the port to be free", () => operator.openSessions.length === 0);
    }
    await pullOut();
  });

  test("carries every byte both ways by `postern connect`, and the last of them before it hangs up", async () => {
    const received: Buffer[] = [];
    await plugIn({
      connect: (line) => ({
        receive: (bytes) => {
          received.push(Buffer.from(bytes));
          line.send(bytes);
        },
        close: () => undefined,
      }),
    });
    const sent = Buffer.alloc(100_000);
    for (let at = 0; at < sent.length; at++) sent[at] = (at * 31 + (at >> 8)) & 0xff;
    const connect = startConnect([id, "line", "--stdio", "--answer-wait", "1", ...cloudOptions(cloud)]);
    const output: Buffer[] = [];
    connect.child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    connect.child.stdin.write(sent);
    await eventually("all of it to come back", () => Buffer.concat(output).length === sent.length || undefined);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    expect(Buffer.concat(output).equals(sent)).toBe(true);
    connect.child.stdin.end("last words");
    await connect.ended;
    await eventually(
      "the last words",
      () => Buffer.concat(received).toString("latin1").endsWith("last words") || undefined,
    );
    await pullOut();
  });

  test("refuses the second person, says panel.lost when it is pulled out, and comes back", async () => {
    await plugIn(scriptedDevice(drive));
    const first = await operator.opensPassthrough("line");
    const second = await operator.opens("console");
    expect((await second.ends()).reason).toBe("panel.refused");
    await pullOut();
    expect((await first.ends()).reason).toBe("panel.lost");
    const gone = await operator.opens("console");
    expect((await gone.ends()).reason).toBe("panel.unreachable");
    await plugIn(scriptedDevice(drive));
    const again = await operator.opensTerminal("console");
    again.types("show speed\n");
    await again.shows("1485 rpm");
    await again.session.disconnects();
  });
});
