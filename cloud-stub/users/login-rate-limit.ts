// Slows down guessing of passwords: after too many failures further tries are refused without a look at the password.
import type { Clock } from "#hardware/ports.ts";

/** Failures allowed per address and user name within the window. */
export const failuresPerUserMax = 10;
/** Failures allowed per address, whatever the name, within the window. */
export const failuresPerAddressMax = 100;
/** The window starts with its first failure. */
export const windowMs = 60_000;
/** Remembered names and addresses; the oldest is forgotten first. */
const entriesMax = 10_000;

interface Failures {
  readonly sinceMs: number;
  count: number;
}

export class LoginRateLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a try of that name from that address may be looked at. */
  isOpen(address: string, userName: string): boolean {
    return this.#count(userKey(address, userName)) < failuresPerUserMax && this.#count(address) < failuresPerAddressMax;
  }

  failed(address: string, userName: string): void {
    this.#add(userKey(address, userName));
    this.#add(address);
  }

  succeeded(address: string, userName: string): void {
    this.#failures.delete(userKey(address, userName));
  }

  #count(key: string): number {
    const failures = this.#failures.get(key);
    if (failures === undefined) return 0;
    if (this.#clock.monotonicMs() - failures.sinceMs < windowMs) return failures.count;
    this.#failures.delete(key);
    return 0;
  }

  #add(key: string): void {
    if (this.#count(key) > 0) {
      const failures = this.#failures.get(key);
      if (failures !== undefined) failures.count += 1;
      return;
    }
    if (this.#failures.size >= entriesMax) {
      const oldest = this.#failures.keys().next();
      if (oldest.done !== true) this.#failures.delete(oldest.value);
    }
    this.#failures.set(key, { sinceMs: this.#clock.monotonicMs(), count: 1 });
  }
}

/** An address holds no line feed, so no name can pass for another pair. */
function userKey(address: string, userName: string): string {
  return `${address}\n${userName}`;
}
