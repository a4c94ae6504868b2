// Parts of the gateway's program break and hang on purpose: the machines go on, and what cannot go on begins anew.
import { describe, expect, test } from "vitest";
import { createActor, fromPromise, setup } from "xstate";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { ProgramParts } from "#simulator/site/program-parts.ts";
import { Site } from "#simulator/site.ts";

const asks = setup({ actors: { question: fromPromise(async () => "done") } }).createMachine({
  id: "asks",
  initial: "asking",
  states: {
    asking: {
      invoke: { id: "question", src: "question", onDone: "done", onError: "broken" },
      after: { 20000: "late" },
    },
    done: {},
    broken: {},
    late: {},
  },
});

/** A seed whose first draws give the one kind that there is this trouble. */
function armed(trouble: "broken" | "late"): string {
  for (let seed = 1; seed < 100; seed += 1) {
    const parts = new ProgramParts();
    if (parts.arms([asks], new SeededRandom(seed)) === 0) continue;
    const timers: (() => void)[] = [];
    const clock = { setTimeout: (run: () => void) => timers.push(run), clearTimeout: () => {} };
    const actor = createActor(asks, { inspect: parts.inspect, clock });
    actor.start();
    for (const run of timers) run();
    const { value } = actor.getSnapshot();
    actor.stop();
    if (value === trouble) return value;
  }
  return "never";
}

describe("the next part of a kind", () => {
  test("breaks, and its machine hears of it", () => expect(armed("broken")).toBe("broken"));
  test("hangs, and its machine goes on at its limit", () => expect(armed("late")).toBe("late"));
});

describe("a part that runs", () => {
  test("is started anew, and where the gateway cannot do without it the gateway itself, as by its service manager", async () => {
    await using site = await Site.start({ seed: 5, partsMayBreak: true });
    await site.gatewayIsOnline();
    const random = new SeededRandom(1);
    const struck = new Set<string | undefined>();
    for (let turn = 0; turn < 30; turn += 1) {
      struck.add(site.gatewayParts.strikes("breaks", random));
      await site.passes(30_000);
    }
    await site.gatewayIsOnline(60_000);
    expect([...struck].toSorted()).toEqual(expect.arrayContaining(["gateway.connectivity", "gateway.watchdog"]));
    const broken = site.gatewayLog.filter(({ event }) => event === "internal.error");
    expect(broken.length).toBeGreaterThan(5);
  });

  test("is none where the site was not made for it", async () => {
    await using site = await Site.start({ seed: 5 });
    expect(() => site.gatewayParts).toThrow("partsMayBreak");
  });
});
