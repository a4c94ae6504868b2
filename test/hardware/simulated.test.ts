// The simulated form of each port, held to the same contract as the Linux one, and what only a simulated machine can do.
import type { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import type { Storage } from "#hardware/ports.ts";
import { ClockView } from "#simulator/clock-view.ts";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { Board } from "#simulator/gateway/board.ts";
import { Disk } from "#simulator/gateway/disk.ts";
import { authorityPem, type SimulatedCertificate } from "#simulator/network/certificate.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { describeClockContract } from "./clock.contract.ts";
import { describeIdentityContract } from "./identity.contract.ts";
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
    openTlsServer: async (kind) => {
      const port = nextTlsPort;
      nextTlsPort += 1;
      // On a host of its own kind the contract's "listens on nothing" must stay true for the server.
      const address = "192.168.10.13";
      const host = hostOf(network, "tls", address);
      const certificate = (): SimulatedCertificate => certificateOf(kind, clock.nowMs());
      await host.listenTls({ address, port, certificate }, ({ stream }) => helloAndEcho(stream));
      return { address, port };
    },
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
  it("has the old or the new contents, never others, when the power fails during a write, and both occur", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) {
      using clock = SimulatedClock.start();
      const disk = new Disk(clock, new SeededRandom(seed));
      const storage = disk.boot();
      await clock.until(storage.write("state", Buffer.from("old")), { what: "a write" });
      void storage.write("state", Buffer.from("new"));
      await clock.advance(2);
      disk.powerOff();
      await clock.advance(100);
      seen.add(Buffer.from((await disk.boot().read("state"))!).toString());
    }
    expect([...seen].sort()).toEqual(["new", "old"]);
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
