// The management machine as a table: what it remembers before it acts, how each operation ends, and what it refuses.
import { describe, expect, test } from "vitest";
import { managementMachine } from "#firmware/device-management/management.machine.ts";
import type { ManagementRecords } from "#firmware/device-management/records.ts";
import { deadStates, walk } from "./graph-walk.ts";
import { play, type Step } from "./steps.ts";

const input = { taken: ["c8y_Restart", "c8y_DownloadConfigFile"] };
const loaded = (records: Partial<ManagementRecords> = {}, more: object = {}) => ({
  type: "xstate.done.actor.load",
  actorId: "load",
  output: { records: { done: [], ...records }, bootId: "boot-2", configHash: "old", fallenBackWhy: undefined, ...more },
});
const done = (id: string, output?: unknown) => ({ type: `xstate.done.actor.${id}`, actorId: id, output });
const broke = (id: string) => ({ type: `xstate.error.actor.${id}`, actorId: id, error: new Error("EROFS") });
const passed = (delay: string, state: string) => ({ type: `xstate.after.${delay}.management.${state}` });
const start = { type: "management.start", isNew: false };
const online = { type: "management.online" };
const requested = (operation: string, fragment: string, more: object = {}) => ({
  type: "management.requested",
  operation,
  id: operation,
  request: { fragment, ...more },
});
const restart = requested("1", "c8y_Restart");
const command = requested("2", "c8y_Command", { text: "uptime" });
const download = requested("3", "c8y_DownloadConfigFile", { url: "https://x/y" });
const running = [start, loaded()];
const usable = done("judge", { kind: "usable", text: "new = 1", hash: "new" });
const trial = { id: "8", newHash: "new", phase: "trying", starts: 0 } as const;
const onTrial = [start, loaded({ trial }, { configHash: "new" }), done("store")];

const at = (events: readonly { readonly type: string }[]): Step<typeof managementMachine> =>
  play(managementMachine, input, events);
const outcome = (events: readonly { readonly type: string }[]) => at(events).snapshot.context.outcome;

test.each<{ name: string; events: readonly { readonly type: string }[]; work?: string; trial?: string }>([
  { name: "does nothing before it has remembered", events: [start, command] },
  { name: "nor before the gateway is registered", events: [loaded(), command] },
  { name: "is ready", events: running, work: "idle", trial: "none" },
  { name: "is ready when nothing can be remembered", events: [start, broke("load")], work: "idle" },
  { name: "performs what can be done at once", events: [...running, command], work: "performing" },
  { name: "and is ready again", events: [...running, command, done("perform", { ok: true })], work: "idle" },
  { name: "and again when it breaks", events: [...running, command, broke("perform")], work: "idle" },
  {
    name: "and again when it hangs",
    events: [...running, command, passed("performLimit", "running.work.performing")],
    work: "idle",
  },
  { name: "writes a restart down first", events: [...running, restart], work: "restarting.remembering" },
  {
    name: "does not restart what cannot be written down",
    events: [...running, restart, broke("storeRestart")],
    work: "restarting.failing",
  },
  {
    name: "waits for the tunnels to close",
    events: [...running, restart, done("storeRestart")],
    work: "restarting.quieting",
  },
  {
    name: "asks when they are closed",
    events: [...running, restart, done("storeRestart"), { type: "management.quiet" }],
    work: "restarting.asking",
  },
  {
    name: "asks when they do not close",
    events: [...running, restart, done("storeRestart"), passed("quietLimit", "running.work.restarting.quieting")],
    work: "restarting.asking",
  },
  {
    name: "waits for the restart",
    events: [...running, restart, done("storeRestart"), { type: "management.quiet" }, done("restart", { ok: true })],
    work: "restarting.awaiting",
  },
  {
    name: "takes a no",
    events: [
      ...running,
      restart,
      done("storeRestart"),
      { type: "management.quiet" },
      done("restart", { ok: false, why: "no" }),
    ],
    work: "restarting.failing",
  },
  {
    name: "judges a configuration first",
    events: [...running, download],
    work: "configuring.judging",
    trial: "none",
  },
  {
    name: "refuses one that is not usable",
    events: [...running, download, done("judge", { kind: "refused", why: "x" })],
    work: "idle",
  },
  { name: "writes one that is", events: [...running, download, usable], work: "configuring.replacing" },
  {
    name: "puts back what was written of it when that fails",
    events: [...running, download, usable, broke("replace")],
    work: "configuring.failing",
  },
  {
    name: "is ready again then",
    events: [...running, download, usable, broke("replace"), done("putBack")],
    work: "idle",
  },
  { name: "leaves with it", events: [...running, download, usable, done("replace")], work: "configuring.leaving" },
  { name: "tries it after the start", events: onTrial, trial: "proving" },
  { name: "keeps it once online", events: [...onTrial, online], trial: "keeping" },
  { name: "keeps it when it was online before that", events: [online, ...onTrial], trial: "keeping" },
  { name: "has kept it", events: [...onTrial, online, done("keep"), done("storeEnded")], trial: "none" },
  { name: "keeps it again when that fails", events: [...onTrial, online, broke("keep")], trial: "keepingAgain" },
  {
    name: "undoes it at the limit",
    events: [...onTrial, passed("trialLimit", "running.trial.proving")],
    trial: "undoing",
  },
  {
    name: "undoes it again when that fails",
    events: [...onTrial, passed("trialLimit", "running.trial.proving"), broke("undo")],
    trial: "undoingAgain",
  },
  {
    name: "leaves with the old one",
    events: [...onTrial, passed("trialLimit", "running.trial.proving"), done("undo")],
    trial: "leaving",
  },
  { name: "tries one at a time", events: [...onTrial, download], work: "idle", trial: "proving" },
])("$name", ({ events, work, trial: trialState }) => {
  const { value } = at(events).snapshot as { readonly value: unknown };
  const { running: regions } = (typeof value === "object" ? value : {}) as {
    readonly running?: Record<string, unknown>;
  };
  if (work === undefined && trialState === undefined) expect(regions).toBeUndefined();
  if (work !== undefined) expect(path(regions?.["work"])).toBe(work);
  if (trialState !== undefined) expect(path(regions?.["trial"])).toBe(trialState);
});

function path(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([name, inner]) => `${name}.${path(inner)}`)[0] ?? "";
}

describe("a new file with which the gateway is not even registered", () => {
  const unregistered = [loaded({ trial }, { configHash: "new" })];
  const limit = passed("trialLimit", "reporting");

  test("is undone at the same limit", () => {
    expect(at(unregistered).state).toBe("reporting");
    const { state, snapshot } = at([...unregistered, limit]);
    expect(state).toBe("withdrawing.undoing");
    expect(snapshot.context.records.trial).toMatchObject({ phase: "undoing" });
    expect(at([...unregistered, limit, broke("undo")]).state).toBe("withdrawing.undoingAgain");
    const gone = at([...unregistered, limit, done("undo")]);
    expect(gone.state).toBe("withdrawing.leaving");
    expect(gone.actions).toContain("tell");
  });

  test("also when a power cut came in the midst of that", () => {
    const cut = [loaded({ trial: { ...trial, phase: "undoing", why: "because" } }, { configHash: "new" }), limit];
    expect(at(cut).state).toBe("withdrawing.undoing");
    expect(at(cut).snapshot.context.records.trial?.why).toBe("because");
  });

  test("and nothing is undone where there is none", () => {
    expect(at([loaded(), limit]).state).toBe("reporting");
    expect(at([loaded({ trial: { ...trial, phase: "kept" } }, { configHash: "new" }), limit]).state).toBe("reporting");
  });
});

describe("what it remembers", () => {
  test("is which boot asked for a restart", () => {
    expect(at([...running, restart]).snapshot.context.records.restart).toEqual({ id: "1", bootId: "boot-2" });
  });

  test("is nothing of a restart that did not come, and its outcome", () => {
    const asked = [
      ...running,
      restart,
      done("storeRestart"),
      { type: "management.quiet" },
      done("restart", { ok: true }),
    ];
    const { records } = at([...asked, passed("restartLimit", "running.work.restarting.awaiting")]).snapshot.context;
    expect(records).toEqual({
      done: [{ id: "1", outcome: { ok: false, why: "the machine said yes and did not restart within 5 minutes" } }],
    });
  });

  test("is the new file's hash, before it is written", () => {
    expect(at([...running, download, usable]).snapshot.context.records.trial).toEqual({
      id: "3",
      newHash: "new",
      phase: "trying",
      starts: 0,
    });
  });

  test("is why a new file is undone", () => {
    const events = [...onTrial, { type: "management.offline", why: "name-unknown" }];
    const { records } = at([...events, passed("trialLimit", "running.trial.proving")]).snapshot.context;
    expect(records.trial).toMatchObject({
      phase: "undoing",
      why: "the gateway did not come online with it within 5 minutes (name-unknown): the old configuration is used again",
    });
  });
});

describe("what it says", () => {
  const told = (events: readonly { readonly type: string }[]) =>
    at(events).actions.filter((action) => action.startsWith("tell") || action.startsWith("log"));

  test("answers an operation that it has done in an earlier run, and does not do it again", () => {
    const events = [start, loaded({ done: [{ id: "1", outcome: { ok: true } }] }), restart];
    expect(told(events)).toEqual(["log management.requested", "log management.succeeded", "tell"]);
    expect(at(events).snapshot.context.records.restart).toBeUndefined();
  });

  test("refuses what waits when the gateway is about to end, and what comes then", () => {
    const leaving = [...running, download, command, usable, done("replace")];
    expect(at(leaving).snapshot.context.waiting).toEqual([]);
    expect(told([...leaving, requested("9", "c8y_Restart")])).toEqual([
      "log management.requested",
      "log management.failed",
      "tell",
    ]);
  });

  test("refuses more than its limit", () => {
    const events = [...running, ...Array.from({ length: 18 }, () => command)];
    expect(at(events.slice(0, -1)).snapshot.context.waiting).toHaveLength(16);
    expect(told(events)).toEqual(["log management.requested", "log management.failed", "tell"]);
    expect(at(events).snapshot.context.waiting).toHaveLength(16);
  });

  test("has words for what broke", () => {
    expect(outcome([...running, restart, broke("storeRestart")])).toEqual({
      ok: false,
      why: "it could not be done: EROFS",
    });
    expect(outcome([...running, download, usable, broke("replace")])).toEqual({
      ok: false,
      why: "the new configuration cannot be written: EROFS",
    });
  });
});

test("has a way to be ready from wherever it can get", () => {
  const moments = walk({
    machine: managementMachine,
    input,
    payloads: {
      "management.start": [{ isNew: false }],
      "management.offline": [{ why: "timeout" }],
      "management.requested": [restart, command, download].map(({ type: _type, ...more }) => more),
      "done load": [
        { output: loaded().output },
        { output: loaded({ trial }, { configHash: "new" }).output },
        { output: loaded({ trial: { ...trial, phase: "undoing" } }, { configHash: "new" }).output },
        { output: loaded({ trial: { ...trial, phase: "kept" } }, { configHash: "new" }).output },
        { output: loaded({ trial }).output },
      ],
      ...Object.fromEntries(
        [
          "store",
          "storeRestart",
          "storeFailure",
          "storeEnded",
          "storeTold",
          "replace",
          "keep",
          "keepEnded",
          "undo",
          "putBack",
        ].map((name) => [`done ${name}`, [{}]]),
      ),
      "done perform": [{ output: { ok: true } }],
      "done restart": [{ output: { ok: true } }, { output: { ok: false, why: "no" } }],
      "done judge": [{ output: usable.output }, { output: { kind: "unchanged" } }],
    },
    decides: ({ isOnline, start: isStarted, trial: state, waiting, current, records }) => ({
      ...{ isOnline, state },
      isStarted: isStarted !== undefined,
      waiting: Math.min(1, (waiting as unknown[]).length),
      current: (current as { request?: { fragment?: string } } | undefined)?.request?.fragment,
      isTold: (records as ManagementRecords).done.every(({ isTold }) => isTold === true),
    }),
    leftOut: [],
  });
  expect(moments.size).toBeGreaterThan(50);
  // The two in which it waits for its own end are left by that alone.
  const isReady = ({ state }: { readonly state: string }) => state.includes("idle") || state.includes("leaving");
  expect(deadStates(moments, isReady)).toEqual([]);
});
