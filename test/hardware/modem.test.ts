// The modem's dialect: lines, answers and what they mean, with all that makers, networks and noise put in between.
import { Duplex } from "node:stream";
import { describe, expect, it, test } from "vitest";
import { AtLines, isEcho, lineCharactersMax, parseResult, valuesOf } from "#hardware/modem/at-lines.ts";
import { type AtAnswer, AtSession } from "#hardware/modem/at-session.ts";
import { dialectOf, genericDialect, modemDialects } from "#hardware/modem/modem-dialects.ts";
import {
  bestRegistration,
  iccidOf,
  imeiOf,
  imsiOf,
  networkCodes,
  operatorOf,
  registrationOf,
  signalOfCesq,
  signalOfCsq,
  simOf,
} from "#hardware/modem/modem-facts.ts";
import { readModem, resetModem } from "#hardware/modem/read-modem.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { ManualClock } from "./manual-clock.ts";

const ok = (...lines: string[]): AtAnswer => ({ kind: "ok", lines });
const bytes = (text: string) => Buffer.from(text, "latin1");

describe("lines of a modem", () => {
  it.each([
    ["\r\nOK\r\n", ["OK"]],
    ["ATE0\r\r\nOK\r\n", ["ATE0", "OK"]],
    ["\r\n+CSQ: 17,99\r\n\r\nOK\r\n", ["+CSQ: 17,99", "OK"]],
    ["\0\x1b\x80\xff+CSQ: 1,99\n", ["+CSQ: 1,99"]],
    ["+CSQ: 17", []],
    ["\r\r\n\n \r", []],
  ])("in %j are %j", (text, lines) => {
    expect(new AtLines().receive(bytes(text))).toEqual(lines);
    const slow = new AtLines();
    expect([...text].flatMap((one) => slow.receive(bytes(one)))).toEqual(lines);
  });

  it("are cut where they never end", () => {
    const lines = new AtLines();
    expect(lines.receive(bytes("x".repeat(100_000)))).toEqual([]);
    expect(lines.receive(bytes("\r\nOK\r\n"))).toEqual(["x".repeat(lineCharactersMax), "OK"]);
  });

  it.each([
    ["OK", { isOk: true, text: "OK" }],
    ["ERROR", { isOk: false, text: "ERROR" }],
    ["NO CARRIER", { isOk: false, text: "NO CARRIER" }],
    ["+CME ERROR: 10", { isOk: false, text: "+CME ERROR: 10", code: 10 }],
    ["+CMS ERROR:500", { isOk: false, text: "+CMS ERROR:500", code: 500 }],
    ["+CME ERROR: SIM not inserted", { isOk: false, text: "+CME ERROR: SIM not inserted" }],
    ["+CSQ: 1,99", undefined],
    ["OKAY", undefined],
    ["RING", undefined],
  ])("%j is the result %j", (line, result) => expect(parseResult(line)).toEqual(result));

  it.each([
    ["AT", true],
    ["at+csq", true],
    ["ATE0", true],
    ["ATI", true],
    ["AT^ICCID?", true],
    ["ATEL Ltd", false],
    ["OK", false],
    ["+CSQ: 1,99", false],
  ])("%j is an echo: %j", (line, expected) => expect(isEcho(line)).toBe(expected));

  it.each([
    ['+CREG: 2,1,"1A2B","01C3D4E5",7', ["2", "1", "1A2B", "01C3D4E5", "7"]],
    ["+CREG:0,1", ["0", "1"]],
    ['+creg: 0,"a,b",', ["0", "a,b", ""]],
    ["+CREG: ", [""]],
    ["+CEREG: 0,1", undefined],
    ["CREG", undefined],
  ])("%j has the values %j", (line, values) => expect(valuesOf(line, "+CREG")).toEqual(values));
});

describe("what an answer means", () => {
  it.each([
    [ok("+CPIN: READY"), "ready"],
    [ok("+CPIN: SIM PIN"), "pin-required"],
    [ok("+CPIN: PH-NET PIN"), "pin-required"],
    [ok("+CPIN: SIM PUK"), "puk-required"],
    [ok("+CPIN: NOT INSERTED"), "absent"],
    [ok(), "unknown"],
    [ok("+CPIN: WHAT"), "unknown"],
    [{ kind: "refused", text: "+CME ERROR: 10", code: 10 }, "absent"],
    [{ kind: "refused", text: "+CME ERROR: 13", code: 13 }, "failing"],
    [{ kind: "refused", text: "+CME ERROR: SIM PIN required" }, "pin-required"],
    [{ kind: "refused", text: "+CME ERROR: SIM not inserted" }, "absent"],
    [{ kind: "refused", text: "ERROR" }, "unknown"],
    [{ kind: "silent" }, "unknown"],
  ] as const)("of the SIM: %j is %s", (answer, sim) => expect(simOf(answer)).toBe(sim));

  it.each([
    [ok("+CREG: 0,1"), { registration: "home" }],
    [ok("+CREG: 0,5"), { registration: "roaming" }],
    [ok("+CREG: 0,3"), { registration: "denied" }],
    [ok("+CREG: 0,2"), { registration: "searching" }],
    [ok("+CREG: 0,6"), { registration: "denied" }],
    [ok('+CREG: 2,1,"1A2B","01C3D4E5",7'), { registration: "home", cell: { area: 0x1a2b, id: 0x01c3d4e5 } }],
    [ok("+CREG: 2,1,1A2B,01C3D4E5"), { registration: "home", cell: { area: 0x1a2b, id: 0x01c3d4e5 } }],
    // What comes unasked in between is no answer.
    [ok("+CREG: 2", "+CREG: 0,1"), { registration: "home" }],
    [ok('+CREG: 1,"1A2B","01C3D4E5",7', "+CREG: 2,2"), { registration: "searching" }],
    [ok("+CREG: x,y", "+CREG:"), undefined],
    [ok(), undefined],
    [{ kind: "refused", text: "ERROR" }, undefined],
  ] as const)("of the network: %j is %j", (answer, expected) => {
    expect(registrationOf(answer, "+CREG")).toEqual(expected);
  });

  it("counts whichever network the modem is in", () => {
    expect(bestRegistration([undefined, { registration: "none" }, { registration: "roaming" }])).toEqual({
      registration: "roaming",
    });
    expect(bestRegistration([undefined, { registration: "searching" }, { registration: "denied" }])).toEqual({
      registration: "denied",
    });
    expect(bestRegistration([undefined])).toEqual({ registration: "unknown" });
  });

  it.each([
    ["+CSQ: 0,99", -113],
    ["+CSQ: 31,0", -51],
    ["+CSQ: 99,99", undefined],
    ["+CSQ: 17", -79],
    ["+CSQ: nonsense", undefined],
    ["+CSQ: 1234567,1", undefined],
  ])("of the signal: %s is %j dBm", (line, dbm) => expect(signalOfCsq(ok(line))).toBe(dbm));

  it.each([
    ["+CESQ: 99,99,255,255,20,51", -90],
    ["+CESQ: 99,99,60,20,255,255", -61],
    ["+CESQ: 40,0,255,255,255,255", -71],
    ["+CESQ: 99,99,255,255,255,255", undefined],
    ["+CESQ: 1", -110],
    ["+CESQ:", undefined],
  ])("of the signal: %s is %j dBm", (line, dbm) => expect(signalOfCesq(ok(line))).toBe(dbm));

  it.each([
    [ok('+COPS: 0,0,"Demo Mobil",7'), "Demo Mobil"],
    [ok('+COPS: 0,0,"Telekom, the other one",7'), "Telekom, the other one"],
    [ok("+COPS: 0"), undefined],
    [ok('+COPS: 0,0,""'), undefined],
    [ok(), undefined],
  ])("of the operator: %j is %j", (answer, operator) => expect(operatorOf(answer)).toBe(operator));

  it.each([
    ["26201", { mcc: "262", mnc: "01" }],
    ["310410", { mcc: "310", mnc: "410" }],
    ["Demo", undefined],
    [undefined, undefined],
  ])("of the operator's number: %j is %j", (number, codes) => expect(networkCodes(number)).toEqual(codes));

  it.each([
    [imeiOf, "490154203237518", "490154203237518"],
    [imeiOf, '+CGSN: "490154203237518"', "490154203237518"],
    [imeiOf, "4901", undefined],
    [imsiOf, "262010000000001", "262010000000001"],
    [iccidOf, "+CCID: 8949000000000000018", "8949000000000000018"],
    [iccidOf, '+CCID: "8949000000000000018"', "8949000000000000018"],
    [iccidOf, "^ICCID: 8949000000000000018F", "8949000000000000018"],
    [iccidOf, "#CCID: 89490000000000000183", "89490000000000000183"],
    [iccidOf, "+ICCID: none", undefined],
  ])("of the numbers: %o of %j is %j", (read, line, number) => expect(read(ok(line))).toBe(number));
});

describe("the makers' dialects", () => {
  it.each([
    ["Quectel", "Quectel", "+QCCID"],
    ["SIMCOM INCORPORATED", "SIMCom", "+CICCID"],
    ["Sierra Wireless, Incorporated", "Sierra Wireless", "+ICCID"],
    ["huawei", "Huawei", "^ICCID?"],
    ["Telit", "Telit", "#CCID"],
    ["u-blox", "u-blox", "+CCID"],
    ["Nobody Ltd", "any", "+CCID"],
    ["", "any", "+CCID"],
  ])("%j is %s's, asked by %s", (maker, dialect, iccid) => {
    expect(dialectOf(maker)).toMatchObject({ maker: dialect });
    expect(dialectOf(maker).iccid[0]).toBe(iccid);
  });

  it("have a way to ask and a way to restart each", () => {
    for (const { iccid, reset } of [...modemDialects, genericDialect]) {
      expect(iccid.length).toBeGreaterThan(0);
      expect(reset.length).toBeGreaterThan(0);
    }
  });
});

/** A modem that answers as a table says; a command that is not in it is refused, one with undefined gets no answer. */
function scripted(answers: Readonly<Record<string, string | undefined>>, usual = "\r\nERROR\r\n") {
  const asked: string[] = [];
  let typed = "";
  const stream: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      done();
      typed += chunk.toString("latin1");
      for (let end = typed.indexOf("\r"); end >= 0; end = typed.indexOf("\r")) {
        const command = typed.slice(0, end);
        typed = typed.slice(end + 1);
        asked.push(command);
        const answer = Object.hasOwn(answers, command) ? answers[command] : usual;
        if (answer !== undefined) setImmediate(() => stream.push(bytes(answer)));
      }
    },
  });
  const clock = new ManualClock();
  const unasked: string[] = [];
  const session = new AtSession({ stream, clock, unsolicited: (line) => unasked.push(line) });
  const settles = async <T>(promise: Promise<T>): Promise<T> => {
    let result: { readonly value: T } | undefined;
    void promise.then((value) => (result = { value }));
    await clock.until(() => result !== undefined, "an answer");
    return result!.value;
  };
  return { stream, clock, session, asked, unasked, settles };
}

const says = (...lines: string[]) => lines.map((line) => `\r\n${line}\r\n`).join("");

describe("a session with a modem", () => {
  it("takes what answers the command, and tells of what comes unasked in between", async () => {
    const { session, unasked, settles } = scripted({
      "AT+CSQ": says("RING", "+CREG: 2", "+CSQ: 17,99", "+CPIN: READY", "OK"),
    });
    expect(await settles(session.ask({ text: "+CSQ", answers: /^\+CSQ:/ }))).toEqual(ok("+CSQ: 17,99"));
    expect(unasked).toEqual(["RING", "+CREG: 2", "+CPIN: READY"]);
  });

  it("asks one after the other", async () => {
    const { session, asked, settles } = scripted({ "AT+A": says("OK"), "AT+B": says("OK") });
    const both = Promise.all([session.ask({ text: "+A" }), session.ask({ text: "+B" }), session.ask({ text: "+C" })]);
    expect(await settles(both)).toEqual([ok(), ok(), { kind: "refused", text: "ERROR" }]);
    expect(asked).toEqual(["AT+A", "AT+B", "AT+C"]);
  });

  it("says silent after the limit, and never takes the late answer for that to the next command", async () => {
    const takesMs: Readonly<Record<string, number>> = { "AT+SLOW": 1_500 };
    const lines: Readonly<Record<string, readonly string[]>> = { "AT+SLOW": ["+SLOW: 1"], "AT+CSQ": ["+CSQ: 5,99"] };
    const clock = new ManualClock();
    const commands: string[] = [];
    let isBusy = false;
    /** One command after the other, each in its own time. */
    const work = (): void => {
      const command = isBusy ? undefined : commands.shift();
      if (command === undefined) return;
      isBusy = true;
      clock.setTimeout(() => {
        isBusy = false;
        stream.push(bytes(says(...(lines[command] ?? []), "OK")));
        work();
      }, takesMs[command] ?? 10);
    };
    const stream = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        done();
        commands.push(chunk.toString().trim());
        work();
      },
    });
    const session = new AtSession({ stream, clock });
    const answers = Promise.all([
      session.ask({ text: "+SLOW", answers: /^\+SLOW:/, timeoutMs: 1_000 }),
      session.ask({ text: "+CSQ", answers: /^\+CSQ:/ }),
      session.ask({ text: "+X" }),
    ]);
    let all: readonly AtAnswer[] | undefined;
    void answers.then((given) => (all = given));
    await clock.until(() => all !== undefined, "the answers");
    expect(all).toEqual([{ kind: "silent" }, ok("+CSQ: 5,99"), ok()]);
  });

  it("asks a modem that never stops talking all the same", async () => {
    const { session, stream, clock, settles } = scripted({ "AT+SLOW": undefined, "AT+CSQ": says("+CSQ: 5,99", "OK") });
    const slow = session.ask({ text: "+SLOW", timeoutMs: 1_000 });
    expect(await settles(slow)).toEqual({ kind: "silent" });
    const chatter = clock.setTimeout(function talk() {
      stream.push(bytes(says("+NOISE: 1")));
      clock.setTimeout(talk, 100);
    }, 100);
    expect(chatter).toBeDefined();
    expect(await settles(session.ask({ text: "+CSQ", answers: /^\+CSQ:/ }))).toEqual(ok("+CSQ: 5,99"));
  });

  it("says gone when the modem is pulled out, to whoever waits and from then on", async () => {
    const { session, stream, settles } = scripted({ "AT+SLOW": undefined });
    const slow = session.ask({ text: "+SLOW" });
    setImmediate(() => stream.destroy(Object.assign(new Error("no such device"), { code: "ENODEV" })));
    expect(await settles(slow)).toEqual({ kind: "gone", why: "no such device" });
    expect(await settles(session.ask({ text: "" }))).toMatchObject({ kind: "gone" });
  });

  it("leaves no timer behind when it is given up, neither of a command nor of the wait for quiet", async () => {
    const { session, clock, settles } = scripted({ "AT+SLOW": undefined, AT: undefined });
    const slow = session.ask({ text: "+SLOW", timeoutMs: 1_000 });
    expect(await settles(slow)).toEqual({ kind: "silent" });
    const next = session.ask({ text: "+CSQ" });
    await new Promise(setImmediate);
    expect(clock.pendingCount).toBe(1);
    session.abandon();
    expect(clock.pendingCount).toBe(0);
    expect(await settles(next)).toMatchObject({ kind: "gone" });
    const { session: other, clock: itsClock } = scripted({ "AT+SLOW": undefined });
    void other.ask({ text: "+SLOW" });
    await new Promise(setImmediate);
    expect(itsClock.pendingCount).toBe(1);
    other.abandon();
    expect(itsClock.pendingCount).toBe(0);
  });

  it("keeps a few lines only of an answer without end", async () => {
    const { session, settles } = scripted({ "AT+X": says(...Array<string>(10_000).fill("+X: 1"), "OK") });
    const answer = await settles(session.ask({ text: "+X", answers: /^\+X:/ }));
    expect(answer.kind === "ok" ? answer.lines.length : 0).toBe(32);
  });
});

describe("a look at a modem", () => {
  const healthy = {
    ATE0: says("OK"),
    "AT+CMEE=1": says("OK"),
    "AT+CGMI": says("Quectel", "OK"),
    "AT+CGMM": says("EG25", "OK"),
    "AT+CGMR": says("EG25GGBR07A08M2G", "OK"),
    "AT+CGSN": says("490154203237518", "OK"),
    "AT+CPIN?": says("+CPIN: READY", "OK"),
    "AT+CIMI": says("262010000000001", "OK"),
    "AT+QCCID": says("+QCCID: 8949000000000000018F", "OK"),
    "AT+CEREG=2": says("OK"),
    "AT+CEREG?": says('+CEREG: 2,5,"1A2B","01C3D4E5",7', "OK"),
    "AT+COPS=3,2": says("OK"),
    "AT+COPS=3,0": says("OK"),
    "AT+CSQ": says("+CSQ: 17,99", "OK"),
  };

  it("tells who it is, its SIM, its network and its signal, whatever it does not know", async () => {
    let form = 0;
    const { session, settles } = scripted({
      ...healthy,
      get "AT+COPS?"() {
        form += 1;
        return form === 1 ? says('+COPS: 0,2,"26201",7', "OK") : says('+COPS: 0,0,"Demo Mobil",7', "OK");
      },
    });
    expect(await settles(readModem(session))).toEqual({
      kind: "facts",
      facts: {
        maker: "Quectel",
        model: "EG25",
        firmware: "EG25GGBR07A08M2G",
        imei: "490154203237518",
        sim: "ready",
        imsi: "262010000000001",
        iccid: "8949000000000000018",
        registration: "roaming",
        cell: { area: 0x1a2b, id: 0x01c3d4e5 },
        operator: "Demo Mobil",
        mcc: "262",
        mnc: "01",
        signalDbm: -79,
      },
    });
  });

  it("tells of a modem that refuses everything but its greeting", async () => {
    const { session, settles } = scripted({ ATE0: says("OK") });
    expect(await settles(readModem(session))).toEqual({
      kind: "facts",
      facts: { maker: "", model: "", firmware: "", sim: "unknown", registration: "unknown" },
    });
  });

  it("says silent for one that never answers, and for one that stops in the midst", async () => {
    const dead = scripted({ ATE0: undefined });
    expect(await dead.settles(readModem(dead.session))).toEqual({ kind: "silent" });
    expect(dead.asked.filter((command) => command !== "AT")).toEqual(["ATE0", "ATE0", "ATE0"]);
    const stuck = scripted({ ...healthy, "AT+CIMI": undefined });
    expect(await stuck.settles(readModem(stuck.session))).toEqual({ kind: "silent" });
  });

  it("says gone for one that is pulled out in the midst", async () => {
    const world = scripted({ ...healthy, "AT+CIMI": undefined });
    const reading = world.settles(readModem(world.session));
    await world.clock.until(() => world.asked.includes("AT+CIMI"), "the question");
    world.stream.destroy();
    expect(await reading).toMatchObject({ kind: "gone" });
  });

  test.each([
    ["Sierra Wireless", { "AT!RESET": says("OK") }, ["AT!RESET"], "ok"],
    ["Sierra Wireless", { "AT+CFUN=1,1": says("OK") }, ["AT!RESET", "AT+CFUN=1,1"], "ok"],
    [undefined, { "AT+CFUN=1,1": says("OK") }, ["AT+CFUN=1,1"], "ok"],
    ["Quectel", {}, ["AT+CFUN=1,1"], "refused"],
    ["Quectel", { "AT+CFUN=1,1": undefined }, ["AT+CFUN=1,1"], "silent"],
  ])("restarts one of %j: %j", async (maker, answers, commands, kind) => {
    const { session, asked, settles } = scripted(answers);
    expect((await settles(resetModem(session, maker))).kind).toBe(kind);
    expect(asked).toEqual(commands);
  });

  it("survives whatever a line can bring", async () => {
    const random = new SeededRandom(12);
    for (let round = 0; round < 200; round += 1) {
      const garbage = Buffer.from(random.bytes(60));
      const { session, settles } = scripted({ ...healthy }, `${garbage.toString("latin1")}\r\nOK\r\n`);
      const { kind } = await settles(readModem(session));
      expect(["facts", "silent"]).toContain(kind);
    }
  });
});
