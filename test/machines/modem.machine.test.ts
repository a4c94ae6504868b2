// The modem machine: when it looks, what it does about each trouble, and that no trouble is its end.
import { describe, expect, test } from "vitest";
import { type ModemSnapshot, modemMachine } from "#firmware/modem/modem.machine.ts";
import { modemStatus } from "#firmware/modem/modem-status.ts";
import type { ModemFacts } from "#hardware/modem/read-modem.ts";
import { play } from "./steps.ts";

const settings = { port: "/dev/ttyUSB2", baudRate: 115_200, resetAfterFailures: 3 };
const input = { settings, intervalMs: 60_000 };

type Played = { readonly type: string; readonly [key: string]: unknown };

const facts: ModemFacts = {
  maker: "Quectel",
  model: "EG25",
  firmware: "1",
  imei: "490154203237518",
  sim: "ready",
  registration: "home",
  operator: "Demo Mobil",
  signalDbm: -79,
};
const opened: Played = { type: "line.opened" };
const read = (more: Partial<ModemFacts> = {}): Played => ({
  type: "line.read",
  reading: { kind: "facts", facts: { ...facts, ...more } },
});
const silent: Played = { type: "line.read", reading: { kind: "silent" } };
const closed: Played = { type: "line.closed", why: "pulled out" };
const stirred: Played = { type: "line.stirred" };
const asked: Played = { type: "line.reset-asked", answer: "ok" };
const broken: Played = { type: "xstate.error.actor.line", error: new Error("no"), actorId: "line" };
const passed = (delay: string, state: string): Played => ({ type: `xstate.after.${delay}.modem.${state}` });
const due = passed("lookDelay", "present.healthy");
const dueAgain = passed("troubledDelay", "present.troubled");
const reopens = passed("reopenDelay", "absent");

const at = (events: readonly Played[]) => {
  const { state, actions, snapshot } = play(modemMachine, input, events);
  return { state, actions, snapshot: snapshot as ModemSnapshot };
};
/** So many looks in a row that find the same. */
const looks = (what: Played, count: number): readonly Played[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? [what] : [dueAgain, what])).flat();

describe("the modem machine", () => {
  test.each([
    { what: "opens the port first", events: [], state: "present.opening" },
    { what: "looks once it is open", events: [opened], state: "present.looking" },
    { what: "waits after a look", events: [opened, read()], state: "present.healthy" },
    { what: "looks again", events: [opened, read(), due], state: "present.looking" },
    { what: "notes what the modem says by itself", events: [opened, read(), stirred], state: "present.stirred" },
    {
      what: "and looks then",
      events: [opened, read(), stirred, passed("stirredDelay", "present.stirred")],
      state: "present.looking",
    },
    { what: "asks again where something is wrong", events: [opened, silent], state: "present.troubled" },
    {
      what: "gives up a look without an end",
      events: [opened, passed("lookLimit", "present.looking")],
      state: "present.troubled",
    },
    { what: "closes the port that does not open", events: [passed("openLimit", "present.opening")], state: "absent" },
    { what: "waits for one that is not there", events: [closed], state: "absent" },
    { what: "waits for one that was pulled out amid a look", events: [opened, closed], state: "absent" },
    { what: "opens it again", events: [opened, closed, reopens], state: "present.opening" },
    { what: "goes on after its own line broke", events: [opened, broken], state: "absent" },
    { what: "goes on after that too", events: [opened, broken, reopens, opened, read()], state: "present.healthy" },
    { what: "restarts one that hangs", events: [opened, ...looks(silent, 3)], state: "present.resetting" },
    { what: "and opens its port anew", events: [opened, ...looks(silent, 3), asked], state: "absent" },
    {
      what: "also if the restart is not answered",
      events: [opened, ...looks(silent, 3), passed("resetLimit", "present.resetting")],
      state: "absent",
    },
    { what: "or takes the modem away", events: [opened, ...looks(silent, 3), closed], state: "absent" },
    {
      what: "restarts one that still hangs again",
      events: [opened, ...looks(silent, 3), asked, reopens, opened, ...looks(silent, 3)],
      state: "present.resetting",
    },
    {
      what: "is patient with one that finds no network",
      events: [opened, ...looks(read({ registration: "searching" }), 14)],
      state: "present.troubled",
    },
    {
      what: "but not for ever",
      events: [opened, ...looks(read({ registration: "searching" }), 15)],
      state: "present.resetting",
    },
    {
      what: "restarts none for a PIN",
      events: [opened, ...looks(read({ sim: "pin-required", registration: "none" }), 200)],
      state: "present.troubled",
    },
  ])("$what", ({ events, state }) => expect(at(events).state).toBe(state));

  test("tells of the SIM once, again when it is another, and of the signal at each look", () => {
    const told = (events: readonly Played[]) => at(events).actions.filter((action) => action === "tell").length;
    const alarms = 8;
    expect(told([opened, read()])).toBe(alarms + 2);
    expect(told([opened, read(), due, read()])).toBe(1);
    expect(told([opened, read(), due, read({ cell: { area: 1, id: 2 } })])).toBe(1);
    expect(told([opened, read(), due, read({ iccid: "8949000000000000018" })])).toBe(2);
    const { signalDbm: _signal, ...unheard } = facts;
    const mute = { type: "line.read", reading: { kind: "facts", facts: unheard } };
    expect(told([opened, read(), due, mute])).toBe(0);
  });

  test.each([
    { what: "silent", event: silent, looksBefore: 2 },
    { what: "sim-missing", event: read({ sim: "absent", registration: "none" }), looksBefore: 1 },
    { what: "pin-required", event: read({ sim: "pin-required", registration: "none" }), looksBefore: 1 },
    { what: "puk-required", event: read({ sim: "puk-required", registration: "none" }), looksBefore: 1 },
    { what: "sim-failing", event: read({ sim: "failing", registration: "none" }), looksBefore: 2 },
    { what: "registration-denied", event: read({ registration: "denied" }), looksBefore: 2 },
    { what: "no-network", event: read({ registration: "searching" }), looksBefore: 5 },
  ])(
    "raises an alarm for $what after $looksBefore looks, and keeps it until all is well",
    ({ what, event, looksBefore }) => {
      const known = [opened, read(), due];
      const told = (events: readonly Played[]) => at(events).snapshot.context.told;
      expect(told([...known, ...looks(event, looksBefore)])).toBe(what);
      if (looksBefore > 1) expect(told([...known, ...looks(event, looksBefore - 1)])).toBeUndefined();
      expect(told([...known, ...looks(event, looksBefore), dueAgain, read()])).toBeUndefined();
      // Another trouble that does not last changes nothing.
      const other = what === "no-network" ? silent : read({ registration: "searching" });
      expect(told([...known, ...looks(event, looksBefore), dueAgain, other])).toBe(what);
      expect(at([...known, ...looks(event, 1)]).actions).toContain("log modem.troubled");
      expect(at([...known, ...looks(event, 2)]).actions).not.toContain("log modem.troubled");
    },
  );

  test("says again that a modem works only after it did not", () => {
    expect(at([opened, read()]).actions).toContain("log modem.registered");
    expect(at([opened, read(), due, read()]).actions).not.toContain("log modem.registered");
    expect(at([opened, read(), due, silent, dueAgain, read()]).actions).toContain("log modem.registered");
  });

  test("shows its state for people, without the numbers of modem and SIM", () => {
    expect(modemStatus(undefined)).toBeUndefined();
    expect(modemStatus(at([opened, read()]).snapshot)).toEqual({
      port: "/dev/ttyUSB2",
      model: "Quectel EG25",
      sim: "ready",
      registration: "home",
      operator: "Demo Mobil",
      signalDbm: -79,
      resets: 0,
    });
    expect(modemStatus(at([opened, read(), closed]).snapshot)).toEqual({
      port: "/dev/ttyUSB2",
      trouble: "missing",
      why: "pulled out",
      model: "Quectel EG25",
      resets: 0,
    });
  });
});
