// The gateway's stored state, and how a factory reset empties it: all of it or, if power fails amid it, the rest at the next start.
import type { Clock, Storage } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";

/** Stands while a reset is under way. */
export const resetMarker = "factory-reset";
/** Who the board is: without it a machine that has no serial number would come back as another. */
const kept: ReadonlySet<string> = new Set(["machine-id"]);

export interface StateStore {
  /** For one run of the gateway: after `wipe` it changes nothing any more, so that no late write brings something back. */
  open(): Storage;
  /** Removes everything that the gateway has stored. Rejects with Node's `code`; then the next start goes on with it. */
  wipe(): Promise<void>;
}

export function stateStore(storage: Storage): StateStore {
  /** What was begun on the storage and has not settled. */
  const pending = new Set<Promise<unknown>>();
  let run = {};
  let finished: Promise<void> | undefined;

  /** Before anything is read or written, a reset that a power cut broke off is brought to its end. */
  const isReady = (): Promise<void> => {
    finished ??= storage.read(resetMarker).then((marker) => (marker === undefined ? undefined : removeAll(storage)));
    return finished.catch((error: unknown) => {
      finished = undefined;
      throw error;
    });
  };

  return {
    open: () => {
      const own = run;
      const does = <T>(what: () => Promise<T>): Promise<T> => {
        const done = isReady().then(() => {
          if (run !== own) throw Object.assign(new Error("ECANCELED: the state was wiped"), { code: "ECANCELED" });
          return what();
        });
        pending.add(done);
        const settle = (): void => void pending.delete(done);
        done.then(settle, settle);
        return done;
      };
      return {
        read: (name) => does(() => storage.read(name)),
        write: (name, contents) => does(() => storage.write(name, contents)),
        remove: (name) => does(() => storage.remove(name)),
        list: () => does(() => storage.list()),
      };
    },
    wipe: async () => {
      run = {};
      await Promise.allSettled(pending);
      await storage.write(resetMarker, new Uint8Array(0));
      await removeAll(storage);
    },
  };
}

async function removeAll(storage: Storage): Promise<void> {
  for (const name of await storage.list()) {
    if (!kept.has(name) && name !== resetMarker) await storage.remove(name);
  }
  await storage.remove(resetMarker);
}

/** A disk that does not answer must not keep the gateway from coming back. */
export const wipeLimitMs = 30_000;

/**
 * Never rejects: says how it went. What could not be removed now is removed at the next start, if the marker was written.
 * Aborted, it waits no longer.
 */
export async function wipeWithin(clock: Clock, store: StateStore, signal: AbortSignal): Promise<LogEntry> {
  const late = Promise.withResolvers<LogEntry>();
  const timer = clock.setTimeout(() => late.resolve(failedEntry("the disk did not answer in time")), wipeLimitMs);
  const abort = (): void => {
    clock.clearTimeout(timer);
    late.resolve(failedEntry("given up"));
  };
  signal.addEventListener("abort", abort);
  const wiped = store.wipe().then(
    (): LogEntry => ({ level: "info", event: "state.wiped" }),
    (error: unknown) => failedEntry(messageOf(error)),
  );
  const entry = await Promise.race([wiped, late.promise]);
  clock.clearTimeout(timer);
  signal.removeEventListener("abort", abort);
  return entry;
}

function failedEntry(why: string): LogEntry {
  return { level: "error", event: "state.not-wiped", fields: { why } };
}
