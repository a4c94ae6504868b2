// A journaling file system on flash: programs see its cache at once; the disk has what was synced, and more or less of the rest.
import type { SeededRandom } from "../seeded-random.ts";

/** How long a card that lies about a sync still has the contents in its own memory only. */
const cardKeepsMs = 1_000;
/** The journal is committed by itself when so much has come together. */
const uncommittedMax = 64;

/**
 * One folder. As with ext4: changes of names are committed in the order in which they were made, all of them by a sync of
 * the folder; contents are on the disk once the file was synced, and in part or not at all before.
 */
export class FileSystem {
  /** As programs see it now. */
  readonly files = new Map<string, Uint8Array>();
  readonly #random: SeededRandom;
  readonly #nowMs: () => number;
  /** Undoes each change of names that may not be on the disk yet, oldest first. */
  #uncommitted: (() => void)[] = [];
  /** Until when the contents under a name may be torn by a power cut. */
  readonly #unsynced = new Map<string, number>();

  constructor(random: SeededRandom, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  create(name: string): void {
    this.#setName(name, new Uint8Array(0));
  }

  write(name: string, contents: Uint8Array): void {
    this.files.set(name, contents);
    this.#unsynced.set(name, Number.POSITIVE_INFINITY);
  }

  sync(name: string, { isLie = false }: { readonly isLie?: boolean } = {}): void {
    if (isLie) this.#unsynced.set(name, this.#nowMs() + cardKeepsMs);
    else this.#unsynced.delete(name);
  }

  rename(from: string, to: string): void {
    const contents = this.files.get(from);
    if (contents === undefined) throw new Error(`must hold: ${from} is there to be renamed`);
    const replaced = this.files.get(to);
    const replacedTornUntilMs = this.#unsynced.get(to);
    const tornUntilMs = this.#unsynced.get(from);
    this.files.delete(from);
    this.files.set(to, contents);
    this.#mark(to, tornUntilMs);
    this.#unsynced.delete(from);
    this.#toJournal(() => {
      this.#put(to, replaced);
      this.#mark(to, replacedTornUntilMs);
      this.files.set(from, contents);
      this.#mark(from, tornUntilMs);
    });
  }

  unlink(name: string): void {
    if (this.files.has(name)) this.#setName(name, undefined);
  }

  syncFolder(): void {
    this.#uncommitted = [];
  }

  /** What a power cut leaves: a part of the changes of names from the oldest on, and torn contents where nothing was synced. */
  losePower(): void {
    const kept = this.#random.integer(0, this.#uncommitted.length);
    for (const undo of this.#uncommitted.slice(kept).reverse()) undo();
    this.#uncommitted = [];
    for (const [name, untilMs] of this.#unsynced) {
      const contents = this.files.get(name);
      if (contents === undefined || untilMs <= this.#nowMs()) continue;
      this.files.set(name, contents.slice(0, this.#random.integer(0, Math.max(0, contents.length - 1))));
    }
    this.#unsynced.clear();
  }

  #setName(name: string, contents: Uint8Array | undefined): void {
    const before = this.files.get(name);
    const tornUntilMs = this.#unsynced.get(name);
    this.#put(name, contents);
    this.#unsynced.delete(name);
    this.#toJournal(() => {
      this.#put(name, before);
      this.#mark(name, tornUntilMs);
    });
  }

  #toJournal(undo: () => void): void {
    this.#uncommitted.push(undo);
    if (this.#uncommitted.length > uncommittedMax) this.#uncommitted.shift();
  }

  #put(name: string, contents: Uint8Array | undefined): void {
    if (contents === undefined) this.files.delete(name);
    else this.files.set(name, contents);
  }

  #mark(name: string, untilMs: number | undefined): void {
    if (untilMs === undefined) this.#unsynced.delete(name);
    else this.#unsynced.set(name, untilMs);
  }
}
