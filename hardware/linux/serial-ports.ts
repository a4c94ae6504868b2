// The serial ports of a Linux machine: found in sysfs, opened by the package serialport, which is loaded when one is opened.
import { readdir, readFile, readlink, realpath } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { Clock, SerialOutcome, SerialPorts, SerialSettings } from "../ports.ts";
import { linuxClock } from "./clock.ts";
import { SerialLine } from "./serial-line.ts";

/** In `type` of sysfs: the driver found no chip there (PORT_UNKNOWN, linux/serial_core.h). A PC has 32 such ports. */
const noChip = "0";
const baudRateMin = 50;
const baudRateMax = 4_000_000;

export interface SerialPlaces {
  /** Where `sys` and `dev` are: "/", but in tests. */
  readonly root?: string;
  readonly clock?: Clock;
}

export function openLinuxSerialPorts({ root = "/", clock = linuxClock }: SerialPlaces = {}): SerialPorts {
  return { list: () => listPorts(root), open: (path, settings) => openPort({ root, clock }, path, settings) };
}

/** An adapter goes by its name in /dev/serial/by-id, which stays when it is plugged in again; a chip of the board by its own. */
async function listPorts(root: string): Promise<readonly string[]> {
  const folder = join(root, "sys/class/tty");
  const present = new Set<string>();
  for (const name of await readdir(folder).catch(() => [])) {
    if (await hasDevice(join(folder, name))) present.add(name);
  }
  const byId = join(root, "dev/serial/by-id");
  const paths: string[] = [];
  for (const name of (await readdir(byId).catch(() => [])).toSorted()) {
    const device = basename(await readlink(join(byId, name)).catch(() => ""));
    // Several names for one port: the first is enough.
    if (present.delete(device)) paths.push(join(byId, name));
  }
  return [...paths, ...[...present].map((name) => join(root, "dev", name))].toSorted();
}

/** Virtual consoles and pseudo-terminals have no device behind them. */
async function hasDevice(tty: string): Promise<boolean> {
  if ((await realpath(join(tty, "device")).catch(() => undefined)) === undefined) return false;
  const type = await readFile(join(tty, "type"), "latin1").catch(() => "");
  return type.trim() !== noChip;
}

/** To open another kind of device may do something: a watchdog is armed by it. */
async function isTerminal(root: string, devicePath: string): Promise<boolean> {
  if (/\/pts\/\d+$/.test(devicePath)) return true;
  const tty = join(root, "sys/class/tty", basename(devicePath));
  return (await realpath(tty).catch(() => undefined)) !== undefined;
}

async function openPort(
  { root, clock }: Required<SerialPlaces>,
  path: string,
  settings: SerialSettings,
): Promise<SerialOutcome> {
  const failed = (reason: Exclude<SerialOutcome, { ok: true }>["reason"], detail: string): SerialOutcome => ({
    ok: false,
    reason,
    detail: `${path}: ${detail}`,
  });
  if (!resolve(path).startsWith(`${resolve(root, "dev")}/`)) return failed("not-found", "is no path of a device");
  const { baudRate } = settings;
  // The package's binding would open the port all the same, at whatever speed it had.
  if (!Number.isInteger(baudRate) || baudRate < baudRateMin || baudRate > baudRateMax) {
    return failed("failed", `no line runs at ${baudRate} baud`);
  }
  try {
    const devicePath = await realpath(path);
    if (!(await isTerminal(root, devicePath))) return failed("failed", "is no serial port");
    const { SerialPort } = await import("serialport");
    const { flowControl, ...line } = settings;
    const port = new SerialPort({
      path,
      ...line,
      rtscts: flowControl === "hardware",
      xon: flowControl === "software",
      xoff: flowControl === "software",
      lock: true,
      hupcl: true,
      autoOpen: false,
    });
    await new Promise<void>((opened, rejected) => port.open((error) => (error ? rejected(error) : opened())));
    const stream = new SerialLine({ port, devicePath, clock });
    const close = async (): Promise<void> => {
      if (stream.closed) return;
      const closed = new Promise<void>((resolve) => stream.once("close", resolve));
      stream.destroy();
      await closed;
    };
    return { ok: true, stream, close };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      return failed("failed", "the package serialport is not installed beside this program");
    }
    const text = error instanceof Error ? error.message : String(error);
    return failed(reasonOf(text), text);
  }
}

/** serialport's binding gives words only: "Error: No such file or directory, cannot open /dev/ttyUSB0". */
function reasonOf(text: string): Exclude<SerialOutcome, { ok: true }>["reason"] {
  if (/no such (file|device)/i.test(text)) return "not-found";
  if (/cannot lock|resource busy|EBUSY/i.test(text)) return "busy";
  if (/permission denied|not permitted/i.test(text)) return "not-permitted";
  return "failed";
}
