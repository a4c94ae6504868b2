// Simulated serial lines: their speed, what wrong settings make of bytes, overruns, and devices from scripts.
import { describe, expect, it } from "vitest";
import type { SerialSettings } from "#hardware/ports.ts";
import { asReceived, byteMs } from "#simulator/gateway/line-noise.ts";
import { scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import { type DeviceLine, type SerialDevice, usualSettings } from "#simulator/gateway/serial-device.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { switchedOnBoard } from "./small-board.ts";

const path = "/dev/ttyUSB0";

/** A device that keeps what it is sent, and says what a test wants it to. */
function recorder(settings: SerialSettings = usualSettings) {
  const received: number[] = [];
  let end: DeviceLine | undefined;
  const opened: boolean[] = [];
  const device: SerialDevice = {
    settings,
    connect: (line) => {
      end = line;
      return {
        receive: (bytes) => received.push(...bytes),
        opened: (isOpen) => opened.push(isOpen),
        close: () => undefined,
      };
    },
  };
  return { device, received, opened, says: (text: string) => end?.send(Buffer.from(text, "latin1")) };
}

async function opened(world: ReturnType<typeof switchedOnBoard>, settings: SerialSettings = usualSettings) {
  const outcome = await world.hardware.serialPorts!.open(path, settings);
  if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.detail}`);
  let heard = "";
  return {
    ...outcome,
    reads: () => outcome.stream.on("data", (bytes: Buffer) => (heard += bytes.toString("latin1"))),
    hears: () => heard,
  };
}

describe("a serial line", () => {
  it.each([
    [usualSettings, 10 / 9.6],
    [{ ...usualSettings, baudRate: 300 }, 10 / 0.3],
    [{ ...usualSettings, dataBits: 7, parity: "even", stopBits: 2 } as const, 11 / 9.6],
  ])("needs its time for each byte: %o", (settings, ms) => expect(byteMs(settings)).toBeCloseTo(ms, 9));

  it("carries 960 bytes a second at 9600 baud, in both directions at once", async () => {
    using world = switchedOnBoard();
    const drive = recorder();
    world.board.serialPorts.plug(path, drive.device);
    const { stream, reads, hears } = await opened(world);
    reads();
    stream.write(Buffer.alloc(960, "u"));
    drive.says("d".repeat(9600));
    await world.clock.advance(5_000);
    expect(hears().length).toBeGreaterThan(4_500);
    expect(hears().length).toBeLessThanOrEqual(4_800);
    expect(drive.received).toHaveLength(960);
    await world.clock.advance(6_000);
    expect(hears()).toBe("d".repeat(9600));
  });

  it("tells the device that somebody has opened it, and closed it", async () => {
    using world = switchedOnBoard();
    const drive = recorder();
    world.board.serialPorts.plug(path, drive.device);
    const { close } = await opened(world);
    await close();
    world.board.powerOff();
    expect(drive.opened).toEqual([true, false]);
  });

  it("loses what is not read in time without flow control, and says how much; holds it with flow control", async () => {
    for (const flowControl of ["none", "hardware", "software"] as const) {
      using world = switchedOnBoard();
      const settings = { ...usualSettings, baudRate: 115_200, flowControl };
      const drive = recorder(settings);
      world.board.serialPorts.plug(path, drive.device);
      const { reads, hears } = await opened(world, settings);
      drive.says("x".repeat(60_000));
      await world.clock.advance(10_000);
      const lost = world.board.serialPorts.overrunBytes(path);
      reads();
      await world.clock.advance(10_000);
      expect(hears().length + lost).toBe(60_000);
      if (flowControl === "none") expect(lost).toBeGreaterThan(30_000);
      else expect(lost).toBe(0);
    }
  });

  it("has one owner at a time, be it another program of the machine", async () => {
    using world = switchedOnBoard();
    world.board.serialPorts.plug(path, recorder().device);
    const release = world.board.serialPorts.takenByAnother(path);
    expect(await world.hardware.serialPorts!.open(path, usualSettings)).toMatchObject({ ok: false, reason: "busy" });
    expect(() => world.board.serialPorts.takenByAnother(path)).toThrow("could open");
    release();
    await (await opened(world)).close();
  });

  it("is let go when the power fails, and its device stays plugged in", async () => {
    using world = switchedOnBoard();
    world.board.serialPorts.plug(path, recorder().device);
    const { stream } = await opened(world);
    stream.write("lost");
    world.board.powerOff();
    expect(stream.destroyed).toBe(true);
    const again = await opened({ ...world, hardware: world.board.boot(world.host) });
    await again.close();
  });

  it("refuses a second device at one path, and a path that is no device's", () => {
    using world = switchedOnBoard();
    world.board.serialPorts.plug(path, recorder().device);
    expect(() => world.board.serialPorts.plug(path, recorder().device)).toThrow("already");
    expect(() => world.board.serialPorts.plug("ttyUSB1", recorder().device)).toThrow("/dev/");
  });
});

describe("wrong settings", () => {
  const text = Buffer.from("login: admin\r\n");
  const received = (sender: Partial<SerialSettings>, receiver: Partial<SerialSettings>): Uint8Array =>
    asReceived(text, { ...usualSettings, ...sender }, { ...usualSettings, ...receiver }, new SeededRandom(1));

  it("of the speed give garbage: more of it to a faster receiver, less to a slower one, the same from one seed", () => {
    const faster = received({ baudRate: 9600 }, { baudRate: 19_200 });
    const slower = received({ baudRate: 19_200 }, { baudRate: 9600 });
    expect([faster.length, slower.length]).toEqual([28, 7]);
    for (const garbage of [faster, slower]) {
      expect(Buffer.from(garbage).toString("latin1")).not.toMatch(/[a-z]{3}/);
    }
    expect(received({ baudRate: 9600 }, { baudRate: 19_200 })).toEqual(faster);
  });

  it("of the speed within 3 % do no harm", () => {
    expect(received({ baudRate: 115_200 }, { baudRate: 114_000 })).toEqual(new Uint8Array(text));
  });

  it("of 7 bits and parity, read as 8 bits, leave the parity in the top bit", () => {
    // "A" is 0x41 with two ones, "C" 0x43 with three (ASCII).
    const seven = { ...usualSettings, dataBits: 7, parity: "even" } as const;
    const random = new SeededRandom(1);
    expect([...asReceived(Buffer.from("AC"), seven, usualSettings, random)]).toEqual([0x41, 0xc3]);
    expect([...asReceived(Buffer.from("AC"), { ...seven, parity: "odd" }, usualSettings, random)]).toEqual([
      0xc1, 0x43,
    ]);
  });

  it("make a console unreadable in both directions, and right ones readable again", async () => {
    using world = switchedOnBoard();
    const console = scriptedDevice({
      settings: { ...usualSettings, baudRate: 19_200 },
      greeting: "Drive 7 ready",
      script: [{ expects: "show", answers: "1485 rpm" }],
    });
    world.board.serialPorts.plug(path, console);
    const wrong = await opened(world);
    wrong.reads();
    wrong.stream.write("show\r");
    await world.clock.advance(2_000);
    expect(wrong.hears().length).toBeGreaterThan(4);
    expect(wrong.hears()).not.toMatch(/Drive|rpm/);
    await wrong.close();
    const right = await opened(world, { ...usualSettings, baudRate: 19_200 });
    right.reads();
    right.stream.write("show\r");
    await world.clock.advance(2_000);
    expect(right.hears()).toBe("Drive 7 ready\r\nshow\r\n1485 rpm\r\n");
  });
});

describe("a device from a script", () => {
  const console = scriptedDevice({
    greeting: "ACME drive",
    prompt: "# ",
    script: [
      { expects: "reboot", answers: "bye", afterMs: 3_000 },
      { expects: /^add (\d+) (\d+)$/, answers: ([, one, other]) => String(Number(one) + Number(other)) },
    ],
    otherwise: "unknown command",
  });

  async function typed(...texts: string[]): Promise<string> {
    using world = switchedOnBoard();
    world.board.serialPorts.plug(path, console);
    const { stream, reads, hears } = await opened(world);
    reads();
    for (const text of texts) {
      stream.write(text);
      await world.clock.advance(4_000);
    }
    return hears();
  }

  it("greets, prompts, echoes and answers", async () => {
    expect(await typed("add 2 40\r")).toBe("ACME drive\r\n# add 2 40\r\n42\r\n# ");
    expect(await typed("\r", "x\n", "y\r\n")).toBe(
      "ACME drive\r\n# \r\n# x\r\nunknown command\r\n# y\r\nunknown command\r\n# ",
    );
  });

  it("takes back what was typed wrong", async () => {
    expect(await typed("add 1 3\x7f2\r")).toBe("ACME drive\r\n# add 1 3\b \b2\r\n3\r\n# ");
    expect(await typed("\x7f\x08")).toBe("ACME drive\r\n# ");
  });

  it("forgets what is typed beyond a line's length", async () => {
    const long = await typed(`${"a".repeat(2_000)}\r`);
    expect(long.match(/a{100,}/)![0]).toHaveLength(1024);
    expect(long).toContain("unknown command");
  });

  it("says nothing more once it is pulled out", async () => {
    using world = switchedOnBoard();
    const pullOut = world.board.serialPorts.plug(path, console);
    const { stream, reads, hears } = await opened(world);
    reads();
    stream.write("reboot\r");
    await world.clock.advance(1_000);
    pullOut();
    pullOut();
    await world.clock.advance(10_000);
    expect(hears()).not.toContain("bye");
    expect(stream.destroyed).toBe(true);
  });
});
