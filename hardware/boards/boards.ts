// The boards that Postern knows, and which of them a machine is.
import type { BoardDescription } from "./board.ts";
import { computeModule3, computeModule4, computeModule5 } from "./compute-module.ts";
import { generic } from "./generic.ts";
import { raspberryPi3 } from "./raspberry-pi-3.ts";
import { raspberryPi4 } from "./raspberry-pi-4.ts";
import { raspberryPi5 } from "./raspberry-pi-5.ts";

export const boards: readonly BoardDescription[] = [
  raspberryPi3,
  raspberryPi4,
  raspberryPi5,
  computeModule3,
  computeModule4,
  computeModule5,
  generic,
];

/** What `[board] model` may say, beside "auto". */
export const boardNames: readonly string[] = boards.map(({ name }) => name);

export function findBoard(name: string): BoardDescription | undefined {
  return boards.find((board) => board.name === name);
}

/**
 * By the `compatible` strings of the device tree's root, best first, or else by its `model`; a machine without a tree, or
 * with one that is not known here, is `generic`.
 */
export function detectBoard(compatible: readonly string[], model: string): BoardDescription {
  for (const text of compatible) {
    const board = boards.find((each) => each.compatible.includes(text));
    if (board !== undefined) return board;
  }
  return boards.find(({ models }) => models?.test(model)) ?? generic;
}
