// Two real ways to the internet: which of them packets leave through, told by the far end, and what is left behind: nothing.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isRoot } from "../support/openssh-panel.ts";
import { isAnyMissing, peers } from "../support/peers.ts";
import { eventually } from "../support/processes.ts";
import { far, panel, sources, TwoUplinks, type UplinksProgram } from "../support/two-uplinks.ts";

const skips = isAnyMissing(peers.ip) || !isRoot;

describe.skipIf(skips)("two uplinks", () => {
  let net: TwoUplinks;
  let program: UplinksProgram;

  beforeAll(async () => {
    net = await TwoUplinks.make();
  });
  afterAll(() => net?.remove());
  beforeEach(async () => {
    program = await net.startProgram();
  });
  afterEach(async () => {
    net.setCable("up1", "up");
    await program.does({ do: "prefer" });
    expect(net.marks()).toBe("");
    await program.kill();
  });

  const dials = (uplink?: string, address: string = far.ipv4) =>
    program.does({ do: "dial", address, ...(uplink === undefined ? {} : { uplink }) });
  const through = (uplink: keyof typeof sources, family: "ipv4" | "ipv6" = "ipv4") => ({
    ok: true,
    seen: sources[uplink][family],
  });
  const prefers = (name?: string) => program.does({ do: "prefer", ...(name === undefined ? {} : { name }) });
  const listed = async () =>
    ((await program.does({ do: "list" })) as { name: string; isUp: boolean; isDefault?: boolean }[]).map(
      ({ name, isUp, isDefault }) => `${name} ${isUp ? "up" : "down"}${isDefault === true ? " default" : ""}`,
    );

  test("are both listed, the system's own choice is the default, and nothing is steered by itself", async () => {
    expect(await listed()).toEqual(["up1 up default", "up2 up"]);
    expect(await dials()).toEqual(through("up1"));
    expect(await dials("up1")).toEqual(through("up1"));
    expect(net.marks()).toBe("");
  });

  test.each(["ipv4", "ipv6"] as const)("are both reached by a dial that asks for one, over %s", async (family) => {
    expect(await dials("up2", far[family])).toEqual(through("up2", family));
    expect(await dials("up1", far[family])).toEqual(through("up1", family));
    // And whoever does not ask goes the system's way as before.
    expect(await dials(undefined, far[family])).toEqual(through("up1", family));
    expect(await listed()).toEqual(["up1 up default", "up2 up"]);
  });

  test.each(["ipv4", "ipv6"] as const)("are preferred against the system's own routes, over %s", async (family) => {
    expect(await prefers("up2")).toEqual({ ok: true });
    expect(await listed()).toEqual(["up1 up", "up2 up default"]);
    expect(await dials(undefined, far[family])).toEqual(through("up2", family));
    expect(await dials("up1", far[family])).toEqual(through("up1", family));
    expect(await prefers("up1")).toEqual({ ok: true });
    expect(await dials(undefined, far[family])).toEqual(through("up1", family));
    expect(await prefers(undefined)).toEqual({ ok: true });
    expect(net.marks()).toBe("");
    expect(await dials(undefined, far[family])).toEqual(through("up1", family));
  });

  test("are left alone by what goes to the LAN, whichever is preferred", async () => {
    await prefers("up2");
    expect(await dials(undefined, panel)).toEqual({ ok: true, seen: "192.168.213.1" });
  });

  test("keep the connections that run over them when the other one is preferred", async () => {
    await prefers("up1");
    await program.does({ do: "dial", address: far.ipv4, as: "old" });
    await prefers("up2");
    expect(await program.does({ do: "say", as: "old", waitMs: 3_000 })).toBe(sources.up1.ipv4);
    await prefers("up1");
    expect(await program.does({ do: "say", as: "old", waitMs: 3_000 })).toBe(sources.up1.ipv4);
  });

  test("lose their carrier and get it back: told, dialled by the other one meanwhile, and steered again by itself", async () => {
    await prefers("up1");
    const before = program.changes;
    net.setCable("up1", "down");
    await eventually("the loss to be told", () => (program.changes > before ? true : undefined));
    expect(await listed()).toEqual(["up2 up", "up1 down default"]);
    expect(await dials("up1")).toMatchObject({ ok: false, reason: "unreachable" });
    expect(await prefers("up1")).toMatchObject({ ok: false, why: expect.stringContaining("up1 is not up") });
    expect(await dials("up2")).toEqual(through("up2"));
    expect(await prefers("up2")).toEqual({ ok: true });
    expect(await dials()).toEqual(through("up2"));
    expect(await listed()).toEqual(["up2 up default", "up1 down"]);
    const dark = program.changes;
    net.setCable("up1", "up");
    await eventually("the return to be told", () => (program.changes > dark ? true : undefined));
    expect(await dials("up1")).toEqual(through("up1"));
    expect(await dials()).toEqual(through("up2"));
  });

  test("are steered again after the system has dropped an interface with all its routes", async () => {
    await prefers("up2");
    net.onGateway("ip", "link", "set", "up2", "down");
    net.onGateway("ip", "link", "set", "up2", "up");
    net.onGateway("ip", "route", "replace", "default", "via", "10.213.2.1", "dev", "up2", "metric", "2000");
    net.onGateway("ip", "-6", "route", "replace", "default", "via", "fd13:2::1", "dev", "up2", "metric", "2000");
    await eventually("the route to be back", async () => {
      const seen = (await dials()) as { seen?: string };
      return seen.seen === sources.up2.ipv4 ? true : undefined;
    });
  });

  test("follow an address and a router that change", async () => {
    await prefers("up2");
    const moves = (from: string, to: string): void => {
      net.onGateway("ip", "addr", "del", `${from}/24`, "dev", "up2");
      net.onGateway("ip", "addr", "add", `${to}/24`, "dev", "up2");
      net.onGateway("ip", "route", "replace", "default", "via", "10.213.2.1", "dev", "up2", "metric", "2000");
    };
    moves("10.213.2.2", "10.213.2.77");
    try {
      await eventually("the new address to be used", async () => {
        const seen = (await dials("up2")) as { seen?: string };
        return seen.seen === "10.213.2.77" ? true : undefined;
      });
      expect(net.marks()).not.toContain("10.213.2.2 ");
    } finally {
      moves("10.213.2.77", "10.213.2.2");
    }
  });

  test("have nothing left of a program that was killed once the next one gives the choice back", async () => {
    await prefers("up2");
    await program.kill();
    expect(net.marks()).toContain("lookup");
    program = await net.startProgram();
    expect(await dials()).toEqual(through("up2"));
    expect(await prefers(undefined)).toEqual({ ok: true });
    expect(net.marks()).toBe("");
    expect(await dials()).toEqual(through("up1"));
    // And the one after that starts from what is true.
    await prefers("up1");
    expect(await dials()).toEqual(through("up1"));
  });

  test("are chosen by a program of no rights but this one", async () => {
    const rights = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"];
    const service = await net.startProgram("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...rights);
    try {
      expect(await service.does({ do: "prefer", name: "up2" })).toEqual({ ok: true });
      expect(await service.does({ do: "dial", address: far.ipv4 })).toEqual(through("up2"));
      expect(await service.does({ do: "prefer" })).toEqual({ ok: true });
      expect(net.marks()).toBe("");
    } finally {
      await service.kill();
    }
  });

  test("cannot be chosen without the right to change routes, which is said, and the default one is still dialled", async () => {
    const without = await net.startProgram("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");
    try {
      expect(await without.does({ do: "prefer", name: "up2" })).toEqual({
        ok: false,
        why: expect.stringContaining("CAP_NET_ADMIN"),
      });
      expect(await without.does({ do: "prefer" })).toEqual({ ok: true });
      expect(await without.does({ do: "dial", address: far.ipv4, uplink: "up2" })).toEqual({
        ok: false,
        reason: "unreachable",
        detail: expect.stringContaining("CAP_NET_ADMIN"),
      });
      expect(await without.does({ do: "dial", address: far.ipv4, uplink: "up1" })).toEqual(through("up1"));
    } finally {
      await without.kill();
    }
  });
});
