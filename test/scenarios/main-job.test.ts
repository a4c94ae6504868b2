// The main job as stories: a gateway registers itself, an operator uses a panel behind it, and what each end says when it does not work.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { blackHole } from "#simulator/faults/black-hole.ts";
import { latency } from "#simulator/faults/latency.ts";
import { powerCut } from "#simulator/faults/power-cut.ts";
import { refuse } from "#simulator/faults/refuse.ts";
import { reset } from "#simulator/faults/reset.ts";
import { slice } from "#simulator/faults/slice.ts";
import { stall } from "#simulator/faults/stall.ts";
import { echoPanel, patternBytes, sinkPanel, sourcePanel } from "#simulator/panels/byte-panels.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { garbagePanel, httpPanel, silentPanel } from "#simulator/panels/odd-panels.ts";
import type { PanelProgram } from "#simulator/panels/panel.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

/** What the last session left behind, at each place where somebody looks. */
async function aftermath(site: Site) {
  const [operation] = await site.operator.operations();
  const sessions = (await site.operator.auditRecords()).flatMap((record) => record["postern_Session"] ?? []);
  const closed = (log: readonly { event: string }[], event: string) => log.filter((line) => line.event === event);
  return {
    status: operation?.["status"],
    audit: sessions.map((session) => (session as { reason?: string }).reason).filter(Boolean),
    gatewayLog: closed(site.gatewayLog, "tunnel.closed").map((line) => (line as { reason?: string }).reason),
    cloudLog: closed(site.cloudLog, "session.closed").map((line) => (line as { reason?: string }).reason),
  };
}

/** The program with a stored password, so that the cloud itself shakes hands with it. */
function asking(program: PanelProgram): PanelProgram {
  return { ...program, endpoint: { protocol: "VNC", password: "secret12" } };
}

describe("the main job", () => {
  it("registers the gateway, shows the panel's picture, takes pointer and keys, and ends in order", async () => {
    await using site = await startSite({ seed: 7, panels: { press4: vncPanel({ password: "secret12" }) } });
    const { press4 } = site.panels;
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(press4.screen);
    expect(vnc.steps).toEqual(["waiting-for-gateway", "opening-tunnel", "handshaking", "open"]);
    expect(vnc.client.desktopName).toBe("press4");

    vnc.clicks(layout.button);
    await vnc.session.sees(() => !press4.screen.isRunning, "the machine to stop");
    vnc.types("C-99\n");
    await vnc.session.sees(() => press4.screen.order === "C-99", "the order to be stored");
    await vnc.shows(press4.screen);

    expect(await vnc.disconnects()).toMatchObject({ code: 1000 });
    await site.clock.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    expect(await aftermath(site)).toEqual({
      status: "SUCCESSFUL",
      audit: ["client.closed"],
      gatewayLog: ["client.closed"],
      cloudLog: ["client.closed"],
    });
  });

  it("lets a gateway in only when the operator has accepted it", async () => {
    await using site = await startSite({ registered: false });
    await site.operator.expectsDevice(site.deviceId);
    expect(await site.operator.expectedDevices()).toMatchObject([{ status: "WAITING_FOR_CONNECTION" }]);
    site.powerOn();
    await site.clock.until(
      async () => (await site.operator.expectedDevices())[0]?.["status"] === "PENDING_ACCEPTANCE",
      { what: "the gateway to ask" },
    );
    await site.clock.advance(120_000);
    expect(site.gateway.status()).toMatchObject({ registration: "registering", connectivity: "offline" });
    expect(await site.operator.findsDevice(site.deviceId)).toBeUndefined();
    await site.operator.acceptsDevice(site.deviceId);
    await site.gatewayIsOnline();
    expect(site.gateway.status().registration).toBe("registered");
  });

  it("carries plain bytes both ways without changing one", async () => {
    await using site = await startSite({ panels: { plc: echoPanel(), dump: sourcePanel({ bytes: 700_000 }) } });
    const sent = patternBytes(0, 300_000);
    const echo = await site.operator.opensPassthrough("plc");
    void echo.sends(sent);
    await echo.receives(sent.length);
    expect(echo.received.equals(sent)).toBe(true);
    await echo.disconnects();
    const dump = await site.operator.opensPassthrough("dump", { subprotocols: ["binary"] });
    expect(await dump.ends()).toMatchObject({ code: 1000, reason: "panel.closed" });
    expect(dump.bytesReceived).toBe(700_000);
    expect(dump.digest).toBe(createHash("sha256").update(patternBytes(0, 700_000)).digest("hex"));
  });

  it("serves several sessions on several panels at once", async () => {
    const panels = { press4: vncPanel(), mixer2: vncPanel({ password: "secret12" }), plc: echoPanel() };
    await using site = await startSite({ panels });
    const press = await site.operator.opensVnc("press4");
    const mixer = await site.operator.opensVnc("mixer2");
    const second = await site.operator.opensVnc("press4");
    const plc = await site.operator.opensPassthrough("plc");
    await press.shows(site.panels.press4.screen);
    await mixer.shows(site.panels.mixer2.screen);
    await second.shows(site.panels.press4.screen);
    expect(site.gateway.status().tunnels).toHaveLength(4);
    await plc.sends(Buffer.from("hello"));
    await plc.receives(5);
  });

  it("is back by itself after the gateway's power failed, with the credentials that it has", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    await site.during(powerCut(), () => site.clock.advance(60_000));
    await site.gatewayIsOnline();
    expect(site.gatewayLog.filter(({ event }) => event === "registration.completed")).toHaveLength(1);
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
  });

  it("is back by itself after the cloud restarted", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    await site.cloudRestarts({ hard: true });
    await site.clock.until(() => site.gateway.status().connectivity !== "online", { what: "the gateway to notice" });
    await site.gatewayIsOnline(120_000);
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
  });
});

describe("a session lives on", () => {
  it("while the gateway's MQTT connection is cut and comes back", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
    await site.between("gateway", "cloud").during(reset({ port: 8883 }), async () => {
      await site.clock.until(() => site.gateway.status().connectivity !== "online", { what: "the gateway to notice" });
      await site.clock.advance(20_000);
    });
    await site.gatewayIsOnline(180_000);
    vnc.types("C-9\n");
    await vnc.session.sees(() => site.panels.press4.screen.order === "C-9", "the order to be stored");
    expect(site.gateway.status().tunnels).toHaveLength(1);
    await vnc.disconnects();
    expect(await aftermath(site)).toMatchObject({ status: "SUCCESSFUL", audit: ["client.closed"] });
  });

  it("over slow, jittery and chopped links, byte for byte", async () => {
    await using site = await startSite({ seed: 3, panels: { plc: echoPanel(), press4: vncPanel() } });
    site.between("operator", "cloud").apply(latency(80, 120));
    site.between("gateway", "cloud").apply(slice(700));
    site.between("gateway", "plc").apply(slice(3));
    const echo = await site.operator.opensPassthrough("plc");
    const sent = patternBytes(0, 20_000);
    await echo.sends(sent);
    await echo.receives(sent.length);
    expect(echo.received.equals(sent)).toBe(true);
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
  });

  it("through a black hole that is shorter than what counts as lost", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() } });
    const echo = await site.operator.opensPassthrough("plc");
    for (const [one, other] of [
      ["operator", "cloud"],
      ["cloud", "gateway"],
      ["gateway", "plc"],
    ] as const) {
      const before = echo.bytesReceived;
      await site.between(one, other).during(blackHole(), async () => {
        echo.says(Buffer.from("still there?"));
        await site.clock.advance(10_000);
        expect(echo.bytesReceived).toBe(before);
      });
      await echo.receives(before + 12);
    }
  });

  it("not when the panel breaks it off: the word is the same at each end", async () => {
    await using site = await startSite({ panels: { plc: echoPanel() } });
    const echo = await site.operator.opensPassthrough("plc");
    await site.between("gateway", "plc").during(reset(), async () => {
      expect(await echo.ends()).toMatchObject({ code: 4013, reason: "panel.reset" });
    });
    expect(await aftermath(site)).toEqual({
      status: "SUCCESSFUL",
      audit: ["panel.reset"],
      gatewayLog: ["panel.reset"],
      cloudLog: ["panel.reset"],
    });
  });
});

describe("a session that cannot be", () => {
  const wrongPassword = vncPanel({ password: "secret12", endpointPassword: "wrong" });
  it.each([
    // The panel itself hangs up in the first two, which is all that the gateway sees.
    {
      what: "a wrong password is stored",
      panel: wrongPassword,
      reason: "auth.failed",
      code: 4060,
      seen: "panel.closed",
    },
    {
      what: "the panel is a web server",
      panel: asking(httpPanel()),
      reason: "protocol.malformed",
      code: 4051,
      seen: "panel.closed",
    },
    {
      what: "the panel says garbage",
      panel: asking(garbagePanel()),
      reason: "protocol.malformed",
      code: 4051,
      seen: "protocol.malformed",
    },
    {
      what: "the panel says nothing",
      panel: asking(silentPanel()),
      reason: "panel.timeout",
      code: 4012,
      seen: "panel.timeout",
    },
  ])("ends with the right word when $what", async ({ panel, reason, code, seen }) => {
    await using site = await startSite({ panels: { press4: panel } });
    const vnc = await site.operator.opensVnc("press4");
    const ending = await vnc.ends();
    expect(ending).toMatchObject({ code, reason, said: { reason } });
    expect(vnc.client.hasPicture).toBe(false);
    await site.clock.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    expect(await aftermath(site)).toMatchObject({ audit: [reason], gatewayLog: [seen], cloudLog: [reason] });
  });

  it("asks the person for the password that the cloud does not have", async () => {
    const panel = { ...vncPanel({ password: "secret12" }), endpoint: { protocol: "VNC" } as const };
    await using site = await startSite({ panels: { press4: panel } });
    const stranger = await site.operator.opensVnc("press4");
    await stranger.session.sees(() => stranger.client.outcome !== undefined, "the panel's question");
    expect(stranger.client.outcome).toMatchObject({ kind: "refused", code: "auth.required" });
    const friend = await site.operator.opensVnc("press4", { password: "secret12" });
    await friend.shows(site.panels.press4.screen);
  });

  it.each([
    ["refuses", "panel.refused", 4010],
    ["is not there", "panel.unreachable", 4011],
    ["does not answer", "panel.timeout", 4012],
  ])("fails its operation when the panel %s", async (what, reason, code) => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    const wire = site.between("gateway", "press4");
    if (what === "refuses") wire.apply(refuse());
    if (what === "does not answer") wire.apply(blackHole());
    const target = { name: "ghost", hostname: "192.168.10.99", port: 5900, protocol: "VNC" } as const;
    const ghost = what === "is not there" ? await site.operator.addsEndpoint(target) : "press4";
    const vnc = await site.operator.opensVnc(ghost);
    expect(await vnc.ends()).toMatchObject({ code, reason, said: { reason } });
    const [operation] = await site.operator.operations();
    expect(operation).toMatchObject({ status: "FAILED" });
    expect(operation?.["failureReason"]).toMatch(new RegExp(`^${reason.replace(".", "\\.")}: .*192\\.168\\.10\\.`));
  });
});

describe("silence on a link in the middle of a session ends it with the right words", () => {
  it("between the operator and the cloud", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
    await site.between("operator", "cloud").during(blackHole(), async () => {
      await site.clock.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
      await site.clock.until(() => site.cloud.status().sessions === 0, { what: "the session to end" });
    });
    expect(await aftermath(site)).toMatchObject({
      status: "SUCCESSFUL",
      audit: ["client.lost"],
      gatewayLog: ["client.lost"],
      cloudLog: ["client.lost"],
    });
  });

  it("between the cloud and the gateway", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
    await site.between("cloud", "gateway").during(blackHole(), async () => {
      expect(await vnc.ends()).toMatchObject({ code: 4032, reason: "gateway.lost" });
      await site.clock.until(() => site.gateway.status().tunnels.length === 0, { what: "the tunnel to end" });
    });
    expect(await aftermath(site)).toMatchObject({
      status: "SUCCESSFUL",
      audit: ["gateway.lost"],
      gatewayLog: ["cloud.lost"],
      cloudLog: ["gateway.lost"],
    });
    await site.gatewayIsOnline(180_000);
  });

  it("between the gateway and the panel", async () => {
    await using site = await startSite({ panels: { press4: vncPanel() } });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.shows(site.panels.press4.screen);
    await site.between("gateway", "press4").during(blackHole(), async () => {
      vnc.types("x");
      expect(await vnc.ends()).toMatchObject({ code: 4014, reason: "panel.lost" });
    });
    expect(await aftermath(site)).toMatchObject({
      status: "SUCCESSFUL",
      audit: ["panel.lost"],
      gatewayLog: ["panel.lost"],
      cloudLog: ["panel.lost"],
    });
  });

  it("of a panel that takes nothing any more", async () => {
    await using site = await startSite({ panels: { sink: sinkPanel() } });
    const session = await site.operator.opensPassthrough("sink");
    await site.between("gateway", "sink").during(stall(), async () => {
      for (let sent = 0; sent < 40; sent += 1) session.says(new Uint8Array(100_000));
      const ending = await session.ends();
      expect(ending).toMatchObject({ code: 4015, reason: "panel.stalled" });
    });
    expect(await aftermath(site)).toMatchObject({ audit: ["panel.stalled"], gatewayLog: ["panel.stalled"] });
  });

  it("of an operator that takes nothing any more, while the tunnel holds no more than it may", async () => {
    await using site = await startSite({ panels: { dump: sourcePanel({ bytes: 30_000_000, afterwards: "stay" }) } });
    const session = await site.operator.opensPassthrough("dump");
    session.pauses();
    let heldMax = 0;
    await site.clock.until(
      () => {
        const { tunnels } = site.gateway.status();
        heldMax = Math.max(heldMax, ...tunnels.map(({ heldBytes }) => heldBytes));
        return tunnels.length === 0;
      },
      { what: "the tunnel to end", limitMs: 120_000 },
    );
    expect(heldMax).toBeGreaterThan(0);
    expect(heldMax).toBeLessThanOrEqual(1024 * 1024);
    // Who takes nothing cannot be told why: the cloud gives up on the connection.
    session.resumes();
    expect(await session.ends()).toMatchObject({ code: 1006 });
    expect(await aftermath(site)).toMatchObject({ audit: ["client.stalled"], gatewayLog: ["client.stalled"] });
  });
});
