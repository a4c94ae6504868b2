// The real machine as Hardware.
import type { Hardware } from "../ports.ts";
import { type ButtonPlaces, openLinuxButton } from "./button.ts";
import { linuxClock } from "./clock.ts";
import { readLinuxIdentity } from "./identity.ts";
import { type LedPlaces, openLinuxLeds } from "./leds.ts";
import { openLinuxNetwork } from "./network.ts";
import { linuxRandom } from "./random.ts";
import { openLinuxSerialPorts } from "./serial-ports.ts";
import { openLinuxStorage } from "./storage.ts";
import { openLinuxThermal } from "./thermal.ts";
import { openLinuxUplinks } from "./uplinks.ts";
import { openLinuxWatchdog, type WatchdogPlaces } from "./watchdog.ts";

export interface LinuxHardwareOptions {
  /** Made if missing. */
  readonly stateDir: string;
  /** Where `dev`, `proc` and `sys` of the board's parts are: "/", but in tests. */
  readonly root?: string;
  /** Where this board has its parts, if that is known better than what is found by itself. */
  readonly leds?: Pick<LedPlaces, "names">;
  readonly button?: Pick<ButtonPlaces, "deviceName" | "keyCode">;
  readonly watchdog?: Pick<WatchdogPlaces, "name">;
}

/** Opens the ports of this machine; a part that the board has not got is left out. Rejects with Node's `code` if `stateDir` cannot be used. */
export async function openLinuxHardware(options: LinuxHardwareOptions): Promise<Hardware> {
  const { stateDir, root = "/" } = options;
  const storage = await openLinuxStorage(stateDir);
  const identity = await readLinuxIdentity({ storage, random: linuxRandom, root });
  return {
    clock: linuxClock,
    random: linuxRandom,
    network: openLinuxNetwork(),
    storage,
    identity,
    ...present({
      uplinks: openLinuxUplinks({ clock: linuxClock, root }),
      leds: openLinuxLeds({ root, ...options.leds }),
      button: openLinuxButton({ clock: linuxClock, root, ...options.button }),
      watchdog: openLinuxWatchdog({ root, ...options.watchdog }),
      thermal: openLinuxThermal({ root }),
      serialPorts: openLinuxSerialPorts({ root }),
    }),
  };
}

type Parts = Required<Pick<Hardware, "uplinks" | "leds" | "button" | "watchdog" | "thermal" | "serialPorts">>;

/** Without what is undefined. */
function present(parts: { readonly [Name in keyof Parts]: Parts[Name] | undefined }): Partial<Parts> {
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
}
