// The modem's machine on a real pseudo-terminal, with the simulated modem at its other end.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createActor } from "xstate";
import { modemLine } from "#firmware/modem/modem.actor.ts";
import { type ModemFact, modemMachine } from "#firmware/modem/modem.machine.ts";
import { modemStatus } from "#firmware/modem/modem-status.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { openLinuxSerialPorts } from "#hardware/linux/serial-ports.ts";
import type { Clock } from "#hardware/ports.ts";
import { Behaviours } from "#simulator/gateway/board-behaviour.ts";
import { SimulatedModem } from "#simulator/gateway/simulated-modem.ts";
import { type PluggedDevice, plugIntoPty } from "#simulator/loopback/serial-device-on-pty.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { isAnyMissing, peers } from "../support/peers.ts";

const waitMs = 20_000;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Its waits pass so many times as fast. */
const hurried = (times: number): Clock => ({
  ...linuxClock,
  setTimeout: (run, delayMs) => linuxClock.setTimeout(run, delayMs / times),
});

async function start() {
  const root = mkdtempSync(join(tmpdir(), "postern-modem-"));
  closers.push(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "dev"));
  const port = join(root, "dev/ttyUSB2");
  const modem = new SimulatedModem({
    clock: { ...linuxClock, dropAllTimers: () => undefined },
    random: new SeededRandom(3),
    behaviours: new Behaviours(),
    carrier: () => undefined,
    mute: () => () => undefined,
    plugged: () => undefined,
  });
  modem.signalIs(17);
  let plugged: PluggedDevice | undefined;
  const pullOut = async () => {
    await plugged?.pullOut();
    plugged = undefined;
  };
  const plugIn = async () => {
    plugged = await plugIntoPty(port, modem, linuxClock);
  };
  closers.push(pullOut);
  await plugIn();
  const facts: ModemFact[] = [];
  const machine = modemMachine.provide({
    actions: { tell: (_, fact) => void facts.push(fact) },
    actors: { line: modemLine({ clock: hurried(4) }, openLinuxSerialPorts({ root })) },
  });
  const settings = { port, baudRate: 115_200, resetAfterFailures: 3 };
  const actor = createActor(machine, { clock: hurried(20), input: { settings, intervalMs: 30_000 } });
  actor.start();
  closers.push(() => void actor.stop());
  const until = (fact: () => unknown, message: string) =>
    expect.poll(fact, { timeout: waitMs, interval: 20, message }).toBeTruthy();
  const messages = () => facts.flatMap((fact) => (fact.type === "modem.message" ? [fact.message.text] : []));
  const raised = () => facts.flatMap((fact) => (fact.type === "alarm.raised" ? [fact.alarmType] : []));
  const status = () => modemStatus(actor.getSnapshot());
  return { modem, until, messages, raised, status, pullOut, plugIn };
}

describe.skipIf(isAnyMissing(peers.socat))("a modem on a pseudo-terminal", () => {
  it("is read: who it is, its SIM, its network and its signal", async () => {
    const { until, messages, status } = await start();
    await until(() => messages().length >= 3, "two looks");
    expect(messages()[0]).toBe("111,490154203237518,8949000000000000018,262010000000001,262,01,6699,29611237");
    expect(new Set(messages().slice(1))).toEqual(new Set(["210,-79,"]));
    expect(status()).toMatchObject({ sim: "ready", registration: "home", operator: "Demo Mobil", signalDbm: -79 });
  });

  it("that is pulled out and plugged in again is read again", async () => {
    const { until, messages, raised, status, pullOut, plugIn } = await start();
    await until(() => messages().length >= 2, "a look");
    await pullOut();
    await until(() => raised().includes("postern_ModemMissing"), "the alarm");
    expect(status()).toMatchObject({ trouble: "missing" });
    const before = messages().length;
    await plugIn();
    await until(() => messages().length > before, "another look");
    expect(status()).not.toHaveProperty("trouble");
  });

  it("that hangs is found out, and read again once it comes round", async () => {
    const { modem, until, messages, raised, status } = await start();
    await until(() => messages().length >= 2, "a look");
    const release = modem.hangs();
    await until(() => raised().includes("postern_ModemSilent"), "the alarm");
    const before = messages().length;
    release();
    await until(() => messages().length > before, "another look");
    await until(() => status()?.trouble === undefined, "no trouble");
  });
});
