// When a fault is there: by schedule, by probability, and from an event of a protocol on.
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { cloudRestart } from "#simulator/faults/cloud-restart.ts";
import { corrupt } from "#simulator/faults/corrupt.ts";
import type { Delivery, PlanContext } from "#simulator/faults/fault.ts";
import { parseFaultSpec } from "#simulator/faults/fault-spec.ts";
import { latency } from "#simulator/faults/latency.ts";
import { profileFaults } from "#simulator/faults/profiles.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { SimulatedClock } from "#simulator/simulated-clock.ts";
import { Site } from "#simulator/site.ts";
import { applyFaultSpec, applyFaultSpecs } from "#simulator/triggers/apply-fault-spec.ts";
import {
  bytesSeen,
  connectionOpened,
  httpUpgrade,
  mqttConnack,
  mqttPuback,
  mqttPublish,
  rfbFramebufferUpdate,
  rfbSecurityResult,
  websocketFrame,
} from "#simulator/triggers/events.ts";
import { withProbability } from "#simulator/triggers/probability.ts";
import { runSchedule, type Schedule } from "#simulator/triggers/schedule.ts";
import { TwoHosts } from "./two-hosts.ts";

/** "+<ms>" when the fault was laid, "-<ms>" when it was lifted. */
async function storyOf(schedule: Schedule, untilMs: number, stopAtMs = untilMs): Promise<string[]> {
  using clock = SimulatedClock.start();
  const story: string[] = [];
  const lay = () => {
    story.push(`+${clock.monotonicMs()}`);
    return () => void story.push(`-${clock.monotonicMs()}`);
  };
  const run = await runSchedule(clock, schedule, lay, (error) => story.push(String(error)));
  await clock.advance(stopAtMs);
  await run.stop();
  await clock.advance(untilMs - stopAtMs);
  expect(clock.pending()).toEqual([]);
  expect(run.isLaid).toBe(false);
  return story;
}

describe("a schedule", () => {
  it.each<[string, Schedule, string[]]>([
    ["nothing", {}, ["+0", "-10000"]],
    ["a beginning", { afterMs: 500 }, ["+500", "-10000"]],
    ["a length", { forMs: 300 }, ["+0", "-300"]],
    ["both", { afterMs: 500, forMs: 300 }, ["+500", "-800"]],
    ["a repetition", { forMs: 1000, everyMs: 4000 }, ["+0", "-1000", "+4000", "-5000", "+8000", "-9000"]],
    [
      "a number of times",
      { afterMs: 100, forMs: 1, everyMs: 2, times: 3 },
      ["+100", "-101", "+102", "-103", "+104", "-105"],
    ],
    ["a time that is still to come", { afterMs: 20_000 }, []],
  ])("with %s", async (_name, schedule, expected) => {
    expect(await storyOf(schedule, 10_000)).toEqual(expected);
  });

  it("that is stopped lifts what is laid, and lays no more", async () => {
    expect(await storyOf({ forMs: 1000, everyMs: 4000 }, 20_000, 4500)).toEqual(["+0", "-1000", "+4000", "-4500"]);
    expect(await storyOf({ afterMs: 500 }, 20_000, 100)).toEqual([]);
  });

  it("waits for a fault that takes its time before it lifts it", async () => {
    using clock = SimulatedClock.start();
    const story: string[] = [];
    const lay = async () => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 700));
      story.push(`+${clock.monotonicMs()}`);
      return () => void story.push(`-${clock.monotonicMs()}`);
    };
    void runSchedule(clock, { forMs: 500 }, lay, () => undefined);
    await clock.advance(2000);
    expect(story).toEqual(["+700", "-700"]);
  });

  it("that is stopped does not lay what waits behind a fault which takes its time", async () => {
    using clock = SimulatedClock.start();
    const story: string[] = [];
    const lay = async () => {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, 5000));
      story.push(`+${clock.monotonicMs()}`);
      return () => void story.push(`-${clock.monotonicMs()}`);
    };
    const starting = runSchedule(clock, { forMs: 1000, everyMs: 4000 }, lay, () => undefined);
    await clock.advance(5000);
    const run = await starting;
    await clock.advance(3500);
    // The second time is being laid until 10 s; the third is due since 8 s and waits behind it.
    const stopping = run.stop();
    await clock.advance(60_000);
    await stopping;
    expect(story).toEqual(["+5000", "-5000", "+10000", "-10000"]);
  });

  it("whose fault cannot be laid fails in the call, and leaves no timer", async () => {
    using clock = SimulatedClock.start();
    const lay = () => {
      throw new Error("not here");
    };
    await expect(runSchedule(clock, { forMs: 5, everyMs: 10 }, lay, () => undefined)).rejects.toThrow("not here");
    expect(clock.pending()).toEqual([]);
  });

  it("whose fault cannot be laid later tells of it", async () => {
    using clock = SimulatedClock.start();
    const failures: unknown[] = [];
    const lay = () => {
      throw new Error("not now");
    };
    await runSchedule(clock, { afterMs: 5 }, lay, (error) => failures.push(error));
    await clock.advance(10);
    expect(failures.map(String)).toEqual(["Error: not now"]);
  });
});

describe("a probability", () => {
  const delivery: Delivery = { kind: "bytes", bytes: Buffer.from("x"), atMs: 0 };
  const context: PlanContext = { nowMs: 0, offsetBytes: 0, previousAtMs: 0, draw: 0 };

  it("meets its share of chunks, each by its own luck", () => {
    const fault = withProbability(0.25, latency(100));
    const late = Array.from({ length: 1000 }, (_, at) => at / 1000).filter(
      (draw) => fault.plan(delivery, { ...context, draw })[0]!.atMs === 100,
    );
    expect(late).toHaveLength(250);
    expect(fault.name).toBe("latency 100 ms (25 %)");
  });

  it("leaves the fault itself an even luck", () => {
    const fault = withProbability(0.5, latency(0, 1000));
    const at = (draw: number) => fault.plan(delivery, { ...context, draw })[0]!.atMs;
    expect([0, 0.25, 0.499, 0.5, 0.9].map(at)).toEqual([0, 500, 998, 0, 0]);
  });

  it("meets connection attempts one by one, the same ones for a seed", async () => {
    const outcomes = async (): Promise<boolean[]> => {
      using world = new TwoHosts();
      await world.listens(({ stream }) => stream.on("error", () => undefined));
      world.network.lay(withProbability(0.5, refuse()));
      const each: boolean[] = [];
      for (let at = 0; at < 40; at += 1) each.push((await world.dials()).ok);
      return each;
    };
    const first = await outcomes();
    expect(first.filter((isOk) => isOk).length).toBeGreaterThan(10);
    expect(first.filter((isOk) => !isOk).length).toBeGreaterThan(10);
    expect(await outcomes()).toEqual(first);
  });

  it("decides once over what begins, and ends only what has begun", async () => {
    const calls: string[] = [];
    const draws = [0.2, 0.9];
    const world = { draw: () => draws.shift() ?? 0 } as never;
    const fault = withProbability(0.5, {
      name: "a thing",
      begin: () => void calls.push("begin"),
      end: () => void calls.push("end"),
    });
    await fault.begin?.(world);
    await fault.end?.(world);
    await fault.begin?.(world);
    await fault.end?.(world);
    expect(calls).toEqual(["begin", "end"]);
  });

  it("is refused for a dark link, and out of its range", () => {
    expect(() => withProbability(0.5, blackHole())).toThrow('use "loss" for a link that loses now and then');
    expect(() => withProbability(0, latency(1))).toThrow("a probability is above 0 and at most 1, not 0");
    expect(() => withProbability(1.01, latency(1))).toThrow("not 1.01");
    expect(withProbability(1, blackHole()).name).toBe("black hole");
  });
});

describe("an event", () => {
  it("happens on connections that stand already: the gateway's MQTT", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    const seen: string[] = [];
    site.on(mqttPublish({ topic: "s/us", of: "400" }), () => seen.push("opened event"));
    site.on(mqttPublish({ topic: "s/us", of: "400", nth: 2 }), () => seen.push("closed event"));
    site.on(mqttPuback({ of: "400", nth: 2 }), () => seen.push("acknowledged"));
    site.on(httpUpgrade({ path: "/service/remoteaccess/device/" }), () => seen.push("device websocket"));
    site.on(websocketFrame({ opcode: 8, between: ["gateway", "cloud"] }), () => seen.push("close frame"));
    site.on(connectionOpened({ port: 7 }), () => seen.push("panel dialled"));
    const session = await site.operator.opensPassthrough("plc");
    await site.until(() => seen.includes("opened event"), { what: "the event that the tunnel stands" });
    await session.disconnects();
    await site.until(() => seen.includes("acknowledged"), { what: "the event" });
    const story = ["panel dialled", "device websocket", "opened event", "close frame", "closed event", "acknowledged"];
    expect(seen).toEqual(story);
  });

  it("is counted from when somebody waits for it, and tells once", async () => {
    await using site = await Site.start();
    let connacks = 0;
    site.on(mqttConnack({ nth: 2 }), () => (connacks += 1));
    const stopWaiting = site.on(mqttConnack(), () => (connacks += 100));
    stopWaiting();
    await site.during(reset({ spareNew: true }), () => site.gatewayIsOnline(120_000));
    expect(connacks).toBe(0);
    for (let again = 0; again < 2; again += 1) {
      await site.during(reset({ spareNew: true }), () => site.passes(1));
      await site.gatewayIsOnline(240_000);
    }
    expect(connacks).toBe(1);
  });

  it("lays a fault in the middle of the third update of a picture", async () => {
    await using site = await Site.start({ panels: { press4: vncPanel({ password: "secret12" }) } });
    const laid = site
      .when(rfbFramebufferUpdate({ nth: 3 }))
      .apply(blackHole(), { between: ["gateway", "press4"], forMs: 3000 });
    let updates = 0;
    site.network.watchArrivals(({ server }, { at, bytes }) => {
      if (server.host === "press4" && at === "client") updates += bytes.length;
    });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.showsPicture();
    vnc.types("C-9\n");
    await site.until(() => laid.isLaid, { what: "the third update" });
    expect(site.describe()).toContain("black hole between gateway and press4");
    const before = updates;
    await site.passes(2900);
    expect(updates).toBe(before);
    await site.passes(200);
    expect(laid.isLaid).toBe(false);
    await vnc.shows(site.panels.press4.screen);
  });

  it("of RFB happens between gateway and cloud too, if it is looked for there", async () => {
    await using site = await Site.start({ panels: { press4: vncPanel({ password: "secret12" }) } });
    const seen: string[] = [];
    site.on(rfbSecurityResult({ code: 0 }), () => seen.push("at the panel"));
    site.on(rfbSecurityResult({ code: 0, between: ["gateway", "cloud"] }), () => seen.push("in the tunnel"));
    site.on(rfbSecurityResult({ code: 0, between: ["operator", "cloud"] }), () => seen.push("at the operator"));
    const vnc = await site.operator.opensVnc("press4");
    await vnc.showsPicture();
    expect(seen).toEqual(["at the panel", "in the tunnel", "at the operator"]);
  });

  it("of so many bytes comes when they have been passed", async () => {
    await using site = await Site.start({ panels: { plc: echoPanel() } });
    let isThere = false;
    site.on(bytesSeen({ bytes: 1000, port: 7, direction: "up" }), () => {
      isThere = true;
    });
    const session = await site.operator.opensPassthrough("plc");
    session.says(new Uint8Array(999));
    await site.passes(1000);
    expect(isThere).toBe(false);
    session.says(new Uint8Array(1));
    await site.until(() => isThere, { what: "the thousandth byte", limitMs: 1000 });
    await session.disconnects();
  });

  it("that never happens leaves nothing behind", async () => {
    const site = await Site.start({ registered: false });
    site.when(mqttConnack()).apply(cloudRestart(), { forMs: 1000 });
    await site[Symbol.asyncDispose]();
  });

  it("lays a fault of the site, and the site's end tells if it could not", async () => {
    const site = await Site.start();
    const failing = {
      name: "broken fault",
      begin: () => {
        throw new Error("cannot begin");
      },
    };
    site.when(mqttPublish({ of: "125" })).apply(failing);
    site.when(connectionOpened()).apply(failing);
    await site.during(reset({ spareNew: true }), () => site.passes(1));
    await site.gatewayIsOnline(120_000);
    await expect(site[Symbol.asyncDispose]()).rejects.toThrow("A fault could not be laid or lifted");
  });
});

describe("a fault from its text form", () => {
  it("is laid where it says, and lifted", async () => {
    await using site = await Site.start({ registered: false, panels: { plc: echoPanel() } });
    const spec = parseFaultSpec({ fault: "corrupt", between: ["gateway", "plc"], from: "plc", probability: 0.5 });
    const laid = await applyFaultSpec(site, spec);
    expect(site.network.link("gateway", "plc").faultNames).toEqual(["corrupt (50 %) from plc"]);
    await laid.lift();
    expect(site.network.link("gateway", "plc").faultNames).toEqual([]);
  });

  it("follows its schedule and its event", async () => {
    await using site = await Site.start();
    const spec = parseFaultSpec({
      fault: "black-hole",
      between: ["gateway", "cloud"],
      when: { event: "connection.opened", between: ["gateway", "cloud"] },
      schedule: { afterMs: 2000, forMs: 500 },
    });
    const laid = await applyFaultSpec(site, spec);
    await site.during(reset({ spareNew: true }), () => site.passes(1));
    await site.until(() => laid.isLaid, { what: "the black hole", limitMs: 120_000 });
    await site.passes(500);
    expect(laid.isLaid).toBe(false);
    await site.gatewayIsOnline(120_000);
  });

  it("that names a host which is not there is refused at once", async () => {
    await using site = await Site.start({ registered: false });
    const spec = parseFaultSpec({ fault: "latency", between: ["gateway", "press9"], schedule: { afterMs: 5000 } });
    await expect(applyFaultSpec(site, spec)).rejects.toThrow('no host named "press9"');
    expect(site.pendingTimers().map(({ name }) => name)).not.toContain("simulator");
  });

  it("in a mode that cannot do it is refused with the reason", async () => {
    await using site = await Site.start({ registered: false });
    const onLoopback = new Proxy(site, {
      get: (target, name) => (name === "mode" ? "loopback" : Reflect.get(target, name)),
    });
    const spec = parseFaultSpec({ fault: "modem-hang" });
    await expect(applyFaultSpec(onLoopback, spec)).rejects.toThrow(
      'modem-hang cannot run in the mode "loopback": the loopback site has no modem',
    );
  });

  it("in a list of which one cannot be laid leaves none behind", async () => {
    await using site = await Site.start({ registered: false, board: { modem: undefined } });
    const specs = [
      parseFaultSpec({ fault: "latency", between: ["gateway", "cloud"] }),
      parseFaultSpec({ fault: "modem-hang" }),
    ];
    await expect(applyFaultSpecs(site, specs)).rejects.toThrow('"modem hangs" needs a board with a modem');
    expect(site.describe()).toContain("Faults in force: none");
  });

  it.each([["lte-bad"], ["satellite"], ["factory-wifi"], ["flaky-dsl"]])(
    "makes a whole profile, in which a session still shows its picture: %s",
    async (name) => {
      await using site = await Site.start({ panels: { press4: vncPanel() } });
      const laid = await applyFaultSpecs(site, profileFaults(name));
      const vnc = await site.operator.opensVnc("press4");
      await site.until(vnc.shows(site.panels.press4.screen), { what: "the picture", limitMs: 60_000 });
      await laid.lift();
      expect(site.describe()).toContain("Faults in force: none");
    },
  );

  it("makes a captive portal, in which a gateway never comes online", async () => {
    await using site = await Site.start();
    const laid = await applyFaultSpecs(site, profileFaults("captive-portal"));
    await site.during(reset({ spareNew: true }), () => site.passes(1));
    await site.passes(300_000);
    expect(site.gateway.status().connectivity).not.toBe("online");
    await laid.lift();
    await site.gatewayIsOnline(600_000);
  });
});

it("corrupt stays what it is with a probability", () => {
  const fault = withProbability(0.5, corrupt());
  const [made] = fault.plan(
    { kind: "bytes", bytes: Buffer.from("x"), atMs: 0 },
    { nowMs: 0, offsetBytes: 0, previousAtMs: 0, draw: 0.1 },
  );
  expect(made?.isCorrupt).toBe(true);
});
