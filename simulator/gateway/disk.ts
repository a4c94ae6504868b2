// The gateway's disk with a journaling file system: what outlives the power, and a storage port on it for each run of the board.
import type { Storage } from "#hardware/ports.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import { Behaviours } from "./board-behaviour.ts";
import { FileSystem } from "./file-system.ts";

export type DiskStep = "create" | "write" | "sync" | "rename" | "unlink" | "sync-folder";

/** What a step takes on a healthy card. A whole write takes 4 ms. */
const stepMs: Readonly<Record<DiskStep, number>> = {
  create: 0,
  write: 1,
  sync: 2,
  rename: 0,
  unlink: 1,
  "sync-folder": 1,
};
const nameSyntax = /^[a-z0-9-][a-z0-9.-]{0,63}$/;
/** As the Linux form of the port does it: hidden, so that it is no valid name. */
const temporaryPrefix = ".writing-";

/** A change that is about to reach the disk. */
export interface DiskChange {
  /** Counts from 1 over the whole life of the disk. */
  readonly number: number;
  readonly kind: "write" | "remove";
  readonly name: string;
}

/** One step of a change that is about to be made. */
export interface DiskStepAhead extends DiskChange {
  readonly step: DiskStep;
}

interface Run {
  readonly isRunning: () => boolean;
}

interface Step {
  readonly step: DiskStep;
  readonly act: () => void;
}

/** Simulated time, or real time in a run on real sockets. */
type DiskClock = Pick<SimulatedClock, "monotonicMs" | "setNamedTimeout" | "clearTimeout">;

interface Orders {
  code: string | undefined;
  slowMs: number | undefined;
  isTearing: boolean;
}

export class Disk {
  /** Told of each change before it is made: power that is cut here fails at one of its steps, or just after them. */
  changing: ((change: DiskChange) => void) | undefined;
  /** Told of each step before it is made: power that is cut here fails exactly then. */
  stepping: ((step: DiskStepAhead) => void) | undefined;
  /** Node's code with which each change fails while it is set (ENOSPC: writes only, EROFS). */
  failure: string | undefined;
  /** Waited for before a program is told of anything: a program that hangs takes no answer. */
  answering: (() => Promise<void>) | undefined;
  readonly #clock: DiskClock;
  readonly #random: SeededRandom;
  readonly #behaviours: Behaviours;
  readonly #system: FileSystem;
  #changes = 0;
  #boot = 0;
  /** The change that is announced and not begun. */
  #announced: readonly Step[] | undefined;
  readonly #waits = new Set<ReturnType<SimulatedClock["setNamedTimeout"]>>();

  constructor(clock: DiskClock, random: SeededRandom, behaviours: Behaviours = new Behaviours()) {
    this.#clock = clock;
    this.#random = random;
    this.#behaviours = behaviours;
    this.#system = new FileSystem(random.child("power cut"), () => clock.monotonicMs());
  }

  /**
   * What a reader of the disk itself finds, half-written files included: for looking for secrets, and for putting files
   * there before a start.
   */
  get files(): Map<string, Uint8Array> {
    return this.#system.files;
  }

  /** The port for the board's next run; one from an earlier run never touches the disk again. */
  boot(): Storage {
    this.#boot += 1;
    for (const name of this.files.keys()) if (name.startsWith(temporaryPrefix)) this.files.delete(name);
    const boot = this.#boot;
    const run: Run = { isRunning: () => boot === this.#boot };
    let last: Promise<void> = Promise.resolve();
    const inTurn = (change: () => Promise<void>): Promise<void> => {
      const done = last.then(change);
      last = done.catch(() => undefined);
      return done;
    };
    return {
      read: async (name) => this.#read(run, checked(name)),
      list: async () => [...this.files.keys()].filter((name) => nameSyntax.test(name)).sort(),
      write: async (name, contents) => {
        const copy = new Uint8Array(contents);
        checked(name);
        return inTurn(() => this.#write(run, name, copy));
      },
      remove: async (name) => {
        checked(name);
        return inTurn(() => this.#remove(run, name));
      },
    };
  }

  /** Memory is lost: of what was not synced some is there and some is not, by luck. */
  powerOff(): void {
    this.#boot += 1;
    for (const wait of this.#waits) this.#clock.clearTimeout(wait);
    this.#waits.clear();
    const announced = this.#announced ?? [];
    this.#announced = undefined;
    // "As it is about to write" is no exact moment: before, amid or just after it, and the old or the new equally often.
    const isAfter = announced.length > 0 && this.#random.fraction() < 0.5;
    const made = isAfter ? announced.length : this.#random.integer(0, Math.max(0, announced.length - 1));
    for (const { act } of announced.slice(0, made)) act();
    this.#system.losePower();
  }

  async #read(run: Run, name: string): Promise<Uint8Array | undefined> {
    const orders = this.#ask("read", name, 0);
    await this.#wait(run, orders.slowMs ?? 0);
    if (orders.code !== undefined) throw diskError(orders.code, "read", name);
    const contents = this.files.get(name);
    return contents === undefined ? undefined : new Uint8Array(contents);
  }

  async #write(run: Run, name: string, contents: Uint8Array): Promise<void> {
    const temporary = `${temporaryPrefix}${name}`;
    const system = this.#system;
    const orders = this.#ask("write", name, contents.length);
    const steps: Step[] = [
      { step: "create", act: () => system.create(temporary) },
      {
        step: "write",
        act: () => {
          // A full disk has room for a name, and not for what is to stand under it.
          if (orders.code === "ENOSPC") throw diskError(orders.code, "write", name);
          system.write(temporary, contents);
        },
      },
      { step: "sync", act: () => system.sync(temporary, { isLie: orders.isTearing }) },
      { step: "rename", act: () => system.rename(temporary, name) },
      { step: "sync-folder", act: () => system.syncFolder() },
    ];
    try {
      await this.#change(run, { kind: "write", name }, steps, orders);
    } catch (error) {
      system.unlink(temporary);
      throw error;
    }
  }

  async #remove(run: Run, name: string): Promise<void> {
    if (!run.isRunning()) return forever();
    const orders = this.#ask("remove", name, 0);
    if (orders.code === undefined && !this.files.has(name)) return;
    const steps: Step[] = [
      { step: "unlink", act: () => this.#system.unlink(name) },
      { step: "sync-folder", act: () => this.#system.syncFolder() },
    ];
    await this.#change(run, { kind: "remove", name }, steps, orders);
  }

  async #change(run: Run, what: Omit<DiskChange, "number">, steps: readonly Step[], orders: Orders): Promise<void> {
    if (!run.isRunning()) return forever();
    const isFull = orders.code === "ENOSPC";
    if (orders.code !== undefined && !isFull) throw diskError(orders.code, what.kind, what.name);
    this.#changes += 1;
    const change: DiskChange = { number: this.#changes, ...what };
    this.#announced = isFull ? [] : steps;
    this.changing?.(change);
    this.#announced = undefined;
    for (const { step, act } of steps) {
      if (run.isRunning()) this.stepping?.({ ...change, step });
      const takesMs = stepMs[step] > 0 && !(isFull && step === "write") ? (orders.slowMs ?? stepMs[step]) : 0;
      await this.#wait(run, takesMs);
      act();
    }
  }

  #ask(kind: "read" | "write" | "remove", name: string, bytes: number): Orders {
    const isFailing = kind !== "read" && (this.failure !== "ENOSPC" || kind === "write");
    const orders: Orders = { code: isFailing ? this.failure : undefined, slowMs: undefined, isTearing: false };
    const fail = (code: string): void => {
      orders.code = code;
    };
    const takes = (ms: number): void => {
      orders.slowMs = ms;
    };
    const tears = (): void => {
      orders.isTearing = true;
    };
    this.#behaviours.handle((behaviour) => behaviour.onDisk?.({ kind, name, bytes, fail, takes, tears }));
    return orders;
  }

  /** Never comes back when the power has failed: the program that waited is gone with it. */
  async #wait(run: Run, ms: number): Promise<void> {
    if (ms > 0 && run.isRunning()) {
      await new Promise<void>((resolve) => {
        const wait = this.#clock.setNamedTimeout(
          "disk",
          () => {
            this.#waits.delete(wait);
            resolve();
          },
          ms,
        );
        this.#waits.add(wait);
      });
    }
    await this.answering?.();
    if (!run.isRunning()) return forever();
  }
}

function forever(): Promise<never> {
  return new Promise<never>(() => undefined);
}

function diskError(code: string, kind: string, name: string): Error {
  return Object.assign(new Error(`${code}: cannot ${kind} ${name}`), { code });
}

function checked(name: string): string {
  if (!nameSyntax.test(name)) throw new TypeError(`storage: not a valid file name: ${JSON.stringify(name)}`);
  return name;
}
