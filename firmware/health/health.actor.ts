// Looks at the board through its ports, and keeps the alarms in the storage.
import { fromCallback, fromPromise } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";
import { probeStorage } from "../storage-probe.ts";
import { type Alarms, parseAlarms, writeAlarms } from "./alarms.ts";
import type { LookInput, StoreCommand, StoreFact } from "./health.machine.ts";
import type { HealthSample } from "./sample.ts";

/** The stored file with the alarms that the cloud was told of. */
export const alarmsFile = "alarms.json";

/** A part that has no answer by then has none: no look hangs on one sensor. */
export const lookLimitMs = 5_000;
/** A disk that is busy may take long for a write; one that takes longer is of no use. */
export const storageLimitMs = 30_000;

export function alarmsLoader({ storage }: Pick<Hardware, "storage">) {
  return fromPromise<Alarms>(async () => {
    const contents = await storage.read(alarmsFile);
    return contents === undefined ? {} : parseAlarms(Buffer.from(contents).toString("utf8"));
  });
}

export function boardLook(hardware: Hardware) {
  const { clock, thermal, system, storage, timeService, uplinks } = hardware;
  const startedAtMs = clock.monotonicMs();
  let probing: Promise<string | undefined> | undefined;
  // One that still hangs is waited for again: behind it others would only pile up.
  const probe = (): Promise<string | undefined> => {
    probing ??= probeStorage(storage).finally(() => {
      probing = undefined;
    });
    return probing;
  };
  return fromPromise<HealthSample, LookInput>(async ({ input, signal }) => {
    const inTime = <T>(reading: Promise<T> | undefined): Promise<T | undefined> => readInTime(clock, reading, signal);
    const [celsius, facts, isClockSynchronised, list, problem] = await Promise.all([
      inTime(thermal?.celsius()),
      inTime(system?.facts()),
      inTime(timeService?.isSynchronised()),
      inTime(uplinks?.list()),
      input.triesStorage ? answerInTime(clock, probe(), signal) : undefined,
    ]);
    return {
      atMs: clock.nowMs(),
      uptimeMs: clock.monotonicMs() - startedAtMs,
      celsius,
      system: facts,
      isStorageTried: input.triesStorage,
      storageProblem: problem,
      isClockSynchronised,
      uplinks: (list ?? []).map(({ name, isUp, isDefault }, index) => ({
        name,
        // Where the system cannot tell, it is the first that is up.
        isDefault: isDefault ?? (isUp && list?.findIndex((each) => each.isUp) === index),
      })),
    };
  });
}

async function answerInTime(
  clock: Hardware["clock"],
  probing: Promise<string | undefined>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const late = Promise.withResolvers<string>();
  const words = `the disk did not answer within ${storageLimitMs / 1000} s`;
  const done = waitFor(clock, storageLimitMs, signal, () => late.resolve(words));
  const problem = await Promise.race([probing, late.promise]);
  done();
  return problem;
}

/** Calls back after the wait; a look that nobody wants any more leaves no timer behind. The returned function ends it. */
function waitFor(clock: Hardware["clock"], ms: number, signal: AbortSignal, passed: () => void): () => void {
  const timer = clock.setTimeout(passed, ms);
  const end = (): void => {
    clock.clearTimeout(timer);
    signal.removeEventListener("abort", end);
  };
  signal.addEventListener("abort", end);
  return end;
}

/** Undefined when it fails or takes too long: what cannot be read is no reason to tell nothing of the rest. */
async function readInTime<T>(
  clock: Hardware["clock"],
  reading: Promise<T> | undefined,
  signal: AbortSignal,
): Promise<T | undefined> {
  if (reading === undefined) return undefined;
  const late = Promise.withResolvers<undefined>();
  const done = waitFor(clock, lookLimitMs, signal, () => late.resolve(undefined));
  try {
    return await Promise.race([reading, late.promise]);
  } catch {
    return undefined; // the sensor's own trouble; a value that is missing shows it
  } finally {
    done();
  }
}

export function alarmsStore({ storage }: Pick<Hardware, "storage">) {
  return fromCallback<StoreCommand>(({ receive, sendBack }) => {
    receive(({ alarms }) => {
      storage.write(alarmsFile, Buffer.from(writeAlarms(alarms))).catch((error: unknown) => {
        const fact: StoreFact = { type: "store.failed", why: messageOf(error) };
        sendBack(fact);
      });
    });
  });
}
