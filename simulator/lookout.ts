// How a wait looks at what it waits for: a promise, a fact, or a fact that promises its answer.

/** Least virtual time between two evaluations of a fact that answers with a promise. */
const asyncFactEveryMs = 25;

export type Seen =
  | { readonly state: "open" }
  | { readonly state: "held"; readonly value: unknown }
  | { readonly state: "thrown"; readonly error: unknown };

export interface Lookout {
  look(): Seen;
  /** When it wants to be looked at again although no timer is due; infinity for never. */
  againAtMs(): number;
}

export function lookAtPromise(promise: PromiseLike<unknown>): Lookout {
  let seen: Seen = { state: "open" };
  promise.then(
    (value) => {
      seen = { state: "held", value };
    },
    (error: unknown) => {
      seen = { state: "thrown", error };
    },
  );
  return { look: () => seen, againAtMs: () => Number.POSITIVE_INFINITY };
}

/** A fact that answers at once is looked at after every step; one that promises an answer, now and then. */
export function lookAtFact(fact: () => unknown, nowMs: () => number): Lookout {
  let running: Lookout | undefined;
  let againAtMs = Number.POSITIVE_INFINITY;
  const look = (): Seen => {
    if (running === undefined) {
      if (Number.isFinite(againAtMs) && nowMs() < againAtMs) return { state: "open" };
      againAtMs = Number.POSITIVE_INFINITY;
      try {
        const value = fact();
        if (!isThenable(value)) return asHeld(value);
        running = lookAtPromise(value);
      } catch (error) {
        return { state: "thrown", error };
      }
    }
    const seen = running.look();
    if (seen.state !== "held") return seen;
    running = undefined;
    againAtMs = nowMs() + asyncFactEveryMs;
    return asHeld(seen.value);
  };
  return { look, againAtMs: () => againAtMs };
}

function asHeld(value: unknown): Seen {
  return value === undefined || value === null || value === false ? { state: "open" } : { state: "held", value };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
