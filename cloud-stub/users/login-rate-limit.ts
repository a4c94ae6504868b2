// Slows down guessing of passwords: after too many failures further tries are refused without a look at the password.
import type { Clock } from "#hardware/ports.ts";
import { networkOf } from "../peer.ts";

/** Failures allowed per address and user name within the window. */
export const failuresPerUserMax = 10;
/** Failures allowed per address, whatever the name, within the window. */
export const failuresPerAddressMax = 100;
/** The window starts with its first failure. */
export const windowMs = 60_000;
/** Remembered names and addresses; the oldest is forgotten first. */
const entriesMax = 10_000;
/** What is kept of a name, in UTF-16 units: longer than any that an account can have. */
const nameLengthMax = 220;

interface Failures {
  readonly sinceMs: number;
  count: number;
}

/** A try whose password is being looked at. It counts as a failure until it is known to be none. */
export interface Attempt {
  /** The password was right: earlier failures of this name are forgotten. */
  succeeded(): void;
  /** The password was not looked at. */
  withdrawn(): void;
}

export class LoginRateLimit {
  readonly #clock: Clock;
  readonly #failures = new Map<string, Failures>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined if no try of that name from that address may be looked at for now. */
  begins(address: string, userName: string): Attempt | undefined {
    const network = networkOf(address);
    const user = userKey(network, userName);
    if (this.#count(user) >= failuresPerUserMax || this.#count(network) >= failuresPerAddressMax) return undefined;
    // Before the check: many at the same time would all be let through while none has failed yet.
    const counted = [this.#add(user), this.#add(network)];
    const withdraw = () => {
      for (const failures of counted.splice(0)) failures.count -= 1;
    };
    return {
      withdrawn: withdraw,
      succeeded: () => {
        withdraw();
        this.#failures.delete(user);
      },
    };
  }

  /** How much memory the names and addresses take, for a test. */
  get keptCharacters(): number {
    return [...this.#failures.keys()].reduce((sum, key) => sum + key.length, 0);
  }

  #count(key: string): number {
    const failures = this.#failures.get(key);
    if (failures === undefined) return 0;
    if (this.#clock.monotonicMs() - failures.sinceMs < windowMs) return failures.count;
    this.#failures.delete(key);
    return 0;
  }

  #add(key: string): Failures {
    const present = this.#count(key) > 0 ? this.#failures.get(key) : undefined;
    if (present !== undefined) {
      present.count += 1;
      return present;
    }
    this.#failures.delete(key);
    if (this.#failures.size >= entriesMax) {
      const oldest = this.#failures.keys().next();
      if (oldest.done !== true) this.#failures.delete(oldest.value);
    }
    const failures = { sinceMs: this.#clock.monotonicMs(), count: 1 };
    this.#failures.set(key, failures);
    return failures;
  }
}

/** An address holds no line feed, so no name can pass for another pair. */
function userKey(network: string, userName: string): string {
  return `${network}\n${userName.slice(0, nameLengthMax)}`;
}
