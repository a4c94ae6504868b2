// A folder laid out as Linux lays out `dev`, `proc` and `sys` of a board with every part, and the kernel's side of its parts.
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** KEY_RESTART of linux/input-event-codes.h, which is what device trees give a reset button. */
export const buttonKey = 0x198;
const keyType = 1;
const synType = 0;

export class BoardFolder {
  readonly root = mkdtempSync(join(tmpdir(), "postern-board-"));
  readonly #closings: (() => void)[] = [];

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "latin1");
  }

  /** As the kernel takes what is written over a file of sysfs: up to the end of the line. */
  firstLine(path: string): string {
    return this.read(path).split("\n")[0] ?? "";
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  close(): void {
    for (const close of this.#closings) close();
    rmSync(this.root, { recursive: true, force: true });
  }

  addLed(name: string, { brightness = 0, max = 255, trigger = "[none] timer mmc0" } = {}): void {
    this.write(`sys/class/leds/${name}/brightness`, `${brightness}\n`);
    this.write(`sys/class/leds/${name}/max_brightness`, `${max}\n`);
    this.write(`sys/class/leds/${name}/trigger`, `${trigger}\n`);
  }

  /** A FIFO in the place of the input device: a reader that does not wait sees the same. */
  addButton(event = "event3", deviceName = "gpio-keys"): KernelKeys {
    this.write(`sys/class/input/${event}/device/name`, `${deviceName}\n`);
    const path = this.#makeFifo(`dev/input/${event}`);
    const file = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    this.#closings.push(() => closeSync(file));
    return { send: (bytes) => void writeSync(file, bytes) };
  }

  addWatchdog({ timeoutSeconds = 15, isForever = false } = {}): KernelWatchdog {
    this.write("sys/class/watchdog/watchdog0/timeout", `${timeoutSeconds}\n`);
    this.write("sys/class/watchdog/watchdog0/nowayout", isForever ? "1\n" : "0\n");
    const path = this.#makeFifo("dev/watchdog0");
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    let isOpen = true;
    const close = (): void => {
      if (isOpen) closeSync(file);
      isOpen = false;
    };
    this.#closings.push(close);
    return new KernelWatchdog(file, close, { timeoutMs: timeoutSeconds * 1000, isForever });
  }

  /** What a kernel shows of the machine as a whole. */
  addSystem({ bootId = "5f0c8a2e-1111-4222-8333-abcdefabcdef" }: { readonly bootId?: string } = {}): void {
    this.write("proc/sys/kernel/random/boot_id", `${bootId}\n`);
    this.write("proc/loadavg", "0.42 0.58 0.59 3/602 12345\n");
    this.write(
      "proc/meminfo",
      "MemTotal:        1897216 kB\nMemFree:          123456 kB\nMemAvailable:    1402112 kB\n",
    );
    this.write("proc/uptime", "350735.47 234388.90\n");
    this.write("proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd evtstrm crc32 cpuid\n");
  }

  addThermalZone(number: number, { type, milli }: { readonly type: string; readonly milli: string }): void {
    this.write(`sys/class/thermal/thermal_zone${number}/type`, `${type}\n`);
    this.write(`sys/class/thermal/thermal_zone${number}/temp`, `${milli}\n`);
  }

  /** As the kernel shows a network interface; `device` only where hardware is behind it. */
  addInterface(name: string, facts: Readonly<Record<string, string>>, folders: readonly string[] = ["device"]): void {
    for (const [fact, text] of Object.entries({ operstate: "up", carrier: "1", type: "1", ...facts })) {
      this.write(`sys/class/net/${name}/${fact}`, `${text}\n`);
    }
    for (const folder of folders) mkdirSync(join(this.root, `sys/class/net/${name}`, folder), { recursive: true });
  }

  /** Default routes by metric, in the form of /proc/net/route. */
  setDefaultRoutes(routes: Readonly<Record<string, number>>): void {
    const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    const rows = Object.entries(routes).map(
      ([name, metric]) =>
        `${name}\t00000000\t0100140A\t0003\t0\t0\t${metric}\t00000000\t0\t0\t0\n` +
        `${name}\t0000140A\t00000000\t0001\t0\t0\t${metric}\t00FFFFFF\t0\t0\t0\n`,
    );
    this.write("proc/net/route", head + rows.join(""));
  }

  #makeFifo(path: string): string {
    const whole = join(this.root, path);
    mkdirSync(dirname(whole), { recursive: true });
    execFileSync("mkfifo", [whole]);
    return whole;
  }
}

/** A board with each part of the Hardware interface that Linux can show. */
export function boardWithEverything(): BoardFolder {
  const board = new BoardFolder();
  board.addLed("ACT");
  board.addButton();
  board.addWatchdog();
  board.addThermalZone(0, { type: "cpu-thermal", milli: "48312" });
  board.addInterface("eth0", {});
  board.setDefaultRoutes({ eth0: 100 });
  board.addSystem();
  return board;
}

export interface KernelKeys {
  send(bytes: Uint8Array): void;
}

/** One struct input_event of a 64-bit kernel. */
export function inputEvent(type: number, code: number, value: number): Uint8Array {
  const record = Buffer.alloc(24);
  record.writeBigInt64LE(1_764_000_000n, 0);
  record.writeBigInt64LE(250_000n, 8);
  record.writeUInt16LE(type, 16);
  record.writeUInt16LE(code, 18);
  record.writeInt32LE(value, 20);
  return record;
}

/** What the kernel gives for a key: the change, and the end of the report. */
export function keyReport(value: 0 | 1 | 2, code = buttonKey): Uint8Array {
  return Buffer.concat([inputEvent(keyType, code, value), inputEvent(synType, 0, 0)]);
}

/** The kernel's half of a watchdog, on its own time: it counts from each thing written, and a "V" before a close stops it. */
export class KernelWatchdog {
  readonly #file: number;
  readonly #timeoutMs: number;
  readonly #isForever: boolean;
  #nowMs = 0;
  #petAtMs: number | undefined;
  #last = "";
  #hasRebooted = false;
  readonly written: string[] = [];
  /** Whatever is written from now on fails. */
  readonly breaks: () => void;

  constructor(file: number, close: () => void, options: { readonly timeoutMs: number; readonly isForever: boolean }) {
    this.#file = file;
    this.breaks = close;
    this.#timeoutMs = options.timeoutMs;
    this.#isForever = options.isForever;
  }

  passes(ms: number): void {
    this.#take();
    this.#nowMs += ms;
    if (this.#petAtMs !== undefined && this.#nowMs - this.#petAtMs >= this.#timeoutMs) this.#hasRebooted = true;
  }

  hasRebooted(): boolean {
    return this.#hasRebooted;
  }

  /** Takes what was written; the end of what there is means that the program has closed the device. */
  #take(): void {
    const buffer = Buffer.alloc(4096);
    for (;;) {
      let bytes: number;
      try {
        bytes = readSync(this.#file, buffer, 0, buffer.length, null);
      } catch {
        return; // EAGAIN: open, and nothing more written
      }
      if (bytes === 0) {
        if (this.#last === "V" && !this.#isForever) this.#petAtMs = undefined;
        return;
      }
      this.#last = String.fromCharCode(buffer[bytes - 1] ?? 0);
      this.written.push(buffer.toString("latin1", 0, bytes));
      this.#petAtMs = this.#nowMs;
    }
  }
}
