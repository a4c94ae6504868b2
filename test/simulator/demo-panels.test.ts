// The panels of `postern up`: the seed decides what they show, and nothing else does; what the cloud is told of each.
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
  const shown = panels.flatMap(({ screen }) => {
    screen?.render();
    return screen === undefined ? [] : [Buffer.from(Uint32Array.from(screen.frame.pixels).buffer)];
  });
  for (const { running } of panels) await running.close();
  return shown;
}

describe("the demo's panels", () => {
  it("are of three protocols, and the cloud is told how to sign in at each and which host key is the right one", async () => {
    const told = async (seed: number, key: string) => {
      using world = new TwoHosts();
      const { network } = world.network.host("panel");
      const panels = await startDemoPanels({ network, clock: world.clock, random: new SeededRandom(key), seed });
      const endpoints = Object.fromEntries(panels.map(({ name, endpoint }) => [name, endpoint]));
      for (const { running } of panels) await running.close();
      return endpoints;
    };
    const password = expect.stringMatching(/^[a-z2-9]{8}$/);
    const first = await told(1, "first start");
    expect(first).toEqual({
      "Press 4": { protocol: "VNC" },
      "Mixer 2": { protocol: "VNC", password },
      "Packer 7": { protocol: "VNC", password },
      "Mixer 2 shell": {
        protocol: "SSH",
        username: "service",
        password,
        hostKey: expect.stringMatching(/^ssh-ed25519 /),
      },
      "Press 4 menu": { protocol: "TELNET" },
    });
    const second = await told(1, "second start");
    expect(second["Mixer 2 shell"]?.password).not.toBe(first["Mixer 2 shell"]?.password);
    expect(second["Mixer 2 shell"]?.hostKey).toBe(first["Mixer 2 shell"]?.hostKey);
  });

  it("show the same for the same seed, each something else for another", async () => {
    const [first, again, other] = [await pictures(1), await pictures(1), await pictures(2)];
    expect(first).toHaveLength(3);
    first.forEach((picture, index) => {
      expect(picture.equals(again[index]!)).toBe(true);
      expect(picture.equals(other[index]!)).toBe(false);
    });
  });
});
