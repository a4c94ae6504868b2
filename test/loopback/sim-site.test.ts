// A site on real sockets: the same stories as in memory, with real TLS, real resets and real time.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { brokerKick } from "#simulator/faults/broker-kick.ts";
import { captivePortal } from "#simulator/faults/captive-portal.ts";
import { faultKinds } from "#simulator/faults/catalogue.ts";
import { certificate, certificateFlaws } from "#simulator/faults/certificate.ts";
import { clockJump } from "#simulator/faults/clock-jump.ts";
import { cloudRestart } from "#simulator/faults/cloud-restart.ts";
import { diskFull } from "#simulator/faults/disk-full.ts";
import { dnsFailure } from "#simulator/faults/dns-failure.ts";
import { dnsWrongAnswer } from "#simulator/faults/dns-wrong-answer.ts";
import { duplicateClientId } from "#simulator/faults/duplicate-client-id.ts";
import type { Fault } from "#simulator/faults/fault.ts";
import { parseFaultSpec } from "#simulator/faults/fault-spec.ts";
import { latency } from "#simulator/faults/latency.ts";
import { powerCut } from "#simulator/faults/power-cut.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { watchdogStarvation } from "#simulator/faults/watchdog-starvation.ts";
import { LoopbackSite } from "#simulator/loopback/loopback-site.ts";
import { notOnLoopback } from "#simulator/loopback/not-on-loopback.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { applyFaultSpec } from "#simulator/triggers/apply-fault-spec.ts";
import { httpUpgrade, mqttConnack, rfbFramebufferUpdate } from "#simulator/triggers/events.ts";

const panels = { press4: vncPanel({ password: "secret12" }), plc: echoPanel() };

describe("a site on real sockets", () => {
  let site: LoopbackSite<typeof panels>;
  beforeAll(async () => {
    site = await LoopbackSite.start({ seed: 7, panels });
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const offline = (from: number) =>
    site.until(() => site.gatewayLog.slice(from).find(({ event }) => event === "connectivity.offline"), {
      what: "the gateway to go offline",
    });

  async function opensPlc() {
    const session = await site.operator.opens("plc");
    await session.sees(() => session.steps.includes("open"), "an open session");
    return session;
  }

  test("shows the panel's picture, takes pointer and keys, and ends in order", async () => {
    const { press4 } = site.panels;
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(press4.screen);
    vnc.clicks(layout.button);
    await vnc.session.sees(() => !press4.screen.isRunning, "the machine to stop");
    expect(await vnc.disconnects()).toMatchObject({ code: 1000 });
    await site.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    const [operation] = await site.operator.operations();
    expect(operation?.["status"]).toBe("SUCCESSFUL");
  });

  test("knows its panels and the cloud by the site's own addresses", async () => {
    const opened = site.gatewayLog.find(({ event }) => event === "tunnel.opened");
    expect(opened).toMatchObject({ host: "192.168.10.11", port: 5900 });
    expect(site.openConnections().some((name) => /^gateway:\d+ > cloud:8883$/.test(name))).toBe(true);
  });

  test("carries bytes of a passthrough, slowed down on the wire to the panel alone", async () => {
    const session = await opensPlc();
    await site.between("gateway", "plc").during(latency(150), async () => {
      const sentAtMs = site.clock.monotonicMs();
      session.says(Buffer.from("there and back"));
      await session.sees(() => session.bytesReceived === 14, "the echo");
      expect(site.clock.monotonicMs() - sentAtMs).toBeGreaterThanOrEqual(300);
    });
    await session.disconnects();
  });

  test("ends a session with the word for a reset on the wire to the panel, at the third picture", async () => {
    const laid = site.when(rfbFramebufferUpdate({ nth: 3 })).apply(reset(), { between: ["gateway", "press4"] });
    const vnc = await site.operator.opensVnc("press4");
    expect(await vnc.ends()).toMatchObject({ reason: "panel.reset" });
    await laid.lift();
  });

  test("tells events under TLS from the cloud's end of it", async () => {
    const seen: string[] = [];
    const forget = site.on(httpUpgrade({ nth: 1 }), () => seen.push("upgrade"));
    site.on(mqttConnack({ code: 0 }), () => seen.push("connack"));
    const session = await opensPlc();
    await session.disconnects();
    await site.apply(brokerKick());
    await site.until(() => seen.includes("connack"), { what: "the gateway to be let in again" });
    expect(seen[0]).toBe("upgrade");
    forget();
    await site.gatewayIsOnline();
  });

  /** How the gateway's machine fares that resolves the cloud's name and speaks TLS with it. */
  async function reachesCloud(port: number, timeoutMs = 10_000): Promise<string> {
    const network = site.network("gateway");
    const resolved = await network.resolve("cloud.example", { timeoutMs });
    if (!resolved.ok) return resolved.reason;
    const [address = ""] = resolved.addresses;
    const target = { address, port, serverName: "cloud.example", extraAuthorities: [site.authorityPem] };
    const dialled = await network.dialTls(target, { timeoutMs });
    if (dialled.ok) dialled.connection.reset();
    return dialled.ok ? "reached" : dialled.reason;
  }

  const failures: readonly (readonly [Fault, string])[] = [
    ...certificateFlaws.map((flaw) => [certificate(flaw), `tls.${flaw}`] as const),
    [refuse(), "refused"],
    [reset(), "reset"],
    [dnsFailure(), "name-unknown"],
    [dnsFailure({ how: "silent" }), "timeout"],
    [dnsWrongAnswer({ address: "127.0.0.1" }), "refused"],
    [dnsWrongAnswer({ address: "192.0.2.1" }), "timeout"],
    [cloudRestart(), "refused"],
  ];
  test.each(failures.map(([fault, reason]) => [fault.name, reason, fault] as const))(
    "under %s who dials the cloud is told: %s",
    async (_, reason, fault) => {
      expect(await reachesCloud(8443)).toBe("reached");
      const timeoutMs = reason === "timeout" ? 300 : 10_000;
      await site.during(fault, async () => expect(await reachesCloud(8443, timeoutMs)).toBe(reason));
      expect(await reachesCloud(8443)).toBe("reached");
    },
  );

  test("behind a captive portal HTTPS meets the portal's certificate and MQTT is refused", async () => {
    await site.between("gateway", "cloud").during(captivePortal(), async () => {
      expect(await reachesCloud(8443)).toBe("tls.wrong-name");
      expect(["refused", "reset"]).toContain(await reachesCloud(8883));
    });
    expect(await reachesCloud(8883)).toBe("reached");
  });

  test.each([{ hard: false }, { hard: true }])(
    "the cloud restarts, hard: $hard, and knows the gateway again",
    async (how) => {
      const session = await opensPlc();
      const from = site.gatewayLog.length;
      await site.during(cloudRestart(how), async () => {
        const { reason, code } = await session.ends();
        if (how.hard) expect(code).toBe(1006);
        else expect(reason).toBe("cloud.stopping");
        await offline(from);
      });
      await site.gatewayIsOnline();
    },
  );

  test("at a power cut nobody is told, and the gateway is back when the power is", async () => {
    const session = await opensPlc();
    const before = site.openConnections().filter((name) => name.startsWith("gateway:")).length;
    const lift = await site.apply(powerCut());
    expect(site.isGatewayOn).toBe(false);
    const left = site.openConnections().filter((name) => name.startsWith("gateway:"));
    expect(left).toHaveLength(before);
    expect(left.every((name) => name.includes("(gateway has forgotten it)"))).toBe(true);
    session.says(Buffer.from("is anybody there?"));
    await site.passes(300);
    expect(session.ending).toBeUndefined();
    await lift();
    await site.gatewayIsOnline();
    // Its system knows nothing of the connections from before, and says so to who uses them.
    await session.ends();
    await site.until(() => site.openConnections().every((name) => !/cloud.*forgotten/.test(name)), {
      what: "the cloud's connections from before to end",
    });
    // The panel has nothing to say, and would only notice by its system's keep-alive.
    expect(site.openConnections().filter((name) => name.includes("forgotten"))).toHaveLength(1);
  });

  test("a second device with the gateway's identity puts it out", async () => {
    const from = site.gatewayLog.length;
    const lift = await site.apply(duplicateClientId(60_000));
    await offline(from);
    await lift();
    await site.gatewayIsOnline();
  });

  test("the gateway's clock jumps, and its durations do not", async () => {
    const lift = await site.apply(clockJump({ byMs: 86_400_000 }));
    const session = await opensPlc();
    await session.disconnects();
    await site.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    const closed = site.gatewayLog.findLast(({ event }) => event === "tunnel.closed");
    expect(Date.parse(closed?.time ?? "") - Date.now()).toBeGreaterThan(86_000_000);
    expect(closed?.["durationMs"]).toBeLessThan(60_000);
    await lift();
  });

  test("has a record with deliveries, transitions, faults and steps", () => {
    const kinds = new Set(site.record.entries.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["delivery", "fault", "log", "step", "transition"]);
    const toCloud = site.record.entries.find((entry) => entry.kind === "delivery" && entry.link === "cloud-gateway");
    expect(toCloud).toMatchObject({ delivery: "open", from: "gateway" });
  });
});

describe("what a site on real sockets cannot do", () => {
  test("is refused with the table's line, for every fault that the table refuses", async () => {
    await using site = await LoopbackSite.start({ registered: false });
    expect(notOnLoopback.map(([name]) => name)).toEqual(["watchdog-starvation", "modem-hang", "uplink-swap"]);
    for (const [name, words] of notOnLoopback) {
      const refused = applyFaultSpec(site, parseFaultSpec({ fault: name }));
      await expect(refused).rejects.toMatchObject({ code: "fault.not-here", message: words });
    }
    await expect(site.apply(watchdogStarvation())).rejects.toThrow("this site has none");
    expect(site.describe()).toContain("Faults in force: none");
    expect(() => site.between("gateway", "press9")).toThrow('there is no host "press9"');
    await expect(site.apply(latency(1))).rejects.toThrow("use site.between");
  });

  test("every other fault can be laid and lifted where the catalogue says, and leaves nothing", async () => {
    await using site = await LoopbackSite.start({ panels });
    const refused = notOnLoopback.map(([name]) => name);
    for (const kind of faultKinds.filter(({ name }) => !refused.includes(name))) {
      const place = kind.places.includes("site")
        ? {}
        : { between: ["gateway", "press4"], ...(kind.places.includes("link") ? {} : { from: "gateway" }) };
      const laid = await applyFaultSpec(site, parseFaultSpec({ fault: kind.name, ...place }));
      expect(laid.isLaid).toBe(true);
      await laid.lift();
    }
    await site.gatewayIsOnline();
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
  });

  test("a full disk fails the gateway's registration and not the gateway", async () => {
    await using site = await LoopbackSite.start({ registered: false });
    const lift = await site.apply(diskFull());
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    await site.operator.acceptsDevice(site.deviceId);
    await site.until(() => site.gatewayLog.find((line) => JSON.stringify(line).includes("ENOSPC")), {
      what: "the gateway to tell of its full disk",
    });
    await lift();
  });

  test("a wait that fails names the caller's line and what the world looks like", async () => {
    await using site = await LoopbackSite.start({ registered: false });
    const failed = (await site
      .until(() => false, { what: "pigs to fly", limitMs: 20 })
      .catch((error) => error)) as Error;
    expect(failed.message).toMatch(/^Waited 20 ms for pigs to fly\nSite on loopback with seed 1/);
    expect(failed.stack).toContain("sim-site.test.ts");
    expect(failed.stack?.split("\n").find((line) => line.includes("    at "))).toContain("sim-site.test.ts");
  });

  test("what is left behind fails the end of the site", async () => {
    const site = await LoopbackSite.start({ registered: false });
    site.clock.setTimeout(() => undefined, 3_600_000);
    await expect(site[Symbol.asyncDispose]()).rejects.toThrow(
      "Left behind at the end of a site on loopback with seed 1: 1 timers",
    );
  });
});
