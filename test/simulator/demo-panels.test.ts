// The panels of `postern up`: the seed decides what they show, and nothing else does.
import { describe, expect, it } from "vitest";
import { startDemoPanels } from "#simulator/demo/demo-panels.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { TwoHosts } from "./two-hosts.ts";

/** What the three screens show after a minute. */
async function pictures(seed: number): Promise<readonly Buffer[]> {
  using world = new TwoHosts();
  const { network } = world.network.host("panel");
  const panels = await startDemoPanels({ network, clock: world.clock, random: new SeededRandom("keys"), seed });
  await world.clock.advance(60_000);
  const shown = panels.map(({ running: { screen } }) => {
    screen.render();
    return Buffer.from(Uint32Array.from(screen.frame.pixels).buffer);
  });
  for (const { running } of panels) await running.close();
  return shown;
}

describe("the demo's panels", () => {
  it("show the same for the same seed, each something else for another", async () => {
    const [first, again, other] = [await pictures(1), await pictures(1), await pictures(2)];
    expect(first).toHaveLength(3);
    first.forEach((picture, index) => {
      expect(picture.equals(again[index]!)).toBe(true);
      expect(picture.equals(other[index]!)).toBe(false);
    });
  });
});
