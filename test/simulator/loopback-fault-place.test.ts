// A fault that is a whole text of its own, as in a request: its places begin at the fault itself.
import { describe, expect, test } from "vitest";
import { parseFaultSpec, parseFaultSpecs } from "#simulator/faults/fault-spec.ts";

function placeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { place, message } = error as { readonly place: string; readonly message: string };
    expect(message.startsWith(place === "" ? "takes " : `${place}: `)).toBe(true);
    return place;
  }
  throw new Error("nothing was refused");
}

const between = ["gateway", "cloud"];

describe("a fault without a place of its own", () => {
  test.each([
    ["from", { fault: "latency", between, from: "press4" }],
    ["fault", { fault: "latencie", between }],
    ["parameters.ms", { fault: "latency", between, parameters: { ms: -1 } }],
    ["between[1]", { fault: "latency", between: ["gateway", "clowd"] }],
    ["schedule.forMs", { fault: "latency", between, schedule: { forMs: -1 } }],
    ["", "latency"],
  ])("is refused at %o", (place, json) => {
    expect(placeOf(() => parseFaultSpec(json, "", { hosts: between }))).toBe(place);
  });

  test("is refused by its number in a list without a place", () => {
    expect(placeOf(() => parseFaultSpecs([{ fault: "latency", between, from: "press4" }], ""))).toBe("[0].from");
  });
});
