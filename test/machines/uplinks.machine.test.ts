// The uplinks machine: what it wants, when it moves on, when it goes back, and what it says.
import { describe, expect, test } from "vitest";
import { type UplinksSnapshot, uplinksMachine } from "#firmware/uplinks/uplinks.machine.ts";
import { refusalsMax, roundsMax } from "#firmware/uplinks/uplinks-setup.ts";
import { uplinkStatus } from "#firmware/uplinks/uplinks-status.ts";
import { play } from "./steps.ts";

const settings = { prefer: ["eth0", "wlan0", "wwan0"], failOverAfterMs: 60_000, failBackAfterMs: 300_000 };
const input = { settings };

type Played = { readonly type: string; readonly [key: string]: unknown };

/** "eth0* wlan0+ wwan0-": the default, up, down. */
const seen = (text: string): Played => ({
  type: "uplinks.seen",
  sights: text.split(" ").map((word) => ({
    name: word.slice(0, -1),
    isUp: !word.endsWith("-"),
    isDefault: word.endsWith("*"),
  })),
});
const done = (id: string, output: unknown): Played => ({ type: `xstate.done.actor.${id}`, output, actorId: id });
const broken = (id: string): Played => ({ type: `xstate.error.actor.${id}`, error: new Error("no"), actorId: id });
const steered = (name?: string) => done("steer", { ok: true, name });
const refused = (why = "not permitted") => done("steer", { ok: false, why });
const passed = (delay: string, state: string): Played => ({ type: `xstate.after.${delay}.uplinks.${state}` });
const online: Played = { type: "uplinks.online" };
const offline: Played = { type: "uplinks.offline" };
const overdue = passed("failOverDelay", "patience.waiting");

const start = [seen("eth0* wlan0+ wwan0+"), steered("eth0")];
const working = [...start, online];

const at = (events: readonly Played[]) => {
  const { state, snapshot, actions } = play(uplinksMachine, input, events);
  const regions = Object.fromEntries(
    state
      .slice(1, -1)
      .split(" ")
      .map((part) => part.split(".") as [string, string]),
  ) as Record<"sight" | "steering" | "patience" | "failBack" | "notice", string>;
  const { wanted, steered: made } = (snapshot as UplinksSnapshot).context;
  return { ...regions, wanted, made: made?.name, actions, snapshot: snapshot as UplinksSnapshot };
};

describe("the uplinks machine", () => {
  test("wants nothing before it has looked", () => {
    expect(at([])).toMatchObject({ sight: "watching", steering: "settled", patience: "calm", failBack: "idle" });
  });

  test("makes the best its choice, and says nothing where the system has it already", () => {
    expect(at([seen("eth0* wlan0+ wwan0+")])).toMatchObject({ steering: "steering", wanted: "eth0" });
    const { actions, ...rest } = at(start);
    expect(rest).toMatchObject({ steering: "settled", made: "eth0", notice: "best" });
    expect(actions).not.toContain("log uplinks.switched");
  });

  test("says it where the system had another", () => {
    const { actions, made } = at([seen("eth0+ wlan0* wwan0+"), steered("eth0")]);
    expect(made).toBe("eth0");
    expect(actions.filter((action) => action !== "stop steer").slice(0, 2)).toEqual(["log uplinks.switched", "tell"]);
  });

  test.each([
    { what: "stays while it is online", events: [...working], wanted: "eth0", patience: "calm" },
    { what: "waits when it is not", events: [...working, offline], wanted: "eth0", patience: "waiting" },
    { what: "is calm again when it is", events: [...working, offline, online], wanted: "eth0", patience: "calm" },
    { what: "asks after a minute", events: [...working, offline, overdue], wanted: "eth0", patience: "checking" },
    {
      what: "is calm when it comes online meanwhile",
      events: [...working, offline, overdue, online],
      wanted: "eth0",
      patience: "calm",
    },
    {
      what: "moves on when the cloud does not answer",
      events: [...working, offline, overdue, done("check", [])],
      wanted: "wlan0",
      patience: "waiting",
    },
    {
      what: "moves on when the question breaks",
      events: [...working, offline, overdue, broken("check")],
      wanted: "wlan0",
      patience: "waiting",
    },
    {
      what: "moves on when the question takes too long",
      events: [...working, offline, overdue, passed("probeLimit", "patience.checking")],
      wanted: "wlan0",
      patience: "waiting",
    },
    {
      what: "stays when the cloud answers: the uplink is not to blame",
      events: [...working, offline, overdue, done("check", ["eth0"])],
      wanted: "eth0",
      patience: "waiting",
    },
    {
      what: "leaves one that goes down at once",
      events: [...working, seen("eth0- wlan0* wwan0+")],
      wanted: "wlan0",
      patience: "calm",
    },
    {
      what: "begins to wait anew with another uplink",
      events: [...working, offline, overdue, seen("eth0- wlan0* wwan0+")],
      wanted: "wlan0",
      patience: "waiting",
    },
    {
      what: "leaves the choice to the system where none is up",
      events: [...working, seen("eth0- wlan0- wwan0-"), offline],
      wanted: undefined,
      patience: "calm",
    },
  ])("$what", ({ events, wanted, patience }) => expect(at(events)).toMatchObject({ wanted, patience }));

  test("gives another uplink its whole time, and none for a look that changes nothing", () => {
    const wait = expect.stringContaining("failOverDelay.uplinks.patience.waiting in 60000 ms");
    expect(at([...working, offline]).actions).toContainEqual(wait);
    expect(at([...working, offline, seen("eth0- wlan0* wwan0+")]).actions).toContainEqual(wait);
    expect(at([...working, offline, seen("eth0* wlan0+ wwan0-")]).actions).not.toContainEqual(wait);
    expect(at([...working, offline, overdue, done("check", [])]).actions).toContainEqual(wait);
  });

  test("moves on in the end although the cloud answers probes, unless it waits for people", () => {
    const round = [overdue, done("check", ["eth0"])];
    const rounds = Array.from({ length: roundsMax }, () => round).flat();
    expect(at([...working, offline, ...rounds]).wanted).toBe("eth0");
    expect(at([...working, offline, ...rounds, ...round]).wanted).toBe("wlan0");
    // Before it was ever online or offline the gateway is registering.
    expect(at([...start, ...rounds, ...round, ...round]).wanted).toBe("eth0");
  });

  test("never runs out of uplinks to try", () => {
    let events: readonly Played[] = [...working, offline];
    const wanted: (string | undefined)[] = [];
    for (let step = 0; step < 7; step += 1) {
      events = [...events, overdue, done("check", []), ...steeredNow(events)];
      wanted.push(at(events).made);
    }
    expect(wanted).toEqual(["wlan0", "wwan0", "eth0", "wlan0", "wwan0", "eth0", "wlan0"]);
  });

  const lesser = [...working, seen("eth0- wlan0* wwan0+"), steered("wlan0")];
  const better = [...lesser, seen("eth0+ wlan0* wwan0+")];
  const probed = (names: readonly string[], from = "settling") => [
    passed(from === "settling" ? "settleDelay" : "failBackDelay", `failBack.${from}`),
    done("probe", names),
  ];

  test.each([
    { what: "does not look for a better one where there is none", events: lesser, failBack: "idle", wanted: "wlan0" },
    { what: "lets a better one settle", events: better, failBack: "settling", wanted: "wlan0" },
    {
      what: "asks over it",
      events: [...better, passed("settleDelay", "failBack.settling")],
      failBack: "probing",
      wanted: "wlan0",
    },
    {
      what: "waits after one that worked",
      events: [...better, ...probed(["eth0"])],
      failBack: "waiting",
      wanted: "wlan0",
    },
    {
      what: "goes back after two",
      events: [...better, ...probed(["eth0"]), ...probed(["eth0"], "waiting")],
      failBack: "idle",
      wanted: "eth0",
    },
    {
      what: "counts anew after one that did not",
      events: [...better, ...probed(["eth0"]), ...probed([], "waiting"), ...probed(["eth0"], "waiting")],
      failBack: "waiting",
      wanted: "wlan0",
    },
    {
      what: "goes on after a probe that breaks",
      events: [...better, passed("settleDelay", "failBack.settling"), broken("probe")],
      failBack: "waiting",
      wanted: "wlan0",
    },
    {
      what: "goes on after a probe that never ends",
      events: [...better, passed("settleDelay", "failBack.settling"), passed("probeLimit", "failBack.probing")],
      failBack: "waiting",
      wanted: "wlan0",
    },
    {
      what: "looks no further when the better one is gone again",
      events: [...better, ...probed(["eth0"]), seen("eth0- wlan0* wwan0+")],
      failBack: "idle",
      wanted: "wlan0",
    },
    {
      what: "lets another one settle that comes up meanwhile",
      events: [
        ...[...working, seen("eth0- wlan0- wwan0*"), steered("wwan0"), seen("eth0- wlan0+ wwan0*")],
        ...probed(["wlan0"]),
        seen("eth0+ wlan0+ wwan0*"),
      ],
      failBack: "settling",
      wanted: "wwan0",
    },
  ])("$what", ({ events, failBack, wanted }) => expect(at(events)).toMatchObject({ failBack, wanted }));

  test.each([
    { what: "is refused", events: [seen("eth0* wlan0+ wwan0+"), refused()], said: ["log uplinks.not-steered"] },
    { what: "breaks", events: [seen("eth0* wlan0+ wwan0+"), broken("steer")], said: ["log uplinks.not-steered"] },
    {
      what: "never ends",
      events: [seen("eth0* wlan0+ wwan0+"), passed("steerLimit", "steering.steering")],
      said: ["log uplinks.not-steered"],
    },
  ])("tries again after a minute where a choice $what", ({ events, said }) => {
    expect(at(events)).toMatchObject({ steering: "refused", made: undefined });
    expect(at(events).actions).toEqual(expect.arrayContaining(said));
    const again = passed("refusedDelay", "steering.refused");
    expect(at([...events, again]).steering).toBe("steering");
    expect(at([...events, again, steered("eth0")])).toMatchObject({ steering: "settled", made: "eth0" });
  });

  test("says once why a choice is refused, and raises the alarm at the second time", () => {
    const again = passed("refusedDelay", "steering.refused");
    const first = [seen("eth0* wlan0+ wwan0+"), refused()];
    const second = [...first, again, refused()];
    expect(refusalsMax).toBe(2);
    expect(at(first).actions).not.toContain("tell");
    expect(at(second).actions).toContain("tell");
    expect(at(second).actions).not.toContain("log uplinks.not-steered");
    expect(at([...second, again, refused()]).actions).not.toContain("tell");
    expect(at([...second, again, refused("something else")]).actions).toContain("log uplinks.not-steered");
  });

  test("takes the choice of now where another was made while it steered", () => {
    const events = [...start, seen("eth0- wlan0+ wwan0+"), seen("eth0- wlan0- wwan0+"), steered("wlan0")];
    expect(at(events)).toMatchObject({ steering: "steering", wanted: "wwan0", made: "wlan0" });
  });

  test("tells people after a minute without the best, and when it is back", () => {
    expect(at(lesser).notice).toBe("missing");
    const told = [...lesser, passed("noticeDelay", "notice.missing")];
    expect(at(told)).toMatchObject({ notice: "lesser", actions: ["tell"] });
    // A lesser one in place of another, or none: the alarm has another text and severity.
    const again = [...told, seen("eth0- wlan0- wwan0-"), steered()];
    expect(at(again).actions.filter((action) => action === "tell")).toHaveLength(4);
    const back = [...told, seen("eth0+ wlan0* wwan0+"), ...probed(["eth0"]), ...probed(["eth0"], "waiting")];
    expect(at([...back, steered("eth0")]).notice).toBe("best");
    expect(at([...lesser, seen("eth0+ wlan0* wwan0+"), offline, seen("eth0- wlan0* wwan0+")]).notice).toBe("missing");
  });

  test("looks again after looking broke", () => {
    expect(at([broken("watch")]).sight).toBe("broken");
    expect(at([broken("watch"), passed("restartDelay", "sight.broken")]).sight).toBe("watching");
  });

  test("shows its state for people", () => {
    expect(uplinkStatus(undefined)).toBeUndefined();
    expect(uplinkStatus(at([]).snapshot)).toEqual({
      name: undefined,
      uplinks: settings.prefer.map((name) => ({ name, isUp: false })),
    });
    expect(uplinkStatus(at(lesser).snapshot)).toMatchObject({
      name: "wlan0",
      uplinks: [{ name: "eth0", isUp: false }, {}, {}],
    });
    expect(uplinkStatus(at([seen("eth0+ wlan0* wwan0+"), refused()]).snapshot)).toMatchObject({
      name: "wlan0",
      wanted: "eth0",
      why: "not permitted",
    });
  });
});

/** The answer to the choice that the events have led to. */
function steeredNow(events: readonly Played[]): readonly Played[] {
  const { wanted } = at([...events, overdue, done("check", [])]);
  return [steered(wanted)];
}
