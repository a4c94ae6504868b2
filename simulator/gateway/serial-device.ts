// What can be plugged into a serial port: a small program at the other end of the cable, whatever the cable is made of.
import type { Clock, SerialSettings } from "#hardware/ports.ts";

/** The device's end of the cable, simulated or a real pseudo-terminal. */
export interface DeviceLine {
  readonly clock: Clock;
  send(bytes: Uint8Array): void;
}

/** A device with power and a cable. */
export interface ConnectedDevice {
  receive(bytes: Uint8Array): void;
  /** Somebody has opened the port at the other end (DTR), or closed it. */
  opened?(isOpen: boolean): void;
  /** The cable is pulled, or the power is off: its timers end. */
  close(): void;
}

export interface SerialDevice {
  /** What its line is set to; it takes any settings if left out, as USB devices do that only look like a line. */
  readonly settings?: SerialSettings;
  connect(line: DeviceLine): ConnectedDevice;
}

/** What most devices are set to when they leave the factory. */
export const usualSettings: SerialSettings = {
  baudRate: 9600,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  flowControl: "none",
};
