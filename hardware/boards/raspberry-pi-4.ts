// Raspberry Pi 4 Model B and 400 (BCM2711).
import type { BoardDescription } from "./board.ts";
import { activityLed, headerButton, headerUart, powerManagementWatchdog } from "./raspberry-pi-parts.ts";

export const raspberryPi4: BoardDescription = {
  name: "raspberry-pi-4",
  title: "Raspberry Pi 4",
  compatible: ["raspberrypi,4-model-b", "raspberrypi,400"],
  models: /^Raspberry Pi (4|400)\b/,
  leds: { status: activityLed },
  button: headerButton("pinctrl-bcm2711"),
  watchdog: powerManagementWatchdog,
  serialPorts: [headerUart],
  thermalZone: "cpu-thermal",
  // Its Cortex-A72 was licensed without the cryptography extension.
  hasAes: false,
};
