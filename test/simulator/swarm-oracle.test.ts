// The swarm's oracle itself: what it must find in runs that are wrong on purpose, and what it must leave alone.
import { describe, expect, it } from "vitest";
import type { BoardProgram } from "#simulator/gateway/board.ts";
import type { RunningSshPanel } from "#simulator/panels/ssh/ssh-panel.ts";
import { type RunHooks, runPlan } from "#simulator/swarm/run-plan.ts";
import {
  doors,
  type FaultEvent,
  type SessionEvent,
  type SwarmPlan,
  type TerminalEvent,
  usualSite,
} from "#simulator/swarm/swarm-plan.ts";
import { expectedShow, fileOf, sshSpeech, stepsOf, telnetSpeech } from "#simulator/swarm/terminal-transcript.ts";

const quiet: SwarmPlan = {
  format: "postern-swarm-plan-1",
  seed: 9,
  lastsMs: 60_000,
  bytePanels: ["plc"],
  vncPanels: [],
  sshPanels: [],
  telnetPanels: [],
  ...usualSite,
  events: [],
};

/** Arms the watchdog with 10 s and pets it so often; never with 0. */
const watched =
  (petEveryMs: number): BoardProgram =>
  ({ clock, watchdog }) => {
    watchdog?.arm(10_000);
    let timer: ReturnType<typeof clock.setTimeout> | undefined;
    const pets = (): void => {
      watchdog?.pet();
      timer = clock.setTimeout(pets, petEveryMs);
    };
    if (petEveryMs > 0) pets();
    return () => {
      clock.clearTimeout(timer);
      watchdog?.disarm();
    };
  };

/** The gateway leaves the watchdog to the program. */
const runs = (program: BoardProgram): RunHooks => ({
  gateway: { board: { model: "auto", watchdog: false, watchdogTimeoutMs: 15_000 } },
  begins: (site) => void site.board.runs(program),
});

const fault = (kind: string, atMs: number, forMs: number): FaultEvent => ({
  ...{ kind: "fault", fault: kind, parameters: {} },
  ...{ atMs, forMs },
});

describe("a watchdog that a program of the board has armed", () => {
  it("must not bite when nobody starves it", async () => {
    const { failure } = await runPlan(quiet, runs(watched(0)));
    expect(failure).toMatchObject({
      check: "watchdog",
      message: expect.stringMatching(/rebooted the board \d+ times/),
    });
  });

  it("is left alone by the oracle as long as it is petted, through power cuts, restarts and jumps of the clock", async () => {
    const events = [
      fault("power-cut", 10_000, 3_000),
      { kind: "restart", atMs: 20_000, forMs: 12_000 } as const,
      { ...fault("clock-jump", 40_000, 5_000), parameters: { host: "gateway" } },
    ];
    const { failure } = await runPlan({ ...quiet, events }, runs(watched(4_000)));
    expect(failure).toBeUndefined();
  });

  it("may bite a program that was made to hang", async () => {
    const { failure, text } = await runPlan(
      { ...quiet, events: [fault("watchdog-starvation", 10_000, 30_000)] },
      runs(watched(4_000)),
    );
    expect(failure).toBeUndefined();
    expect(text.match(/"event":"gateway.started"/g)?.length).toBe(2);
  });
});

const session = (id: number, more: Partial<SessionEvent> = {}): SessionEvent => ({
  ...{ kind: "session", atMs: 1_000, id, panel: "plc", hasChannel: true },
  ...{ up: { bytes: 400, pieceBytes: 4, everyMs: 300 }, down: { bytes: 400, pieceBytes: 4, everyMs: 300 } },
  ...{ panelThen: "stays", lastsMs: 40_000, leaves: "in-order", pausesMs: 0, ...more },
});

/** What each session was told at its end, and the run's failure if it has one. */
async function endings(plan: SwarmPlan): Promise<readonly (string | undefined)[]> {
  let reasons: readonly (string | undefined)[] = [];
  const { failure } = await runPlan(plan, {
    extraOracle: ({ sessions, knocks }) => {
      reasons = [...sessions, ...knocks].flatMap(({ plan: event, ending }) =>
        event.kind === "session" && event.id >= 1_000_000 ? [] : [ending?.said?.reason ?? ending?.reason],
      );
    },
  });
  return failure === undefined ? reasons : [`${failure.check}: ${failure.message}`];
}

describe("people with what cannot be had", () => {
  it("are told why at each door", async () => {
    const events = doors.map(
      (door, at) => ({ kind: "knock", atMs: at * 1_000, door, hasChannel: at % 2 === 0 }) as const,
    );
    expect(await endings({ ...quiet, events })).toEqual([
      ...["panel.timeout", "panel.timeout", "policy.refused", "panel.name-unknown", "panel.refused"],
    ]);
  });

  it.each(["change", "replace"] as const)(
    "lose their sessions by a %s of the endpoint, and find the new one",
    async (does) => {
      const change = { kind: "endpoint", atMs: 10_000, panel: "plc", does } as const;
      const plan = {
        ...quiet,
        bytePanels: ["plc", "mixer2"],
        events: [session(1), session(2, { panel: "mixer2" }), change, session(3, { atMs: 20_000 })],
      };
      expect(await endings(plan)).toEqual(["endpoint.removed", "client.closed", "client.closed"]);
    },
  );

  it("lose their sessions with their rights, which are not those of others", async () => {
    const revoke = { kind: "revoke", atMs: 10_000, forMs: 5_000 } as const;
    const events = [session(3), session(4), revoke, session(6, { atMs: 20_000, lastsMs: 5_000 })];
    expect(await endings({ ...quiet, events })).toEqual(["permission.revoked", "client.closed", "client.closed"]);
  });

  it("are refused what is one too many, and sent home when their time is over", async () => {
    const events = [session(1), session(2, { atMs: 2_000 })];
    expect(await endings({ ...quiet, tunnelsMax: 1, events })).toEqual(["client.closed", "gateway.busy"]);
    expect(await endings({ ...quiet, sessionLifeMs: 30_000, events: [session(1)] })).toEqual(["session.expired"]);
  });
});

describe("a gateway that is new", () => {
  it("is let in although its power fails and its disk is full in the middle of it", async () => {
    const events = [
      fault("power-cut", 2_000, 3_000),
      fault("disk-full", 5_000, 10_000),
      session(1, { atMs: 45_000, lastsMs: 10_000 }),
    ];
    expect(await endings({ ...quiet, isNew: true, events })).toEqual(["client.closed"]);
  });
});

const person = (panel: string, more: Partial<TerminalEvent> = {}): TerminalEvent => ({
  ...{ kind: "terminal", atMs: 1_000, id: 1, panel, lines: 6, everyMs: 400, resizesEvery: 2 },
  ...{ answers: "rightly", lastsMs: 20_000, leaves: "logs-out", ...more },
});

const withTerminals = (...events: readonly TerminalEvent[]): SwarmPlan => ({
  ...{ ...quiet, sshPanels: ["pc1", "pc2"], telnetPanels: ["menu1"] },
  events,
});

describe("a person at a terminal panel", () => {
  it.each(["pc1", "pc2", "menu1"])("types, resizes and logs out at %s, and all of it arrives once", async (panel) => {
    let seen: unknown;
    const { failure } = await runPlan(withTerminals(person(panel)), {
      extraOracle: ({ terminals }) => {
        const [terminal] = terminals;
        seen = { shown: terminal?.shown, size: terminal?.size, reason: terminal?.ending?.said?.reason };
      },
    });
    expect(failure).toBeUndefined();
    const speech = panel === "menu1" ? telnetSpeech(panel) : sshSpeech(panel);
    const steps = stepsOf(speech, person(panel));
    const lines = steps.flatMap((step) => (step.kind === "line" ? [step] : []));
    expect(seen).toEqual({
      shown: expectedShow(speech, [...lines, speech.logOut], true),
      size: steps.findLast((step) => step.kind === "size")?.size,
      reason: "panel.closed",
    });
  });

  it("who answers wrongly is not let in, and one who never answers is given up", async () => {
    let reasons: unknown;
    const events = [
      person("pc2", { answers: "wrongly" }),
      person("pc2", { id: 2, answers: "never", lastsMs: 150_000 }),
    ];
    const { failure } = await runPlan(
      { ...withTerminals(...events), lastsMs: 170_000 },
      {
        extraOracle: ({ terminals }) => {
          reasons = terminals.map(({ ending }) => ending?.said?.reason);
        },
      },
    );
    expect(failure).toBeUndefined();
    expect(reasons).toEqual(["auth.failed", "hostkey.unknown"]);
  });

  it("is missed when the panel has not got what was typed, or has it twice", async () => {
    const spoils =
      (change: (text: string) => string): NonNullable<RunHooks["begins"]> =>
      (site) => {
        const { files } = (site.panels as unknown as { readonly pc1: RunningSshPanel }).pc1;
        site.clock.setTimeout(() => {
          files.write(fileOf(1), Buffer.from(change(files.read(fileOf(1)).toString())));
        }, 15_000);
      };
    const plan = withTerminals(person("pc1", { leaves: "in-order" }));
    const lost = await runPlan(plan, { begins: spoils((text) => `${text.split("\n").slice(0, 2).join("\n")}\n`) });
    expect(lost.failure?.check).toBe("bytes-complete");
    const doubled = await runPlan(plan, { begins: spoils((text) => `${text.split("\n")[0]}\n${text}`) });
    expect(doubled.failure?.check).toBe("bytes-are-prefix");
  });
});
