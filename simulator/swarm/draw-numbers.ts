// Drawing for plans: one of several, and numbers whose size matters more than their value.
import type { SeededRandom } from "../seeded-random.ts";

/** As many below the middle by factors as above: short and long are equally worth trying. */
export function byFactors(random: SeededRandom, min: number, max: number): number {
  return Math.round(min * (max / min) ** random.fraction());
}

export function pick<T>(random: SeededRandom, choices: readonly T[]): T {
  const choice = choices[random.integer(0, choices.length - 1)];
  if (choice === undefined) throw new RangeError("There is nothing to draw from");
  return choice;
}
