// The board's end of a simulated serial line: a stream on which each byte takes its time.
import { Duplex } from "node:stream";
import type { Random, SerialSettings, TimerHandle } from "#hardware/ports.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { asReceived, byteMs } from "./line-noise.ts";
import type { SerialDevice } from "./serial-device.ts";

/** Bytes inside the program on each side, as in the Linux form. */
const highWaterMarkBytes = 16 * 1024;
/** What the board's driver keeps for a program that does not read; beyond it bytes are lost, or held back by flow control. */
const driverBytes = 4096;
/** What a device keeps of what it wants to say while flow control holds it; beyond it the newest is lost. */
const deviceBytesMax = 64 * 1024;
/** Bytes that travel together: some ms at usual speeds. */
const pieceBytes = 32;

type Callback = (error?: Error | null) => void;

export interface LineOptions {
  readonly clock: SimulatedClock;
  readonly random: Random;
  readonly path: string;
  readonly settings: SerialSettings;
  readonly device: SerialDevice;
  /** What the program has written reaches the device. */
  readonly toDevice: (bytes: Uint8Array) => void;
  readonly closed: () => void;
}

export class SimulatedLine extends Duplex {
  readonly #options: LineOptions;
  /** Said by the device and still on its way. */
  #coming: Uint8Array[] = [];
  #comingBytes = 0;
  #travelling: TimerHandle | undefined;
  #sending: { readonly timer: TimerHandle; readonly done: Callback } | undefined;
  /** Arrived, and not read. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #wantsMore = false;
  #overrunBytes = 0;
  readonly #cutOffMs = { in: 0, out: 0 };

  constructor(options: LineOptions) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMarkBytes,
      writableHighWaterMark: highWaterMarkBytes,
    });
    this.#options = options;
    this.on("error", () => undefined);
  }

  /** Bytes that were lost because the program did not read in time. */
  get overrunBytes(): number {
    return this.#overrunBytes;
  }

  /** The device says something. */
  comes(bytes: Uint8Array): void {
    if (this.destroyed) return;
    const { device, settings, random } = this.#options;
    const seen =
      device.settings === undefined ? new Uint8Array(bytes) : asReceived(bytes, device.settings, settings, random);
    if (this.#comingBytes + seen.length > deviceBytesMax) return;
    for (let at = 0; at < seen.length; at += pieceBytes) this.#coming.push(seen.subarray(at, at + pieceBytes));
    this.#comingBytes += seen.length;
    this.#travel();
  }

  /** The device is pulled out. */
  isGone(): void {
    this.destroy(Object.assign(new Error("ENODEV: the serial device is gone"), { code: "ENODEV" }));
  }

  override _read(): void {
    this.#wantsMore = true;
    this.#takeWaiting();
    this.#travel();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    const { device, settings, random, toDevice } = this.#options;
    const bytes = new Uint8Array(chunk);
    const timer = this.#after("out", bytes.length * byteMs(settings), () => {
      this.#sending = undefined;
      toDevice(device.settings === undefined ? bytes : asReceived(bytes, settings, device.settings, random));
      done();
    });
    this.#sending = { timer, done };
  }

  override _final(done: Callback): void {
    done();
  }

  override _destroy(error: Error | null, done: Callback): void {
    const { clock, closed } = this.#options;
    clock.clearTimeout(this.#travelling);
    clock.clearTimeout(this.#sending?.timer);
    const sending = this.#sending;
    this.#travelling = undefined;
    this.#sending = undefined;
    this.#coming = [];
    this.#waiting = [];
    closed();
    sending?.done(error ?? Object.assign(new Error("ECANCELED: the port was closed"), { code: "ECANCELED" }));
    done(error);
  }

  #travel(): void {
    const next = this.#coming[0];
    if (next === undefined || this.#travelling !== undefined || this.#isHeldBack()) return;
    this.#travelling = this.#after("in", next.length * byteMs(this.#options.settings), () => {
      this.#travelling = undefined;
      this.#coming.shift();
      this.#comingBytes -= next.length;
      this.#arrive(next);
      this.#travel();
    });
  }

  #isHeldBack(): boolean {
    return this.#options.settings.flowControl !== "none" && this.#waitingBytes + pieceBytes > driverBytes;
  }

  #arrive(bytes: Uint8Array): void {
    const room = this.#wantsMore ? bytes.length : Math.max(0, driverBytes - this.#waitingBytes);
    const kept = bytes.subarray(0, room);
    this.#overrunBytes += bytes.length - kept.length;
    if (kept.length === 0) return;
    this.#waiting.push(kept);
    this.#waitingBytes += kept.length;
    this.#takeWaiting();
  }

  #takeWaiting(): void {
    while (this.#wantsMore && !this.destroyed) {
      const bytes = this.#waiting.shift();
      if (bytes === undefined) return;
      this.#waitingBytes -= bytes.length;
      this.#wantsMore = this.push(bytes);
    }
  }

  /** Timers count whole ms: what is cut off is added to the next one of that direction. */
  #after(direction: "in" | "out", ms: number, run: () => void): TimerHandle {
    const exactMs = ms + this.#cutOffMs[direction];
    const wholeMs = Math.floor(exactMs);
    this.#cutOffMs[direction] = exactMs - wholeMs;
    return this.#options.clock.setNamedTimeout(`serial line ${this.#options.path}`, run, wholeMs);
  }
}
