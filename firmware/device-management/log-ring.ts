// The newest lines of the gateway's own log, kept in memory up to a size: what the cloud may ask for.

/** Characters kept, about as many bytes. */
export const logRingLengthMax = 2 * 1024 * 1024;
/** A longer line is cut: no one line pushes all others out. */
export const logLineLengthMax = 16 * 1024;

export class LogRing {
  readonly #lengthMax: number;
  #lines: string[] = [];
  /** Index of the oldest line that is kept: what stands before it is dropped in one go, now and then. */
  #first = 0;
  #length = 0;

  constructor(lengthMax = logRingLengthMax) {
    this.#lengthMax = lengthMax;
  }

  /** One line, without its end. */
  add(line: string): void {
    const kept = line.length > logLineLengthMax ? `${line.slice(0, logLineLengthMax)}...` : line;
    this.#lines.push(kept);
    this.#length += kept.length + 1;
    while (this.#length > this.#lengthMax && this.#first < this.#lines.length) {
      this.#length -= (this.#lines[this.#first]?.length ?? 0) + 1;
      this.#first += 1;
    }
    if (this.#first > this.#lines.length / 2) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Oldest first. */
  lines(): readonly string[] {
    return this.#lines.slice(this.#first);
  }
}
