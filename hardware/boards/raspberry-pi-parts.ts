// What the boards of the Raspberry Pi family have in common.
import type { BoardButton, BoardWatchdog } from "./board.ts";

/** Raspberry Pi's kernels call it ACT since 6.1, and called it led0 before. PWR stays what it is: dark, it says "no power". */
export const activityLed = ["ACT", "led0"] as const;

/** PM_WDOG of the BCM283x family: 20 bits that count sixteenths of a ms, so 15 whole seconds (drivers/watchdog/bcm2835_wdt.c). */
export const powerManagementWatchdog: BoardWatchdog = { device: "watchdog0", timeoutMsMax: 15_000 };

/** KEY_RESTART. */
const restartKey = 0x198;
/** GPIO 21 is pin 40 of the header, beside the ground of pin 39: a button fits over both. Our choice: no Pi has a button of its own for us. */
const buttonGpio = 21;

export function headerButton(chipLabel: string): BoardButton {
  return {
    line: { chipLabel, offset: buttonGpio, isActiveLow: true, bias: "pull-up" },
    keyCode: restartKey,
    // The overlay gpio-key calls its node by the line, in hexadecimal.
    deviceName: `button@${buttonGpio.toString(16)}`,
    overlay: `dtoverlay=gpio-key,gpio=${buttonGpio},active_low=1,gpio_pull=up,keycode=${restartKey}`,
  };
}

/** The header's own UART; what it is called behind that name differs with the settings of Bluetooth. */
export const headerUart = { path: "/dev/serial0", where: "pins 8 and 10 of the header" } as const;
