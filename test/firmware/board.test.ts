// The board's parts as actors on their own: what a watchdog gets from a root that is held up or dead, and what a reset leaves.
import { expect, test } from "vitest";
import { createActor, sendTo, setup } from "xstate";
import { resetMarker, stateStore, wipeLimitMs, wipeWithin } from "#firmware/board/factory-reset.ts";
import { lamps } from "#firmware/board/indicator.actor.ts";
import { indicatorMachine } from "#firmware/board/indicator.machine.ts";
import { watchdogTimer } from "#firmware/board/watchdog.actor.ts";
import { watchdogMachine } from "#firmware/board/watchdog.machine.ts";
import type { Storage } from "#hardware/ports.ts";
import { ManualClock } from "../hardware/manual-clock.ts";
import { SmallSite } from "./small-site.ts";

/** A watchdog that notes what it is told. */
function notedWatchdog(options: { readonly armThrows?: boolean; readonly petThrows?: boolean } = {}) {
  const told: string[] = [];
  const watchdog = {
    arm: (timeoutMs: number) => {
      if (options.armThrows === true) throw new Error("EBUSY: somebody else has it");
      told.push(`arm ${timeoutMs}`);
      return timeoutMs;
    },
    pet: () => {
      if (options.petThrows === true) throw new Error("EIO");
      told.push("pet");
    },
    disarm: () => told.push("disarm") > 0,
  };
  return { told, watchdog };
}

/** A root that answers, or does not. */
function rootOf(watchdog: ReturnType<typeof notedWatchdog>["watchdog"], clock: ManualClock, answers: () => boolean) {
  const facts: string[] = [];
  const machine = setup({
    types: { events: {} as { readonly type: string; readonly answer?: () => void } },
    actors: { watchdog: watchdogMachine.provide({ actors: { timer: watchdogTimer(watchdog) } }) },
  }).createMachine({
    invoke: { id: "watchdog", src: "watchdog", input: { timeoutMs: 15_000 } },
    on: {
      stop: { actions: sendTo("watchdog", { type: "watchdog.stop" }) },
      "progress.asked": { actions: ({ event }) => void (answers() && event.answer?.()) },
      "*": { actions: ({ event }) => void facts.push(event.type) },
    },
  });
  const actor = createActor(machine, { clock });
  actor.start();
  return { actor, facts };
}

test("a root that answers is petted for three times in each time-out", () => {
  const clock = new ManualClock();
  const { told, watchdog } = notedWatchdog();
  const { facts } = rootOf(watchdog, clock, () => true);
  clock.advance(60_000);
  expect(told).toEqual(["arm 15000", ...Array<string>(12).fill("pet")]);
  expect(facts).toEqual(["watchdog.armed"]);
});

test("a root that does not answer is not petted for, until it answers again", () => {
  const clock = new ManualClock();
  const { told, watchdog } = notedWatchdog();
  let isAnswering = true;
  rootOf(watchdog, clock, () => isAnswering);
  clock.advance(10_000);
  isAnswering = false;
  clock.advance(600_000);
  expect(told.filter((each) => each === "pet")).toHaveLength(2);
});

test("a root that is dead is not petted for, and its watchdog is not disarmed", () => {
  const clock = new ManualClock();
  const { told, watchdog } = notedWatchdog();
  const { actor } = rootOf(watchdog, clock, () => true);
  clock.advance(6_000);
  actor.stop();
  clock.advance(600_000);
  expect(told).toEqual(["arm 15000", "pet"]);
  expect(clock.pendingCount).toBe(0);
});

test("a root that stops in order disarms it", () => {
  const clock = new ManualClock();
  const { told, watchdog } = notedWatchdog();
  const { actor, facts } = rootOf(watchdog, clock, () => true);
  actor.send({ type: "stop" });
  clock.advance(60_000);
  expect(told).toEqual(["arm 15000", "disarm"]);
  expect(facts).toEqual(["watchdog.armed", "watchdog.disarmed"]);
});

test.each([
  { what: "that somebody else has", options: { armThrows: true } },
  { what: "whose driver fails", options: { petThrows: true } },
])("a watchdog $what is told of, and the root lives on", ({ options }) => {
  const clock = new ManualClock();
  const { watchdog } = notedWatchdog(options);
  const { actor, facts } = rootOf(watchdog, clock, () => true);
  clock.advance(60_000);
  expect(facts.at(-1)).toBe("watchdog.unusable");
  expect(actor.getSnapshot().status).toBe("active");
});

test("a gateway says that it makes progress while its root answers, and not once it is dead", async () => {
  await using site = await SmallSite.start();
  expect(site.gateway.progress()).toBe(true);
  const stopped = site.gateway.stop();
  expect(site.gateway.progress()).toBe(true);
  await site.clock.until(stopped, { what: "the gateway to stop" });
  expect(site.gateway.progress()).toBe(false);
});

test("a gateway whose root has died of a bug makes none, and the watchdog restarts its board", async () => {
  await using site = await SmallSite.start();
  site.gateway.kill();
  let isBroken = false;
  const boots: string[] = [];
  site.board.resetting = (cause) => boots.push(cause);
  const hardware = site.board.boot(site.network.host("gateway"));
  const { startGateway } = await import("#firmware/gateway.ts");
  const log = (_event: string): void => {
    if (isBroken) throw new Error("bug");
  };
  const levels = { debug: log, info: log, warn: log, error: () => undefined };
  site.gateway = startGateway({ hardware, config: site.config, log: levels });
  await site.isOnline();
  await site.clock.advance(60_000);
  expect(boots).toEqual([]);
  isBroken = true;
  site.board.button.press();
  await site.clock.advance(100);
  site.board.button.release();
  await site.clock.advance(100);
  expect(site.gateway.progress()).toBe(false);
  await site.clock.advance(16_000);
  expect(boots).toEqual(["watchdog"]);
});

test("LEDs without roles show everything on the first one", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const leds = { names: ["blue", "red"], set: (name: string, lit: boolean) => void seen.push(`${name} ${lit}`) };
  const actor = createActor(indicatorMachine.provide({ actors: { lamps: lamps({ clock, leds }) } }), { clock });
  actor.start();
  actor.send({ type: "indicator.phase", phase: "online" });
  actor.send({ type: "indicator.phase", phase: "online" });
  actor.send({ type: "indicator.tunnels", open: 1 });
  clock.advance(1_000);
  actor.stop();
  expect(seen).toEqual(["blue true", "blue true", "blue true", "blue false", "blue true", "blue false"]);
  expect(clock.pendingCount).toBe(0);
});

/** A disk in a map, which fails or hangs as the test says. */
function mapStorage(files: Map<string, Uint8Array>) {
  const faults = { failing: undefined as string | undefined, isHanging: false };
  const does = async <T>(name: string, what: () => T): Promise<T> => {
    if (faults.isHanging) return new Promise<never>(() => {});
    if (faults.failing === name) throw Object.assign(new Error("EROFS"), { code: "EROFS" });
    return what();
  };
  const storage: Storage = {
    read: (name) => does(name, () => files.get(name)),
    write: (name, contents) => does(name, () => void files.set(name, contents)),
    remove: (name) => does(name, () => void files.delete(name)),
    list: () => does("", () => [...files.keys()].sort()),
  };
  return { storage, faults };
}

const full = () =>
  new Map(["credentials.json", "device.key", "machine-id", "queue-1"].map((name) => [name, Buffer.from(name)]));

test("a reset removes everything but who the board is", async () => {
  const files = full();
  await stateStore(mapStorage(files).storage).wipe();
  expect([...files.keys()]).toEqual(["machine-id"]);
});

test("a reset that broke off is finished before the next run reads anything", async () => {
  const files = full();
  const { storage, faults } = mapStorage(files);
  faults.failing = "device.key";
  await expect(stateStore(storage).wipe()).rejects.toThrow("EROFS");
  expect([...files.keys()]).toContain(resetMarker);
  faults.failing = undefined;
  const again = stateStore(storage).open();
  expect(await again.read("device.key")).toBeUndefined();
  expect([...files.keys()]).toEqual(["machine-id"]);
});

test("a late write of the run that was reset brings nothing back", async () => {
  const files = full();
  const store = stateStore(mapStorage(files).storage);
  const old = store.open();
  const early = old.write("queue-2", Buffer.from("x"));
  await store.wipe();
  await Promise.allSettled([early]);
  await expect(old.write("queue-3", Buffer.from("x"))).rejects.toMatchObject({ code: "ECANCELED" });
  expect([...files.keys()]).toEqual(["machine-id"]);
  await store.open().write("credentials.json", Buffer.from("new"));
  expect([...files.keys()]).toEqual(["machine-id", "credentials.json"]);
});

test("a disk that does not answer keeps a reset gateway from coming back for a while only", async () => {
  const clock = new ManualClock();
  const { storage, faults } = mapStorage(full());
  faults.isHanging = true;
  const entry = wipeWithin(clock, stateStore(storage), new AbortController().signal);
  clock.advance(wipeLimitMs);
  expect(await entry).toMatchObject({ level: "error", event: "state.not-wiped" });
  expect(clock.pendingCount).toBe(0);
});

test("a disk that cannot be written to is said, and the state stays", async () => {
  const files = full();
  const { storage, faults } = mapStorage(files);
  faults.failing = resetMarker;
  const entry = await wipeWithin(new ManualClock(), stateStore(storage), new AbortController().signal);
  expect(entry).toMatchObject({ event: "state.not-wiped", fields: { why: "EROFS" } });
  expect(files.size).toBe(4);
});
