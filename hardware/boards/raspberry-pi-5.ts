// Raspberry Pi 5 and 500 (BCM2712 with the RP1 beside it).
import type { BoardDescription } from "./board.ts";
import { activityLed, headerButton, powerManagementWatchdog } from "./raspberry-pi-parts.ts";

export const raspberryPi5: BoardDescription = {
  name: "raspberry-pi-5",
  title: "Raspberry Pi 5",
  compatible: ["raspberrypi,5-model-b", "raspberrypi,500"],
  models: /^Raspberry Pi (5|500)\b/,
  leds: { status: activityLed },
  // Its power button belongs to the system, which shuts down for it.
  button: headerButton("pinctrl-rp1"),
  watchdog: powerManagementWatchdog,
  serialPorts: [
    { path: "/dev/ttyAMA0", where: "pins 8 and 10 of the header" },
    { path: "/dev/ttyAMA10", where: "the three-pin socket between the HDMI ports" },
  ],
  thermalZone: "cpu-thermal",
  hasAes: true,
};
