// Which uplink is chosen: the pure rules, what is said of a switch, and the actors that look, steer and probe.
import { describe, expect, it } from "vitest";
import { createActor, setup } from "xstate";
import type { ReachableCloud } from "#firmware/connectivity/cloud-ports.ts";
import {
  betterNames,
  type Choosing,
  choiceAfterFailure,
  choiceAfterLook,
  choiceAfterProbes,
  hasBetterComeUp,
  type UplinkSight,
  upNames,
} from "#firmware/uplinks/choose-uplink.ts";
import { releaseUplinks, uplinksProbe, uplinksSteering, uplinksWatch } from "#firmware/uplinks/uplinks.actor.ts";
import type { SightFact } from "#firmware/uplinks/uplinks-setup.ts";
import { switchedMessage } from "#firmware/uplinks/uplinks-words.ts";
import type { DialOutcome, Network, TlsTarget, Uplink, Uplinks } from "#hardware/ports.ts";
import { ManualClock } from "../hardware/manual-clock.ts";

const prefer = ["eth0", "wlan0", "wwan0"];
/** "eth0+ wlan0-": up and down. */
const seen = (text: string): readonly UplinkSight[] =>
  text
    .split(" ")
    .filter((word) => word !== "")
    .map((word) => ({ name: word.slice(0, -1), isUp: word.endsWith("+"), isDefault: false }));

const choosing = (more: Partial<Choosing> = {}): Choosing => ({
  prefer,
  sights: seen("eth0+ wlan0+ wwan0+"),
  wanted: "eth0",
  cause: "start",
  worked: {},
  rounds: 0,
  isOnline: true,
  ...more,
});

describe("the choice after a look", () => {
  it.each([
    {
      what: "the best at the start",
      from: { sights: undefined, wanted: undefined },
      now: "wwan0+ eth0+ wlan0+",
      to: "eth0",
      cause: "start",
    },
    {
      what: "the best that is up at the start",
      from: { sights: undefined, wanted: undefined },
      now: "eth0- wlan0+",
      to: "wlan0",
      cause: "start",
    },
    { what: "none where none is up", from: {}, now: "eth0- wlan0-", to: undefined, cause: "dark" },
    { what: "none where none that is up is preferred", from: {}, now: "usb0+", to: undefined, cause: "dark" },
    { what: "the same while it is up", from: {}, now: "eth0+ wlan0-", to: "eth0", cause: "start" },
    { what: "the next when it is gone", from: {}, now: "eth0- wlan0+ wwan0+", to: "wlan0", cause: "gone" },
    { what: "the one after that", from: {}, now: "wwan0+", to: "wwan0", cause: "gone" },
    {
      what: "the first that is back after the dark",
      from: { wanted: undefined, sights: seen("eth0-") },
      now: "wwan0+",
      to: "wwan0",
      cause: "back",
    },
    {
      what: "the lesser one while it works",
      from: { wanted: "wlan0", sights: seen("wlan0+") },
      now: "eth0+ wlan0+",
      to: "wlan0",
      cause: "start",
    },
    {
      what: "a better one that comes up while nothing works",
      from: { wanted: "wlan0", sights: seen("wlan0+"), isOnline: false },
      now: "eth0+ wlan0+",
      to: "eth0",
      cause: "back",
    },
    {
      what: "not one that was up before and did not work either",
      from: { wanted: "wlan0", isOnline: false },
      now: "eth0+ wlan0+ wwan0+",
      to: "wlan0",
      cause: "start",
    },
    {
      what: "not a lesser one that comes up",
      from: { sights: seen("eth0+"), isOnline: false },
      now: "eth0+ wlan0+",
      to: "eth0",
      cause: "start",
    },
  ] as const)("is $what", ({ from, now, to, cause }) => {
    expect(choiceAfterLook(choosing(from), seen(now))).toMatchObject({ wanted: to, cause });
  });
});

describe("the choice after too long without the cloud", () => {
  it.each([
    ["eth0", "eth0+ wlan0+ wwan0+", "wlan0"],
    ["wlan0", "eth0+ wlan0+ wwan0+", "wwan0"],
    ["wwan0", "eth0+ wlan0+ wwan0+", "eth0"],
    ["eth0", "eth0+ wlan0- wwan0+", "wwan0"],
    ["eth0", "eth0+", "eth0"],
    [undefined, "eth0- wwan0+", "wwan0"],
    ["eth0", "eth0- wlan0-", undefined],
  ])("after %s of %s is %s", (wanted, sights, next) => {
    expect(choiceAfterFailure(choosing({ wanted, sights: seen(sights) })).wanted).toBe(next);
  });

  it("comes to each of them again and again", () => {
    let now = choosing();
    const visited: (string | undefined)[] = [];
    for (let step = 0; step < 6; step += 1) {
      now = { ...now, ...choiceAfterFailure(now) };
      visited.push(now.wanted);
    }
    expect(visited).toEqual(["wlan0", "wwan0", "eth0", "wlan0", "wwan0", "eth0"]);
  });
});

describe("the choice after probes of better ones", () => {
  const lesser = choosing({ wanted: "wwan0" });

  it("changes once one has worked twice in a row", () => {
    const once = { ...lesser, ...choiceAfterProbes(lesser, ["wlan0"]) };
    expect(once).toMatchObject({ wanted: "wwan0", worked: { eth0: 0, wlan0: 1 } });
    expect(choiceAfterProbes(once, [])).toMatchObject({ wanted: "wwan0", worked: { eth0: 0, wlan0: 0 } });
    expect(choiceAfterProbes(once, ["wlan0"])).toEqual({ wanted: "wlan0", cause: "better", worked: {}, rounds: 0 });
    expect(choiceAfterProbes(once, ["eth0", "wlan0"])).toMatchObject({ wanted: "wlan0" });
  });

  it("takes the best of those that work, and only one that is still up and better", () => {
    const twice = { ...lesser, worked: { eth0: 1, wlan0: 1 } };
    expect(choiceAfterProbes(twice, ["wlan0", "eth0"]).wanted).toBe("eth0");
    const gone = { ...twice, sights: seen("eth0- wlan0+ wwan0+") };
    expect(choiceAfterProbes(gone, ["eth0"]).wanted).toBe("wwan0");
    expect(choiceAfterProbes({ ...twice, wanted: "eth0" }, ["wlan0"]).wanted).toBe("eth0");
  });

  it("changes at once where nothing works anyway", () => {
    expect(choiceAfterProbes({ ...lesser, isOnline: false }, ["wlan0"]).wanted).toBe("wlan0");
  });

  it("knows which are better, up, and newly so", () => {
    expect(upNames({ prefer }, seen("usb0+ wwan0+ eth0+"))).toEqual(["eth0", "wwan0"]);
    expect(betterNames(lesser)).toEqual(["eth0", "wlan0"]);
    expect(betterNames(choosing({ wanted: undefined }))).toEqual([]);
    expect(hasBetterComeUp({ ...lesser, sights: seen("wwan0+") }, seen("wwan0+ wlan0+"))).toBe(true);
    expect(hasBetterComeUp(lesser, lesser.sights ?? [])).toBe(false);
    expect(hasBetterComeUp(choosing({ sights: seen("eth0+") }), seen("eth0+ wlan0+"))).toBe(false);
  });
});

it("a switch is told of in words", () => {
  const text = (change: Parameters<typeof switchedMessage>[0]) => switchedMessage(change).text;
  expect(text({ from: "eth0", to: "wlan0", cause: "gone" })).toBe(
    '400,postern_UplinkSwitched,"The gateway leaves through wlan0, before that through eth0: eth0 is down"',
  );
  expect(text({ from: "wlan0", to: undefined, cause: "dark" })).toContain("none of the configured uplinks is up");
  for (const cause of ["start", "unreachable", "better", "back"] as const) {
    expect(text({ from: undefined, to: "wlan0", cause })).toContain("wlan0");
  }
});

/** Uplinks of a machine that a test turns. */
function scriptedUplinks() {
  let list: readonly Uplink[] = [{ name: "eth0", kind: "ethernet", isUp: true, isDefault: true }];
  const watchers = new Set<() => void>();
  const asked: (string | undefined)[] = [];
  const uplinks: Uplinks = {
    list: async () => list,
    watch: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    prefer: async (name) => {
      asked.push(name);
      return name === "wlan9" ? { ok: false, why: "the uplink wlan9 is not up" } : { ok: true };
    },
  };
  return {
    uplinks,
    asked,
    watchers,
    becomes: (next: readonly Uplink[], isTold = true) => {
      list = next;
      if (isTold) for (const watcher of watchers) watcher();
    },
  };
}

describe("the actors", () => {
  it("tell what they see at the start and at each change, once, even of one that nobody told of, and end with all they hold", async () => {
    const clock = new ManualClock();
    const { uplinks, becomes, watchers } = scriptedUplinks();
    const told: SightFact[] = [];
    const parent = setup({ types: { events: {} as SightFact }, actors: { watch: uplinksWatch({ clock }, uplinks) } });
    const actor = createActor(
      parent.createMachine({
        invoke: { src: "watch" },
        on: { "uplinks.seen": { actions: ({ event }) => void told.push(event) } },
      }),
    ).start();
    await clock.until(() => told.length === 1, "the first look");
    expect(told[0]?.sights).toEqual([{ name: "eth0", isUp: true, isDefault: true }]);
    becomes([{ name: "eth0", kind: "ethernet", isUp: true, isDefault: true }]);
    for (let turn = 0; turn < 20; turn += 1) await uplinks.list();
    expect(told).toHaveLength(1);
    becomes([{ name: "eth0", kind: "ethernet", isUp: false }]);
    await clock.until(() => told.length === 2, "the change");
    becomes([], false);
    await clock.until(() => told.length === 3, "the change that nobody told of");
    expect(told.map(({ sights }) => sights.filter(({ isUp }) => isUp).length)).toEqual([1, 0, 0]);
    actor.stop();
    expect([watchers.size, clock.pendingCount]).toEqual([0, 0]);
  });

  it("steer, and say what prevented it", async () => {
    const { uplinks } = scriptedUplinks();
    const steers = async (port: Uplinks, name: string | undefined) => {
      const actor = createActor(uplinksSteering(port), { input: { name } }).start();
      await expect.poll(() => actor.getSnapshot().status).toBe("done");
      return actor.getSnapshot().output;
    };
    expect(await steers(uplinks, "wlan0")).toEqual({ ok: true, name: "wlan0" });
    expect(await steers(uplinks, undefined)).toEqual({ ok: true, name: undefined });
    expect(await steers(uplinks, "wlan9")).toEqual({ ok: false, why: "the uplink wlan9 is not up" });
    const { prefer: _prefer, ...without } = uplinks;
    expect(await steers(without, "wlan0")).toMatchObject({ ok: false });
  });

  it("give the choice back, whatever comes of that", async () => {
    const { uplinks, asked } = scriptedUplinks();
    await releaseUplinks({ uplinks });
    expect(asked).toEqual([undefined]);
    await releaseUplinks({});
    await releaseUplinks({ uplinks: { ...uplinks, prefer: () => Promise.reject(new Error("no")) } });
  });

  it.each([
    { mqttOver: "tls", ports: [8883] },
    { mqttOver: "websocket", ports: [443] },
    { mqttOver: "auto", ports: [8883, 443] },
  ] as const)("probe over each uplink the ports by which MQTT goes: $mqttOver", async ({ mqttOver, ports }) => {
    const dialled: string[] = [];
    let resets = 0;
    const dial = async ({ port, uplink, serverName }: TlsTarget): Promise<DialOutcome> => {
      dialled.push(`${uplink} ${port} ${serverName}`);
      if (uplink === "eth0") return { ok: false, reason: "timeout", detail: "" };
      return { ok: true, connection: { reset: () => (resets += 1) } } as unknown as DialOutcome;
    };
    const network = {
      resolve: async () => ({ ok: true, addresses: ["198.51.100.20"] }),
      dialTls: dial,
    } as unknown as Network;
    const address = { host: "cloud.example", httpsPort: 443, mqttHost: "mqtt.example", mqttPort: 8883 };
    const cloud = { ...address, mqttOver, authorities: [], url: "" } as ReachableCloud;
    const probe = uplinksProbe({ clock: new ManualClock(), network }, cloud);
    const actor = createActor(probe, { input: { names: ["eth0", "wlan0"] } }).start();
    await expect.poll(() => actor.getSnapshot().status).toBe("done");
    expect(actor.getSnapshot().output).toEqual(["wlan0"]);
    expect(resets).toBe(1);
    const hosts: Record<number, string> = { 8883: "mqtt.example", 443: "cloud.example" };
    const eth0 = ports.map((port) => `eth0 ${port} ${hosts[port]}`);
    const [first = 0] = ports;
    expect(dialled.toSorted()).toEqual([...eth0, `wlan0 ${first} ${hosts[first]}`].toSorted());
  });
});
