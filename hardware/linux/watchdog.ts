// The board's hardware watchdog: a character device that reboots the board when nobody writes to it in time.
import { closeSync, constants, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Watchdog } from "../ports.ts";

/** Linux, Documentation/watchdog/watchdog-api.rst: a "V" as the last thing written before closing disarms. */
const magicClose = "V";
const keepAlive = "\0";
/** What drivers take where sysfs does not tell. */
const usualTimeoutMs = 60_000;

export interface WatchdogPlaces {
  /** Where `sys` and `dev` are: "/", but in tests. */
  readonly root?: string;
  /** Which of several: "watchdog0" is the board's own. */
  readonly name?: string;
}

/**
 * Undefined where there is none. The time-out is set by an ioctl, which Node cannot do: it stays what the driver has
 * (`timeout` in sysfs; systemd's WatchdogDevice or the driver's module parameter change it), and `arm` returns that.
 * Opening the device arms it, so that nothing is opened before `arm`; only one process can have it open.
 */
export function openLinuxWatchdog({ root = "/", name = "watchdog0" }: WatchdogPlaces = {}): Watchdog | undefined {
  const facts = join(root, "sys/class/watchdog", name);
  const device = join(root, "dev", name);
  if (!isPresent(facts)) return undefined;
  let file: number | undefined;
  const timeoutMs = (): number => {
    const seconds = Number.parseInt(readFact(facts, "timeout"), 10);
    return seconds > 0 ? seconds * 1000 : usualTimeoutMs;
  };
  const pet = (): void => {
    // One that takes no pet reboots the board, which is its job; ending the program would not help.
    if (file !== undefined) writes(file, keepAlive);
  };
  return {
    arm: () => {
      // Neither created nor truncated: what is no device of the kernel must not become a file that looks like one.
      file ??= openSync(device, constants.O_WRONLY);
      pet();
      return timeoutMs();
    },
    pet,
    disarm: () => {
      if (file === undefined) return true;
      const isForever = readFact(facts, "nowayout").trim() === "1";
      const isTaken = writes(file, magicClose);
      closeSync(file);
      file = undefined;
      return isTaken && !isForever;
    },
  };
}

/** False if the device does not take it. */
function writes(file: number, text: string): boolean {
  try {
    writeSync(file, text);
    return true;
  } catch {
    return false;
  }
}

function isPresent(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

function readFact(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), "latin1");
  } catch {
    return ""; // older kernels do not tell
  }
}
