// The board's LEDs, as Linux shows them in /sys/class/leds.
import { accessSync, constants, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Leds } from "../ports.ts";

const brightnessMax = 255;

export interface LedPlaces {
  /** Where `sys` is: "/", but in tests. */
  readonly root?: string;
  /**
   * The board's own names for the system's, such as {"status": ["ACT", "led0"]}: of several the first that is there. By
   * default all are there under their own.
   */
  readonly names?: Readonly<Record<string, string | readonly string[]>>;
}

/** Undefined where there is no LED that this process may set. */
export function openLinuxLeds({ root = "/", names }: LedPlaces = {}): Leds | undefined {
  const folder = join(root, "sys/class/leds");
  const present = new Set(foldersIn(folder));
  const wanted = Object.entries(names ?? Object.fromEntries([...present].map((name) => [name, name])));
  const isUsable = (system: string): boolean => present.has(system) && isWritable(join(folder, system, "brightness"));
  const found = new Map<string, string>();
  for (const [name, systems] of wanted) {
    const system = [systems].flat().find(isUsable);
    if (system !== undefined) found.set(name, join(folder, system));
  }
  if (found.size === 0) return undefined;
  const taken = new Set<string>();
  return {
    names: [...found.keys()].toSorted(),
    set: (name, lit) => {
      const led = found.get(name);
      if (led === undefined)
        throw new RangeError(`There is no LED "${name}"; there are ${[...found.keys()].join(", ")}`);
      // A trigger such as "mmc0" would go on blinking over what is set.
      if (!taken.has(name)) write(join(led, "trigger"), "none");
      taken.add(name);
      write(join(led, "brightness"), String(lit ? fullBrightness(led) : 0));
    },
  };
}

function fullBrightness(led: string): number {
  try {
    const max = Number.parseInt(readFileSync(join(led, "max_brightness"), "latin1"), 10);
    return max > 0 ? max : brightnessMax;
  } catch {
    return brightnessMax; // the kernel cuts what is too much
  }
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, `${text}\n`, { flag: "r+" });
  } catch {
    // An LED that is gone (a driver unloaded) shows nothing; that must not end a tunnel.
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false; // not there, or not for this user
  }
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no LEDs, or no Linux
  }
}
