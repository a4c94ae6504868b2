// The simulated machine as a whole: its load, memory and disk as a story sets them, its CPU, and its restart.
import type { System, SystemFacts } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { Behaviours } from "./board-behaviour.ts";

export interface SystemKind {
  readonly cores: number;
  /** False on a Raspberry Pi 3 or 4. */
  readonly hasAes: boolean;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

const mebibyte = 1024 * 1024;

/** A Raspberry Pi 4 with 2 GiB and a card of 16 GiB. */
export const usualSystem: SystemKind = {
  cores: 4,
  hasAes: false,
  memoryBytes: 2_048 * mebibyte,
  diskBytes: 16_384 * mebibyte,
};

/** From the word until the machine stops what runs on it. */
export const restartAfterMs = 1_000;

type SystemClock = Pick<SimulatedClock, "monotonicMs" | "setNamedTimeout" | "clearTimeout">;

export interface SimulatedSystemOptions {
  readonly clock: SystemClock;
  readonly random: SeededRandom;
  readonly behaviours: Behaviours;
  readonly kind: SystemKind;
  /** The machine ends what runs on it in order and starts anew. */
  readonly restarts: () => void;
}

export class SimulatedSystem {
  readonly #options: SimulatedSystemOptions;
  #load1 = 0.1;
  #memoryUsedShare = 0.2;
  #diskUsedShare = 0.3;
  #bootId = "";
  #bootedAtMs = 0;
  #restarting: ReturnType<SimulatedClock["setNamedTimeout"]> | undefined;

  constructor(options: SimulatedSystemOptions) {
    this.#options = options;
  }

  /** The machine's mean load is this from now on. */
  loadIs(load1: number): void {
    this.#load1 = load1;
  }

  /** So much of the memory is in use from now on, from 0 to 1. */
  memoryUsedIs(share: number): void {
    this.#memoryUsedShare = share;
  }

  /** So much of the disk is in use from now on, from 0 to 1. */
  diskUsedIs(share: number): void {
    this.#diskUsedShare = share;
  }

  /** The port for one run of the board; the first after the power came is another boot. */
  port(isRunning: () => boolean): System {
    if (this.#bootId === "") {
      this.#bootId = uuid(this.#options.random.bytes(16));
      this.#bootedAtMs = this.#options.clock.monotonicMs();
    }
    const { cores, hasAes } = this.#options.kind;
    return {
      bootId: this.#bootId,
      cpu: () => ({ cores, hasAes }),
      facts: async () => this.#facts(),
      restart: async () => (isRunning() ? this.#restart() : { ok: false, why: "the machine is off" }),
    };
  }

  powerOff(): void {
    this.#options.clock.clearTimeout(this.#restarting);
    this.#restarting = undefined;
    this.#bootId = "";
  }

  #facts(): SystemFacts {
    const { memoryBytes, diskBytes } = this.#options.kind;
    return {
      load1: this.#load1,
      memoryTotalBytes: memoryBytes,
      memoryAvailableBytes: Math.round(memoryBytes * (1 - this.#memoryUsedShare)),
      diskTotalBytes: diskBytes,
      diskFreeBytes: Math.round(diskBytes * (1 - this.#diskUsedShare)),
      uptimeS: (this.#options.clock.monotonicMs() - this.#bootedAtMs) / 1000,
    };
  }

  #restart(): { readonly ok: true } | { readonly ok: false; readonly why: string } {
    let why: string | undefined;
    const refuses = (words: string): void => {
      why = words;
    };
    // Handled without a word: the machine says yes and goes on as before.
    const isHandled = this.#options.behaviours.handle((behaviour) => behaviour.onRestart?.({ refuses }));
    if (why !== undefined) return { ok: false, why };
    if (!isHandled && this.#restarting === undefined) {
      this.#restarting = this.#options.clock.setNamedTimeout(
        "machine restarts",
        () => {
          this.#restarting = undefined;
          this.#options.restarts();
        },
        restartAfterMs,
      );
    }
    return { ok: true };
  }
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
