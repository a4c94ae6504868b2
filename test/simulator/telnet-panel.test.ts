// The Telnet panel with the cloud's own Telnet client on the other side, and with bytes that nobody should send.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TelnetClient } from "#protocol/telnet/telnet-client.ts";
import type { PanelProgram } from "#simulator/panels/panel.ts";
import type { RunningTelnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { telnetPanel } from "#simulator/panels/telnet/telnet-panel.ts";
import { TelnetTerminal } from "#simulator/panels/telnet/telnet-terminal.ts";
import { PanelPlace } from "./ssh-panel-client.ts";

const account = { username: "service", password: "geheim-ü" };

/** A person with the cloud's client in front of the panel. */
async function sitsDown(place: PanelPlace<RunningTelnetPanel>, size = { columns: 80, rows: 24 }) {
  const connection = await place.dials();
  const { stream } = connection;
  const client = new TelnetClient({ terminalType: "xterm-256color", ...size });
  const seen = { text: "", bytes: 0, hasEnded: false };
  let looked = 0;
  stream.on("data", (bytes: Buffer) => {
    seen.bytes += bytes.length;
    const { send, data } = client.receive(bytes);
    if (send.length > 0) stream.write(send);
    seen.text += Buffer.from(data).toString("utf8");
  });
  stream.on("end", () => {
    seen.hasEnded = true;
    stream.end();
  });
  return {
    ...{ stream, client, seen, connection },
    types: (text: string) => void stream.write(client.write(Buffer.from(text))),
    shows: async (text: string): Promise<void> => {
      await place.until(
        () => seen.text.includes(text, looked),
        `"${text}" in ${JSON.stringify(seen.text.slice(-300))}`,
      );
      looked = seen.text.indexOf(text, looked) + text.length;
    },
  };
}

async function logsIn(place: PanelPlace<RunningTelnetPanel>, size?: { columns: number; rows: number }) {
  const person = await sitsDown(place, size);
  await person.shows("login: ");
  person.types("service\r");
  await person.shows("Password: ");
  person.types("geheim-ü\r");
  await person.shows("Choice: ");
  return person;
}

describe("a Telnet panel", () => {
  it("lets in who knows the password, and shows no letter of it", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const person = await logsIn(place);
    expect(person.seen.text).toContain("login: service\r\nPassword: \r\n");
    expect(person.seen.text).not.toContain("geheim");
    expect(place.panel).toMatchObject({ logins: 1, terminal: { type: "xterm-256color", columns: 80, rows: 24 } });
    person.types("9\r");
    await person.shows("Goodbye.\r\n");
    await place.until(() => person.seen.hasEnded, "the end");
    await place.world.clock.advance(1000);
    expect(place.panel.connections).toBe(0);
    expect(place.world.clock.pending()).toEqual([]);
  });

  it("hangs up at the third wrong login", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const person = await sitsDown(place);
    for (const [name, password] of [
      ["service", "wrong"],
      ["root", "geheim-ü"],
      ["service", ""],
    ]) {
      await person.shows("login: ");
      person.types(`${name}\r`);
      await person.shows("Password: ");
      person.types(`${password}\r`);
      await person.shows("Login incorrect");
    }
    await place.until(() => person.seen.hasEnded, "the end");
    expect(place.panel.logins).toBe(0);
  });

  it("rubs out, starts again at Ctrl-C, and takes Telnet's own keys for the same", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const person = await sitsDown(place);
    await person.shows("login: ");
    person.types("sarv\x7f\x7f\x7fer");
    // RFC 854: IAC EC rubs a letter out, IAC EL the line, IAC IP interrupts, IAC AYT asks for a sign.
    person.stream.write(Buffer.from([0xff, 0xf7]));
    person.types("x");
    await person.shows("sarv\b \b\b \b\b \ber\b \bx");
    person.stream.write(Buffer.from([0xff, 0xf8]));
    await person.shows("\b \b\b \b\b \b");
    person.types("abc");
    person.stream.write(Buffer.from([0xff, 0xf4]));
    await person.shows("abc^C\r\nlogin: ");
    person.stream.write(Buffer.from([0xff, 0xf6]));
    await person.shows("[Press 4 is here]");
  });

  it("draws a page of living values that follows the window, and leaves it at the break key", async () => {
    using place = await PanelPlace.start(telnetPanel({ account, machine: "packer" }));
    const person = await logsIn(place, { columns: 90, rows: 30 });
    person.types("1\r");
    await person.shows("\x1b[30;1H");
    await person.shows(" 90 x 30 ");
    const [signal] = place.panel.process.signals;
    await place.world.clock.advance(5000);
    expect(person.seen.text).toContain(`${signal!.value.toFixed(signal!.decimals)} ${signal!.unit}`);
    await person.shows(" 90 x 30 ");
    person.stream.write(person.client.resize(120, 40));
    // At once, and not with the next picture.
    await place.world.clock.advance(100);
    expect(person.seen.text).toContain(" 120 x 40 ");
    await person.shows(" 120 x 40 ");
    person.stream.write(person.client.sendBreak());
    await person.shows("*** BREAK ***");
    await person.shows("Choice: ");
    expect(place.panel.breaks).toBe(1);
    const { bytes } = person.seen;
    await place.world.clock.advance(10_000);
    expect(person.seen.bytes).toBe(bytes);
  });

  it("sets what the machine takes, and nothing else", async () => {
    using place = await PanelPlace.start(telnetPanel({ machine: "press" }));
    const person = await sitsDown(place);
    const [point] = place.panel.process.setPoints;
    const { initial, max } = point!;
    await person.shows("Choice: ");
    person.types("2\r");
    await person.shows("Enter for the menu: ");
    person.types(`1\r${max + 1}\r`);
    await person.shows("Not set: the value is out of range.");
    expect(point?.value).toBe(initial);
    person.types(`1\r${max}\r`);
    await person.shows("\r\nSet.\r\n");
    expect(place.panel.process.setPoints[0]?.value).toBe(max);
    person.types("\r4\r");
    await person.shows("The machine stops.");
    expect(place.panel.process.isRunning).toBe(false);
  });

  it("lists alarms, and takes that they were seen", async () => {
    using place = await PanelPlace.start(telnetPanel());
    const { process } = place.panel;
    const person = await sitsDown(place);
    await person.shows("Choice: ");
    // Stopping is an event of the list; a value beyond its limit is an alarm.
    process.isRunning = false;
    const signal = process.signals.find(({ alarmAbove }) => alarmAbove !== undefined);
    signal!.value = signal!.max;
    process.alarms.watch(place.world.clock.nowMs(), process.signals);
    expect(process.alarms.unseen).toHaveLength(1);
    person.types("3\r");
    await person.shows(`active ${process.alarms.active[0]!.text}`);
    await person.shows("over   Machine stopped");
    person.types("a\r");
    await person.shows("Choice: ");
    expect(process.alarms.unseen).toEqual([]);
    person.types("77\r");
    await person.shows("There is no 77 in this menu.");
  });

  it("hangs up after ten minutes without a key", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const person = await logsIn(place);
    await place.world.clock.advance(599_000);
    expect(person.seen.hasEnded).toBe(false);
    await place.world.clock.advance(2000);
    expect(person.seen.text).toContain("Idle for too long.");
    expect(person.seen.hasEnded).toBe(true);
  });

  it("that waits for input says nothing before the first byte", async () => {
    using place = await PanelPlace.start(telnetPanel({ account, waitsForInput: true }));
    const person = await sitsDown(place);
    await place.world.clock.advance(60_000);
    expect(person.seen.bytes).toBe(0);
    person.types("\r");
    await person.shows("login: ");
  });

  it("echoes nothing to a client that does not speak Telnet: its own line shows what is typed", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const { stream } = await place.dials();
    let text = "";
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
    });
    stream.write("service\n");
    await place.until(() => text.includes("Password: "), "the password prompt");
    expect(text).not.toContain("service");
  });

  it("asks for eight bits where it is to, and then pads no return", async () => {
    using place = await PanelPlace.start(telnetPanel({ account, asksForBinary: true }));
    const person = await sitsDown(place);
    await person.shows("login: ");
    // With BINARY the cloud's client sends CR alone and 0xff doubled (RFC 856).
    expect([...person.client.write(Buffer.from("\r"))]).toEqual([13]);
    person.types("serviçe\r");
    await person.shows("serviçe\r\nPassword: ");
  });
});

/** What the panel sends for these bytes of a client. */
async function conversation(program: PanelProgram<RunningTelnetPanel>, pieces: readonly Uint8Array[]): Promise<string> {
  using place = await PanelPlace.start(program);
  const { stream } = await place.dials();
  const got: Buffer[] = [];
  stream.on("data", (bytes: Buffer) => got.push(bytes));
  for (const piece of pieces) {
    stream.write(piece);
    await place.world.clock.settle();
  }
  await place.world.clock.advance(500);
  return Buffer.concat(got).toString("latin1");
}

function cut(bytes: Buffer, places: readonly number[]): readonly Uint8Array[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return ends
    .map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
    .filter(({ length }) => length > 0);
}

describe("bytes to a Telnet panel", () => {
  // WILL NAWS, SB NAWS 255 x 24 (the 255 doubled), DO ECHO, a name with UTF-8, CR NUL, password, CR LF, menu, IP (RFC 854, 857, 1073).
  const story = Buffer.concat([
    Buffer.from([
      0xff, 0xfb, 0x1f, 0xff, 0xfa, 0x1f, 0, 0xff, 0xff, 0, 24, 0xff, 0xf0, 0xff, 0xfd, 0x01, 0xff, 0xfd, 0x03,
    ]),
    Buffer.from("serv\x7fvice\r\0geheim-ü\r\n2\r\n\r\n1\r\0"),
    Buffer.from([0xff, 0xf4, 0xff, 0xf3]),
    Buffer.from("grüße\r\0"),
  ]);

  it("mean the same in whatever pieces they come", async () => {
    const whole = await conversation(telnetPanel({ account }), [story]);
    expect(whole).toContain("*** BREAK ***");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { maxLength: 20 }), async (places) => {
        expect(await conversation(telnetPanel({ account }), cut(story, places))).toBe(whole);
      }),
      { numRuns: 40, seed: 1 },
    );
    expect(await conversation(telnetPanel({ account }), cut(story, [...story.keys()]))).toBe(whole);
  });

  it("crash nothing, whatever they are", async () => {
    using place = await PanelPlace.start(telnetPanel({ account }));
    const likely = fc.constantFrom(0xff, 0xfa, 0xf0, 0xfb, 0xfd, 0x1f, 0x0d, 0x0a, 0, 0x1b, 0x31, 0xc3);
    const bytes = fc.array(fc.oneof(likely, fc.integer({ min: 0, max: 255 })), { maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(bytes, async (values) => {
        const { stream, reset } = await place.dials();
        stream.resume();
        stream.write(Uint8Array.from(values));
        await place.world.clock.settle();
        reset();
      }),
      { numRuns: 100, seed: 2 },
    );
    const person = await logsIn(place);
    expect(person.seen.text).toContain("MAIN MENU");
  });

  it("of a subnegotiation without an end are not kept: the panel hangs up", async () => {
    using place = await PanelPlace.start(telnetPanel());
    const person = await sitsDown(place);
    person.stream.write(Buffer.concat([Buffer.from([0xff, 0xfa, 0x1f]), Buffer.alloc(2000)]));
    await place.until(() => person.seen.hasEnded || person.stream.destroyed, "the end");
    await place.until(() => place.panel.connections === 0, "the panel to be done with it");
  });
});

describe("the panel's end of Telnet", () => {
  const read = (terminal: TelnetTerminal, ...bytes: number[]) => [...terminal.receive(Uint8Array.from(bytes))];

  it("offers to echo and asks for name and size, and asks for the name when it may (RFC 1091)", () => {
    const terminal = new TelnetTerminal();
    // WILL ECHO, WILL SGA, DO SGA, DO TERMINAL-TYPE, DO NAWS
    expect([...terminal.open({ binary: false })]).toEqual([
      ...[255, 251, 1, 255, 251, 3, 255, 253, 3],
      ...[255, 253, 24, 255, 253, 31],
    ]);
    // WILL TERMINAL-TYPE is answered by SB TERMINAL-TYPE SEND SE.
    expect(read(terminal, 255, 251, 24)).toEqual([{ kind: "send", bytes: Buffer.from([255, 250, 24, 1, 255, 240]) }]);
    expect(read(terminal, 255, 250, 24, 0, 0x76, 0x74, 255, 240)).toEqual([]);
    expect(terminal.terminalType).toBe("vt");
    expect(terminal.echoes).toBe(false);
    read(terminal, 255, 253, 1);
    expect(terminal.echoes).toBe(true);
  });

  it("drops the NUL behind a return, in whatever pieces they come (RFC 854)", () => {
    const terminal = new TelnetTerminal();
    expect(read(terminal, 13, 0, 0x61, 0)).toEqual([{ kind: "text", text: "\ra\0" }]);
    expect([...read(terminal, 13), ...read(terminal, 0), ...read(terminal, 0x62)]).toEqual([
      { kind: "text", text: "\r" },
      { kind: "text", text: "b" },
    ]);
  });

  it("doubles IAC and pads a lone return (RFC 854), and in binary pads none (RFC 856)", () => {
    const terminal = new TelnetTerminal();
    expect([...terminal.write("a\rb\r\n")]).toEqual([0x61, 13, 0, 0x62, 13, 10]);
    terminal.open({ binary: true });
    read(terminal, 255, 253, 0, 255, 251, 0);
    expect([...terminal.write("a\rb")]).toEqual([0x61, 13, 0x62]);
    // In binary a NUL behind a CR is data.
    expect(read(terminal, 13, 0)).toEqual([{ kind: "text", text: "\r\0" }]);
  });

  it("refuses what it does not know, and not without end (RFC 1143)", () => {
    const terminal = new TelnetTerminal();
    // WILL 200 -> DONT 200
    expect(read(terminal, 255, 251, 200)).toEqual([{ kind: "send", bytes: Uint8Array.of(255, 254, 200) }]);
    let answers = 0;
    for (let count = 0; count < 1000; count += 1) answers += read(terminal, 255, 251, 200).length;
    expect(answers).toBe(15);
  });
});
