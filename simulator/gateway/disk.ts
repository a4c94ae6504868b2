// The gateway's disk: what outlives the power, and a storage port on it for each time the board runs.
import type { Storage } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";

/** What a synced write or removal takes. */
const changeMs = 4;
const nameSyntax = /^[a-z0-9-][a-z0-9.-]{0,63}$/;

/** A change that is about to reach the disk. */
export interface DiskChange {
  /** Counts from 1 over the whole life of the disk. */
  readonly number: number;
  readonly kind: "write" | "remove";
  readonly name: string;
}

export class Disk {
  /** Told of each change before it is made: a story cuts the power here. */
  changing: ((change: DiskChange) => void) | undefined;
  /** Node's code with which each change fails while it is set (ENOSPC, EROFS). */
  failure: string | undefined;
  readonly #clock: SimulatedClock;
  readonly #random: SeededRandom;
  readonly #files = new Map<string, Uint8Array>();
  #changes = 0;
  #boot = 0;
  /** The change that the power would catch half-way. */
  #underWay: (() => void) | undefined;

  constructor(clock: SimulatedClock, random: SeededRandom) {
    this.#clock = clock;
    this.#random = random;
  }

  /** What a reader of the disk itself finds: for looking for secrets, and for putting files there before a start. */
  get files(): Map<string, Uint8Array> {
    return this.#files;
  }

  /** The port for the board's next run; one from an earlier run never touches the disk again. */
  boot(): Storage {
    this.#boot += 1;
    const boot = this.#boot;
    const isRunning = (): boolean => boot === this.#boot;
    let last: Promise<void> = Promise.resolve();
    const inTurn = (kind: DiskChange["kind"], name: string, change: () => void): Promise<void> => {
      const done = last.then(() => this.#change({ kind, name, change, isRunning }));
      last = done.catch(() => undefined);
      return done;
    };
    return {
      read: async (name) => copyOf(this.#files.get(checked(name))),
      list: async () => [...this.#files.keys()].sort(),
      write: async (name, contents) => {
        const copy = new Uint8Array(contents);
        return inTurn("write", checked(name), () => this.#files.set(name, copy));
      },
      remove: async (name) => inTurn("remove", checked(name), () => this.#files.delete(name)),
    };
  }

  /** The change under way, if any, is there as a whole or not at all, by luck. */
  powerOff(): void {
    this.#boot += 1;
    const underWay = this.#underWay;
    this.#underWay = undefined;
    if (underWay !== undefined && this.#random.fraction() < 0.5) underWay();
  }

  async #change(what: {
    readonly kind: DiskChange["kind"];
    readonly name: string;
    readonly change: () => void;
    readonly isRunning: () => boolean;
  }): Promise<void> {
    const { kind, name, change, isRunning } = what;
    if (!isRunning()) return new Promise<never>(() => undefined);
    if (this.failure !== undefined) {
      throw Object.assign(new Error(`${this.failure}: cannot ${kind} ${name}`), { code: this.failure });
    }
    this.#changes += 1;
    this.#underWay = change;
    this.changing?.({ number: this.#changes, kind, name });
    await new Promise<void>((resolve) => {
      this.#clock.setNamedTimeout("disk", resolve, changeMs);
    });
    // The program that waited for this is gone with the power.
    if (!isRunning()) return new Promise<never>(() => undefined);
    this.#underWay = undefined;
    change();
  }
}

function checked(name: string): string {
  if (!nameSyntax.test(name)) throw new TypeError(`storage: not a valid file name: ${JSON.stringify(name)}`);
  return name;
}

function copyOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}
