// The Linux form of the serial ports on real pseudo-terminals, held to the same contract as the simulated one.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxSerialPorts } from "#hardware/linux/serial-ports.ts";
import { Behaviours } from "#simulator/gateway/board-behaviour.ts";
import { SimulatedModem } from "#simulator/gateway/simulated-modem.ts";
import { type PluggedDevice, plugIntoPty } from "#simulator/loopback/serial-device-on-pty.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import {
  consoleSettings,
  describeSerialPortsContract,
  type SerialPortsUnderTest,
} from "../hardware/serial-ports.contract.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

const adapter = "usb-FTDI_FT232R_A50285BI-if00-port0";
const waitMs = 10_000;

/** A folder in the place of the root, in which an adapter is plugged in and pulled out as udev shows it. */
function makeMachine(): SerialPortsUnderTest {
  const root = mkdtempSync(join(tmpdir(), "postern-serial-"));
  const byId = join(root, "dev/serial/by-id");
  const sysfs = join(root, "sys/class/tty/ttyUSB0");
  const device = join(root, "dev/ttyUSB0");
  mkdirSync(byId, { recursive: true });
  let plugged: PluggedDevice | undefined;
  const pullOut = async (): Promise<void> => {
    await plugged?.pullOut();
    plugged = undefined;
    rmSync(join(byId, adapter), { force: true });
    rmSync(sysfs, { recursive: true, force: true });
  };
  return {
    serialPorts: openLinuxSerialPorts({ root }),
    path: join(byId, adapter),
    emptyPath: join(root, "dev/ttyS9"),
    plugIn: async (simulated) => {
      plugged = await plugIntoPty(device, simulated, linuxClock);
      symlinkSync("../../ttyUSB0", join(byId, adapter));
      mkdirSync(join(sysfs, "device"), { recursive: true });
    },
    pullOut,
    settles: (promise) => promise,
    until: (fact, what) => expect.poll(fact, { timeout: waitMs, interval: 5, message: what }).toBeTruthy(),
    close: async () => {
      await pullOut();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const isMissing = isAnyMissing(peers.socat);
const machines: SerialPortsUnderTest[] = [];

afterEach(async () => {
  for (const machine of machines.splice(0)) await machine.close();
});

describe.skipIf(isMissing)("on pseudo-terminals", () => {
  describeSerialPortsContract("Linux", makeMachine);

  it("says failed for a file that is no terminal", async () => {
    const machine = makeMachine();
    machines.push(machine);
    writeFileSync(machine.emptyPath, "");
    expect(await machine.serialPorts.open(machine.emptyPath, consoleSettings)).toMatchObject({
      ok: false,
      reason: "failed",
    });
  });

  it("talks to the simulated modem as to one that is plugged in", async () => {
    const machine = makeMachine();
    machines.push(machine);
    const modem = new SimulatedModem({
      clock: { ...linuxClock, dropAllTimers: () => undefined },
      random: new SeededRandom(3),
      behaviours: new Behaviours(),
      carrier: () => undefined,
      mute: () => () => undefined,
      plugged: () => undefined,
    });
    await machine.plugIn(modem);
    const outcome = await machine.serialPorts.open(machine.path, consoleSettings);
    if (!outcome.ok) throw new Error(outcome.detail);
    let heard = "";
    outcome.stream.on("data", (bytes: Buffer) => (heard += bytes.toString("latin1")));
    outcome.stream.write("ATE0\r");
    await machine.until(() => heard.includes("OK\r\n"), "the echo to be off");
    heard = "";
    outcome.stream.write("AT+CREG?;+CGSN\r");
    await machine.until(() => heard.endsWith("OK\r\n"), "the answer");
    expect(heard).toBe("\r\n+CREG: 0,1\r\n\r\n490154203237518\r\n\r\nOK\r\n");
    await outcome.close();
  });
});
