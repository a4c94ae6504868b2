// Puts a simulated serial device behind a real pseudo-terminal, which any program of this machine opens as a serial port.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Clock } from "#hardware/ports.ts";
import type { SerialDevice } from "../gateway/serial-device.ts";

/** socat needs some ms to make the terminal. */
const appearsWithinMs = 5_000;
const lookEveryMs = 5;

export interface PluggedDevice {
  /** The cable is pulled: the terminal is gone, and who has it open is told. */
  pullOut(): Promise<void>;
}

/**
 * Plugs the device in at `path`, a link that is made to a new pseudo-terminal. Needs the program socat; rejects if it is not
 * installed or the path cannot be made. A pseudo-terminal has no speed and no wire for who is there: settings are not
 * compared, and the device greets when it is plugged in, not when somebody opens the port.
 */
export async function plugIntoPty(path: string, device: SerialDevice, clock: Clock): Promise<PluggedDevice> {
  const socat = spawn("socat", ["-b", "4096", `pty,raw,echo=0,link=${path}`, "-"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let failure: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    socat.once("error", (error) => {
      failure = new Error(`A device on a pseudo-terminal needs socat: ${error.message}`, { cause: error });
      resolve();
    });
    socat.once("exit", () => resolve());
  });
  socat.stdin.on("error", () => undefined); // its end is told by "exit"
  for (let waitedMs = 0; !existsSync(path); waitedMs += lookEveryMs) {
    if (failure !== undefined) throw failure;
    if (socat.exitCode !== null || waitedMs > appearsWithinMs) {
      socat.kill("SIGKILL");
      throw new Error(`socat made no pseudo-terminal at ${path}`);
    }
    await new Promise<void>((resolve) => void clock.setTimeout(resolve, lookEveryMs));
  }
  const connected = device.connect({ clock, send: (bytes) => void socat.stdin.write(bytes) });
  socat.stdout.on("data", (bytes: Uint8Array) => connected.receive(bytes));
  connected.opened?.(true);
  return {
    pullOut: async () => {
      connected.close();
      socat.kill("SIGKILL");
      await ended;
      // Killed at once it leaves its link behind.
      await rm(path, { force: true });
    },
  };
}
