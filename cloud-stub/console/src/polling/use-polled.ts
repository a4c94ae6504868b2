// A value that the page reads from the cloud again and again, slower while that fails and not at all while hidden.
import { useCallback, useEffect, useRef, useState } from "react";
import { isApiError } from "../cloud/api-error.ts";
import { onRetry, reportAnswered, reportUnanswered } from "../cloud/reachability.ts";
import { nextWaitMs } from "./back-off.ts";

export interface Polled<T> {
  /** The last value that came, kept while later reads fail. */
  readonly value: T | undefined;
  /** Why the last read failed; undefined after one that worked. */
  readonly error: unknown;
  /** Reads now, whatever the wait. */
  readonly refresh: () => void;
}

/** `load` must be stable (useCallback): a new one starts afresh and forgets the old value. */
export function usePolled<T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const [result, setResult] = useState<{ load: unknown; value?: T; error?: unknown }>({ load });
  const refreshRef = useRef<() => void>(() => undefined);

  useEffect(() => {
    let timer: number | undefined;
    let controller: AbortController | undefined;
    let failuresInRow = 0;

    const read = async (): Promise<void> => {
      window.clearTimeout(timer);
      controller?.abort();
      const mine = new AbortController();
      controller = mine;
      try {
        const value = await load(mine.signal);
        if (mine.signal.aborted) return;
        failuresInRow = 0;
        reportAnswered();
        setResult({ load, value });
      } catch (error) {
        if (mine.signal.aborted) return;
        failuresInRow += 1;
        if (isApiError(error, "api.unreachable")) {
          reportUnanswered(performance.now() + nextWaitMs(everyMs, failuresInRow));
        } else {
          reportAnswered();
        }
        setResult((last) => ({ load, error, ...(last.load === load && "value" in last ? { value: last.value } : {}) }));
      }
      timer = window.setTimeout(readUnlessHidden, nextWaitMs(everyMs, failuresInRow));
    };
    // `read` never rejects: it ends in a state either way.
    const start = (): void => void read();
    const readUnlessHidden = (): void => {
      if (!document.hidden) start();
    };

    refreshRef.current = start;
    document.addEventListener("visibilitychange", readUnlessHidden);
    const forgetRetry = onRetry(start);
    start();
    return () => {
      window.clearTimeout(timer);
      controller?.abort();
      document.removeEventListener("visibilitychange", readUnlessHidden);
      forgetRetry();
    };
  }, [load, everyMs]);

  const refresh = useCallback(() => refreshRef.current(), []);
  const isCurrent = result.load === load;
  return { value: isCurrent ? result.value : undefined, error: isCurrent ? result.error : undefined, refresh };
}
