// What is known of a kind of board beforehand: where it has its parts. Data only; each board is one file of this folder.

export interface BoardDescription {
  /** As `[board] model` names it. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** `compatible` strings of its device tree, the board's own, not the processor's. */
  readonly compatible: readonly string[];
  /** For a tree that has none of these strings: what its `model` text is like. */
  readonly models?: RegExp;
  readonly leds: BoardLeds;
  /** Absent: nothing on it may be taken for the gateway's button. */
  readonly button?: BoardButton;
  /** Absent: it is not armed unless `[board] watchdog` asks for it. */
  readonly watchdog?: BoardWatchdog;
  readonly serialPorts: readonly BoardSerialPort[];
  /** The `type` of the thermal zone of the CPU. */
  readonly thermalZone?: string;
  /** Whether its CPU has instructions for AES; undefined where that differs within the kind. */
  readonly hasAes?: boolean;
}

/** For each role the names that the kernels of that board give the LED in /sys/class/leds, the newest kernel's first. */
export interface BoardLeds {
  /** Shows what the gateway does. */
  readonly status?: readonly string[];
  /** Lit while a tunnel is open; where there is none, the status LED shows that too. */
  readonly tunnel?: readonly string[];
}

export interface BoardButton {
  readonly line: GpioLine;
  /** The key that the kernel's driver gives for it (linux/input-event-codes.h). */
  readonly keyCode: number;
  /** How the driver calls its input device. */
  readonly deviceName: string;
  /** What makes the kernel offer the line as a key: a line of config.txt. */
  readonly overlay: string;
}

export interface GpioLine {
  /** Of the gpiochip: their numbers change with the kernel. */
  readonly chipLabel: string;
  /** Offset within the chip. */
  readonly offset: number;
  readonly isActiveLow: boolean;
  readonly bias: "pull-up" | "pull-down" | "none";
}

export interface BoardWatchdog {
  /** In /dev and /sys/class/watchdog. */
  readonly device: string;
  /** Longest time-out that its hardware counts by itself. */
  readonly timeoutMsMax: number;
}

export interface BoardSerialPort {
  readonly path: string;
  /** Where it comes out, for people. */
  readonly where: string;
}
