// The Modbus TCP panel with raw requests: bytes are literals after the two specifications of the Modbus organisation.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RunningModbusPanel } from "#simulator/panels/modbus/modbus-panel.ts";
import { modbusPanel } from "#simulator/panels/modbus/modbus-panel.ts";
import { machines, sharedProcess } from "#simulator/panels/process-model.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { PanelPlace } from "./ssh-panel-client.ts";

/** "00 01 00 00" as bytes. */
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

async function master(place: PanelPlace<RunningModbusPanel>) {
  const { stream, reset } = await place.dials();
  const seen = { bytes: Buffer.alloc(0), hasEnded: false };
  stream.on("data", (bytes: Buffer) => {
    seen.bytes = Buffer.concat([seen.bytes, bytes]);
  });
  stream.on("end", () => {
    seen.hasEnded = true;
    stream.end();
  });
  /** Sends a request and gives everything that comes within a second. */
  const asks = async (request: string | Uint8Array): Promise<string> => {
    const before = seen.bytes.length;
    stream.write(typeof request === "string" ? hex(request) : request);
    await place.world.clock.advance(1000);
    return seen.bytes
      .subarray(before)
      .toString("hex")
      .replace(/(..)(?=.)/g, "$1 ");
  };
  return { stream, seen, asks, reset };
}

const press = () => modbusPanel({ machine: "press" });

describe("a Modbus panel", () => {
  it("reads input registers that are the machine's living values (function 4)", async () => {
    using place = await PanelPlace.start(press());
    const { asks } = await master(place);
    // Messaging 3.1.3: transaction, protocol 0, length 6, unit 1; Application 6.4: function, address, quantity.
    const first = await asks("00 01 00 00 00 06 01 04 00 00 00 04");
    expect(first).toMatch(/^00 01 00 00 00 0b 01 04 08 /);
    const words = (text: string) => {
      const bytes = hex(text).subarray(9);
      return [0, 2, 4, 6].map((at) => bytes.readUInt16BE(at));
    };
    const shown = place.panel.process.signals.map(({ value, decimals }) => Math.round(value * 10 ** decimals));
    // A second has passed since the answer: values move slowly, so near is near.
    for (const [at, word] of words(first).entries()) expect(Math.abs(word - shown[at]!)).toBeLessThan(60);
    await place.world.clock.advance(60_000);
    expect(words(await asks("00 02 00 00 00 06 01 04 00 00 00 04"))).not.toEqual(words(first));
  });

  it("reads and writes set points (3, 6, 16), all or none", async () => {
    using place = await PanelPlace.start(press());
    const { process } = place.panel;
    const { asks } = await master(place);
    const [one, two] = process.setPoints;
    const word = (value: number, decimals: number) => {
      const text = Math.round(value * 10 ** decimals)
        .toString(16)
        .padStart(4, "0");
      return `${text.slice(0, 2)} ${text.slice(2)}`;
    };
    const [before, high] = [word(one!.initial, one!.decimals), word(one!.max, one!.decimals)];
    // Application 6.3
    expect(await asks("00 03 00 00 00 06 01 03 00 00 00 01")).toBe(`00 03 00 00 00 05 01 03 02 ${before}`);
    // 6.6: the answer is the request.
    expect(await asks(`00 04 00 00 00 06 01 06 00 00 ${high}`)).toBe(`00 04 00 00 00 06 01 06 00 00 ${high}`);
    expect(process.setPoints[0]?.value).toBe(one!.max);
    // Beyond its range: exception 3, and nothing changes.
    expect(await asks("00 05 00 00 00 06 01 06 00 00 ff ff")).toBe("00 05 00 00 00 03 01 86 03");
    expect(process.setPoints[0]?.value).toBe(one!.max);
    // 6.12: the first fits, the second does not.
    expect(await asks(`00 06 00 00 00 0b 01 10 00 00 00 02 04 ${before} ff ff`)).toBe("00 06 00 00 00 03 01 90 03");
    expect(process.setPoints[0]?.value).toBe(one!.max);
    const both = `${before} ${word(two!.min, two!.decimals)}`;
    expect(await asks(`00 07 00 00 00 0b 01 10 00 00 00 02 04 ${both}`)).toBe("00 07 00 00 00 06 01 10 00 00 00 02");
    expect([process.setPoints[0]?.value, process.setPoints[1]?.value]).toEqual([one!.initial, two!.min]);
  });

  it("stops and starts the machine by a coil (1, 5, 15), and reads alarms as discrete inputs (2)", async () => {
    using place = await PanelPlace.start(press());
    const { process } = place.panel;
    const { asks } = await master(place);
    // 6.1: coils 0 and 1 in the two lowest bits.
    expect(await asks("00 01 00 00 00 06 01 01 00 00 00 01")).toBe("00 01 00 00 00 04 01 01 01 01");
    // 6.5: 0000 is off, ff00 on, anything else exception 3.
    expect(await asks("00 02 00 00 00 06 01 05 00 00 00 00")).toBe("00 02 00 00 00 06 01 05 00 00 00 00");
    expect(process.isRunning).toBe(false);
    expect(await asks("00 03 00 00 00 06 01 05 00 00 00 01")).toBe("00 03 00 00 00 03 01 85 03");
    // 6.11: one coil, one byte.
    expect(await asks("00 04 00 00 00 08 01 0f 00 00 00 01 01 01")).toBe("00 04 00 00 00 06 01 0f 00 00 00 01");
    expect(process.isRunning).toBe(true);
    // 6.2: four inputs; one byte with what is active.
    const bits = process.signals.reduce((sum, { name }, at) => sum | (Number(process.alarms.isActive(name)) << at), 0);
    const byte = bits.toString(16).padStart(2, "0");
    expect(await asks("00 05 00 00 00 06 01 02 00 00 00 04")).toBe(`00 05 00 00 00 04 01 02 01 ${byte}`);
  });

  it("tells who made it (43 / 14): as a stream, from an object on, and one object alone", async () => {
    const identification = { vendor: "Maker", productCode: "M1", revision: "1.0" };
    using place = await PanelPlace.start(modbusPanel({ identification }));
    const { asks } = await master(place);
    // 6.21: MEI 0e, code 1 (basic), from object 0; answer: code, conformity 82, no more, next 0, three objects.
    const basic = "00 05 4d 61 6b 65 72 01 02 4d 31 02 03 31 2e 30";
    expect(await asks("00 01 00 00 00 05 01 2b 0e 01 00")).toBe(`00 01 00 00 00 18 01 2b 0e 01 82 00 00 03 ${basic}`);
    expect(await asks("00 02 00 00 00 05 01 2b 0e 01 01")).toBe(
      `00 02 00 00 00 11 01 2b 0e 01 82 00 00 02 ${basic.slice(21)}`,
    );
    expect(await asks("00 03 00 00 00 05 01 2b 0e 04 01")).toBe(
      "00 03 00 00 00 0c 01 2b 0e 04 82 00 00 01 01 02 4d 31",
    );
    expect(await asks("00 04 00 00 00 05 01 2b 0e 04 63")).toBe("00 04 00 00 00 03 01 ab 02");
    expect(await asks("00 05 00 00 00 05 01 2b 0e 05 00")).toBe("00 05 00 00 00 03 01 ab 03");
    expect(await asks("00 06 00 00 00 05 01 2b 0d 01 00")).toBe("00 06 00 00 00 03 01 ab 01");
  });

  it("tells more of itself in a second answer where one is too small", async () => {
    const long = "x".repeat(190);
    using place = await PanelPlace.start(
      modbusPanel({ identification: { vendor: long, productCode: long, revision: "1" } }),
    );
    const { asks } = await master(place);
    expect((await asks("00 01 00 00 00 05 01 2b 0e 01 00")).slice(21, 41)).toBe("2b 0e 01 82 ff 01 01".slice(0, 20));
    expect((await asks("00 02 00 00 00 05 01 2b 0e 01 01")).slice(21, 41)).toBe("2b 0e 01 82 00 00 02".slice(0, 20));
  });

  it.each([
    // Application 7: the function code with its highest bit, and the exception.
    ["a function that it does not have", "07", "87 01"],
    ["an address where nothing is", "04 00 64 00 01", "84 02"],
    ["a range that goes beyond the last address", "04 00 06 00 02", "84 02"],
    ["a range that goes beyond 65535", "04 ff ff 00 02", "84 02"],
    ["no registers", "03 00 00 00 00", "83 03"],
    ["126 registers", "03 00 00 00 7e", "83 03"],
    ["2001 coils", "01 00 00 07 d1", "81 03"],
    ["a request that is too short", "03 00 00", "83 03"],
    ["a request that is too long", "03 00 00 00 01 00", "83 03"],
    ["a byte count that does not fit", "10 00 00 00 01 04 00 01", "90 03"],
    ["fewer bytes than it counts", "10 00 00 00 01 02 00", "90 03"],
    ["more bytes than it counts", "10 00 00 00 01 02 00 01 00", "90 03"],
    ["124 registers to write", "10 00 00 00 7c f8", "90 03"],
  ])("answers %s with an exception", async (_what, pdu, answer) => {
    using place = await PanelPlace.start(press());
    const { asks } = await master(place);
    const length = (hex(pdu).length + 1).toString(16).padStart(2, "0");
    expect(await asks(`12 34 00 00 00 ${length} 01 ${pdu}`)).toBe(`12 34 00 00 00 03 01 ${answer}`);
  });

  it("answers as the machine of the unit that was asked for, and for one that is not there with exception 11", async () => {
    const units = { 7: sharedProcess(machines.mixer) };
    using place = await PanelPlace.start(modbusPanel({ machine: "press", units }));
    const { asks } = await master(place);
    const [point] = machines.mixer.setPoints;
    const word = Math.round(point!.initial * 10 ** point!.decimals)
      .toString(16)
      .padStart(4, "0");
    expect(await asks("00 01 00 00 00 06 07 03 00 00 00 01")).toBe(
      `00 01 00 00 00 05 07 03 02 ${word.slice(0, 2)} ${word.slice(2)}`,
    );
    const own = await asks("00 02 00 00 00 06 ff 03 00 00 00 01");
    expect(own.slice(-5)).toBe((await asks("00 03 00 00 00 06 00 03 00 00 00 01")).slice(-5));
    expect(await asks("00 04 00 00 00 06 08 03 00 00 00 01")).toBe("00 04 00 00 00 03 08 83 0b");
  });

  it("answers requests that come together, each with its own transaction", async () => {
    using place = await PanelPlace.start(press());
    const { asks } = await master(place);
    const requests = Array.from(
      { length: 100 },
      (_, at) => `00 ${at.toString(16).padStart(2, "0")} 00 00 00 06 01 01 00 00 00 01`,
    );
    const answers = await asks(hex(requests.join("")));
    expect(answers.match(/00 .. 00 00 00 04 01 01 01 01/g)).toHaveLength(100);
    expect(hex(answers).length).toBe(1000);
    expect(place.panel.requests).toBe(100);
  });

  it("reads no more from a master that does not read its answers, and loses none of them", async () => {
    using place = await PanelPlace.start(press());
    const { stream } = await place.dials();
    // More answers than all the queues on the way hold.
    const count = 20_000;
    stream.write(hex("00 01 00 00 00 05 01 2b 0e 02 00".repeat(count)));
    await place.world.clock.advance(5000);
    const before = place.panel.requests;
    expect(before).toBeLessThan(count);
    await place.world.clock.advance(5000);
    expect(place.panel.requests).toBe(before);
    let bytes = 0;
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await place.until(() => place.panel.requests === count, "all requests");
    await place.world.clock.advance(1000);
    expect(bytes % count).toBe(0);
    expect(bytes / count).toBeGreaterThan(60);
  });

  it.each([
    ["another protocol", "00 01 00 01 00 06 01 03 00 00 00 01"],
    ["a length of 1", "00 01 00 00 00 01 01"],
    ["a length of 255", "00 01 00 00 00 ff 01 03"],
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n").toString("hex")],
  ])("closes the connection at %s, behind the answers that it owes", async (_what, bytes) => {
    using place = await PanelPlace.start(press());
    const { asks, seen } = await master(place);
    expect(await asks(`00 09 00 00 00 06 01 01 00 00 00 01 ${bytes}`)).toBe("00 09 00 00 00 04 01 01 01 01");
    expect(seen.hasEnded).toBe(true);
    expect(place.panel).toMatchObject({ connections: 0, malformed: 1 });
    expect(place.world.clock.pending()).toEqual([]);
  });

  it("has the machine of a screen: what one writes the other shows, and the other way round", async () => {
    const process = sharedProcess(machines.press);
    using place = await PanelPlace.start(modbusPanel({ process }));
    const { network } = place.world.network.host("panel");
    const random = new SeededRandom("screen");
    const host = { name: "screen", network, clock: place.world.clock, random, seed: 7, address: "0.0.0.0" };
    const { screen } = await vncPanel({ process }).start(host);
    const { asks } = await master(place);
    screen.render();
    const picture = Buffer.from(Uint32Array.from(screen.frame.pixels).buffer);
    expect(screen.isRunning).toBe(true);
    expect(await asks("00 01 00 00 00 06 01 05 00 00 00 00")).toBe("00 01 00 00 00 06 01 05 00 00 00 00");
    screen.render();
    expect(screen.isRunning).toBe(false);
    expect(picture.equals(Buffer.from(Uint32Array.from(screen.frame.pixels).buffer))).toBe(false);
    screen.process.isRunning = true;
    expect(await asks("00 02 00 00 00 06 01 01 00 00 00 01")).toBe("00 02 00 00 00 04 01 01 01 01");
  });
});

describe("bytes to a Modbus panel", () => {
  const story = hex(
    "00 01 00 00 00 06 01 03 00 00 00 01 00 02 00 00 00 06 01 05 00 00 00 00 00 03 00 00 00 05 01 2b 0e 02 00" +
      "00 04 00 00 00 03 01 07 00 00 05 00 00 00 06 01 01 00 00 00 02 00 06 00 01 00 06 01 01 00 00 00 02",
  );

  async function conversation(pieces: readonly Uint8Array[]): Promise<string> {
    using place = await PanelPlace.start(press());
    const { stream, seen } = await master(place);
    for (const piece of pieces) {
      stream.write(piece);
      await place.world.clock.settle();
    }
    await place.world.clock.advance(300);
    return `${seen.bytes.toString("hex")} ${seen.hasEnded}`;
  }

  it("mean the same in whatever pieces they come", async () => {
    const whole = await conversation([story]);
    expect(whole).toMatch(/true$/);
    expect(await conversation([...story].map((byte) => Uint8Array.of(byte)))).toBe(whole);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat({ max: story.length }), { maxLength: 10 }), async (places) => {
        const ends = [...places.sort((a, b) => a - b), story.length];
        const pieces = ends.map((end, index) => story.subarray(index === 0 ? 0 : ends[index - 1], end));
        expect(await conversation(pieces.filter(({ length }) => length > 0))).toBe(whole);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it("crash nothing, whatever the frame holds", async () => {
    using place = await PanelPlace.start(press());
    const { asks, seen } = await master(place);
    const code = fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 6, 15, 16, 43), fc.nat({ max: 127 }));
    await fc.assert(
      fc.asyncProperty(code, fc.uint8Array({ maxLength: 252 }), async (first, rest) => {
        const head = Buffer.from([0, 1, 0, 0, 0, rest.length + 2, 1, first]);
        const answer = hex(await asks(Buffer.concat([head, rest])));
        expect(answer.readUInt16BE(4)).toBe(answer.length - 6);
        expect(answer[7]! & 0x7f).toBe(first);
      }),
      { numRuns: 200, seed: 4 },
    );
    expect(seen.hasEnded).toBe(false);
  });
});
