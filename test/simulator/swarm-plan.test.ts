// Plans of the swarm: drawn the same from one seed, made small by their failure, written to files and read with words.
import { describe, expect, it } from "vitest";
import { faultKinds } from "#simulator/faults/catalogue.ts";
import { drawPlan } from "#simulator/swarm/draw-plan.ts";
import { Arrived, knownBytes, readOpening, writeOpening } from "#simulator/swarm/known-bytes.ts";
import { parsePlan, writePlan } from "#simulator/swarm/plan-file.ts";
import { shrinkPlan } from "#simulator/swarm/shrink-plan.ts";
import { type FaultEvent, faultsOf, isFaultOrRestart, type SwarmPlan, usualSite } from "#simulator/swarm/swarm-plan.ts";

const kindsOfPeople = ["session", "view", "terminal", "knock", "endpoint", "revoke"] as const;
const seeds = Array.from({ length: 200 }, (_, at) => at + 1);

describe("a plan", () => {
  it("is the same for one seed and another for the next", () => {
    expect(drawPlan(5)).toEqual(drawPlan(5));
    expect(drawPlan(5)).not.toEqual(drawPlan(6));
  });

  it("has some faults fully off in most runs, and over many seeds every kind that can be had", () => {
    // Weather lasts the whole run, and everything must work in it.
    const broken = (seed: number) => faultsOf(drawPlan(seed)).filter(({ forMs }) => forMs < drawPlan(seed).lastsMs);
    const drawn = seeds.map(
      (seed) => new Set(broken(seed).map((event) => ("fault" in event ? event.fault : "restart"))),
    );
    const possible = faultKinds.filter(({ modes }) => modes.memory === true).map(({ name }) => name);
    for (const name of [...possible, "restart"]) {
      expect(
        drawn.some((names) => names.has(name)),
        name,
      ).toBe(true);
      expect(drawn.filter((names) => names.has(name)).length, name).toBeLessThan(seeds.length / 2);
    }
  });

  it("lifts every fault before the end and keeps what excludes one another apart", () => {
    for (const seed of seeds) {
      const plan = drawPlan(seed);
      for (const event of faultsOf(plan)) expect(event.atMs + event.forMs).toBeLessThanOrEqual(plan.lastsMs);
      const cuts = faultsOf(plan).filter((event) => "fault" in event && /power-cut|cloud-restart/.test(event.fault));
      for (const [at, cut] of cuts.entries()) {
        const next = cuts[at + 1];
        if (next !== undefined) expect(next.atMs).toBeGreaterThan(cut.atMs + cut.forMs);
      }
    }
  });

  it("has every sort of people in some runs, and none of them in all but plain sessions", () => {
    const plans = seeds.map((seed) => drawPlan(seed));
    for (const kind of kindsOfPeople) {
      const count = plans.filter(({ events }) => events.some((event) => event.kind === kind)).length;
      expect(count, kind).toBeGreaterThan(10);
      if (kind !== "session") expect(count, kind).toBeLessThan(seeds.length / 1.5);
    }
    expect(plans.some(({ tunnelsMax }) => tunnelsMax < 4)).toBe(true);
    expect(plans.some(({ sessionLifeMs }) => sessionLifeMs <= 120_000)).toBe(true);
  });

  it("is refused where it is too short for anything to happen, and can be written and read from there on", () => {
    expect(() => drawPlan(3, { lastsMs: 9_999 })).toThrow("a run lasts at least 10000 ms, not 9999");
    for (let seed = 1; seed <= 200; seed += 1) {
      const plan = drawPlan(seed, { lastsMs: 10_000 });
      expect(parsePlan(writePlan(plan), "f.json")).toEqual(plan);
    }
  });

  it("comes back from its file as it was", () => {
    for (const seed of seeds.slice(0, 40))
      expect(parsePlan(writePlan(drawPlan(seed)), "f.json")).toEqual(drawPlan(seed));
  });
});

const tiny: SwarmPlan = {
  format: "postern-swarm-plan-1",
  seed: 3,
  lastsMs: 10_000,
  bytePanels: ["plc"],
  vncPanels: [],
  sshPanels: [],
  telnetPanels: [],
  ...usualSite,
  events: [],
};
const fault = {
  kind: "fault",
  atMs: 1,
  forMs: 2,
  fault: "latency",
  parameters: { ms: 5 },
  between: ["cloud", "gateway"],
};
const session = {
  kind: "session",
  atMs: 5,
  id: 1,
  panel: "plc",
  hasChannel: true,
  up: { bytes: 1, pieceBytes: 1, everyMs: 1 },
  down: { bytes: 1, pieceBytes: 1, everyMs: 1 },
  panelThen: "stays",
  lastsMs: 5,
  leaves: "in-order",
  pausesMs: 0,
};

const terminal = {
  kind: "terminal",
  atMs: 5,
  id: 1,
  panel: "pc1",
  lines: 3,
  everyMs: 10,
  resizesEvery: 0,
  answers: "rightly",
  lastsMs: 50,
  leaves: "in-order",
};

describe("a plan's file", () => {
  it("of the time before terminals is read, with the product's own limits", () => {
    const { sshPanels: _, telnetPanels: __, tunnelsMax: ___, sessionLifeMs: ____, ...old } = tiny;
    expect(parsePlan(JSON.stringify(old), "f.json")).toEqual(tiny);
  });

  const rows: readonly (readonly [what: string, file: unknown, problem: RegExp])[] = [
    ["no object", [], /f\.json: plan: must be an object/],
    ["another format", { ...tiny, format: "x" }, /f\.json: plan\.format: .*"x"/],
    ["a field that is none", { ...tiny, lastMs: 4 }, /f\.json: plan: .*"lastMs".*lastsMs/],
    [
      "a time that cannot be",
      { ...tiny, lastsMs: -4 },
      /f\.json: plan\.lastsMs: must be a whole number from 0 to 86400000, not -4/,
    ],
    ["no panel", { ...tiny, bytePanels: [] }, /f\.json: plan\.bytePanels: must be a list of 1 or more names/],
    ["a panel named as a host", { ...tiny, bytePanels: ["cloud"] }, /plan\.bytePanels/],
    [
      "an unknown kind of event",
      { ...tiny, events: [{ kind: "falt", atMs: 1 }] },
      /events\[0\]\.kind: .*"falt".*fault/,
    ],
    ["an unknown fault", { ...tiny, events: [{ ...fault, fault: "latancy" }] }, /events\[0\].*latancy.*latency/],
    [
      "a fault's unknown host",
      { ...tiny, events: [{ ...fault, between: ["cloud", "gatway"] }] },
      /events\[0\].*gatway.*gateway/,
    ],
    ["a fault's bad strength", { ...tiny, events: [{ ...fault, parameters: { ms: -1 } }] }, /events\[0\].*ms/],
    [
      "a session with a panel that is not there",
      { ...tiny, events: [{ ...session, panel: "plk" }] },
      /events\[0\]\.panel: .*"plk".*plc/,
    ],
    [
      "a stream without a pace",
      { ...tiny, events: [{ ...session, up: { bytes: 1, pieceBytes: 1, everyMs: 0 } }] },
      /events\[0\]\.up\.everyMs/,
    ],
    [
      "two terminals of one id",
      { ...tiny, sshPanels: ["pc1"], events: [terminal, terminal] },
      /two terminals have the id 1/,
    ],
    ["a terminal at a panel of bytes", { ...tiny, events: [{ ...terminal, panel: "plc" }] }, /events\[0\]\.panel: /],
    [
      "a door that is none",
      { ...tiny, events: [{ kind: "knock", atMs: 1, door: "closed-prot", hasChannel: true }] },
      /events\[0\]\.door: .*"closed-prot".*closed-port/,
    ],
    [
      "a change of an endpoint that is none",
      { ...tiny, events: [{ kind: "endpoint", atMs: 1, panel: "plc", does: "replaces" }] },
      /events\[0\]\.does: .*"replaces".*replace/,
    ],
    ["no room for a tunnel", { ...tiny, tunnelsMax: 0 }, /plan\.tunnelsMax: must be a whole number from 1/],
    ["two sessions of one id", { ...tiny, events: [session, session] }, /two sessions have the id 1/],
    ["something after the end", { ...tiny, events: [{ ...session, atMs: 10_001 }] }, /after the end of the run/],
  ];
  it.each(rows)("with %s is refused with the place and the word", (_what, file, problem) => {
    expect(() => parsePlan(JSON.stringify(file), "f.json")).toThrow(problem);
  });

  it("that is no JSON is refused", () => {
    expect(() => parsePlan("{", "f.json")).toThrow(/f\.json: not JSON/);
  });
});

describe("shrinking", () => {
  /** Guilty: a black hole anywhere and a loss, together. */
  const isGuilty = (plan: SwarmPlan): boolean => {
    const names = faultsOf(plan).map((event) => ("fault" in event ? event.fault : ""));
    return names.includes("black-hole") && names.includes("loss");
  };

  it("leaves what the failure needs and nothing else, gentle and short", async () => {
    const plan = seeds.map((seed) => drawPlan(seed)).find(isGuilty) ?? tiny;
    expect(faultsOf(plan).length).toBeGreaterThan(3);
    const { plan: small, runs } = await shrinkPlan(plan, { fails: async (smaller) => isGuilty(smaller) });
    const faults = faultsOf(small) as readonly FaultEvent[];
    expect(faults.map((event) => event.fault).sort()).toEqual(["black-hole", "loss"]);
    expect(small.events).toHaveLength(2);
    expect(small.bytePanels).toHaveLength(1);
    for (const { forMs } of faults) expect(forMs).toBeLessThan(1000);
    expect(runs).toBeLessThan(200);
  });

  it("takes away people, panels and limits that the failure does not need", async () => {
    const isWanted = ({ events }: SwarmPlan): boolean =>
      events.some((event) => event.kind === "terminal" && event.panel === "pc2" && event.answers === "wrongly");
    const drawn = seeds.map((seed) => drawPlan(seed)).find(isWanted) ?? tiny;
    const plan = { ...drawn, tunnelsMax: 2, sessionLifeMs: 50_000 };
    const { plan: small } = await shrinkPlan(plan, { fails: async (smaller) => isWanted(smaller) });
    expect(small.events.map(({ kind }) => kind)).toEqual(["terminal"]);
    expect(small).toMatchObject({ vncPanels: [], sshPanels: ["pc1", "pc2"], telnetPanels: [], ...usualSite });
    expect(small.events.filter(isFaultOrRestart)).toEqual([]);
  });

  it("stops at its limit of runs with something that fails", async () => {
    const plan = seeds.map((seed) => drawPlan(seed)).find(isGuilty) ?? tiny;
    const { plan: small, runs } = await shrinkPlan(plan, { fails: async (smaller) => isGuilty(smaller), runsMax: 3 });
    expect(runs).toBe(3);
    expect(isGuilty(small)).toBe(true);
  });
});

describe("known bytes", () => {
  it("are found wrong at the first byte that was altered, lost or doubled", () => {
    const sent = knownBytes(4, "up", 0, 1000);
    const judge = (bytes: Uint8Array): number | undefined => {
      const arrived = new Arrived(4, "up");
      arrived.take(bytes.subarray(0, 300));
      arrived.take(bytes.subarray(300));
      return arrived.wrongAt;
    };
    expect(judge(sent)).toBeUndefined();
    expect(judge(sent.with(500, (sent[500] ?? 0) ^ 1))).toBe(500);
    expect(judge(Buffer.concat([sent.subarray(0, 200), sent.subarray(201)]))).toBe(200);
    expect(judge(Buffer.concat([sent.subarray(0, 400), sent.subarray(399)]))).toBe(400);
    expect(judge(knownBytes(5, "up", 0, 1000))).toBeDefined();
    expect(judge(knownBytes(4, "down", 0, 1000))).toBeDefined();
  });

  it("begin with an opening that is read as it was written, and not when it was altered", () => {
    const opening = { id: 9, bytes: 5, pieceBytes: 6, everyMs: 7, panelThen: "ends" } as const;
    const bytes = writeOpening(opening);
    expect(readOpening(bytes)).toEqual(opening);
    expect(readOpening(bytes.with(0, 1))).toBeUndefined();
  });
});
