// Faults of a whole site, each alone: clocks, the broker, a double of the gateway, disks, and what a board has not got.
import { describe, expect, it } from "vitest";
import { brokerKick } from "#simulator/faults/broker-kick.ts";
import { clockJump } from "#simulator/faults/clock-jump.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import { diskFull } from "#simulator/faults/disk-full.ts";
import { diskReadOnly } from "#simulator/faults/disk-read-only.ts";
import { diskTorn } from "#simulator/faults/disk-torn.ts";
import { duplicateClientId } from "#simulator/faults/duplicate-client-id.ts";
import type { WorldFault } from "#simulator/faults/fault.ts";
import { halfOpen } from "#simulator/faults/half-open.ts";
import { latency } from "#simulator/faults/latency.ts";
import { modemHang } from "#simulator/faults/modem-hang.ts";
import { reset } from "#simulator/faults/reset.ts";
import { siteWorld } from "#simulator/faults/site-world.ts";
import { uplinkSwap } from "#simulator/faults/uplink-swap.ts";
import { watchdogStarvation } from "#simulator/faults/watchdog-starvation.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { Site } from "#simulator/site.ts";

const yearMs = 366 * 86_400_000;

function events(log: readonly { readonly event: string }[], event: string): number {
  return log.filter((line) => line.event === event).length;
}

describe("a clock", () => {
  it("of the gateway that is two years ahead finds every certificate expired, until it is right again", async () => {
    await using site = await Site.start();
    const before = site.board.clock.nowMs();
    await site.during(clockJump({ byMs: 2 * yearMs }), async () => {
      expect(site.board.clock.nowMs()).toBe(before + 2 * yearMs);
      await site.during(reset({ spareNew: true }), () => site.passes(120_000));
      expect(site.gateway.status().connectivity).not.toBe("online");
    });
    expect(site.board.clock.nowMs()).toBe(before + 120_000);
    await site.gatewayIsOnline(600_000);
  });

  it("of the gateway that jumps leaves its timers and its connection as they are", async () => {
    await using site = await Site.start();
    const connections = (): string[] => site.openConnections().filter((name) => name.startsWith("gateway"));
    const before = connections();
    await site.during(clockJump({ byMs: -10 * yearMs }), () => site.passes(60_000));
    expect(connections()).toEqual(before);
    expect(site.gateway.status().connectivity).toBe("online");
  });

  it("of the cloud jumps for the cloud alone: its audit has the wrong time, the gateway's log the right one", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    const startMs = site.clock.nowMs();
    const hourMs = 3_600_000;
    await site.during(clockJump({ byMs: 2 * hourMs, host: "cloud" }), async () => {
      const session = await site.operator.opensPassthrough("plc");
      await session.disconnects();
      await site.until(() => events(site.gatewayLog, "tunnel.closed") > 0, { what: "the tunnel's end" });
    });
    const audited = (await site.operator.auditRecords()).map(({ creationTime }) => Date.parse(String(creationTime)));
    expect(Math.max(...audited) - startMs).toBeGreaterThan(2 * hourMs);
    const logged = site.gatewayLog.map(({ time }) => Date.parse(time));
    expect(Math.max(...logged) - startMs).toBeLessThan(hourMs);
  });
});

describe("a broker that kicks", () => {
  it("ends the MQTT connection in order, and the gateway comes back", async () => {
    await using site = await Site.start();
    const [before] = site.openConnections().filter((name) => name.includes("cloud:8883"));
    await site.during(brokerKick(), () => site.passes(1000));
    expect(site.openConnections()).not.toContain(before);
    expect(events(site.gatewayLog, "connectivity.offline")).toBe(1);
    await site.gatewayIsOnline(120_000);
  });

  it("leaves other connections alone", async () => {
    await using site = await Site.start();
    const outcome = await site.until(
      site.network.host("gateway").dial({ address: "198.51.100.20", port: 8443 }, { timeoutMs: 1000 }),
      { what: "a connection" },
    );
    if (!outcome.ok) throw new Error(outcome.detail);
    let hasEnded = false;
    outcome.connection.stream.on("close", () => (hasEnded = true)).resume();
    await site.during(brokerKick(), () => site.passes(1000));
    expect(hasEnded).toBe(false);
    outcome.connection.reset();
    await site.gatewayIsOnline(120_000);
  });
});

describe("a double of the gateway", () => {
  it("puts it out and is put out, over and over, and leaves nothing when it is gone", async () => {
    await using site = await Site.start();
    const ofDouble = (): string[] => site.openConnections().filter((name) => name.startsWith("double"));
    await site.during(duplicateClientId(30_000), async () => {
      await site.passes(200_000);
      await site.until(() => ofDouble().some((name) => !name.includes("(")), { what: "the double", limitMs: 120_000 });
      await site.passes(150);
    });
    expect(events(site.gatewayLog, "connectivity.offline")).toBeGreaterThan(2);
    // One way there and one back, and before the gateway could put it out.
    await site.passes(50);
    expect(ofDouble()).toEqual([]);
    await site.gatewayIsOnline(600_000);
    const offline = events(site.gatewayLog, "connectivity.offline");
    await site.passes(200_000);
    expect(events(site.gatewayLog, "connectivity.offline")).toBe(offline);
  });

  it("cannot be had before the gateway has a login", async () => {
    await using site = await Site.start({ registered: false });
    await expect(site.apply(duplicateClientId())).rejects.toThrow("the gateway has no login yet");
    expect(site.describe()).toContain("Faults in force: none");
  });
});

describe("a disk", () => {
  it.each([
    ["full", diskFull, "ENOSPC"],
    ["read-only", diskReadOnly, "EROFS"],
  ] as const)("that is %s lets nothing be written, and what is there be read", async (_name, fault, code) => {
    await using site = await Site.start({ registered: false });
    const storage = site.board.disk.boot();
    await site.until(storage.write("a.json", Buffer.from("old")), { what: "the write" });
    await site.during(fault(), async () => {
      await expect(site.until(storage.write("a.json", Buffer.from("new")), { what: "it" })).rejects.toMatchObject({
        code,
      });
      expect(Buffer.from((await storage.read("a.json"))!).toString()).toBe("old");
    });
    await site.until(storage.write("a.json", Buffer.from("new")), { what: "the write" });
    expect(Buffer.from((await storage.read("a.json"))!).toString()).toBe("new");
  });
});

describe("a disk that tears writes", () => {
  const worldWith = (disk: { failure: undefined; tearsWrites?: boolean }) =>
    siteWorld({ disk } as unknown as Parameters<typeof siteWorld>[0]) as never;

  it("is told so until the fault ends, and nothing else is", async () => {
    const disk = { failure: undefined, tearsWrites: false };
    const fault = diskTorn();
    await fault.begin?.(worldWith(disk));
    expect(disk).toEqual({ failure: undefined, tearsWrites: true });
    await fault.end?.(worldWith(disk));
    expect(disk).toEqual({ failure: undefined, tearsWrites: false });
  });

  it("cannot be had where writes are whole or not at all", () => {
    const world = worldWith({ failure: undefined });
    expect(() => diskTorn().begin?.(world)).toThrow("the disk of this site writes whole or not at all");
  });
});

describe("bytes that are altered between gateway and cloud", () => {
  it("reach no program: connections break, and everything comes back afterwards", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    const session = await site.operator.opensPassthrough("plc");
    const ended = { isIt: false };
    void session.closed.then(() => {
      ended.isIt = true;
    });
    await site.between("gateway", "cloud").during(corrupt(), async () => {
      session.says(Buffer.from("never to be seen"));
      await site.passes(60_000);
    });
    expect(ended.isIt).toBe(true);
    expect(session.bytesReceived).toBe(0);
    expect(events(site.gatewayLog, "connectivity.offline")).toBeGreaterThan(0);
    await site.gatewayIsOnline(600_000);
  });
});

describe("a fault of the site", () => {
  it.each<[string, WorldFault, string]>([
    [
      "half-open",
      halfOpen(),
      '"half-open, far end gone" needs a wire with two ends (site.between), and this site has none',
    ],
  ])("that is none is refused, and nothing of it stays: %s", async (_name, fault, message) => {
    await using site = await Site.start({ registered: false });
    await expect(site.apply(fault)).rejects.toThrow(message);
    expect(site.describe()).toContain("Faults in force: none");
  });

  it("cannot be a link's", async () => {
    await using site = await Site.start({ registered: false });
    await expect(site.apply(latency(5))).rejects.toMatchObject({ code: "fault.wrong-place" });
  });

  it("is lifted when the site ends, if nobody has lifted it", async () => {
    const site = await Site.start({ registered: false });
    const calls: string[] = [];
    await site.apply({ name: "a", begin: () => void calls.push("begin a"), end: () => void calls.push("end a") });
    const lift = await site.apply({ name: "b", end: () => void calls.push("end b") });
    await lift();
    await lift();
    await site[Symbol.asyncDispose]();
    expect(calls).toEqual(["begin a", "end b", "end a"]);
  });

  it("stands in the record with its beginning and its end", async () => {
    await using site = await Site.start({ registered: false });
    await site.during(brokerKick(), () => site.passes(5));
    const faults = site.record.entries.flatMap((entry) =>
      entry.kind === "fault" ? [`${entry.phase} ${entry.name}`] : [],
    );
    expect(faults).toEqual(["begin broker kick", "end broker kick"]);
  });
});

describe("what a board has not got", () => {
  it.each<[string, WorldFault, RegExp]>([
    ["a watchdog", watchdogStarvation(), /^"watchdog starved" needs a board with a watchdog/],
    ["a modem", modemHang(), /^"modem hangs" needs a board with a modem/],
    ["two uplinks", uplinkSwap(), /^"uplink swap" needs a board with two uplinks/],
  ])("cannot fail: %s", async (_name, fault, message) => {
    const world = { resetConnections: () => undefined } as never;
    expect(() => fault.begin?.(world)).toThrow(message);
  });

  it("is asked for by the fault, and let go when it ends", async () => {
    const calls: string[] = [];
    const world = {
      starveWatchdog: () => {
        calls.push("starve");
        return () => void calls.push("feed");
      },
      hangModem: () => {
        calls.push("hang");
        return () => void calls.push("answer");
      },
      swapUplink: () => {
        calls.push("swap");
        return () => void calls.push("swap back");
      },
    } as never;
    for (const fault of [watchdogStarvation(), modemHang(), uplinkSwap()]) {
      await fault.begin?.(world);
      await fault.end?.(world);
    }
    expect(calls).toEqual(["starve", "feed", "hang", "answer", "swap", "swap back"]);
  });
});
