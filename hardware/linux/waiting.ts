// A wait with a time limit and an abort signal, as every call of the network port has it.
import type { WaitOptions } from "../ports.ts";

export interface WaitEnd {
  readonly ok: false;
  readonly reason: "timeout" | "aborted";
  readonly detail: string;
}

/**
 * Runs `start`, which reports its outcome through `done`, and gives up at the limit or the signal: then the function that
 * `start` returned runs, and whatever is reported later is dropped. Rejects only if `start` throws.
 */
export function waitFor<Outcome>(
  options: WaitOptions,
  what: string,
  start: (done: (outcome: Outcome) => void) => () => void,
): Promise<Outcome | WaitEnd> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) return Promise.resolve(aborted(what));
  return new Promise((resolve, reject) => {
    let cancel: (() => void) | undefined;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const giveUp = (outcome: WaitEnd): void => {
      stop();
      resolve(outcome);
      cancel?.();
    };
    const abort = (): void => giveUp(aborted(what));
    const expire = (): void =>
      giveUp({ ok: false, reason: "timeout", detail: `${what}: no answer in ${timeoutMs} ms` });
    const timer = setTimeout(expire, timeoutMs);
    signal?.addEventListener("abort", abort);
    try {
      cancel = start((outcome) => {
        if (isOver) return;
        stop();
        resolve(outcome);
      });
    } catch (error) {
      // Not a network's failure but a call that no caller may make.
      stop();
      reject(error);
    }
  });
}

function aborted(what: string): WaitEnd {
  return { ok: false, reason: "aborted", detail: `${what}: given up` };
}
