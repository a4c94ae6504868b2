// The simulated board's serial ports: what is plugged in where, and who has it open.
import type { Random, SerialOutcome, SerialPorts, SerialSettings } from "#hardware/ports.ts";
import { ClockView } from "../clock-view.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { ConnectedDevice, SerialDevice } from "./serial-device.ts";
import { SimulatedLine } from "./simulated-line.ts";

const portsMax = 32;
const baudRateMax = 4_000_000;

interface Plugged {
  readonly device: SerialDevice;
  readonly connected: ConnectedDevice;
  readonly clock: ClockView;
  line: SimulatedLine | undefined;
  /** Another program of the machine has it open. */
  isTaken: boolean;
}

export class SimulatedSerialPorts {
  readonly #clock: SimulatedClock;
  readonly #random: Random;
  readonly #plugged = new Map<string, Plugged>();

  constructor(clock: SimulatedClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The port for one run of the board. */
  port(isRunning: () => boolean): SerialPorts {
    return {
      list: async () => (isRunning() ? this.paths : []),
      open: async (path, settings) => {
        if (!isRunning()) return new Promise<never>(() => undefined);
        return this.#open(path, settings);
      },
    };
  }

  get paths(): readonly string[] {
    return [...this.#plugged.keys()].sort();
  }

  /** Plugs a device in at a path such as "/dev/serial/by-id/usb-drive", until the returned function pulls it out. */
  plug(path: string, device: SerialDevice): () => void {
    if (!path.startsWith("/dev/")) throw new RangeError(`A serial port's path begins with /dev/, not "${path}"`);
    if (this.#plugged.has(path)) throw new RangeError(`Something is plugged in at ${path} already`);
    if (this.#plugged.size >= portsMax) throw new RangeError(`A board has at most ${portsMax} serial ports`);
    const clock = new ClockView(this.#clock, `device at ${path}`);
    const connected = device.connect({ clock, send: (bytes) => this.#plugged.get(path)?.line?.comes(bytes) });
    const plugged: Plugged = { device, connected, clock, line: undefined, isTaken: false };
    this.#plugged.set(path, plugged);
    return () => {
      if (this.#plugged.get(path) === plugged) this.unplug(path);
    };
  }

  /** Pulls out what is there: who has it open is told. Fine if there is nothing. */
  unplug(path: string): void {
    const plugged = this.#plugged.get(path);
    if (plugged === undefined) return;
    this.#plugged.delete(path);
    plugged.connected.close();
    plugged.clock.dropAllTimers();
    plugged.line?.isGone();
  }

  /** Another program of the machine opens it, until the returned function is called. */
  takenByAnother(path: string): () => void {
    const plugged = this.#plugged.get(path);
    if (plugged === undefined || plugged.isTaken || plugged.line !== undefined) {
      throw new RangeError(`No program could open ${path} now`);
    }
    plugged.isTaken = true;
    return () => {
      plugged.isTaken = false;
    };
  }

  /** Bytes that were lost on the way to whoever has it open now, because they were not read in time. */
  overrunBytes(path: string): number {
    return this.#plugged.get(path)?.line?.overrunBytes ?? 0;
  }

  /** Whoever had a port open is gone; devices have power of their own. */
  powerOff(): void {
    for (const plugged of this.#plugged.values()) {
      plugged.line?.destroy();
      plugged.isTaken = false;
    }
  }

  #open(path: string, settings: SerialSettings): SerialOutcome {
    const plugged = this.#plugged.get(path);
    if (plugged === undefined) return { ok: false, reason: "not-found", detail: `${path}: no such device` };
    if (plugged.line !== undefined || plugged.isTaken) {
      return { ok: false, reason: "busy", detail: `${path}: somebody else has it open` };
    }
    const { baudRate } = settings;
    if (!Number.isInteger(baudRate) || baudRate < 50 || baudRate > baudRateMax) {
      return { ok: false, reason: "failed", detail: `${path}: cannot be set to ${baudRate} baud` };
    }
    const line = new SimulatedLine({
      clock: this.#clock,
      random: this.#random,
      path,
      settings,
      device: plugged.device,
      toDevice: (bytes) => plugged.connected.receive(bytes),
      closed: () => {
        plugged.line = undefined;
        plugged.connected.opened?.(false);
      },
    });
    plugged.line = line;
    plugged.connected.opened?.(true);
    const close = async (): Promise<void> => {
      if (line.closed) return;
      const closed = new Promise<void>((resolve) => line.once("close", resolve));
      line.destroy();
      await closed;
    };
    return { ok: true, stream: line, close };
  }
}
