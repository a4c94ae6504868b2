// One look at the board: what does not answer is left out, and a disk that hangs is told of and asked once only.
import { expect, test } from "vitest";
import { createActor, toPromise } from "xstate";
import { boardLook, storageLimitMs } from "#firmware/health/health.actor.ts";
import type { Hardware } from "#hardware/ports.ts";

/** Waits that are due at once, or never. */
function hardwareWith(write: () => Promise<void>, isPatient: () => boolean): Hardware {
  let timers = 0;
  return {
    clock: {
      nowMs: () => 0,
      monotonicMs: () => 0,
      setTimeout: (run: () => void, delayMs: number) => {
        timers += 1;
        if (!isPatient() && delayMs >= storageLimitMs) setImmediate(run);
        return timers;
      },
      clearTimeout: () => {},
    },
    thermal: { celsius: async () => 85 },
    storage: { read: async () => undefined, write, remove: async () => {}, list: async () => [] },
  } as unknown as Hardware;
}

test("a disk that hangs does not hide the heat, and is not asked again while it hangs", async () => {
  let writes = 0;
  let isPatient = false;
  let answer = (): void => {};
  const write = (): Promise<void> => {
    writes += 1;
    return new Promise((resolve) => {
      answer = resolve;
    });
  };
  const look = boardLook(hardwareWith(write, () => isPatient));
  const once = () => toPromise(createActor(look, { input: { triesStorage: true } }).start());
  const hung = { celsius: 85, isStorageTried: true, storageProblem: "the disk did not answer within 30 s" };
  expect(await once()).toMatchObject(hung);
  expect(await once()).toMatchObject(hung);
  expect(writes).toBe(1);
  answer();
  await new Promise(setImmediate);
  isPatient = true;
  const looking = once();
  await new Promise(setImmediate);
  expect(writes).toBe(2);
  answer();
  expect(await looking).toMatchObject({ storageProblem: "what was written there was not read back" });
});
