// What all faults that lose nothing owe together, tried at random: the bytes, their order, and the end of the stream.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultKinds } from "#simulator/faults/catalogue.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { isLinkFault, type LinkFault } from "#simulator/faults/fault.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { withProbability } from "#simulator/triggers/probability.ts";
import { recordOf, TwoHosts } from "./two-hosts.ts";

/** All but the dark ones come to an end by themselves; those are lifted at the latest when the story ends. */
const kinds = faultKinds.filter(({ kind, isLossy }) => kind === "link" && !isLossy);

/** A fault of a kind with parameters that its seed draws, as strong as they get. */
const anyFault: fc.Arbitrary<LinkFault> = fc
  .record({ kind: fc.constantFrom(...kinds), seed: fc.integer(), share: fc.constantFrom(1, 1, 0.5) })
  .map(({ kind, seed, share }) => {
    const fault = kind.create(kind.draw(new SeededRandom(seed)));
    if (!isLinkFault(fault)) throw new Error(`${kind.name} is no fault of a link`);
    return fault.isDark === true || share === 1 ? fault : withProbability(share, fault);
  });

const anyStep = fc.oneof(
  fc.record({ do: fc.constant("send" as const), bytes: fc.integer({ min: 1, max: 4000 }) }),
  fc.record({ do: fc.constant("lay" as const), fault: anyFault, isOneWay: fc.boolean() }),
  fc.record({ do: fc.constant("lift" as const), which: fc.nat() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 0, max: 3000 }) }),
);

describe("link faults that lose nothing", () => {
  it("are all in the catalogue, so that each is tried here", () => {
    expect(kinds.map(({ name }) => name)).toEqual([
      "latency",
      "jitter",
      "throttle",
      "slice",
      "slow-reader",
      "loss",
      "stall",
      "black-hole",
      "one-way-partition",
      "duplicate",
    ]);
  });

  it("give every byte in order and then the end, however they are laid, mixed and lifted", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 30 }), async (steps) => {
        using world = new TwoHosts();
        const [gateway, panel] = await world.connected();
        const atPanel = recordOf(panel);
        const lifts: (() => void)[] = [];
        let sent = "";
        for (const step of steps) {
          if (step.do === "send") {
            const text = Array.from({ length: step.bytes }, (_, at) => String((sent.length + at) % 10)).join("");
            gateway.stream.write(text);
            sent += text;
          } else if (step.do === "lay") {
            const isOneWay = step.isOneWay || step.fault.isOneWay === true;
            lifts.push(world.link.apply(step.fault, isOneWay ? "gateway" : undefined));
          } else if (step.do === "lift") {
            lifts.splice(step.which % Math.max(1, lifts.length), 1)[0]?.();
          } else {
            await world.clock.advance(step.ms);
          }
          expect(sent.startsWith(atPanel.text)).toBe(true);
        }
        gateway.stream.end();
        for (const lift of lifts) lift();
        await world.clock.advance(1000);
        expect(atPanel.text === sent).toBe(true);
        expect(atPanel.events).toEqual(["end"]);
      }),
      { numRuns: 60, seed: 4 },
    );
  }, 60_000);

  it("give the same in the same time from the same seed", async () => {
    const run = async (): Promise<string[]> => {
      using world = new TwoHosts();
      const [gateway, panel] = await world.connected();
      const times: string[] = [];
      panel.stream.on("data", (chunk: Buffer) => times.push(`${chunk.length}@${world.clock.monotonicMs()}`));
      const random = new SeededRandom("all of them");
      for (const kind of kinds) {
        const fault = kind.create(kind.draw(random));
        if (!isLinkFault(fault) || fault.isDark === true || kind.name === "stall") continue;
        world.link.apply(withProbability(0.7, fault));
      }
      for (let at = 0; at < 30; at += 1) {
        gateway.stream.write(new Uint8Array(100));
        await world.clock.advance(200);
      }
      await world.clock.advance(60_000);
      return times;
    };
    const first = await run();
    expect(first.length).toBeGreaterThanOrEqual(30);
    expect(await run()).toEqual(first);
  });

  it("are what the property is about: a fault that alters bytes breaks it", async () => {
    using world = new TwoHosts();
    const [gateway, panel] = await world.connected();
    const atPanel = recordOf(panel);
    world.link.apply(corrupt());
    gateway.stream.end("0123456789");
    await world.clock.advance(1000);
    expect(atPanel.text === "0123456789").toBe(false);
  });
});

describe("a throttle", () => {
  it("never lets more through than its rate, whatever is laid and lifted beside it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 15 }), async (steps) => {
        using world = new TwoHosts();
        const [gateway, panel] = await world.connected();
        const rate = 2000;
        const bytesAt: [number, number][] = [];
        let seen = 0;
        panel.stream.on("data", (chunk: Buffer) => {
          seen += chunk.length;
          bytesAt.push([world.clock.monotonicMs(), seen]);
        });
        const throttled = faultKinds.find(({ name }) => name === "throttle")!;
        // Laid last, so that nothing behind it can bunch what it has let through.
        const lifts: (() => void)[] = [];
        let line = world.link.apply(throttled.create({ bytesPerSecond: rate }) as LinkFault);
        for (const step of steps) {
          if (step.do === "send") gateway.stream.write(new Uint8Array(step.bytes));
          else if (step.do === "wait") await world.clock.advance(step.ms);
          else if (step.do === "lift") lifts.pop()?.();
          else {
            line();
            lifts.push(world.link.apply(step.fault, "gateway"));
            line = world.link.apply(throttled.create({ bytesPerSecond: rate }) as LinkFault);
          }
        }
        for (const lift of lifts) lift();
        await world.clock.advance(30_000);
        // Within any second: its rate, and the one segment that was on the line when the second began.
        for (const [fromMs, before] of bytesAt) {
          const until = bytesAt.filter(([atMs]) => atMs <= fromMs + 1000).at(-1)!;
          expect(until[1] - before).toBeLessThanOrEqual(rate + 1460);
        }
      }),
      { numRuns: 30, seed: 4 },
    );
  }, 60_000);
});
