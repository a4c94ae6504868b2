// The health machine: looks again and again, whatever a look or the storage does.
import { describe, expect, test } from "vitest";
import { healthMachine } from "#firmware/health/health.machine.ts";
import { play } from "./steps.ts";

const input = { limits: { intervalMs: 60_000, diskFullPercent: 90, memoryFullPercent: 90, hotCelsius: 80 } };
const done = (id: string, output: unknown) => ({ type: `xstate.done.actor.${id}`, output, actorId: id });
const broken = (id: string) => ({ type: `xstate.error.actor.${id}`, error: new Error("no"), actorId: id });
const sample = {
  atMs: 0,
  uptimeMs: 3_600_000,
  celsius: 85,
  isStorageTried: false,
  isClockSynchronised: true,
  uplinks: [],
};
const passed = (name: string, state: string) => ({ type: `xstate.after.${name}.health.${state}` });

describe("the health machine", () => {
  test.each([
    { name: "remembers first", events: [], state: "(board.remembering memory.settling store.open)" },
    { name: "then looks", events: [done("load", {})], state: "(board.looking memory.settling store.open)" },
    {
      name: "looks although nothing can be remembered",
      events: [broken("load")],
      state: "(board.looking memory.settling store.open)",
    },
    {
      name: "waits after a look",
      events: [done("load", {}), done("look", sample)],
      state: "(board.waiting memory.settling store.open)",
    },
    {
      name: "waits after a look that broke",
      events: [done("load", {}), broken("look")],
      state: "(board.waiting memory.settling store.open)",
    },
    {
      name: "looks again",
      events: [done("load", {}), broken("look"), passed("lookDelay", "board.waiting")],
      state: "(board.looking memory.settling store.open)",
    },
    {
      name: "settles once",
      events: [passed("settleDelay", "memory.settling")],
      state: "(board.remembering memory.settled store.open)",
    },
    { name: "has a store again", events: [broken("store")], state: "(board.remembering memory.settling store.broken)" },
    {
      name: "soon",
      events: [broken("store"), passed("restartDelay", "store.broken")],
      state: "(board.remembering memory.settling store.open)",
    },
  ])("$name", ({ events, state }) => {
    expect(play(healthMachine, input, events).state).toBe(state);
  });

  test("tells that it is hot, raises the alarm, stores it, and takes the next look after a minute", () => {
    const { actions } = play(healthMachine, input, [{ type: "health.start" }, done("load", {}), done("look", sample)]);
    expect(actions).toEqual([
      "stop look",
      "board.looked in undefined ms",
      "xstate.after.lookDelay.health.board.waiting in 60000 ms",
      "tell",
      "log alarm.raised",
      "tell",
      "send store.write",
      "tell",
    ]);
  });

  test("keeps alarms without its store", () => {
    const raised = { type: "alarm.raised", alarmType: "x", severity: "MAJOR", text: "y" };
    const { actions, snapshot } = play(healthMachine, input, [{ type: "health.start" }, broken("store"), raised]);
    expect(actions).toEqual(["log alarm.raised", "tell"]);
    expect(Object.keys(snapshot.context.health.alarms)).toEqual(["x"]);
  });

  test("says when alarms cannot be stored", () => {
    expect(play(healthMachine, input, [{ type: "store.failed", why: "full" }]).actions).toEqual([
      "log health.alarms-not-stored",
    ]);
  });
});
