// The choice among uplinks: its rules and routes as commands, and the simulated machine that obeys as a real one does.
import { describe, expect, it } from "vitest";
import { removalOfRules, type UplinkFacts, wantedEntries } from "#hardware/linux/policy-routes.ts";
import { defaultRoutes6 } from "#hardware/linux/uplinks-routes.ts";
import { Board } from "#simulator/gateway/board.ts";
import { SimulatedNetwork } from "#simulator/network/network.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";

const eth0: UplinkFacts = {
  name: "eth0",
  index: 2,
  carrierChanges: "1",
  ways: [
    { family: 4, addresses: ["10.20.0.2", "10.20.0.3"], gateway: "10.20.0.1" },
    { family: 6, addresses: ["fd20::2"], gateway: "fe80::1" },
  ],
};
const ppp0: UplinkFacts = {
  name: "ppp0",
  index: 7,
  carrierChanges: "4",
  ways: [{ family: 4, addresses: ["10.64.7.2"] }],
};
const commands = (uplinks: readonly UplinkFacts[], preferred?: string) =>
  wantedEntries(uplinks, preferred).map(({ add }) => add.join(" "));

describe("rules and routes", () => {
  it("send what has an uplink's address to its own table, and leave what is near to the system", () => {
    expect(commands([eth0, ppp0])).toEqual([
      "-4 rule add pref 31900 from all lookup main suppress_prefixlength 0 protocol 219",
      "-6 rule add pref 31900 from all lookup main suppress_prefixlength 0 protocol 219",
      "-4 route replace default via 10.20.0.1 dev eth0 src 10.20.0.2 table 1190002 metric 21948 proto 219 onlink",
      "-4 rule add pref 31901 from 10.20.0.2 lookup 1190002 protocol 219",
      "-4 rule add pref 31901 from 10.20.0.3 lookup 1190002 protocol 219",
      "-6 route replace default via fe80::1 dev eth0 src fd20::2 table 1190002 metric 21948 proto 219 onlink",
      "-6 rule add pref 31901 from fd20::2 lookup 1190002 protocol 219",
      "-4 route replace default dev ppp0 src 10.64.7.2 table 1190007 metric 21948 proto 219",
      "-4 rule add pref 31901 from 10.64.7.2 lookup 1190007 protocol 219",
    ]);
    expect(commands([])).toEqual([]);
  });

  it("send all the rest to the table of the preferred one, of each protocol that it has", () => {
    const more = commands([eth0, ppp0], "eth0").filter((command) => !commands([eth0, ppp0]).includes(command));
    expect(more).toEqual([
      "-4 rule add pref 31902 from all lookup 1190002 protocol 219",
      "-6 rule add pref 31902 from all lookup 1190002 protocol 219",
    ]);
    expect(commands([ppp0], "eth0")).toEqual(commands([ppp0]));
  });

  it("are others after the kernel has dropped them: a carrier that has come and gone", () => {
    const keys = (uplink: UplinkFacts) => wantedEntries([uplink], undefined).map(({ key }) => key);
    const later = keys({ ...ppp0, carrierChanges: "6" });
    expect(later.filter((key) => !keys(ppp0).includes(key))).toHaveLength(1);
    expect(new Set(keys(eth0)).size).toBe(keys(eth0).length);
  });

  it("of ours are found among those of the machine, and no others", () => {
    const shown = JSON.stringify([
      { priority: 0, src: "all", table: "local" },
      { priority: 31_900, src: "all", table: "main", suppress_prefixlen: 0, protocol: "219" },
      { priority: 31_901, src: "10.20.0.2", table: "1190002", protocol: "219" },
      { priority: 31_902, src: "10.9.0.0", srclen: 24, table: "1190002", protocol: 219 },
      { priority: 5270, src: "all", table: "52", protocol: "7" },
      { priority: 32_766, src: "all", table: "main" },
    ]);
    expect(removalOfRules(4, shown).map((words) => words.join(" "))).toEqual([
      "-4 rule del pref 31900 from all lookup main protocol 219",
      "-4 rule del pref 31901 from 10.20.0.2 lookup 1190002 protocol 219",
      "-4 rule del pref 31902 from 10.9.0.0/24 lookup 1190002 protocol 219",
    ]);
    expect(removalOfRules(6, "")).toEqual([]);
    expect(() => removalOfRules(6, "no JSON")).toThrow();
    expect(() => removalOfRules(6, "{}")).toThrow();
  });

  it("of ours are no word of the system's, where /proc shows routes of all tables", () => {
    const zero = "0".repeat(32);
    const row = (metric: string) =>
      `${zero} 00 ${zero} 00 fd200000000000000000000000000001 ${metric} 00000001 00000000 00000003 wlan0`;
    expect(defaultRoutes6(`${row("000055bc")}\n${row("00000400")}`)).toEqual([
      { name: "wlan0", metric: 1024, gateway: "fd20::1" },
    ]);
  });
});

describe("a simulated machine with two uplinks", () => {
  const target = { address: "198.51.100.20", port: 8883 };

  async function world() {
    const clock = SimulatedClock.start();
    const random = new SeededRandom(7);
    const network = new SimulatedNetwork({ clock, random });
    const attached = (name: string, address: string, hasDefaultRoute: boolean) => ({
      name,
      hasDefaultRoute,
      addresses: [{ address, family: 4 as const, prefixLength: 24 }],
    });
    const host = network.addHost("gateway", {
      interfaces: [attached("eth0", "10.20.0.2", true), attached("eth1", "192.168.10.1", false)],
    });
    const cloud = network.addHost("cloud", { interfaces: [attached("eth0", target.address, true)] });
    const panel = network.addHost("panel", { interfaces: [attached("eth0", "192.168.10.11", false)] });
    network.addNat({ inside: { address: "10.20.0.0", prefixLength: 24 }, outside: "198.51.100.77" });
    network.addNat({ inside: { address: "10.64.0.0", prefixLength: 10 }, outside: "203.0.113.200" });
    const seen: string[] = [];
    for (const [each, port] of [
      [cloud, target.port],
      [panel, 5900],
    ] as const) {
      await each.network.listen({ address: "0.0.0.0", port }, ({ remoteAddress }) => seen.push(remoteAddress));
    }
    const wwan0 = {
      name: "wwan0",
      kind: "cellular" as const,
      addresses: [{ address: "10.64.7.2", family: 4 as const, prefixLength: 30 }],
    };
    const board = new Board({ clock, random, uplinks: [wwan0] });
    const hardware = board.boot(host);
    const dials = async (uplink?: string, to: typeof target = target): Promise<string> => {
      const dialled = hardware.network.dial(uplink === undefined ? to : { ...to, uplink }, { timeoutMs: 5_000 });
      const outcome = await clock.until(dialled, { what: "a dial" });
      if (!outcome.ok) return outcome.reason;
      outcome.connection.reset();
      return seen.at(-1) ?? "";
    };
    return { board, hardware, host, dials, prefers: hardware.uplinks!.prefer!, [Symbol.dispose]: () => clock.stop() };
  }

  it("leaves through the one that a dial asks for, as the far end sees", async () => {
    using machine = await world();
    expect(await machine.dials()).toBe("198.51.100.77");
    expect(await machine.dials("wwan0")).toBe("203.0.113.200");
    expect(await machine.dials("eth0")).toBe("198.51.100.77");
    expect(await machine.dials("eth1")).toBe("unreachable");
  });

  it("leaves through the preferred one, and by the asked one still through that; panels need none", async () => {
    using machine = await world();
    const { board, hardware, dials, prefers } = machine;
    expect(await prefers("wwan0")).toEqual({ ok: true });
    expect(await dials()).toBe("203.0.113.200");
    expect(await dials("eth0")).toBe("198.51.100.77");
    expect(await dials(undefined, { address: "192.168.10.11", port: 5900 })).toBe("192.168.10.1");
    expect((await hardware.uplinks!.list()).map(({ name, isDefault = false }) => `${name} ${isDefault}`)).toEqual([
      "eth0 false",
      "wwan0 true",
      "eth1 false",
    ]);
    expect(await prefers(undefined)).toEqual({ ok: true });
    expect(await dials()).toBe("198.51.100.77");
    expect(board.uplinks.current).toBe("eth0");
  });

  it("says what prevents it, and takes the preferred one once it is up", async () => {
    using machine = await world();
    const { board, dials, prefers } = machine;
    board.uplinks.goesDown("wwan0");
    expect(await prefers("wwan0")).toEqual({ ok: false, why: "the uplink wwan0 is not up" });
    expect(await dials()).toBe("198.51.100.77");
    expect(await dials("wwan0")).toBe("unreachable");
    board.uplinks.heal();
    expect(await dials()).toBe("203.0.113.200");
    board.uplinks.prevented = "not permitted";
    expect(await prefers("eth0")).toEqual({ ok: false, why: "not permitted" });
    expect(await dials()).toBe("203.0.113.200");
    expect(await prefers(undefined)).toEqual({ ok: true });
  });

  it("tells of a choice as of any change, and forgets it with its power", async () => {
    using machine = await world();
    const { board, hardware, host, prefers } = machine;
    let told = 0;
    hardware.uplinks!.watch(() => (told += 1));
    await prefers("wwan0");
    await prefers("wwan0");
    expect(told).toBe(1);
    board.powerOff();
    expect(await prefers("wwan0")).toMatchObject({ ok: false });
    board.boot(host);
    expect(board.uplinks.current).toBe("eth0");
  });
});
