// The real machine as Hardware.
import type { Hardware } from "../ports.ts";
import { type ButtonPlaces, openLinuxButton } from "./button.ts";
import { linuxClock } from "./clock.ts";
import { readLinuxIdentity } from "./identity.ts";
import { type LedPlaces, openLinuxLeds } from "./leds.ts";
import { openLinuxNetwork } from "./network.ts";
import { linuxProcesses } from "./processes.ts";
import { linuxRandom } from "./random.ts";
import { openLinuxSerialPorts } from "./serial-ports.ts";
import { openLinuxStorage } from "./storage.ts";
import { openLinuxSystem } from "./system.ts";
import { openLinuxThermal, type ThermalPlaces } from "./thermal.ts";
import { openLinuxTimeService } from "./time-service.ts";
import { openLinuxUplinks, openSteering } from "./uplinks.ts";
import { openLinuxWatchdog, type WatchdogPlaces } from "./watchdog.ts";

export interface LinuxHardwareOptions {
  /** Made if missing. */
  readonly stateDir: string;
  /** Where `dev`, `proc` and `sys` of the board's parts are: "/", but in tests. */
  readonly root?: string;
  /**
   * Where this board has its parts, if that is known better than what is found by itself; false: what is found there is
   * not the gateway's to take.
   */
  readonly leds?: Pick<LedPlaces, "names"> | false;
  readonly button?: Pick<ButtonPlaces, "deviceName" | "keyCode"> | false;
  readonly watchdog?: Pick<WatchdogPlaces, "name"> | false;
  readonly thermal?: Pick<ThermalPlaces, "zoneType">;
}

/** Opens the ports of this machine; a part that the board has not got is left out. Rejects with Node's `code` if `stateDir` cannot be used. */
export async function openLinuxHardware(options: LinuxHardwareOptions): Promise<Hardware> {
  const { stateDir, root = "/" } = options;
  const storage = await openLinuxStorage(stateDir);
  const identity = await readLinuxIdentity({ storage, random: linuxRandom, root });
  const steering = root === "/" ? openSteering({ clock: linuxClock }) : undefined;
  return {
    clock: linuxClock,
    random: linuxRandom,
    network: openLinuxNetwork(steering?.sourceOf),
    storage,
    identity,
    ...present({
      uplinks: openLinuxUplinks({ clock: linuxClock, root, steering }),
      leds: options.leds === false ? undefined : openLinuxLeds({ root, ...options.leds }),
      button: options.button === false ? undefined : openLinuxButton({ clock: linuxClock, root, ...options.button }),
      watchdog: options.watchdog === false ? undefined : openLinuxWatchdog({ root, ...options.watchdog }),
      thermal: openLinuxThermal({ root, ...options.thermal }),
      serialPorts: openLinuxSerialPorts({ root }),
      timeService: openLinuxTimeService({ clock: linuxClock, root }),
      system: openLinuxSystem({ root, stateDir, processes: linuxProcesses }),
      processes: linuxProcesses,
    }),
  };
}

type Parts = Required<
  Pick<
    Hardware,
    "uplinks" | "leds" | "button" | "watchdog" | "thermal" | "serialPorts" | "timeService" | "system" | "processes"
  >
>;

/** Without what is undefined. */
function present(parts: { readonly [Name in keyof Parts]: Parts[Name] | undefined }): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}
