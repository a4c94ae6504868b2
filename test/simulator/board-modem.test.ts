// The simulated modem at its serial port: what it answers, how it registers, and how it fails.
import { describe, expect, it } from "vitest";
import type { SerialSettings } from "#hardware/ports.ts";
import { modemAnswers } from "#simulator/gateway/board-faults.ts";
import { splitCommandLine } from "#simulator/gateway/modem-command.ts";
import { SignalWalk } from "#simulator/gateway/signal-walk.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { switchedOnBoard } from "./small-board.ts";

const path = "/dev/serial/by-id/usb-modem-if02";
const settings: SerialSettings = { baudRate: 115_200, dataBits: 8, parity: "none", stopBits: 1, flowControl: "none" };

/** A board with a modem, and a program at its port. */
async function dialled(options: { readonly pin?: string; readonly seed?: number } = {}) {
  const { pin, seed } = options;
  const wwan = { address: "10.64.7.2", family: 4 as const, prefixLength: 30 };
  const world = switchedOnBoard(
    {
      uplinks: [{ name: "wwan0", kind: "cellular", addresses: [wwan] }],
      modem: { path, uplink: "wwan0", ...(pin === undefined ? {} : { pin }) },
    },
    seed,
  );
  const { board, hardware, clock } = world;
  const modem = board.modem!;
  let heard = "";
  const open = async (): Promise<(text: string) => void> => {
    const outcome = await hardware.serialPorts!.open(path, settings);
    if (!outcome.ok) throw new Error(outcome.detail);
    outcome.stream.on("data", (bytes: Buffer) => (heard += bytes.toString("latin1")));
    return (text) => void outcome.stream.write(text);
  };
  let write = await open();
  return {
    ...world,
    modem,
    hears: () => heard,
    writes: (text: string) => write(text),
    opens: async () => {
      write = await open();
    },
    /** Everything that comes within two seconds of a line of commands. */
    asks: async (line: string): Promise<string> => {
      heard = "";
      write(`${line}\r`);
      await clock.advance(2_000);
      return heard;
    },
    [Symbol.dispose]: () => world[Symbol.dispose](),
  };
}

const said = (...lines: string[]): string => lines.map((line) => `\r\n${line}\r\n`).join("");

describe("a line of commands", () => {
  it.each([
    ["AT", []],
    ["at", []],
    ["ATE0", ["E0"]],
    ["ATE0Q0V1", ["E0", "Q0", "V1"]],
    ["at+csq;+creg?", ["+CSQ", "+CREG?"]],
    ["ATE1+CSQ", ["E1", "+CSQ"]],
    ['AT+CPIN="ab;cd";+CSQ', ['+CPIN="ab;cd"', "+CSQ"]],
    ["AT&F", ["&F"]],
    ["AT I", ["I"]],
    ["", undefined],
    ["+CSQ", undefined],
    ["\x7f\x00noise", undefined],
  ])("%j is %j", (line, commands) => expect(splitCommandLine(line)).toEqual(commands));
});

describe("a healthy modem", () => {
  it("echoes until it is told not to", async () => {
    using world = await dialled();
    expect(await world.asks("AT")).toBe(`AT\r${said("OK")}`);
    expect(await world.asks("ATE0")).toBe(`ATE0\r${said("OK")}`);
    expect(await world.asks("AT")).toBe(said("OK"));
    expect(await world.asks("ATE1")).toBe(said("OK"));
    expect(await world.asks("AT")).toBe(`AT\r${said("OK")}`);
  });

  it.each([
    ["ATI", ["Postern", "Simulated LTE modem", "Revision: SIM-1.0", "OK"]],
    ["AT+CGSN", ["490154203237518", "OK"]],
    ["AT+CCID", ["+CCID: 8949000000000000018", "OK"]],
    ["AT+QCCID", ["+QCCID: 8949000000000000018", "OK"]],
    ["AT+CIMI", ["262010000000001", "OK"]],
    ["AT+CPIN?", ["+CPIN: READY", "OK"]],
    ["AT+CREG?", ["+CREG: 0,1", "OK"]],
    ["AT+CEREG=2;+CEREG?", ['+CEREG: 2,1,"1A2B","01C3D4E5",7', "OK"]],
    ["AT+COPS?", ['+COPS: 0,0,"Demo Mobil",7', "OK"]],
    ["AT+COPS=3,2;+COPS?", ['+COPS: 0,2,"26201",7', "OK"]],
    ["AT+COPS=3,1;+COPS?", ['+COPS: 0,1,"Demo",7', "OK"]],
    ["AT+COPS=0", ["OK"]],
    ["AT+COPS=3,0;+COPS=0,0;+COPS?", ['+COPS: 0,0,"Demo Mobil",7', "OK"]],
    ["AT+CREG=?", ["+CREG: (0-2)", "OK"]],
    ["AT+CEREG=?", ["+CEREG: (0-2)", "OK"]],
    ["AT+CSQ=?", ["+CSQ: (0-31,99),(0-7,99)", "OK"]],
    ["AT+CPIN=?", ["OK"]],
    ["AT+CMEE=1;+CPIN=1234", ["+CME ERROR: 3"]],
    ["AT+CFUN?", ["+CFUN: 1", "OK"]],
    ["AT+CGATT?", ["+CGATT: 1", "OK"]],
    ['AT+CGDCONT=1,"IP","internet"', ["OK"]],
    ["AT+NONSENSE", ["ERROR"]],
    ["AT+CMEE=1;+NONSENSE", ["+CME ERROR: 100"]],
    ["AT+CMEE=2;+NONSENSE", ["+CME ERROR: unknown"]],
    ["AT+CGSN;+NONSENSE;+CIMI", ["490154203237518", "ERROR"]],
  ])("answers %s", async (line, lines) => {
    using world = await dialled();
    await world.asks("ATE0");
    expect(await world.asks(line)).toBe(said(...lines));
  });

  it("answers one line after the other, each in its own time, and says nothing to noise", async () => {
    using world = await dialled();
    await world.asks("ATE0");
    expect(await world.asks("AT+CGSN\rnoise\r\rAT+CIMI")).toBe(said("490154203237518", "OK", "262010000000001", "OK"));
    expect(await world.asks(Array.from({ length: 50 }, () => "AT").join("\r"))).toMatch(/^(\r\nOK\r\n){9,12}$/);
  });

  it("has a signal that walks a step at a time, the same from one seed", async () => {
    const walk = async (seed: number): Promise<number[]> => {
      using world = await dialled({ seed });
      const seen: number[] = [];
      for (let step = 0; step < 60; step += 1) {
        await world.clock.advance(8_000);
        seen.push(Number(/\+CSQ: (\d+),99/.exec(await world.asks("AT+CSQ"))![1]));
      }
      return seen;
    };
    const first = await walk(1);
    expect(await walk(1)).toEqual(first);
    expect(await walk(2)).not.toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(3);
    for (const [index, signal] of first.entries()) {
      expect(signal).toBeGreaterThanOrEqual(0);
      expect(signal).toBeLessThanOrEqual(31);
      expect(Math.abs(signal - (first[index - 1] ?? signal))).toBeLessThanOrEqual(1);
    }
  });

  it("has a signal that does not depend on how often it was asked for, and holds one that a story gives", () => {
    let nowMs = 0;
    const walk = (): SignalWalk => new SignalWalk(new SeededRandom(5), () => nowMs);
    const [often, once] = [walk(), walk()];
    for (nowMs = 0; nowMs < 300_000; nowMs += 10_000) often.now();
    expect(often.now()).toBe(once.now());
    often.holds(3);
    nowMs += 600_000;
    expect(often.now()).toBe(3);
    often.holds(undefined);
    nowMs += 10_000;
    expect(Math.abs(often.now() - 3)).toBeLessThanOrEqual(1);
  });
});

describe("a modem and its network", () => {
  it("searches and comes home, and its uplink with it", async () => {
    using world = await dialled();
    const { modem, board, clock } = world;
    await world.asks("ATE0+CREG=1");
    modem.networkIs("none");
    expect(modem.registration).toBe("searching");
    expect(board.uplinks.list()).toContainEqual({ name: "wwan0", kind: "cellular", isUp: false });
    await clock.advance(100);
    expect(await world.asks("AT+CSQ;+COPS?;+CREG?")).toBe(said("+CSQ: 99,99", "+COPS: 0", "+CREG: 1,2", "OK"));
    await clock.advance(600_000);
    expect(modem.registration).toBe("searching");
    modem.networkIs("roaming");
    await clock.until(() => modem.registration === "roaming", { what: "the modem to register", limitMs: 7_000 });
    await clock.until(() => board.uplinks.list().every(({ isUp }) => isUp), { what: "the uplink", limitMs: 6_001 });
    expect(world.hears()).toContain(said("+CREG: 5"));
  });

  it("goes on searching where no network is, whatever begins the search", async () => {
    using world = await dialled();
    const { modem, clock } = world;
    modem.simIs("absent");
    modem.networkIs("none");
    expect(modem.registration).toBe("none");
    modem.simIs("ready");
    await clock.advance(60_000);
    expect(modem.registration).toBe("searching");
    await world.asks("ATE0");
    await world.asks("AT+CFUN=4");
    expect(modem.registration).toBe("none");
    await world.asks("AT+CFUN=1");
    expect(await world.asks("AT+CREG?")).toContain("+CREG: 0,2");
    modem.networkIs("roaming");
    await clock.advance(60_000);
    expect(modem.registration).toBe("roaming");
  });

  it("searches after a boot where no network is", async () => {
    using world = await dialled();
    const { board, host, modem, clock } = world;
    modem.networkIs("none");
    board.powerOff();
    board.boot(host);
    await clock.advance(60_000);
    expect(modem.registration).toBe("searching");
  });

  it("is turned away", async () => {
    using world = await dialled();
    world.modem.networkIs("denied");
    await world.clock.advance(7_000);
    expect(await world.asks("AT+CREG?")).toContain("+CREG: 0,3");
  });

  it("tells of each change, where it was asked to, without being asked", async () => {
    using world = await dialled();
    await world.asks("ATE0+CREG=1;+CEREG=2");
    await world.asks("AT");
    world.modem.simIs("absent");
    await world.clock.advance(100);
    expect(world.hears()).toBe(said("OK", "+CPIN: NOT INSERTED", "+CREG: 0", "+CEREG: 0"));
  });

  it("is off and on again by +CFUN", async () => {
    using world = await dialled();
    await world.asks("AT+CFUN=4");
    expect(world.modem.registration).toBe("none");
    await world.asks("AT+CFUN=1");
    await world.clock.advance(7_000);
    expect(world.modem.registration).toBe("home");
  });
});

describe("a SIM", () => {
  it("that is pulled takes identity, registration and uplink with it, until it is back", async () => {
    using world = await dialled();
    const { modem, board, clock } = world;
    await world.asks("ATE0+CMEE=1");
    modem.simIs("absent");
    await clock.advance(100);
    expect(await world.asks("AT+CPIN?")).toBe(said("+CME ERROR: 10"));
    expect(await world.asks("AT+CCID")).toBe(said("+CME ERROR: 10"));
    expect(await world.asks("AT+CREG?")).toBe(said("+CREG: 0,0", "OK"));
    expect(board.uplinks.current).toBe("eth0");
    modem.simIs("ready");
    await clock.advance(7_000 + 6_000);
    expect(board.uplinks.list().filter(({ isUp }) => isUp)).toHaveLength(2);
  });

  it("asks for its PIN, and for its PUK after three wrong ones", async () => {
    using world = await dialled({ pin: "4711" });
    await world.asks("ATE0+CMEE=2");
    world.modem.simIs("pin-required");
    await world.clock.advance(100);
    expect(await world.asks("AT+CPIN?")).toBe(said("+CPIN: SIM PIN", "OK"));
    expect(await world.asks("AT+CIMI")).toBe(said("+CME ERROR: SIM PIN required"));
    expect(await world.asks('AT+CPIN="4712"')).toBe(said("+CME ERROR: incorrect password"));
    expect(await world.asks('AT+CPIN="4711"')).toContain(said("OK"));
    await world.clock.advance(7_000);
    expect(world.modem.registration).toBe("home");
    world.modem.simIs("pin-required");
    for (const pin of ["0000", "1111", "2222"]) await world.asks(`AT+CPIN=${pin}`);
    expect(await world.asks("AT+CPIN?")).toBe(said("+CPIN: SIM PUK", "OK"));
  });
});

describe("a modem in trouble", () => {
  it("says something that nobody asked for in the middle of an answer", async () => {
    using world = await dialled();
    await world.asks("ATE0");
    world.writes("AT+COPS?\r");
    await world.clock.advance(100);
    world.modem.says('+CMTI: "SM",1');
    await world.clock.advance(1_000);
    expect(world.hears()).toContain(said('+CMTI: "SM",1', '+COPS: 0,0,"Demo Mobil",7', "OK"));
  });

  it("hangs: no answer, no echo, and its uplink looks as if it were up", async () => {
    using world = await dialled();
    const { modem, board, host } = world;
    const release = modem.hangs();
    expect(await world.asks("AT")).toBe("");
    expect(board.uplinks.list()).toContainEqual({ name: "wwan0", kind: "cellular", isUp: true });
    expect(host.carries("10.64.7.2")).toBe(false);
    expect(host.carries("10.20.0.2")).toBe(true);
    release();
    release();
    expect(await world.asks("AT")).toContain("OK");
    expect(host.carries("10.64.7.2")).toBe(true);
  });

  it("forgets the answer that it owed when it hung, and works on afterwards", async () => {
    using world = await dialled();
    await world.asks("ATE0");
    world.writes("AT+CGSN;+COPS?;+CIMI\r");
    await world.clock.advance(100);
    const release = world.modem.hangs();
    await world.clock.advance(10_000);
    release();
    expect(await world.asks("AT")).toBe(said("OK"));
  });

  it("is cured of hanging by a reset: it leaves the bus, comes back with its echo, and registers anew", async () => {
    using world = await dialled();
    const { modem, hardware, clock } = world;
    await world.asks("ATE0");
    modem.hangs();
    modem.reset();
    modem.reset();
    expect(await hardware.serialPorts!.list()).toEqual([]);
    expect(await hardware.serialPorts!.open(path, settings)).toMatchObject({ ok: false, reason: "not-found" });
    await clock.advance(6_000);
    expect(await hardware.serialPorts!.list()).toEqual([path]);
    await world.opens();
    expect(modem.registration).toBe("searching");
    expect(await world.asks("AT")).toBe(`AT\r${said("OK")}`);
    await clock.advance(7_000);
    expect(modem.registration).toBe("home");
  });

  it("restarts on command, after it has said OK", async () => {
    using world = await dialled();
    expect(await world.asks("AT+CFUN=1,1")).toBe(`AT+CFUN=1,1\r${said("OK")}`);
    expect(await world.hardware.serialPorts!.list()).toEqual([]);
  });

  it("has answers of its own laid over it, and none at all to some commands", async () => {
    using world = await dialled();
    await world.asks("ATE0");
    const lift = world.board.lay(modemAnswers("+CSQ", ["+CSQ: 2,7"]));
    world.board.lay({ name: "deaf to +CREG?", onModemCommand: ({ text }) => text === "+CREG?" });
    world.board.lay(modemAnswers("+CGSN", [], "+CME ERROR: 13"));
    expect(await world.asks("AT+CSQ")).toBe(said("+CSQ: 2,7", "OK"));
    expect(await world.asks("AT+CREG?")).toBe("");
    expect(await world.asks("AT+CGSN")).toBe(said("+CME ERROR: 13"));
    lift();
    expect(await world.asks("AT+CSQ")).not.toContain("+CSQ: 2,7");
  });

  it("is back and registered with its board after a power cut", async () => {
    using world = await dialled();
    const { modem, board, host } = world;
    modem.hangs();
    board.powerOff();
    board.boot(host);
    expect([modem.isHung, modem.registration]).toEqual([false, "home"]);
    expect(board.uplinks.list().filter(({ isUp }) => isUp)).toHaveLength(2);
  });
});
