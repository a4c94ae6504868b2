// Whether the cloud answers, for the banner: polls report here, and a person's "Retry" reaches the polls through here.

/** `retryAtMs` is on the clock of performance.now(). */
export type ReachabilityState =
  | { readonly isReachable: true }
  | { readonly isReachable: false; readonly retryAtMs: number };

const reachable: ReachabilityState = { isReachable: true };
let state: ReachabilityState = reachable;
const listeners = new Set<() => void>();
const retries = new Set<() => void>();

export function reachabilityState(): ReachabilityState {
  return state;
}

export function watchReachability(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Registers what "Retry now" does for one poll. */
export function onRetry(retry: () => void): () => void {
  retries.add(retry);
  return () => retries.delete(retry);
}

export function reportAnswered(): void {
  if (!state.isReachable) change(reachable);
}

export function reportUnanswered(retryAtMs: number): void {
  change({ isReachable: false, retryAtMs });
}

export function retryNow(): void {
  for (const retry of retries) retry();
}

function change(next: ReachabilityState): void {
  state = next;
  for (const listener of listeners) listener();
}
