// Any other machine: a laptop's LEDs, power button and watchdog are not ours to take.
import type { BoardDescription } from "./board.ts";

export const generic: BoardDescription = {
  name: "generic",
  title: "Other machine",
  compatible: [],
  leds: {},
  serialPorts: [],
};
