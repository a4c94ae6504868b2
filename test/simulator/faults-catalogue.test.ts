// The catalogue and the text form: every fault by name, and what is said of what cannot be.
import { describe, expect, it } from "vitest";
import { checkMode, createFault, faultKinds, findFaultKind, rangeOf } from "#simulator/faults/catalogue.ts";
import { isLinkFault } from "#simulator/faults/fault.ts";
import { FaultError } from "#simulator/faults/fault-error.ts";
import { strengthen } from "#simulator/faults/fault-kind.ts";
import { parseFaultSpec, parseFaultSpecs } from "#simulator/faults/fault-spec.ts";
import { nearestWord } from "#simulator/faults/nearest-word.ts";
import { findLinkProfile, linkProfiles, profileFaults } from "#simulator/faults/profiles.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";

/** As the issue lists them. */
const wanted = [
  ["latency", "jitter", "throttle", "slice", "slow-reader", "loss", "stall", "black-hole", "one-way-partition"],
  ["corrupt", "duplicate", "half-open", "refuse", "reset", "dns-failure", "dns-wrong-answer", "certificate"],
  ["captive-portal", "proxy-refusal", "clock-jump", "broker-kick", "duplicate-client-id", "cloud-restart"],
  ["power-cut", "disk-full", "disk-read-only", "disk-torn", "watchdog-starvation", "modem-hang", "uplink-swap"],
].flat();

function errorOf(run: () => unknown): FaultError {
  try {
    run();
  } catch (error) {
    if (error instanceof FaultError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the catalogue", () => {
  it("has every fault under its name", () => {
    expect(faultKinds.map(({ name }) => name)).toEqual(wanted);
  });

  it.each(faultKinds.map((kind) => [kind.name, kind] as const))("%s can be made from its defaults", (name, kind) => {
    const fault = createFault(name);
    expect(isLinkFault(fault)).toBe(kind.kind === "link");
    expect(fault.name).not.toBe("");
    expect(kind.summary).toMatch(/^[A-Z].*\.$/);
    expect(kind.modes.memory).toBe(true);
    expect(kind.places).not.toEqual([]);
  });

  it.each(faultKinds.map((kind) => [kind.name, kind] as const))(
    "%s draws the same from a seed, and only what it takes",
    (name, kind) => {
      for (let seed = 0; seed < 50; seed += 1) {
        const drawn = kind.draw(new SeededRandom(seed));
        expect(kind.draw(new SeededRandom(seed))).toEqual(drawn);
        expect(() => createFault(name, drawn)).not.toThrow();
      }
    },
  );

  it("makes each parameter's strength grow from gentle to severe", () => {
    const { parameters } = findFaultKind("throttle");
    const rates = [0, 0.5, 1].map((strength) => strengthen(parameters, strength)["bytesPerSecond"]);
    expect(rates).toEqual([1_000_000, 22_361, 500]);
  });

  it("says the range of each parameter in words", () => {
    const words = (kind: string) => findFaultKind(kind).parameters.map(rangeOf);
    expect(words("latency")[0]).toBe("a whole number of ms from 0 to 600000");
    expect(words("loss")[0]).toBe("a number from 0.0001 to 0.9");
    expect(words("certificate")[0]).toBe('one of "expired", "not-yet-valid", "wrong-name", "unknown-authority"');
    expect(words("reset")[1]).toBe("true or false");
  });

  it("refuses a fault where it cannot run, with the reason", () => {
    expect(() => checkMode(findFaultKind("latency"), "loopback")).not.toThrow();
    const { code, message } = errorOf(() => checkMode(findFaultKind("uplink-swap"), "loopback"));
    expect(code).toBe("fault.not-here");
    expect(message).toBe(
      'uplink-swap cannot run in the mode "loopback": this machine\'s own interfaces are not ours to take down',
    );
  });
});

describe("what is asked for wrongly", () => {
  it.each([
    ["latencie", 'there is no fault "latencie"; did you mean "latency"?'],
    ["blackHole", 'there is no fault "blackHole"; did you mean "black-hole"?'],
    ["disk full", 'there is no fault "disk full"; did you mean "disk-full"?'],
  ])("%s is answered with what was meant", (name, message) => {
    expect(errorOf(() => createFault(name))).toMatchObject({ code: "fault.unknown-name", message });
  });

  it("names all faults where none is near", () => {
    expect(errorOf(() => createFault("zzzzzzzz")).message).toMatch(
      /^there is no fault "zzzzzzzz"; there are latency, /,
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["latency", { msec: 5 }, 'msec: there is no parameter of latency "msec"; did you mean "ms"?'],
    [
      "latency",
      { ms: -1 },
      "ms: latency takes a whole number of ms from 0 to 600000 (how much later, one way), not -1",
    ],
    [
      "latency",
      { ms: 1.5 },
      "ms: latency takes a whole number of ms from 0 to 600000 (how much later, one way), not 1.5",
    ],
    [
      "latency",
      { ms: "200" },
      'ms: latency takes a whole number of ms from 0 to 600000 (how much later, one way), not "200"',
    ],
    [
      "loss",
      { share: 1 },
      "share: loss takes a number from 0.0001 to 0.9 (probability with which a segment is lost), not 1",
    ],
    [
      "reset",
      { spareNew: "yes" },
      'spareNew: reset takes true or false (only what is open when it begins is reset), not "yes"',
    ],
    [
      "proxy-refusal",
      { status: 407 },
      'status: proxy-refusal takes one of "407", "502" (what the proxy says), not 407',
    ],
  ])("%s %j", (name, parameters, message) => {
    expect(errorOf(() => createFault(name, parameters)).message).toBe(message);
  });
});

describe("the text form", () => {
  const hosts = ["operator", "cloud", "gateway", "press4"];

  it("gives back what it means, with everything that was left out", () => {
    const spec = parseFaultSpec({
      fault: "latency",
      parameters: { ms: 100 },
      between: ["gateway", "cloud"],
      from: "cloud",
      probability: 0.5,
      schedule: { afterMs: 1000, forMs: 500, everyMs: 2000, times: 3 },
      when: { event: "rfb.framebuffer-update", nth: 3 },
    });
    expect(spec).toEqual({
      fault: "latency",
      parameters: { ms: 100, jitterMs: 0 },
      between: ["gateway", "cloud"],
      from: "cloud",
      probability: 0.5,
      schedule: { afterMs: 1000, forMs: 500, everyMs: 2000, times: 3 },
      when: { event: "rfb.framebuffer-update", nth: 3 },
    });
  });

  it("takes a strength for the parameters that are left out", () => {
    const spec = (json: object) => parseFaultSpec({ fault: "latency", between: ["a", "b"], ...json }).parameters;
    expect(spec({ strength: 1 })).toEqual({ ms: 2000, jitterMs: 1000 });
    expect(spec({ strength: 0 })).toEqual({ ms: 1, jitterMs: 0 });
    expect(spec({ strength: 1, parameters: { jitterMs: 7 } })).toEqual({ ms: 2000, jitterMs: 7 });
  });

  const wire = { between: ["gateway", "cloud"] };

  it.each<[unknown, string]>([
    [
      "latency",
      'faults[0]: takes a fault such as { "fault": "latency", "between": ["gateway", "cloud"] }, not "latency"',
    ],
    [null, 'faults[0]: takes a fault such as { "fault": "latency", "between": ["gateway", "cloud"] }, not null'],
    [{}, "faults[0].fault: takes the name of a fault, not undefined"],
    [{ fault: "latancy" }, 'faults[0].fault: there is no fault "latancy"; did you mean "latency"?'],
    [
      { fault: "latency", ...wire, parametres: {} },
      'faults[0].parametres: there is no field of a fault "parametres"; did you mean "parameters"?',
    ],
    [
      { fault: "latency", ...wire, ms: 3 },
      'faults[0].ms: there is no field of a fault "ms"; there are fault, parameters, strength, between, from, probability, ' +
        'schedule, when; parameters of the fault stand in "parameters"',
    ],
    [
      { fault: "latency", ...wire, parameters: { ms: -5 } },
      "faults[0].parameters.ms: latency takes a whole number of ms from 0 to 600000 (how much later, one way), not -5",
    ],
    [
      { fault: "latency", ...wire, parameters: 3 },
      "faults[0].parameters: takes an object with parameters of latency, not 3",
    ],
    [
      { fault: "latency" },
      'faults[0].between: latency stands on a wire: "between": ["gateway", "cloud"] says on which',
    ],
    [
      { fault: "latency", from: "cloud" },
      'faults[0].from: "from" says a direction, and "between" does not say of which wire',
    ],
    [{ fault: "power-cut", ...wire }, 'faults[0].between: power-cut acts on the whole site: leave "between" out'],
    [
      { fault: "one-way-partition", ...wire },
      'faults[0].from: one-way-partition has a direction: "from": "gateway" says which',
    ],
    [
      { fault: "latency", ...wire, from: "press4" },
      'faults[0].from: takes one of the two ends gateway and cloud, not "press4"',
    ],
    [{ fault: "latency", between: ["gateway"] }, 'faults[0].between: takes the names of two hosts, not ["gateway"]'],
    [
      { fault: "latency", between: ["gateway", "press5"] },
      'faults[0].between[1]: there is no host "press5"; did you mean "press4"?',
    ],
    [
      { fault: "latency", ...wire, probability: 0 },
      "faults[0].probability: takes a number above 0 and at most 1, not 0",
    ],
    [{ fault: "latency", ...wire, strength: 1.1 }, "faults[0].strength: takes a number from 0 to 1, not 1.1"],
    [
      { fault: "latency", ...wire, schedule: { after: 3 } },
      'faults[0].schedule.after: there is no field of a schedule "after"; did you mean "afterMs"?',
    ],
    [
      { fault: "latency", ...wire, schedule: { afterMs: -3 } },
      "faults[0].schedule.afterMs: takes a whole number of ms from 0 to 2147483647, not -3",
    ],
    [
      { fault: "latency", ...wire, schedule: { forMs: 0 } },
      "faults[0].schedule.forMs: takes a whole number of ms from 1 to 2147483647, not 0",
    ],
    [
      { fault: "latency", ...wire, schedule: { forMs: 500, everyMs: 500 } },
      "faults[0].schedule.everyMs: 500 ms is no more than the 500 ms that it lasts each time",
    ],
    [
      { fault: "latency", ...wire, schedule: { everyMs: 500 } },
      'faults[0].schedule.everyMs: comes again, and "forMs" does not say how long it lasts each time',
    ],
    [
      { fault: "latency", ...wire, schedule: { times: 2 } },
      'faults[0].schedule.times: says how often, and "everyMs" does not say how far apart',
    ],
    [
      { fault: "latency", ...wire, when: { event: "rfb.framebufferupdate" } },
      'faults[0].when.event: there is no event "rfb.framebufferupdate"; did you mean "rfb.framebuffer-update"?',
    ],
    [
      { fault: "latency", ...wire, when: { event: "mqtt.puback", nth: 0 } },
      "faults[0].when.nth: takes a whole number from 1 up, not 0",
    ],
    [
      { fault: "latency", ...wire, when: { event: "mqtt.puback", off: "114" } },
      'faults[0].when.off: there is no field of mqtt.puback "off"; did you mean "of"?',
    ],
    [
      { fault: "latency", ...wire, when: { event: "websocket.frame", opcode: "8" } },
      'faults[0].when.opcode: takes a whole number from 0 to 15 (1 text, 2 binary, 8 close, 9 ping, 10 pong), not "8"',
    ],
    [
      { fault: "latency", ...wire, when: { event: "bytes.seen" } },
      'faults[0].when.bytes: "bytes.seen" needs "bytes": how many',
    ],
    [
      { fault: "latency", ...wire, when: { event: "mqtt.connack", between: ["gateway", "clout"] } },
      'faults[0].when.between[1]: there is no host "clout"; did you mean "cloud"?',
    ],
  ])("says of %j where and what is wrong", (json, message) => {
    const error = errorOf(() => parseFaultSpecs([json], "faults", { hosts }));
    expect(error.message).toBe(message);
    expect(message.startsWith(error.place)).toBe(true);
  });

  it("takes a profile in the place of its faults, on its own wire or another", () => {
    const specs = parseFaultSpecs([{ profile: "captive-portal" }, { fault: "power-cut" }], "faults", { hosts });
    expect(specs.map(({ fault, between }) => [fault, between])).toEqual([
      ["captive-portal", ["gateway", "cloud"]],
      ["latency", ["gateway", "cloud"]],
      ["power-cut", undefined],
    ]);
    const moved = parseFaultSpecs([{ profile: "satellite", between: ["gateway", "press4"] }], "faults", { hosts });
    expect(moved[0]).toMatchObject({ fault: "throttle", between: ["gateway", "press4"], from: "gateway" });
  });

  it.each([
    [{ profile: "lte-bat" }, 'faults[0].profile: there is no link profile "lte-bat"; did you mean "lte-bad"?'],
    [{ profile: 4 }, "faults[0].profile: takes the name of a link profile, not 4"],
    [
      { profile: "lte-bad", between: ["gateway", "clout"] },
      'faults[0].between[1]: there is no host "clout"; did you mean "cloud"?',
    ],
    [
      { profile: "lte-bad", schedule: {} },
      'faults[0].schedule: there is no field of a profile "schedule"; there are profile, between',
    ],
  ])("says of the profile %j what is wrong", (json, message) => {
    expect(errorOf(() => parseFaultSpecs([json], "faults", { hosts })).message).toBe(message);
  });

  it("takes a list", () => {
    expect(errorOf(() => parseFaultSpecs({}, "faults")).message).toBe("faults: takes a list of faults, not {}");
    const two = parseFaultSpecs([{ fault: "power-cut" }, { fault: "stall", between: ["a", "b"] }]);
    expect(two.map(({ fault }) => fault)).toEqual(["power-cut", "stall"]);
    expect(errorOf(() => parseFaultSpecs([{ fault: "power-cut" }, 5])).place).toBe("faults[1]");
  });
});

describe("the link profiles", () => {
  it("are there by name", () => {
    expect(linkProfiles.map(({ name }) => name)).toEqual([
      "lte-bad",
      "satellite",
      "factory-wifi",
      "captive-portal",
      "flaky-dsl",
    ]);
    expect(errorOf(() => findLinkProfile("lte bad")).message).toBe(
      'there is no link profile "lte bad"; did you mean "lte-bad"?',
    );
  });

  it.each(linkProfiles.map(({ name }) => [name]))("%s is made of faults that the text form takes", (name) => {
    const { faults } = findLinkProfile(name);
    expect(parseFaultSpecs(faults)).toHaveLength(faults.length);
  });

  it("can be laid on another wire, directions included", () => {
    const faults = profileFaults("satellite", ["press4", "gateway"]);
    expect(faults.map(({ between, from }) => [...(between ?? []), from])).toEqual([
      ["press4", "gateway", "press4"],
      ["press4", "gateway", "gateway"],
      ["press4", "gateway", undefined],
      ["press4", "gateway", undefined],
    ]);
  });
});

describe("the nearest word", () => {
  it.each([
    ["latencie", "latency"],
    ["LATENCY", "latency"],
    ["black_hole", "black-hole"],
    ["blackhloe", "black-hole"],
    ["xyz", undefined],
    ["", undefined],
  ])("to %j is %j", (word, nearest) => {
    expect(nearestWord(word, wanted)).toBe(nearest);
  });
});
