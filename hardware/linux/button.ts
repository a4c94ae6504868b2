// The board's button: a key of an input device of Linux (gpio-keys), read as the kernel's 24-byte event records.
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { Button, Clock, TimerHandle } from "../ports.ts";

/**
 * How often the device is asked. A read that waits would hold one of Node's four threads for files, and keep the process
 * from ending; the kernel keeps 64 events meanwhile, so that none is lost.
 */
const askEveryMs = 40;
/** A device that was pulled out, or whose driver is loaded late, is opened again after so long. */
const reopenAfterMs = 1_000;
/** Events taken at one time at most: a device gone mad must not hold the program. */
const recordsMax = 256;

/** How drivers of keys on the board call their input devices. */
const buttonName = /gpio[-_]?keys|button|reset|power/i;

export interface ButtonPlaces {
  readonly clock: Clock;
  /** Where `sys` and `dev` are: "/", but in tests. */
  readonly root?: string;
  /** The input device's name in sysfs; by default the first that is called like a button. */
  readonly deviceName?: string;
  /** The key's code in linux/input-event-codes.h; by default any key of the device. */
  readonly keyCode?: number;
}

/** Undefined where there is no such input device. */
export function openLinuxButton(places: ButtonPlaces): Button | undefined {
  const { clock, root = "/", deviceName, keyCode } = places;
  if (findDevice(root, deviceName) === undefined) return undefined;
  const wanted = { root, deviceName, keyCode };
  const watchers = new Set<(pressed: boolean) => void>();
  let reader: KeyReader | undefined;
  let timer: TimerHandle | undefined;
  const ask = (): void => {
    const asked = reader;
    const isThere = asked?.read((pressed) => tell(watchers, pressed)) ?? false;
    // Who was told may have stopped watching, and begun again.
    if (asked !== undefined && reader === asked) timer = clock.setTimeout(ask, isThere ? askEveryMs : reopenAfterMs);
  };
  return {
    watch: (changed) => {
      const watcher = (pressed: boolean): void => changed(pressed);
      watchers.add(watcher);
      if (reader === undefined) {
        // At once: what is pressed from now on is in the kernel's queue.
        reader = new KeyReader(wanted);
        timer = clock.setTimeout(ask, askEveryMs);
      }
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        clock.clearTimeout(timer);
        reader?.close();
        reader = undefined;
      };
    },
  };
}

function tell(watchers: ReadonlySet<(pressed: boolean) => void>, pressed: boolean): void {
  for (const watcher of [...watchers]) if (watchers.has(watcher)) watcher(pressed);
}

interface WantedKey {
  readonly root: string;
  readonly deviceName: string | undefined;
  readonly keyCode: number | undefined;
}

/** One opening of the device: each has a queue of its own in the kernel. */
class KeyReader {
  readonly #wanted: WantedKey;
  readonly #buffer = Buffer.alloc(recordsMax * recordBytes);
  #file: number | undefined;
  /** Bytes of a record whose rest has not come yet. */
  #heldBytes = 0;
  /** Undefined: it may be held down since before it was opened. */
  #isPressed: boolean | undefined;
  readonly #parser = new KeyEventParser();

  constructor(wanted: WantedKey) {
    this.#wanted = wanted;
    this.#open();
  }

  #open(): void {
    const device = findDevice(this.#wanted.root, this.#wanted.deviceName);
    if (device === undefined) return;
    try {
      this.#file = openSync(device, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      // Gone again, or not for this user: tried again later.
    }
  }

  /** False while the device is not there. */
  read(changed: (pressed: boolean) => void): boolean {
    if (this.#file === undefined) this.#open();
    if (this.#file === undefined) return false;
    let bytes: number;
    try {
      const room = this.#buffer.length - this.#heldBytes;
      bytes = readSync(this.#file, this.#buffer, this.#heldBytes, room, null);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return true;
      // ENODEV: what was pressed is let go with the device.
      this.#closeFile();
      if (this.#isPressed === true) this.#tell(false, changed);
      this.#isPressed = undefined;
      return false;
    }
    const { keys, usedBytes } = this.#parser.parse(this.#buffer.subarray(0, this.#heldBytes + bytes));
    this.#heldBytes += bytes - usedBytes;
    this.#buffer.copyWithin(0, usedBytes, usedBytes + this.#heldBytes);
    for (const key of keys) {
      if (key === "lost") {
        // A hold that nobody saw end must not become a long one.
        if (this.#isPressed === true) this.#tell(false, changed);
      } else if (this.#wanted.keyCode === undefined || key.code === this.#wanted.keyCode) {
        if (key.isPressed !== this.#isPressed) this.#tell(key.isPressed, changed);
      }
    }
    return true;
  }

  close(): void {
    this.#closeFile();
  }

  #closeFile(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#heldBytes = 0;
  }

  #tell(isPressed: boolean, changed: (pressed: boolean) => void): void {
    this.#isPressed = isPressed;
    changed(isPressed);
  }
}

/** struct input_event of a 64-bit kernel: two 8-byte words of time, type, code, value (linux/input.h). */
export const recordBytes = 24;
const synType = 0x00;
const endOfReport = 0;
const dropped = 3;
const keyType = 0x01;
const released = 0;
const pressed = 1;

interface KeyEvent {
  readonly code: number;
  readonly isPressed: boolean;
}

export interface KeyEvents {
  /** In order; "lost": the kernel's queue was full, and what the keys are now is not known. */
  readonly keys: readonly (KeyEvent | "lost")[];
  readonly usedBytes: number;
}

/** Takes a device's stream of records apart. */
export class KeyEventParser {
  /** After a loss, until the end of the report that it left in part (Documentation/input/event-codes.rst, SYN_DROPPED). */
  #isLost = false;

  /** The keys pressed and let go in whole records; a key's repeats (value 2) are none. */
  parse(bytes: Uint8Array): KeyEvents {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const keys: (KeyEvent | "lost")[] = [];
    let at = 0;
    for (; at + recordBytes <= bytes.length; at += recordBytes) {
      const [type, code] = [view.getUint16(at + 16, true), view.getUint16(at + 18, true)];
      const value = view.getInt32(at + 20, true);
      if (type === synType && code === dropped) {
        this.#isLost = true;
        keys.push("lost");
      } else if (type === synType && code === endOfReport) this.#isLost = false;
      else if (type === keyType && !this.#isLost && (value === released || value === pressed)) {
        keys.push({ code, isPressed: value === pressed });
      }
    }
    return { keys, usedBytes: at };
  }
}

/** Path of the device whose driver calls it so. */
function findDevice(root: string, deviceName: string | undefined): string | undefined {
  const folder = join(root, "sys/class/input");
  const name = eventsIn(folder).find((event) => {
    const called = nameOf(join(folder, event, "device/name"));
    return deviceName === undefined ? buttonName.test(called) : called === deviceName;
  });
  return name === undefined ? undefined : join(root, "dev/input", name);
}

function eventsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^event\d+$/.test(name))
      .toSorted((one, other) => Number(one.slice(5)) - Number(other.slice(5)));
  } catch {
    return []; // no Linux, or nothing to press
  }
}

function nameOf(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}
