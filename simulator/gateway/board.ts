// The gateway's board in memory: what it is, its disk and clock, and the Hardware of each of its runs.
import type { BoardIdentity, Hardware } from "#hardware/ports.ts";
import { ClockView } from "../clock-view.ts";
import type { SimulatedHost } from "../network/host.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { Disk } from "./disk.ts";

export interface BoardOptions {
  readonly clock: SimulatedClock;
  readonly random: SeededRandom;
  readonly identity?: Partial<BoardIdentity>;
}

export class Board {
  readonly identity: BoardIdentity;
  readonly clock: ClockView;
  readonly disk: Disk;
  readonly #random: SeededRandom;
  #runs = 0;

  constructor(options: BoardOptions) {
    this.identity = {
      serialNumber: "10000000c0ffee01",
      model: "Simulated board",
      revision: "1.0",
      ...options.identity,
    };
    this.clock = new ClockView(options.clock, "gateway");
    this.disk = new Disk(options.clock, options.random.child("disk"));
    this.#random = options.random;
  }

  /** The ports for one run of the board, on `host`; the disk's contents are those of the run before. */
  boot(host: SimulatedHost): Hardware {
    this.#runs += 1;
    return {
      clock: this.clock,
      random: this.#random.child(`run ${this.#runs}`),
      network: host.network,
      storage: this.disk.boot(),
      identity: this.identity,
    };
  }

  /** The board's part of a power cut: the disk stops where it is, and timers are gone. */
  powerOff(): void {
    this.disk.powerOff();
    this.clock.dropAllTimers();
  }
}
