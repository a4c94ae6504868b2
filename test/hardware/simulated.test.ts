// The simulated form of each port, held to the same contract as the Linux one, and what only a simulated machine can do.
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Storage } from "#hardware/ports.ts";
import { ClockView } from "#simulator/clock-view.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { Board } from "#simulator/gateway/board.ts";
import { Behaviours } from "#simulator/gateway/board-behaviour.ts";
import { badSectors, fullDisk, readOnlyDisk, slowFlash, tornDisk } from "#simulator/gateway/board-faults.ts";
import { Disk } from "#simulator/gateway/disk.ts";
import { authorityPem, type SimulatedCertificate } from "#simulator/network/certificate.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import type { TlsPeer } from "#simulator/network/tls.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { describeClockContract } from "./clock.contract.ts";
import { describeIdentityContract } from "./identity.contract.ts";
import { clientCertificates } from "./linux-world.ts";
import { describeNetworkContract, type NetworkUnderTest, type TlsServerKind } from "./network.contract.ts";
import { describeRandomContract } from "./random.contract.ts";
import { describeStorageContract } from "./storage.contract.ts";

describeClockContract("simulated", () => {
  const clock = SimulatedClock.start();
  return {
    clock: new ClockView(clock, "test"),
    passes: (ms) => clock.advance(ms),
    close: () => clock.stop(),
  };
});

describeRandomContract("simulated", () => new SeededRandom(7));

describeStorageContract("simulated", () => {
  const clock = SimulatedClock.start();
  const disk = new Disk(clock, new SeededRandom(7));
  // Only a waiting test lets simulated time pass.
  const waiting = (storage: Storage): Storage => ({
    read: (name) => storage.read(name),
    list: () => storage.list(),
    write: (name, contents) => clock.until(storage.write(name, contents), { what: "a write" }),
    remove: (name) => clock.until(storage.remove(name), { what: "a removal" }),
  });
  return {
    storage: waiting(disk.boot()),
    reopen: async () => waiting(disk.boot()),
    close: () => clock.stop(),
  };
});

describeIdentityContract("simulated", () => {
  const clock = SimulatedClock.start();
  const network = new SimulatedNetwork({ clock, random: new SeededRandom(7) });
  const host = network.addHost("gateway", { interfaces: [] });
  const board = new Board({ clock, random: new SeededRandom(7) });
  return {
    identity: board.boot(host).identity,
    restart: async () => {
      board.powerOff();
      return board.boot(host).identity;
    },
    close: () => clock.stop(),
  };
});

describeNetworkContract("simulated", async (): Promise<NetworkUnderTest> => {
  const clock = SimulatedClock.start();
  const network = new SimulatedNetwork({ clock, random: new SeededRandom(7) });
  const attached = (address: string) => [
    { name: "eth0", addresses: [{ address, family: 4 as const, prefixLength: 24 }], hasDefaultRoute: true },
  ];
  const dialer = network.addHost("dialer", { interfaces: attached("192.168.10.1") });
  const server = network.addHost("server", { interfaces: attached("192.168.10.11") });
  network.addHost("silent", { interfaces: attached("192.168.10.12") });
  network.link("dialer", "silent").apply(blackHole());
  network.addName("panel.example", ["192.168.10.11"]);
  let nextTlsPort = 8443;
  return {
    dialer: dialer.network,
    server: server.network,
    serverAddress: "192.168.10.11",
    foreignAddress: "192.0.2.1",
    openSilentTarget: async () => ({ address: "192.168.10.12", port: 80 }),
    openTlsServer: async (kind, { asksForClientCertificate = false } = {}) => {
      const port = nextTlsPort;
      nextTlsPort += 1;
      // On a host of its own kind the contract's "listens on nothing" must stay true for the server.
      const address = "192.168.10.13";
      const host = hostOf(network, "tls", address);
      const certificate = (): SimulatedCertificate => certificateOf(kind, clock.nowMs());
      const peers: TlsPeer[] = [];
      await host.listenTls({ address, port, certificate, asksForClientCertificate }, ({ stream }, peer) => {
        peers.push(peer);
        helloAndEcho(stream);
      });
      return { address, port, peers };
    },
    ...clientCertificates(),
    tls: { serverName: "server.example", extraAuthorities: [authorityPem("Test authority")] },
    names: { known: "panel.example", addresses: ["192.168.10.11"], unknown: "nowhere.example" },
    settles: (promise) => clock.until(promise, { what: "a promise of the port" }),
    close: async () => clock.stop(),
  };
});

function hostOf(network: SimulatedNetwork, name: string, address: string) {
  try {
    return network.host(name);
  } catch {
    const addresses = [{ address, family: 4 as const, prefixLength: 24 }];
    return network.addHost(name, { interfaces: [{ name: "eth0", addresses }] });
  }
}

function certificateOf(kind: TlsServerKind, nowMs: number): SimulatedCertificate {
  const dayMs = 86_400_000;
  return {
    names: [kind === "wrong-name" ? "somebody.example" : "server.example"],
    authority: kind === "unknown-authority" ? "Somebody else" : "Test authority",
    notBeforeMs: kind === "not-yet-valid" ? nowMs + dayMs : nowMs - dayMs,
    notAfterMs: kind === "expired" ? nowMs - dayMs / 2 : nowMs + 2 * dayMs,
  };
}

function helloAndEcho(stream: Duplex): void {
  stream.write("hello ");
  stream.pipe(stream);
}

describe("storage on a simulated disk", () => {
  const steps = ["create", "write", "sync", "rename", "sync-folder"] as const;

  /** What each of many boards reads after the power has failed just before a step of a write. */
  function readAfterCut(step: (typeof steps)[number] | "none", boards = 40): Promise<readonly string[]> {
    return readAfter(boards, (disk, storage, clock) => {
      disk.stepping = ({ step: ahead, name }) => {
        if (ahead === step && name === "state") disk.powerOff();
      };
      void storage.write("state", Buffer.from("the new contents"));
      return clock.advance(100);
    });
  }

  async function readAfter(
    boards: number,
    cut: (disk: Disk, storage: Storage, clock: SimulatedClock) => Promise<void>,
    lay?: (behaviours: Behaviours) => void,
  ): Promise<readonly string[]> {
    const seen = new Set<string>();
    for (let seed = 1; seed <= boards; seed += 1) {
      using clock = SimulatedClock.start();
      const behaviours = new Behaviours();
      const disk = new Disk(clock, new SeededRandom(seed), behaviours);
      const storage = disk.boot();
      await clock.until(storage.write("state", Buffer.from("old")), { what: "a write" });
      await clock.advance(2_000);
      lay?.(behaviours);
      await cut(disk, storage, clock);
      disk.powerOff();
      const after = disk.boot();
      seen.add(Buffer.from((await after.read("state"))!).toString());
      expect(await after.list()).toEqual(["state"]);
      expect([...disk.files.keys()]).toEqual(["state"]);
    }
    return [...seen].sort();
  }

  it.each(steps.slice(0, 4))("has the old contents when the power fails before the step %s of a write", async (step) =>
    expect(await readAfterCut(step)).toEqual(["old"]),
  );

  it("has the old or the new contents when the power fails before the folder is synced, and both occur", async () => {
    expect(await readAfterCut("sync-folder")).toEqual(["old", "the new contents"]);
  });

  it("has the new contents once a write is done", async () => {
    expect(await readAfterCut("none")).toEqual(["the new contents"]);
  });

  it("never takes a torn temporary file for the file, wherever the power fails in time", async () => {
    for (const atMs of [0, 1, 2, 3]) {
      const cut = async (_disk: Disk, storage: Storage, clock: SimulatedClock): Promise<void> => {
        void storage.write("state", Buffer.from("the new contents"));
        await clock.advance(atMs);
      };
      for (const contents of await readAfter(20, cut)) expect(["old", "the new contents"]).toContain(contents);
    }
  });

  it("has the old or the new contents when the power fails as a change is announced, and both occur", async () => {
    const cut = async (disk: Disk, storage: Storage, clock: SimulatedClock): Promise<void> => {
      disk.changing = () => disk.powerOff();
      void storage.write("state", Buffer.from("the new contents"));
      await clock.advance(100);
    };
    expect(await readAfter(20, cut)).toEqual(["old", "the new contents"]);
  });

  it("has torn contents on a card that lies about what it has kept, for a second after the write", async () => {
    const cutAfter =
      (ms: number) =>
      async (_disk: Disk, storage: Storage, clock: SimulatedClock): Promise<void> => {
        await clock.until(storage.write("state", Buffer.from("the new contents")), { what: "a write" });
        await clock.advance(ms);
      };
    const lay = (behaviours: Behaviours): void => void behaviours.lay(tornDisk());
    const soon = await readAfter(60, cutAfter(10), lay);
    expect(soon.length).toBeGreaterThan(5);
    for (const contents of soon) expect("the new contents".startsWith(contents)).toBe(true);
    expect(soon).not.toContain("the new contents");
    expect(await readAfter(20, cutAfter(1_500), lay)).toEqual(["the new contents"]);
  });

  it("has a removed file or not when the power fails before the folder is synced, and not once that is done", async () => {
    const seen = new Set<boolean>();
    for (let seed = 1; seed <= 20; seed += 1) {
      using clock = SimulatedClock.start();
      const disk = new Disk(clock, new SeededRandom(seed));
      disk.files.set("state", Buffer.from("x"));
      const storage = disk.boot();
      disk.stepping = ({ step }) => {
        if (step === "sync-folder") disk.powerOff();
      };
      void storage.remove("state");
      await clock.advance(100);
      seen.add(disk.files.has("state"));
    }
    expect(seen).toEqual(new Set([true, false]));
  });

  it("tells of each step before it is made", async () => {
    using clock = SimulatedClock.start();
    const disk = new Disk(clock, new SeededRandom(1));
    const seen: string[] = [];
    disk.stepping = ({ number, kind, step }) => seen.push(`${number} ${kind} ${step}`);
    const storage = disk.boot();
    void storage.write("state", Buffer.from("x"));
    void storage.remove("state");
    await clock.advance(100);
    const written = ["create", "write", "sync", "rename", "sync-folder"].map((step) => `1 write ${step}`);
    expect(seen).toEqual([...written, "2 remove unlink", "2 remove sync-folder"]);
  });

  it("takes as long as its flash", async () => {
    using clock = SimulatedClock.start();
    const behaviours = new Behaviours();
    const disk = new Disk(clock, new SeededRandom(1), behaviours);
    const storage = disk.boot();
    const takes = async (): Promise<number> => {
      const startMs = clock.monotonicMs();
      await clock.until(storage.write("state", Buffer.from("x")), { what: "a write" });
      return clock.monotonicMs() - startMs;
    };
    expect(await takes()).toBe(4);
    const lift = behaviours.lay(slowFlash(800));
    expect(await takes()).toBe(2_400);
    lift();
    expect(await takes()).toBe(4);
  });

  it("cannot be written when read-only or full, and can be read; removed from only when full", async () => {
    using clock = SimulatedClock.start();
    const behaviours = new Behaviours();
    const disk = new Disk(clock, new SeededRandom(1), behaviours);
    const storage = disk.boot();
    const settles = (promise: Promise<unknown>) => clock.until(promise, { what: "the disk" });
    await settles(storage.write("a", Buffer.from("a")));
    await settles(storage.write("b", Buffer.from("b")));
    const liftReadOnly = behaviours.lay(readOnlyDisk());
    await expect(settles(storage.write("a", Buffer.from("x")))).rejects.toMatchObject({ code: "EROFS" });
    await expect(settles(storage.remove("a"))).rejects.toMatchObject({ code: "EROFS" });
    expect(await storage.read("a")).toEqual(new Uint8Array(Buffer.from("a")));
    liftReadOnly();
    behaviours.lay(fullDisk());
    await expect(settles(storage.write("a", Buffer.from("x")))).rejects.toMatchObject({ code: "ENOSPC" });
    await settles(storage.remove("b"));
    expect(await storage.list()).toEqual(["a"]);
    expect([...disk.files.keys()]).toEqual(["a"]);
    behaviours.lay(badSectors("a"));
    await expect(storage.read("a")).rejects.toMatchObject({ code: "EIO" });
  });

  it("lets a program of the run before the power cut touch nothing any more", async () => {
    using clock = SimulatedClock.start();
    const disk = new Disk(clock, new SeededRandom(1));
    const before = disk.boot();
    disk.powerOff();
    const after = disk.boot();
    void before.write("state", Buffer.from("from the grave"));
    await clock.advance(100);
    expect(await after.list()).toEqual([]);
  });

  it("tells of each change before it is made", async () => {
    using clock = SimulatedClock.start();
    const disk = new Disk(clock, new SeededRandom(1));
    const changes: unknown[] = [];
    disk.changing = (change) => changes.push(change);
    const storage = disk.boot();
    void storage.write("state", Buffer.from("x"));
    void storage.remove("state");
    await clock.advance(100);
    expect(changes).toEqual([
      { number: 1, kind: "write", name: "state" },
      { number: 2, kind: "remove", name: "state" },
    ]);
  });

  it("fails with the system's code while it is full", async () => {
    using clock = SimulatedClock.start();
    const disk = new Disk(clock, new SeededRandom(1));
    const storage = disk.boot();
    disk.failure = "ENOSPC";
    await expect(storage.write("state", Buffer.from("x"))).rejects.toMatchObject({ code: "ENOSPC" });
    disk.failure = undefined;
    await clock.until(storage.write("state", Buffer.from("x")), { what: "a write" });
    expect(await storage.list()).toEqual(["state"]);
  });
});
