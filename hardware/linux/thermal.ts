// The CPU's temperature, as Linux shows it in /sys/class/thermal.
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Thermal } from "../ports.ts";

/** Names that zones of the CPU bear: "cpu-thermal" on a Raspberry Pi, "x86_pkg_temp" or "coretemp" on a PC. */
const cpuZone = /cpu|soc|pkg|core/i;
/** Outside of this a sensor has no answer: some show 0 K or the like while they start. */
const celsiusMin = -55;
const celsiusMax = 150;

export interface ThermalPlaces {
  /** Where `sys` is: "/", but in tests. */
  readonly root?: string;
  /** The `type` of the CPU's zone, if it is known and there; by default the first that is called like one. */
  readonly zoneType?: string;
}

/** Undefined where there is no thermal zone. */
export function openLinuxThermal({ root = "/", zoneType }: ThermalPlaces = {}): Thermal | undefined {
  const folder = join(root, "sys/class/thermal");
  const zones = zonesIn(folder);
  const types = new Map(zones.map((name) => [name, typeOf(join(folder, name))]));
  const zone =
    zones.find((name) => types.get(name) === zoneType) ??
    zones.find((name) => cpuZone.test(types.get(name) ?? "")) ??
    zones[0];
  if (zone === undefined) return undefined;
  return {
    celsius: async () => {
      // A sensor that is asleep or being reset answers with an error, and with nothing.
      const text = await readFile(join(folder, zone, "temp"), "latin1").catch(() => "");
      const celsius = /^-?\d+\s*$/.test(text) ? Number.parseInt(text, 10) / 1000 : Number.NaN;
      return celsius >= celsiusMin && celsius <= celsiusMax ? celsius : undefined;
    },
  };
}

function zonesIn(folder: string): readonly string[] {
  try {
    const number = (name: string): number => Number(name.slice("thermal_zone".length));
    return readdirSync(folder)
      .filter((name) => /^thermal_zone\d+$/.test(name))
      .toSorted((one, other) => number(one) - number(other));
  } catch {
    return []; // no Linux
  }
}

function typeOf(zone: string): string {
  try {
    return readFileSync(join(zone, "type"), "latin1");
  } catch {
    return "";
  }
}
