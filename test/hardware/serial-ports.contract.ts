// What every form of the serial ports does.
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { SerialOutcome, SerialPorts, SerialSettings } from "#hardware/ports.ts";
import { type DeviceScript, scriptedDevice } from "#simulator/gateway/scripted-device.ts";
import type { SerialDevice } from "#simulator/gateway/serial-device.ts";

export interface SerialPortsUnderTest {
  readonly serialPorts: SerialPorts;
  /** Path that a device is plugged in at. */
  readonly path: string;
  /** A path below the board's device folder where nothing is. */
  readonly emptyPath: string;
  plugIn(device: SerialDevice): Promise<void>;
  pullOut(): Promise<void>;
  /** Waits until a promise settles, or a fact holds. */
  settles<T>(promise: Promise<T>): Promise<T>;
  until(fact: () => unknown, what: string): Promise<void>;
  close(): Promise<void>;
}

export const consoleSettings: SerialSettings = {
  baudRate: 115_200,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  flowControl: "none",
};

const drive: DeviceScript = {
  settings: consoleSettings,
  echoes: false,
  prompt: "> ",
  script: [
    { expects: "show speed", answers: "1485 rpm" },
    { expects: /^set speed (\d+)$/, answers: ([, speed]) => `speed ${speed}` },
    { expects: "show log", answers: Array.from({ length: 500 }, (_, line) => `${line}: warning 17`).join("\n") },
  ],
  otherwise: "?",
};

function collect(stream: Duplex): { text(): string } {
  const pieces: Uint8Array[] = [];
  stream.on("data", (bytes: Uint8Array) => pieces.push(bytes));
  return { text: () => Buffer.concat(pieces).toString("latin1") };
}

type Opened = Extract<SerialOutcome, { ok: true }>;

export function describeSerialPortsContract(
  form: string,
  make: () => SerialPortsUnderTest | Promise<SerialPortsUnderTest>,
): void {
  describe(`serial ports, ${form}`, () => {
    async function withPorts(test: (underTest: SerialPortsUnderTest) => Promise<void>): Promise<void> {
      const underTest = await make();
      try {
        await test(underTest);
      } finally {
        await underTest.close();
      }
    }

    async function opens({ serialPorts, path, settles }: SerialPortsUnderTest): Promise<Opened> {
      const outcome = await settles(serialPorts.open(path, consoleSettings));
      if (!outcome.ok) throw new Error(`${outcome.reason}: ${outcome.detail}`);
      return outcome;
    }

    it("lists what is plugged in, and nothing else", () =>
      withPorts(async ({ serialPorts, path, plugIn, pullOut }) => {
        expect(await serialPorts.list()).toEqual([]);
        await plugIn(scriptedDevice(drive));
        expect(await serialPorts.list()).toEqual([path]);
        await pullOut();
        expect(await serialPorts.list()).toEqual([]);
      }));

    it("carries bytes both ways", () =>
      withPorts(async (underTest) => {
        await underTest.plugIn(scriptedDevice(drive));
        const { stream, close } = await opens(underTest);
        const heard = collect(stream);
        stream.write("show speed\r");
        await underTest.until(() => heard.text().includes("1485 rpm\r\n> "), "the speed");
        stream.write("set speed 900\r");
        await underTest.until(() => heard.text().includes("speed 900\r\n> "), "the answer");
        stream.write("nonsense\r");
        await underTest.until(() => heard.text().includes("?\r\n> "), "the refusal");
        await underTest.settles(close());
      }));

    it("carries every byte value unchanged", () =>
      withPorts(async (underTest) => {
        const every = Uint8Array.from({ length: 256 }, (_, value) => value);
        const received: number[] = [];
        await underTest.plugIn({
          settings: consoleSettings,
          connect: (line) => ({
            receive: (bytes) => {
              received.push(...bytes);
              line.send(bytes);
            },
            close: () => undefined,
          }),
        });
        const { stream, close } = await opens(underTest);
        const heard = collect(stream);
        stream.write(every);
        await underTest.until(() => heard.text().length >= 256, "all bytes to come back");
        expect(Uint8Array.from(received)).toEqual(every);
        expect(Uint8Array.from(Buffer.from(heard.text(), "latin1"))).toEqual(every);
        await underTest.settles(close());
      }));

    it("brings a long answer whole", () =>
      withPorts(async (underTest) => {
        await underTest.plugIn(scriptedDevice(drive));
        const { stream, close } = await opens(underTest);
        const heard = collect(stream);
        stream.write("show log\r");
        await underTest.until(() => heard.text().endsWith("499: warning 17\r\n> "), "the whole log");
        expect(heard.text().match(/warning 17\r\n/g)).toHaveLength(500);
        await underTest.settles(close());
      }));

    it("has sent all that was written when it has finished, so that it can be closed then", () =>
      withPorts(async (underTest) => {
        let receivedBytes = 0;
        const receive = (bytes: Uint8Array): void => {
          receivedBytes += bytes.length;
        };
        await underTest.plugIn({
          settings: consoleSettings,
          connect: () => ({ receive, close: () => undefined }),
        });
        const { stream, close } = await opens(underTest);
        stream.write(Buffer.alloc(20_000, 7));
        await underTest.settles(new Promise<void>((finished) => stream.end(finished)));
        await underTest.settles(close());
        await underTest.until(() => receivedBytes === 20_000, "all of it at the device");
      }));

    it("is for one owner at a time", () =>
      withPorts(async (underTest) => {
        const { serialPorts, path, settles } = underTest;
        await underTest.plugIn(scriptedDevice(drive));
        const first = await opens(underTest);
        expect(await settles(serialPorts.open(path, consoleSettings))).toMatchObject({ ok: false, reason: "busy" });
        await settles(first.close());
        const second = await opens(underTest);
        await settles(second.close());
      }));

    it("may be closed twice, and by destroying its stream", () =>
      withPorts(async (underTest) => {
        const { settles } = underTest;
        await underTest.plugIn(scriptedDevice(drive));
        const first = await opens(underTest);
        await settles(first.close());
        await settles(first.close());
        const second = await opens(underTest);
        const closed = new Promise<void>((resolve) => second.stream.once("close", resolve));
        second.stream.destroy();
        await settles(closed);
        await settles((await opens(underTest)).close());
      }));

    it("says not-found for a path where nothing is, and for one that is no device's", () =>
      withPorts(async ({ serialPorts, emptyPath, settles }) => {
        for (const path of [emptyPath, "/etc/passwd", "", "ttyUSB0"]) {
          const outcome = await settles(serialPorts.open(path, consoleSettings));
          expect(outcome).toMatchObject({ ok: false, reason: "not-found" });
        }
      }));

    it("says failed for a speed that no line has", () =>
      withPorts(async (underTest) => {
        await underTest.plugIn(scriptedDevice(drive));
        const { serialPorts, path, settles } = underTest;
        for (const baudRate of [0, -1, Number.NaN]) {
          const outcome = await settles(serialPorts.open(path, { ...consoleSettings, baudRate }));
          expect(outcome).toMatchObject({ ok: false, reason: "failed" });
        }
        await settles((await opens(underTest)).close());
      }));

    it("breaks the stream with ENODEV for a program that only writes", () =>
      withPorts(async (underTest) => {
        await underTest.plugIn(scriptedDevice(drive));
        const { stream } = await opens(underTest);
        const codes: (string | undefined)[] = [];
        stream.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code));
        const closed = new Promise<void>((resolve) => stream.once("close", resolve));
        for (let line = 0; line < 100; line += 1) stream.write("show speed\r");
        await underTest.pullOut();
        await underTest.settles(closed);
        expect(codes).toEqual(["ENODEV"]);
      }));

    it("breaks the stream with ENODEV when the device is pulled out, and works when it is back", () =>
      withPorts(async (underTest) => {
        const { settles, path, serialPorts } = underTest;
        await underTest.plugIn(scriptedDevice(drive));
        const { stream, close } = await opens(underTest);
        let code: string | undefined;
        stream.on("error", (error: NodeJS.ErrnoException) => (code = error.code)).resume();
        const closed = new Promise<void>((resolve) => stream.once("close", resolve));
        await underTest.pullOut();
        await settles(closed);
        expect(code).toBe("ENODEV");
        await settles(close());
        expect(await settles(serialPorts.open(path, consoleSettings))).toMatchObject({
          ok: false,
          reason: "not-found",
        });
        await underTest.plugIn(scriptedDevice(drive));
        const again = await opens(underTest);
        const heard = collect(again.stream);
        again.stream.write("show speed\r");
        await underTest.until(() => heard.text().includes("1485 rpm"), "the device to answer again");
        await settles(again.close());
      }));
  });
}
