// The machines of the board's parts as tables: what the LEDs show, what the button means, and when the watchdog is petted.
import { describe, expect, test } from "vitest";
import { buttonMachine } from "#firmware/board/button.machine.ts";
import { indicatorMachine } from "#firmware/board/indicator.machine.ts";
import { watchdogMachine } from "#firmware/board/watchdog.machine.ts";
import { play } from "./steps.ts";

const phase = (name: string) => ({ type: "indicator.phase", phase: name });
const tunnels = (open: number) => ({ type: "indicator.tunnels", open });
const reset = (stage: string) => ({ type: "indicator.reset", reset: stage });
const faulted = (fault: string) => ({ type: "indicator.faulted", fault });
const mended = (fault: string) => ({ type: "indicator.mended", fault });

describe("the indicator", () => {
  test.each([
    { name: "registers at first", events: [], state: "registering" },
    { name: "connects", events: [phase("connecting")], state: "connecting" },
    { name: "is online", events: [phase("connecting"), phase("online")], state: "online" },
    { name: "shows a tunnel over being online", events: [phase("online"), tunnels(1)], state: "tunnelOpen" },
    {
      name: "shows the last tunnel that is left",
      events: [phase("online"), tunnels(2), tunnels(1)],
      state: "tunnelOpen",
    },
    { name: "shows no tunnel that has closed", events: [phase("online"), tunnels(1), tunnels(0)], state: "online" },
    {
      name: "shows a tunnel that outlives a loss of the cloud",
      events: [phase("online"), tunnels(1), phase("connecting")],
      state: "tunnelOpen",
    },
    { name: "shows a fault over a tunnel", events: [phase("online"), tunnels(1), faulted("disk")], state: "fault" },
    {
      name: "shows a fault until the last one is mended",
      events: [phase("online"), faulted("disk"), faulted("heat"), mended("disk")],
      state: "fault",
    },
    {
      name: "knows a fault that is told twice as one",
      events: [phase("online"), faulted("disk"), faulted("disk"), mended("disk")],
      state: "online",
    },
    { name: "warns of a reset over everything", events: [faulted("disk"), reset("warned")], state: "resetWarned" },
    { name: "confirms a reset", events: [reset("warned"), reset("confirmed")], state: "resetConfirmed" },
    {
      name: "keeps to the reset whatever happens meanwhile",
      events: [reset("confirmed"), phase("online"), tunnels(1)],
      state: "resetConfirmed",
    },
    {
      name: "goes back to what is when a reset is called off",
      events: [phase("online"), reset("warned"), reset("none")],
      state: "online",
    },
  ])("$name", ({ events, state }) => {
    const step = play(indicatorMachine, undefined, events);
    expect(step.state).toBe(state);
    expect(step.actions).toContain("send lamps.show");
  });
});

const closes = { type: "contact.changed", isClosed: true };
const opens = { type: "contact.changed", isClosed: false };
const settles = (state: "closing" | "opening") => ({ type: `xstate.after.settle.button.contact.${state}` });
const waits = (delay: string, state: string) => ({ type: `xstate.after.${delay}.button.hold.${state}` });
const pressed = [closes, settles("closing")];
const released = [opens, settles("opening")];
const warned = [...pressed, waits("untilWarning", "held")];
const armed = [...warned, waits("untilReset", "warned")];
const stuck = [...armed, waits("untilStuck", "armed")];

describe("the button", () => {
  test.each([
    { name: "is free at first", events: [], state: "(contact.open hold.free)" },
    {
      name: "waits until its contacts have settled",
      events: [closes],
      state: "(contact.closing hold.free)",
      does: ["xstate.after.settle.button.contact.closing in 30 ms"],
    },
    { name: "takes no bounce for a press", events: [closes, opens], state: "(contact.open hold.free)", does: [] },
    {
      name: "is held from then on",
      events: pressed,
      state: "(contact.closed hold.held)",
      does: ["xstate.after.untilWarning.button.hold.held in 4970 ms"],
    },
    {
      name: "takes no bounce for its end",
      events: [...pressed, opens, closes],
      state: "(contact.closed hold.held)",
      does: [],
    },
    {
      name: "tells a short press",
      events: [...pressed, ...released],
      state: "(contact.open hold.free)",
      does: ["tellPressed"],
    },
    {
      name: "warns after 5 s",
      events: warned,
      state: "(contact.closed hold.warned)",
      does: ["tellWarned", "xstate.after.untilReset.button.hold.warned in 5000 ms"],
    },
    {
      name: "is called off when it is let go before 10 s",
      events: [...warned, ...released],
      state: "(contact.open hold.free)",
      does: ["tellCalledOff"],
    },
    {
      name: "is armed after 10 s, and resets nothing by that",
      events: armed,
      state: "(contact.closed hold.armed)",
      does: ["tellArmed", "xstate.after.untilStuck.button.hold.armed in 50000 ms"],
    },
    {
      name: "resets when it is let go after 10 s",
      events: [...armed, ...released],
      state: "(contact.open hold.confirmed)",
      does: ["tellConfirmed"],
    },
    { name: "says so when it is stuck", events: stuck, state: "(contact.closed hold.stuck)", does: ["tellStuck"] },
    {
      name: "resets nothing when a stuck one comes free",
      events: [...stuck, ...released],
      state: "(contact.open hold.free)",
      does: [],
    },
    {
      name: "works again after that",
      events: [...stuck, ...released, ...pressed, ...released],
      state: "(contact.open hold.free)",
      does: ["tellPressed"],
    },
    {
      name: "resets once and says nothing more",
      events: [...armed, ...released, ...pressed, ...released],
      state: "(contact.open hold.confirmed)",
      does: [],
    },
    {
      name: "takes nothing from one that was held down before anybody watched",
      events: [opens],
      state: "(contact.open hold.free)",
      does: [],
    },
  ])("$name", ({ events, state, does }) => {
    const step = play(buttonMachine, undefined, events);
    expect(step.state).toBe(state);
    // What it raises itself has been handled already.
    const actions = step.actions.filter((each) => !each.startsWith("contact."));
    if (does !== undefined) expect(actions).toEqual(does);
  });
});

const timerArmed = { type: "timer.armed", timeoutMs: 12_000 };
const petDue = { type: "xstate.after.untilPet.watchdog.armed.resting" };
const answered = { type: "watchdog.answered" };
const stop = { type: "watchdog.stop" };

describe("the watchdog", () => {
  test.each([
    { name: "is armed at the start", events: [], state: "arming", does: ["spawn timer"] },
    {
      name: "counts by what the hardware took",
      events: [timerArmed],
      state: "armed.resting",
      does: ["tellArmed", "xstate.after.untilPet.watchdog.armed.resting in 4000 ms"],
    },
    {
      name: "asks before it pets",
      events: [timerArmed, petDue],
      state: "armed.asking",
      does: ["tellAsked"],
    },
    {
      name: "pets when the root has answered",
      events: [timerArmed, petDue, answered],
      state: "armed.resting",
      does: ["send timer.pet", "xstate.after.untilPet.watchdog.armed.resting in 4000 ms"],
    },
    {
      name: "takes no answer that it has not asked for",
      events: [timerArmed, answered],
      state: "armed.resting",
      does: [],
    },
    {
      name: "is disarmed when the gateway stops",
      events: [timerArmed, stop],
      state: "disarming",
      does: ["send timer.disarm"],
    },
    {
      name: "is disarmed while it waits for an answer",
      events: [timerArmed, petDue, stop],
      state: "disarming",
      does: ["send timer.disarm"],
    },
    {
      name: "tells that it is disarmed",
      events: [timerArmed, stop, { type: "timer.disarmed" }],
      state: "disarmed",
      does: ["tellDisarmed"],
    },
    {
      name: "tells that it cannot be disarmed",
      events: [timerArmed, stop, { type: "timer.kept", why: "nowayout" }],
      state: "disarmed",
      does: ["tellKept"],
    },
    {
      name: "does without one that cannot be used",
      events: [{ type: "timer.unusable", why: "EBUSY" }],
      state: "unusable",
      does: ["tellUnusable"],
    },
    {
      name: "does without one whose driver throws",
      events: [timerArmed, { type: "xstate.error.actor.timer", error: new Error("EIO"), actorId: "timer" }],
      state: "unusable",
      does: ["tellUnusable"],
    },
  ])("$name", ({ events, state, does }) => {
    const step = play(watchdogMachine, { timeoutMs: 15_000 }, events);
    expect(step.state).toBe(state);
    if (does !== undefined) expect(step.actions).toEqual(does);
  });
});
