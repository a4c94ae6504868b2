// The newest time that is known to have been: a clock that shows an earlier one is wrong, and no certificate is to blame.
import type { Storage } from "#hardware/ports.ts";
import { builtAtMs } from "../version.ts";

export const newestTimeFile = "newest-time";
/** Flash wears out: between two writes at least so much must have passed. */
export const newestTimeStepMs = 24 * 60 * 60_000;

export interface TimeFloor {
  /** In ms since the Unix epoch. */
  readonly newestMs: number;
  /** A connection stands whose certificate was good by this time. Written at most daily. */
  stood(nowMs: number): void;
}

/** What is stored is there soon after; until then, and if it cannot be read, the build's own date counts. */
export function openTimeFloor(storage: Storage): TimeFloor {
  let newestMs = builtAtMs;
  let storedMs: number | undefined;
  const loaded = storage.read(newestTimeFile).then(
    (contents) => {
      storedMs = parseTime(contents);
      newestMs = Math.max(newestMs, storedMs ?? 0);
    },
    () => undefined, // a disk that cannot be read says nothing about the time
  );
  const write = async (nowMs: number): Promise<void> => {
    await loaded;
    if (storedMs !== undefined && nowMs - storedMs < newestTimeStepMs) return;
    const before = storedMs;
    storedMs = nowMs;
    try {
      await storage.write(newestTimeFile, Buffer.from(`${Math.trunc(nowMs)}\n`, "utf8"));
    } catch {
      // A disk that cannot be written to is told of by those whose data is lost; here only the next try matters.
      storedMs = before;
    }
  };
  return {
    get newestMs() {
      return newestMs;
    },
    stood: (nowMs) => {
      newestMs = Math.max(newestMs, nowMs);
      void write(nowMs); // never rejects
    },
  };
}

/** Undefined for what is no time. */
function parseTime(contents: Uint8Array | undefined): number | undefined {
  const text = contents === undefined ? "" : Buffer.from(contents).toString("utf8").trim();
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Whether a clock that shows `nowMs` is certainly wrong. */
export function isClockWrong(nowMs: number, floor: Pick<TimeFloor, "newestMs"> | undefined): boolean {
  return nowMs < Math.max(builtAtMs, floor?.newestMs ?? 0);
}
