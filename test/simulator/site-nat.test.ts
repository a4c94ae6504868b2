// A site's gateway is really behind an address translation: the cloud sees the router's address, and nobody gets in.
import { describe, expect, it } from "vitest";
import type { Connection } from "#hardware/ports.ts";
import { uplinkSwap } from "#simulator/faults/uplink-swap.ts";
import { Site } from "#simulator/site.ts";

describe("the gateway's address", () => {
  /** Under which addresses connections of the gateway reach a port of the cloud's machine. */
  async function seenAt(site: Site, port: number): Promise<string[]> {
    const seen: string[] = [];
    const accept = ({ remoteAddress, stream }: Connection): void => {
      seen.push(remoteAddress);
      stream.destroy();
    };
    const listening = await site.network.host("cloud").listen({ address: "0.0.0.0", port }, accept);
    if (!listening.ok) throw new Error(listening.detail);
    const target = { address: "198.51.100.20", port };
    const dial = async (): Promise<void> => {
      const dialled = site.network.host("gateway").dial(target, { timeoutMs: 5000 });
      const outcome = await site.clock.until(dialled, { what: "the dial" });
      if (outcome.ok) outcome.connection.stream.destroy();
    };
    await dial();
    await site.during(uplinkSwap(), dial);
    await site.clock.advance(1000);
    await listening.listener.close();
    return seen;
  }

  it("is that of the factory's router, and by wireless too", async () => {
    await using site = await Site.start({ registered: false });
    expect(await seenAt(site, 7777)).toEqual(["198.51.100.77", "198.51.100.77"]);
  });

  it("is reached by nobody outside, neither by its own address nor by the router's", async () => {
    await using site = await Site.start({ registered: false });
    await site.network.host("gateway").listen({ address: "0.0.0.0", port: 22 }, () => undefined);
    for (const from of ["cloud", "operator"]) {
      for (const address of ["10.20.0.2", "198.51.100.77"]) {
        const dialled = site.network.host(from).dial({ address, port: 22 }, { timeoutMs: 3000 });
        const outcome = await site.clock.until(dialled, { what: "the dial" });
        expect(outcome).toMatchObject({ ok: false, reason: "timeout" });
      }
    }
  });
});
