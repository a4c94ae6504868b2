// What a story holds against what it sees: each fails in a sentence, with the story's own line on top of the stack.
import { inspect } from "node:util";

/** A story found something else than it should. */
export class ExpectationError extends Error {
  constructor(message: string, caller: (...args: never[]) => unknown) {
    super(message);
    this.name = "ExpectationError";
    Error.captureStackTrace(this, caller);
  }
}

/** `what` is a sentence without its end: "the operator is told why". Compares as JSON does, keys in any order. */
export function expectSame<T>(what: string, actual: T, expected: T): void {
  if (canonical(actual) === canonical(expected)) return;
  throw new ExpectationError(`${what}: expected ${shown(expected)}, was ${shown(actual)}`, expectSame);
}

/** A fact that must hold. */
export function expectTrue(what: string, fact: boolean): void {
  if (!fact) throw new ExpectationError(`${what}: is not so`, expectTrue);
}

/** A duration or a count within its limits, both included. */
export function expectBetween(what: string, actual: number, min: number, max: number): void {
  if (actual >= min && actual <= max) return;
  throw new ExpectationError(`${what}: expected ${min} to ${max}, was ${actual}`, expectBetween);
}

/** A text that must hold another one. */
export function expectContains(what: string, text: string, part: string): void {
  if (text.includes(part)) return;
  throw new ExpectationError(`${what}: expected ${shown(part)} in ${shown(text)}`, expectContains);
}

function shown(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 400, maxArrayLength: 20 });
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === undefined) return "\u0000undefined";
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
