// How the operator waits: on simulated time in a site, in real time on a real machine.
import type { UntilOptions } from "../simulated-clock.ts";

/** `SimulatedClock` is one; so is what a program on a real machine makes of its own timers. */
export interface Patience {
  until<T>(fact: Promise<T>, options: UntilOptions): Promise<T>;
  until<T>(fact: () => T, options: UntilOptions): Promise<Exclude<Awaited<T>, undefined | null | false>>;
}
