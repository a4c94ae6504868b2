// Reports in HTML: one file with everything in it, drawn from the record.
import { describe, expect, it } from "vitest";
import type { RecordEntry, StampedEntry } from "#simulator/record/event-log.ts";
import { coarseState, faultSpans, linkTraffic, machineLanes, stateWords } from "#simulator/report/html/lanes.ts";
import { writeHtml } from "#simulator/report/html/page.ts";
import { rowsMax, sequenceRows } from "#simulator/report/html/sequence-rows.ts";
import { drawSequence, hostOrder } from "#simulator/report/html/sequence-svg.ts";
import { replayCommand } from "#simulator/report/replay-command.ts";
import { runScenario } from "#simulator/scenario/run-scenario.ts";
import { findScenario } from "#simulator/scenarios/catalogue.ts";

function stamped(entries: readonly (readonly [number, RecordEntry])[]): readonly StampedEntry[] {
  return entries.map(([atMs, entry], at) => ({ atMs, seq: at + 1, ...entry }));
}

const wire = { link: "gateway-plc", connection: "gateway:49152>plc:7" } as const;
const up = (delivery: "open" | "bytes" | "end" | "reset", bytes = 0): RecordEntry => ({
  kind: "delivery",
  ...wire,
  from: "gateway",
  delivery,
  bytes,
});
const down = (delivery: "accept" | "refuse" | "bytes" | "end", bytes = 0): RecordEntry => ({
  kind: "delivery",
  ...wire,
  from: "plc",
  delivery,
  bytes,
});

describe("the rows of a sequence", () => {
  it("gather what crosses a connection without a longer silence", () => {
    const rows = sequenceRows(
      stamped([
        [0, up("open")],
        [1, down("accept")],
        [2, up("bytes", 5)],
        [3, down("bytes", 7)],
        [4, up("end")],
      ]),
    );
    expect(rows).toMatchObject([
      {
        kind: "exchange",
        from: "gateway",
        to: "plc",
        isBothWays: true,
        isBroken: false,
        text: "port 7 connects, \u2192 5 B \u2190 7 B, ends",
      },
    ]);
  });

  it("begin a new exchange behind a silence, and tell a long one", () => {
    const rows = sequenceRows(
      stamped([
        [0, up("bytes", 500)],
        [10_000, up("bytes", 600)],
      ]),
    );
    expect(rows.map((row) => (row.kind === "gap" ? row.ms : row.kind === "exchange" ? row.text : row.kind))).toEqual([
      "port 7 \u2192 500 B",
      10_000,
      "port 7 \u2192 600 B",
    ]);
  });

  it("put steps and faults between the exchanges before and behind them", () => {
    const fault = (phase: "begin" | "end"): RecordEntry => ({
      kind: "fault",
      name: "black hole",
      on: "gateway-plc",
      phase,
    });
    const rows = sequenceRows(
      stamped([
        [0, up("bytes", 500)],
        [10, { kind: "step", text: "the cable is pulled" }],
        [11, fault("begin")],
        [12, up("bytes", 600)],
        [20, fault("end")],
      ]),
    );
    expect(rows.map(({ kind }) => kind)).toEqual(["exchange", "step", "fault", "exchange", "fault"]);
  });

  it.each([
    ["a refusal", [up("open"), down("refuse")], { isBroken: true, text: "port 7 refused" }],
    ["a reset", [up("bytes", 100), up("reset")], { isBroken: true, text: "port 7 \u2192 100 B, reset" }],
    ["an attempt that nobody answers", [up("open")], { isUnanswered: true, text: "port 7 connects, unanswered" }],
  ] as const)("tell %s", (_what, entries, expected) => {
    expect(sequenceRows(stamped(entries.map((entry, at) => [at, entry])))).toMatchObject([expected]);
  });

  it("make one row of many small exchanges", () => {
    const rows = sequenceRows(
      stamped(
        Array.from({ length: 12 }, (_, at) => [at * 2000, at % 2 === 0 ? up("bytes", 6) : down("bytes", 2)] as const),
      ),
    );
    expect(rows).toMatchObject([{ kind: "exchange", text: "port 7 12 small exchanges in 22 s" }]);
  });

  it("stay few enough to read, and say how many are left out", () => {
    const steps = stamped(Array.from({ length: 1000 }, (_, at) => [at, { kind: "step", text: `step ${at}` }] as const));
    const rows = sequenceRows(steps);
    expect(rows).toHaveLength(rowsMax + 1);
    expect(rows.find(({ kind }) => kind === "left-out")).toMatchObject({ rows: 1000 - rowsMax });
  });
});

describe("lanes", () => {
  const transition = (to: string): RecordEntry => ({
    kind: "transition",
    machine: "tunnel",
    actor: "tunnel:1",
    event: "x",
    from: "",
    to,
    taken: [],
  });

  it("have a bar for each state, and none for what has ended", () => {
    const lanes = machineLanes(
      stamped([
        [0, transition("checking")],
        [10, transition("standing.forwarding.a+x.y")],
        [15, transition("standing.forwarding.b+x.y")],
        [40, transition("closed")],
      ]),
      100,
    );
    expect(lanes).toEqual([
      {
        name: "tunnel 1",
        spans: [
          { fromMs: 0, toMs: 10, label: "checking", detail: "checking" },
          { fromMs: 10, toMs: 40, label: "forwarding", detail: "standing.forwarding" },
        ],
      },
    ]);
  });

  it("have a bar for each time that a fault was in force, to the end where nobody lifted it", () => {
    const fault = (name: string, phase: "begin" | "end"): RecordEntry => ({ kind: "fault", name, on: "site", phase });
    const spans = faultSpans(
      stamped([
        [1, fault("a", "begin")],
        [2, fault("b", "begin")],
        [3, fault("a", "end")],
        [5, fault("a", "begin")],
        [6, fault("a", "end")],
      ]),
      9,
    );
    expect(spans.map(({ label, fromMs, toMs }) => [label, fromMs, toMs])).toEqual([
      ["a", 1, 3],
      ["b", 2, 9],
      ["a", 5, 6],
    ]);
  });

  it("count bytes, deliveries, connections and resets by direction", () => {
    expect(
      linkTraffic(
        stamped([
          [0, up("open")],
          [1, down("accept")],
          [2, up("bytes", 5)],
          [3, down("bytes", 7)],
          [4, up("reset")],
        ]),
      ),
    ).toEqual([
      { link: "gateway-plc", from: "gateway", to: "plc", bytes: 5, deliveries: 3, connections: 1, resets: 1 },
      { link: "gateway-plc", from: "plc", to: "gateway", bytes: 7, deliveries: 2, connections: 1, resets: 0 },
    ]);
  });

  it.each([
    ["connected.online.lasting+connected.online.outbox.idle", "connected.online", "online"],
    ["opening.waitingForGateway", "opening.waitingForGateway", "waiting for gateway"],
    ["closed", "closed", "closed"],
  ])("call %s %s", (path, coarse, words) => {
    expect([coarseState(path), stateWords(coarseState(path))]).toEqual([coarse, words]);
  });
});

describe("the picture", () => {
  it("has the hosts from left to right, each once, with the person, the cloud and the gateway first", () => {
    expect(hostOrder(["press4", "cloud", "press4", "double"])).toEqual([
      "operator",
      "cloud",
      "gateway",
      "press4",
      "double",
    ]);
  });

  it("draws an arrow from sender to receiver and a band where a fault is in force", () => {
    const entries = stamped([
      [0, up("bytes", 500)],
      [5, { kind: "fault", name: "black hole", on: "gateway-plc", phase: "begin" }],
      [9, down("bytes", 900)],
    ]);
    const [svg = ""] = drawSequence(sequenceRows(entries), hostOrder(["plc"]), faultSpans(entries, 9));
    // Four columns of 220 behind 76 for the time: the gateway stands at 626, the panel at 846.
    expect(svg).toContain('<line class="arrow" x1="626"');
    expect(svg).toMatch(/<line class="arrow" x1="846" y1="[\d.]+" x2="626"/);
    expect(svg).toMatch(/<rect class="band" x="626" y="\d+" width="220"/);
    // The gateway dials to the right: what it got came from the right.
    expect(svg).toContain("port 7 \u2190 900 B");
  });
});

describe("a report", () => {
  it("of a run has the outcome, the replay command, faults, states, steps, bytes and the sequence, and asks nothing of a network", async () => {
    const result = await runScenario(findScenario("dsl-resync"), { seed: 5 });
    const html = writeHtml({ result, replay: replayCommand(result) }, { folder: "", program: "Postern test" });
    for (const part of [
      '<span class="badge passed">PASSED</span>',
      "postern sim run dsl-resync --seed 5",
      "black hole",
      "forwarding",
      "between gateway and cloud lies flaky-dsl",
      "gateway-plc",
      "tunnel.closed",
      "Postern test",
    ]) {
      expect(html).toContain(part);
    }
    expect(html.match(/<svg /g)?.length).toBeGreaterThan(3);
    expect(html).not.toMatch(/<script|<link|<img|\bsrc=|@import|url\(|https?:\/\//i);
    expect(html.length).toBeLessThan(400_000);
  });

  it("of a failure begins with what went wrong, where, and after which step", async () => {
    const scenario = { ...findScenario("panel-program-not-running"), limitMs: 700 };
    const result = await runScenario(scenario);
    const html = writeHtml({ result, replay: replayCommand(result) }, { folder: "", program: "Postern test" });
    expect(html).toContain('<span class="badge failed">FAILED</span>');
    expect(html).toContain(
      '<section class="failure"><p class="what">Waited 700 ms of simulated time for the story to end</p>',
    );
    expect(html.indexOf('class="failure"')).toBeLessThan(html.indexOf("Along time"));
  });

  it("shows what a story says as text, whatever is in it", async () => {
    const scenario = findScenario("panel-program-not-running");
    const result = await runScenario({ ...scenario, title: "<script>alert(1)</script>" });
    const html = writeHtml({ result, replay: "x" }, { folder: "", program: "p" });
    expect(html).not.toContain("<script>");
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  });
});
