// The Linux form of an open serial line over a port that does what a UART can do and a pseudo-terminal cannot.
import { EventEmitter } from "node:events";
import type { SerialPort } from "serialport";
import { describe, expect, it } from "vitest";
import { SerialLine } from "#hardware/linux/serial-line.ts";
import { ManualClock } from "./manual-clock.ts";

type Callback = (error?: Error | null) => void;

/** A port in the shape of the package serialport, held back by its far end: writes stay under way. */
class HeldBackPort extends EventEmitter {
  isOpen = true;
  readonly calls: string[] = [];
  /** With this every call fails, as when the device is gone. */
  failure: Error | null = null;
  readonly #writes: Callback[] = [];

  write(bytes: Uint8Array, done: Callback): boolean {
    this.calls.push(`write ${bytes.length}`);
    this.#writes.push(done);
    return true;
  }

  flush(done: Callback): void {
    this.calls.push("flush");
    queueMicrotask(() => done(this.failure));
  }

  close(done: Callback): void {
    this.calls.push("close");
    this.isOpen = false;
    for (const write of this.#writes.splice(0)) write(new Error("Canceled"));
    queueMicrotask(() => {
      this.emit("close", this.failure);
      done(this.failure);
    });
  }

  /** The device is pulled out: what the package makes of it. */
  isPulled(): void {
    this.isOpen = false;
    for (const write of this.#writes.splice(0)) write(new Error("Error: Input/output error"));
    this.emit("close", new Error("disconnected"));
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }
}

function opened() {
  const port = new HeldBackPort();
  const clock = new ManualClock();
  const line = new SerialLine({ port: port as unknown as SerialPort, devicePath: "/dev/null", clock });
  const errors: (string | undefined)[] = [];
  line.on("error", (error: NodeJS.ErrnoException) => errors.push(error.code));
  const closed = new Promise<void>((resolve) => line.once("close", resolve));
  return { port, clock, line, errors, closed };
}

describe("a serial line that is held back", () => {
  it("drops what is not sent yet when it is closed: the kernel would wait up to 30 s for it", async () => {
    const { port, clock, line, errors, closed } = opened();
    line.write("much that nobody takes");
    line.write("and more");
    line.destroy();
    await closed;
    expect(port.calls).toEqual(["write 22", "flush", "close"]);
    expect(errors).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });

  it("leaves no timer when it is closed between two looks at its device", async () => {
    const { clock, line, closed } = opened();
    await clock.until(() => clock.pendingCount === 1, "the first look to be over");
    line.destroy();
    await closed;
    expect(clock.pendingCount).toBe(0);
  });

  it("is closed all the same when its device is gone at that moment", async () => {
    const { port, line, closed } = opened();
    port.failure = new Error("Error: Bad file descriptor, cannot flush");
    line.destroy();
    await closed;
    expect(port.calls).toEqual(["flush", "close"]);
  });

  it("breaks once, with ENODEV, when its device is pulled out in the middle of a write, and leaves no timer", async () => {
    const { port, clock, line, errors, closed } = opened();
    line.write("much that nobody takes");
    port.isPulled();
    await closed;
    expect(errors).toEqual(["ENODEV"]);
    expect(port.calls).toEqual(["write 22"]);
    await new Promise((resolve) => setImmediate(resolve)); // its look at the device is over by then
    expect(clock.pendingCount).toBe(0);
  });
});
