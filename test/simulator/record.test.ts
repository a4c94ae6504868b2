// The record of a run: its lines, its limits, the machines' transitions in it, and the counting of what was taken.
import { describe, expect, it } from "vitest";
import { createActor, createMachine } from "xstate";
import { latency } from "#simulator/faults/latency.ts";
import { powerCut } from "#simulator/faults/power-cut.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { EventLog, recordEntriesMax, type TransitionEntry } from "#simulator/record/event-log.ts";
import { MachineCoverage, neverTaken } from "#simulator/record/machine-coverage.ts";
import { MachineTransitions } from "#simulator/record/machine-transitions.ts";
import { statePath } from "#simulator/record/state-path.ts";
import { Site } from "#simulator/site.ts";

describe("a record", () => {
  it("is one line of JSON for each entry, with time and number first", () => {
    let nowMs = 5;
    const log = new EventLog(() => nowMs);
    log.append({ kind: "step", text: "one" });
    nowMs = 7;
    log.append({ kind: "fault", name: "stall", on: "site", phase: "begin" });
    expect(log.text()).toBe(
      '{"atMs":5,"seq":1,"kind":"step","text":"one"}\n{"atMs":7,"seq":2,"kind":"fault","name":"stall","on":"site","phase":"begin"}\n',
    );
  });

  it("ends a run that fills it, and says so", () => {
    const log = new EventLog(() => 3);
    for (let count = 0; count < recordEntriesMax; count += 1) log.append({ kind: "step", text: "" });
    expect(() => log.append({ kind: "step", text: "" })).toThrow(/full \(2000000 entries, 3 ms after the start\)/);
  });
});

const light = createMachine({
  id: "light",
  initial: "red",
  states: {
    red: { on: { go: [{ guard: () => false, target: "broken" }, { target: "green" }] } },
    green: { initial: "on", on: { go: "red" }, states: { on: { always: "blinking" }, blinking: {} } },
    broken: {},
  },
});

function transitionsOf(events: readonly string[]): readonly TransitionEntry[] {
  const taken: TransitionEntry[] = [];
  const actor = createActor(light, { inspect: new MachineTransitions((entry) => taken.push(entry)).inspect });
  actor.start();
  for (const type of events) actor.send({ type });
  return taken;
}

describe("the machines' transitions", () => {
  it("are told with the states before and after and what exactly was taken", () => {
    expect(transitionsOf(["stop", "go", "go"])).toMatchObject([
      { machine: "light", actor: "light#1", event: "xstate.init", from: "", to: "red", taken: [] },
      { event: "go", from: "red", to: "green.on", taken: ["red: go 2 of 2"] },
      { event: "go", from: "green.on", to: "green.blinking", taken: ["green.on: always"] },
      { event: "go", from: "green.blinking", to: "red", taken: ["green: go"] },
    ]);
  });

  it("are counted, and what was never taken is listed", () => {
    const coverage = new MachineCoverage();
    coverage.addMachine(light);
    coverage.count(transitionsOf(["go", "go"]).map((entry, at) => ({ atMs: 0, seq: at + 1, ...entry })));
    const counts = coverage.counts();
    expect(counts["light"]?.states).toEqual({ red: 2, green: 1, "green.on": 1, "green.blinking": 1, broken: 0 });
    expect(neverTaken(counts)).toEqual(["light state broken", "light transition red: go 1 of 2"]);
    const twice = new MachineCoverage();
    twice.add(counts);
    twice.add(counts);
    expect(twice.counts()["light"]?.transitions["green: go"]).toBe(2);
  });

  it("name states side by side in one word", () => {
    expect(statePath({ a: { x: "on", y: { z: "off" } } })).toBe("a.x.on+a.y.z.off");
    expect(statePath("a")).toBe("a");
  });
});

describe("a site's record", () => {
  it("has deliveries, transitions of all machines, faults, steps and the programs' logs", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() }, keepBytes: true });
    site.says("a word of the story");
    const echo = await site.operator.opensPassthrough("plc");
    const lift = site.between("gateway", "cloud").apply(latency(5));
    await echo.sends(Buffer.from("hello"));
    await echo.receives(5);
    lift();
    await site.during(powerCut(), () => site.passes(1000));
    const lines = site.record.text().split("\n");
    const has = (...parts: readonly string[]): boolean =>
      lines.some((line) => parts.every((part) => line.includes(part)));
    const sha = "2cf24dba5fb0a30e"; // sha256("hello"), first 16 digits
    expect(has('"link":"gateway-plc","from":"gateway"', '>plc:7","delivery":"bytes","bytes":5', sha)).toBe(true);
    for (const machine of ["gateway", "connectivity", "registration", "operations", "tunnel", "session"]) {
      expect(has('"kind":"transition"', `"machine":"${machine}"`), machine).toBe(true);
    }
    expect(has('"kind":"fault","name":"latency 5 ms","on":"cloud-gateway","phase":"begin"')).toBe(true);
    expect(has('"kind":"fault","name":"latency 5 ms","on":"cloud-gateway","phase":"end"')).toBe(true);
    expect(has('"kind":"fault","name":"power cut","on":"site"')).toBe(true);
    expect(has('"kind":"step","text":"a word of the story"')).toBe(true);
    expect(has("the gateway's power fails")).toBe(true);
    expect(has('"kind":"log","program":"gateway"', '"event":"tunnel.opened"')).toBe(true);
    expect(has('"kind":"log","program":"cloud"', '"event":"session.opened"')).toBe(true);
    expect(site.record.text()).not.toContain("hello");
    expect(site.keptDeliveries.some(({ bytes }) => Buffer.from(bytes).toString() === "hello")).toBe(true);
  });

  it("has lengths and no hashes of what real TLS enciphers, and both of all else", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    const { network } = site.network.host("gateway");
    const dialling = network.dial({ address: "192.168.10.11", port: 7 }, { timeoutMs: 1000 });
    const dialled = await site.until(dialling, { what: "a connection" });
    if (!dialled.ok) throw new Error(dialled.detail);
    const { stream } = dialled.connection;
    stream.resume();
    stream.write(Buffer.from("before"));
    await site.passes(100);
    // RFC 8446 section 5.1: a record of a handshake (22), version 3.1, 4 bytes, and in it a ClientHello (1).
    stream.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x04, 0x01, 0x00, 0x00, 0x00]));
    await site.passes(100);
    stream.destroy();
    const sent = site.record.entries.filter((entry) => entry.kind === "delivery" && entry.link === "gateway-plc");
    expect(sent.flatMap((entry) => ("sha256" in entry ? [`${entry.bytes} ${entry.sha256?.length}`] : []))).toEqual([
      "6 16",
      "6 16",
      "9 10",
      "9 10",
    ]);
    expect(sent.filter((entry) => "sha256" in entry && entry.sha256 === "enciphered")).toHaveLength(2);
  });
});
