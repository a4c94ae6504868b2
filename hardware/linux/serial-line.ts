// An open serial port of Linux as a stream that is closed when it is destroyed, and destroyed when its device is pulled out.
import { stat } from "node:fs/promises";
import { Duplex } from "node:stream";
import type { SerialPort } from "serialport";
import type { Clock, TimerHandle } from "../ports.ts";

/** Bytes held inside the program on each side: a line of 115200 baud carries so much in 1.4 s. */
const highWaterMarkBytes = 16 * 1024;

/**
 * How often it is looked whether the device is still there. The kernel gives an end of file for a device that is gone, which
 * the package takes for nothing to read and asks again, for ever, if it was just reading.
 */
const lookEveryMs = 1_000;

type Callback = (error?: Error | null) => void;

export interface SerialLineOptions {
  /** Open; from then on it belongs to the stream. */
  readonly port: SerialPort;
  /** The device itself, not a link to it. */
  readonly devicePath: string;
  readonly clock: Clock;
}

export class SerialLine extends Duplex {
  readonly #port: SerialPort;
  readonly #clock: Clock;
  readonly #devicePath: string;
  #deviceNumber: number | undefined;
  #looking: TimerHandle | undefined;
  #isDrained = false;

  constructor({ port, devicePath, clock }: SerialLineOptions) {
    super({
      allowHalfOpen: true,
      readableHighWaterMark: highWaterMarkBytes,
      writableHighWaterMark: highWaterMarkBytes,
    });
    this.#port = port;
    this.#devicePath = devicePath;
    this.#clock = clock;
    void this.#look(); // never rejects
    port.on("data", (bytes: Uint8Array) => {
      if (!this.push(bytes)) port.pause();
    });
    // The far end of a pseudo-terminal is gone, or a device: serialport calls the first an end and the second a close.
    port.on("end", () => this.#isGone());
    port.on("close", () => this.#isGone());
    port.on("error", (error) => this.destroy(error));
    // A device that is pulled out must not end the process because nobody listens for it yet, or any more.
    this.on("error", () => undefined);
  }

  override _read(): void {
    this.#port.resume();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: Callback): void {
    if (!this.#port.isOpen) done(gone());
    else this.#port.write(Buffer.from(chunk), (error) => done(error ? gone(error) : null));
  }

  /** A serial line has no end of stream to send: it is over when the driver has sent what it holds (tcdrain). */
  override _final(done: Callback): void {
    if (!this.#port.isOpen) done();
    // A line that is hung up meanwhile ends the wait with an error, which then says nothing new.
    else {
      this.#port.drain((error) => {
        this.#isDrained = !error;
        done();
      });
    }
  }

  override _destroy(error: Error | null, done: Callback): void {
    this.#clock.clearTimeout(this.#looking);
    if (!this.#port.isOpen) done(error);
    // Nothing is left to be dropped, but for what the far end of a pseudo-terminal has still to read.
    else if (this.#isDrained) this.#port.close(() => done(error));
    // The kernel would wait up to 30 s for a device that takes nothing (closing_wait); what the flush itself says is no matter.
    else this.#port.flush(() => this.#port.close(() => done(error)));
  }

  /** A device that was pulled out has no file, or another one since it is back. */
  async #look(): Promise<void> {
    const number = await stat(this.#devicePath).then(
      ({ ino }) => ino,
      () => undefined,
    );
    if (this.destroyed) return;
    this.#deviceNumber ??= number;
    if (number === undefined || number !== this.#deviceNumber) this.#isGone();
    else this.#looking = this.#clock.setTimeout(() => void this.#look(), lookEveryMs);
  }

  #isGone(): void {
    if (!this.destroyed) this.destroy(gone());
  }
}

function gone(cause?: Error): Error {
  const error = new Error("ENODEV: the serial device is gone", cause === undefined ? undefined : { cause });
  return Object.assign(error, { code: "ENODEV" });
}
