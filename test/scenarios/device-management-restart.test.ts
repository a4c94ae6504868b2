// The machine is restarted from the cloud: what the operation says at its good and bad ends, with power cuts in between.
import { describe, expect, it } from "vitest";
import { restartAfterMs } from "#simulator/gateway/simulated-system.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { asksFor, does, endOf, operation, startManagedSite } from "./device-management-site.ts";

const restart = { c8y_Restart: {} };

describe("a restart from the cloud", () => {
  it("restarts the machine and then says that it was successful", async () => {
    await using site = await startManagedSite();
    const id = await asksFor(site, restart);
    await site.until(async () => (await operation(site, id)).status === "EXECUTING", { what: "it to be executing" });
    expect(await endOf(site, id)).toMatchObject({ status: "SUCCESSFUL" });
    expect(site.board.boots.map(({ cause }) => cause)).toEqual(["power", "restart"]);
    await site.passes(120_000);
    expect(site.board.boots).toHaveLength(2);
  });

  it("closes open tunnels first, with the reason", async () => {
    await using site = await startManagedSite({ panels: { press4: vncPanel() } });
    const open = await site.operator.opensVnc("press4");
    await open.showsPicture();
    const id = await asksFor(site, restart);
    await site.until(() => open.session.ending, { what: "the tunnel to end" });
    expect(site.gatewayLog.filter(({ event }) => event === "tunnel.closed")).toMatchObject([
      { reason: "gateway.stopping" },
    ]);
    expect(site.board.boots).toHaveLength(1);
    expect(await endOf(site, id)).toMatchObject({ status: "SUCCESSFUL" });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.disconnects();
  });

  it("that the system does not permit fails with its words, and tunnels open as before", async () => {
    await using site = await startManagedSite({ panels: { press4: vncPanel() } });
    site.board.lay({
      name: "no restart",
      onRestart: ({ refuses }) => {
        refuses("the system does not restart: systemctl reboot: exit code 1: not permitted");
        return true;
      },
    });
    expect(await does(site, restart)).toMatchObject({
      status: "FAILED",
      failureReason: "the system does not restart: systemctl reboot: exit code 1: not permitted",
    });
    const vnc = await site.operator.opensVnc("press4");
    await vnc.disconnects();
    expect(site.board.boots).toHaveLength(1);
  });

  it("that the system agrees to and does not do fails after a limit", async () => {
    await using site = await startManagedSite();
    site.board.lay({ name: "deaf", onRestart: () => true });
    expect(await does(site, restart, 400_000)).toMatchObject({
      status: "FAILED",
      failureReason: "the machine said yes and did not restart within 5 minutes",
    });
  });

  it("that ends with the program alone fails: the machine was not restarted", async () => {
    await using site = await startManagedSite();
    site.board.lay({ name: "deaf", onRestart: () => true });
    const id = await asksFor(site, restart);
    await site.until(() => site.board.disk.files.has("management.json"), { what: "it to be written down" });
    await site.passes(3_000);
    await site.gatewayStops();
    site.powerOn();
    await site.gatewayIsOnline();
    expect(await endOf(site, id)).toMatchObject({
      status: "FAILED",
      failureReason: "the gateway's program was started again, but the machine was not",
    });
  });

  it.each([
    ["just as it is written down", "management.json"],
    ["at any step of that", ""],
  ])("that a power cut overtakes %s is successful or failed, once", async (_, name) => {
    for (const step of name === "" ? (["create", "write", "sync", "rename", "sync-folder"] as const) : [undefined]) {
      await using site = await startManagedSite();
      if (step === undefined) site.powerCut({ at: (change) => change.name === name });
      else site.powerCut({ atStep: (ahead) => ahead.name === "management.json" && ahead.step === step });
      const id = await asksFor(site, restart);
      await site.until(() => !site.isGatewayOn, { what: "the power to fail" });
      await site.passes(5_000);
      site.powerOn();
      await site.gatewayIsOnline(120_000);
      const ended = await endOf(site, id);
      expect(["SUCCESSFUL", "FAILED"]).toContain(ended.status);
      if (ended.status === "FAILED") expect(ended.failureReason).toBe("the gateway was restarted in between");
      await site.passes(120_000);
      // Where nothing was written down, and the cloud heard nothing, it is done then; in no case twice.
      const restarts = site.board.boots.filter(({ cause }) => cause === "restart").length;
      expect(restarts).toBeLessThanOrEqual(ended.status === "SUCCESSFUL" ? 1 : 0);
    }
  });

  it("that a power cut overtakes while the machine goes down is successful", async () => {
    await using site = await startManagedSite();
    const id = await asksFor(site, restart);
    await site.until(() => site.board.disk.files.has("management.json"), { what: "it to be written down" });
    await site.passes(restartAfterMs / 2);
    site.powerCut();
    await site.passes(5_000);
    site.powerOn();
    await site.gatewayIsOnline(120_000);
    expect(await endOf(site, id)).toMatchObject({ status: "SUCCESSFUL" });
    await site.passes(60_000);
    expect(site.board.boots.map(({ cause }) => cause)).toEqual(["power", "power"]);
  });

  it("is reported although the cloud is away for a long time after it", async () => {
    await using site = await startManagedSite();
    const id = await asksFor(site, restart);
    await site.until(() => site.board.boots.length === 2, { what: "the machine to restart" });
    await site.cloudRestarts({ downMs: 300_000 });
    await site.gatewayIsOnline(180_000);
    expect(await endOf(site, id)).toMatchObject({ status: "SUCCESSFUL" });
  });
});
