// Parts of the simulated board under a second use: an uplink that is muted after a story's end, a file system without power.
import { describe, expect, it } from "vitest";
import { boardWorld } from "#simulator/gateway/board-world.ts";
import { FileSystem } from "#simulator/gateway/file-system.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { switchedOnBoard } from "./small-board.ts";

describe("an uplink that looks healthy and passes nothing", () => {
  const reaches = async (world: ReturnType<typeof switchedOnBoard>): Promise<string> => {
    const dial = world.hardware.network.dial({ address: "198.51.100.20", port: 7 }, { timeoutMs: 500 });
    await world.clock.advance(1_000);
    const outcome = await dial;
    if (!outcome.ok) return outcome.reason;
    outcome.connection.reset();
    await world.clock.advance(1_000);
    return "ok";
  };

  it("can be made so again by the next story, though the first one lifts it after its end", async () => {
    using world = switchedOnBoard();
    const address = { address: "198.51.100.20", family: 4, prefixLength: 24 } as const;
    const cloud = world.network.addHost("cloud", {
      interfaces: [{ name: "eth0", hasDefaultRoute: true, addresses: [address] }],
    });
    await cloud.network.listen({ address: "0.0.0.0", port: 7 }, ({ stream }) => stream.on("error", () => undefined));
    const lift = world.board.uplinks.mute("eth0");
    expect(await reaches(world)).toBe("timeout");
    world.board.heal();
    lift();
    expect(await reaches(world)).toBe("ok");
    const lifts = [world.board.uplinks.mute("eth0"), world.board.uplinks.mute("eth0")];
    lifts[0]!();
    lifts[0]!();
    expect(await reaches(world)).toBe("timeout");
    lifts[1]!();
    expect(await reaches(world)).toBe("ok");
  });
});

describe("a file system on a card that lies about a sync", () => {
  /** The lengths that a power cut leaves of a file of 100 bytes, over many cuts. */
  const lengthsAfterCut = (change: (system: FileSystem) => void): ReadonlySet<number | undefined> => {
    const seen = new Set<number | undefined>();
    for (let seed = 0; seed < 200; seed += 1) {
      const system = new FileSystem(new SeededRandom(seed), () => 0);
      system.create(".new");
      system.write(".new", new Uint8Array(100));
      system.sync(".new", { isLie: true });
      system.rename(".new", "state");
      system.syncFolder();
      change(system);
      system.losePower();
      seen.add(system.files.get("state")?.length);
    }
    return seen;
  };

  it("tears a file that was being removed, if it is there again after a power cut", () => {
    const lengths = lengthsAfterCut((system) => system.unlink("state"));
    expect(lengths).toContain(undefined);
    expect(lengths).not.toContain(100);
    expect(lengths.size).toBeGreaterThan(50);
  });

  it("tears the old file that was being replaced, if it is there again after a power cut", () => {
    const lengths = lengthsAfterCut((system) => {
      system.create(".new");
      system.write(".new", new Uint8Array(7));
      system.sync(".new");
      system.rename(".new", "state");
    });
    expect(lengths).toContain(7);
    expect(lengths).not.toContain(100);
    expect(lengths.size).toBeGreaterThan(50);
  });
});

describe("changes of names that were not synced", () => {
  it("are there after a power cut from the first one on, up to any of them", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 100; seed += 1) {
      const system = new FileSystem(new SeededRandom(seed), () => 0);
      system.create("a");
      system.syncFolder();
      system.rename("a", "b");
      system.rename("b", "c");
      system.unlink("c");
      system.losePower();
      seen.add([...system.files.keys()].join(" "));
    }
    expect([...seen].toSorted()).toEqual(["", "a", "b", "c"]);
  });
});

describe("a program that hangs for two reasons", () => {
  it("comes round when the last of them is over", async () => {
    using world = switchedOnBoard();
    const { board, network, clock, hardware } = world;
    // Each fault of a site is given a world of its own.
    const [one, other] = [0, 1].map(() => boardWorld({ board, network, host: "gateway" }));
    const releases = [one!.starveWatchdog!(), other!.starveWatchdog!()];
    let hasRun = false;
    hardware.clock.setTimeout(() => {
      hasRun = true;
    }, 10);
    releases[0]!();
    releases[0]!();
    await clock.advance(1_000);
    expect(hasRun).toBe(false);
    releases[1]!();
    await clock.advance(1);
    expect(hasRun).toBe(true);
  });
});
