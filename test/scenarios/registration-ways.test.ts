// Each way of registering ends online, with a tunnel that works; renewal keeps it so; and the same seed tells the same story.
import { describe, expect, it } from "vitest";
import type { ConfigChanges } from "#firmware/gateway.ts";
import { DeviceEnrolment } from "#simulator/operator/device-enrolment.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import { vncPanel } from "#simulator/panels/vnc-panel.ts";
import { siteDefaults } from "#simulator/site/site-defaults.ts";
import type { Site } from "#simulator/site.ts";
import { certify, makeAuthority } from "../cloud/device-authority.ts";
import { startSite } from "./start-site.ts";

const oneTimePassword = "otp-7h3GqUc2xkfQ";
const panels = { press4: vncPanel() };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

type GatewaySite = Site<typeof panels>;

const enrolment = (keyAlgorithm: "ec-p256" | "rsa-2048" | "rsa-3072"): ConfigChanges => {
  return { registration: { method: "enrolment", oneTimePassword, keyAlgorithm } };
};

async function worksThroughTunnel(site: GatewaySite): Promise<void> {
  const vnc = await site.operator.opensVnc("press4");
  await vnc.shows(site.panels.press4.screen);
  await vnc.disconnects();
}

async function endsOnline(site: GatewaySite): Promise<void> {
  await site.gatewayIsOnline(180_000);
  await site.addsEndpoints();
  await worksThroughTunnel(site);
}

const logged = (site: Pick<Site, "gatewayLog">, name: string) => site.gatewayLog.filter(({ event }) => event === name);

describe("a gateway that enrols", () => {
  it.each(["ec-p256", "rsa-2048", "rsa-3072"] as const)("with a key of %s", async (keyAlgorithm) => {
    await using site = await startSite({ registered: false, panels, gateway: enrolment(keyAlgorithm) });
    const enrolls = new DeviceEnrolment(site);
    await enrolls.createsAuthority();
    await enrolls.offers(site.deviceId, oneTimePassword);
    site.powerOn();
    await endsOnline(site);
  });

  it("waits for an authority, for its registration, and for the right one-time password, and says each in words", async () => {
    await using site = await startSite({ registered: false, panels, gateway: enrolment("ec-p256") });
    const enrolls = new DeviceEnrolment(site);
    const reasons = () =>
      site.gatewayLog.map(({ reason }) => String(reason)).filter((each) => each.startsWith("enrolment."));
    site.powerOn();
    await site.passes(5_000);
    await enrolls.createsAuthority();
    await site.passes(70_000);
    await enrolls.offers(site.deviceId, "another-password");
    await site.passes(70_000);
    await enrolls.offers(site.deviceId, oneTimePassword);
    await endsOnline(site);
    expect(reasons()).toEqual(["enrolment.no-authority", "enrolment.not-registered", "enrolment.password-refused"]);
  });

  it("is renewed again and again, and never offline for longer than a moment", async () => {
    await using site = await startSite({ registered: false, panels, gateway: enrolment("ec-p256") });
    const enrolls = new DeviceEnrolment(site);
    await enrolls.createsAuthority();
    await enrolls.setsLife(3_600);
    await enrolls.offers(site.deviceId, oneTimePassword);
    site.powerOn();
    await endsOnline(site);
    let offlineMs = 0;
    const endMs = site.clock.monotonicMs() + 2.3 * hourMs;
    while (site.clock.monotonicMs() < endMs) {
      await site.passes(1_000);
      if (site.gateway.status().connectivity !== "online") offlineMs += 1_000;
    }
    expect(logged(site, "renewal.completed").length).toBe(3);
    expect(offlineMs).toBeLessThanOrEqual(6_000);
    expect(logged(site, "renewal.failed")).toEqual([]);
    await worksThroughTunnel(site);
  });

  it("keeps a session through a renewal", async () => {
    const plc = { plc: echoPanel() };
    await using site = await startSite({ registered: false, panels: plc, gateway: enrolment("ec-p256") });
    const enrolls = new DeviceEnrolment(site);
    await enrolls.createsAuthority();
    await enrolls.setsLife(600);
    await enrolls.offers(site.deviceId, oneTimePassword);
    site.powerOn();
    await site.gatewayIsOnline(180_000);
    await site.addsEndpoints();
    const echo = await site.operator.opensPassthrough("plc");
    await site.until(() => logged(site, "renewal.completed").length === 1, { what: "the renewal", limitMs: hourMs });
    await echo.sends(Buffer.from("still here"));
    await echo.receives("still here".length);
    await echo.disconnects();
  });

  it("tells the same story twice from one seed, byte for byte", async () => {
    const story = async (seed: number): Promise<readonly string[]> => {
      await using site = await startSite({ seed, registered: false, panels, gateway: enrolment("ec-p256") });
      const enrolls = new DeviceEnrolment(site);
      await enrolls.createsAuthority();
      await enrolls.setsLife(600);
      await enrolls.offers(site.deviceId, oneTimePassword);
      site.powerOn();
      await site.gatewayIsOnline(180_000);
      await site.until(() => logged(site, "renewal.completed").length === 1, { what: "the renewal", limitMs: hourMs });
      return site.record.text().split("\n");
    };
    const first = await story(7);
    expect(first.length).toBeGreaterThan(300);
    expect(await story(7)).toEqual(first);
    expect(await story(8)).not.toEqual(first);
  });
});

describe("a gateway with a certificate in files", () => {
  it("comes in by itself under an authority that registers its devices, and tells the same story twice", async () => {
    const nowMs = Date.UTC(2026, 10, 24, 8);
    const authority = makeAuthority({
      commonName: "Factory",
      notBeforeMs: nowMs - dayMs,
      notAfterMs: nowMs + 900 * dayMs,
    });
    const device = certify(authority, {
      commonName: "gw-0001",
      notBeforeMs: nowMs - dayMs,
      notAfterMs: nowMs + 365 * dayMs,
    });
    const privateKey = String(device.privateKey.export({ type: "pkcs8", format: "pem" }));
    const certificate = { chain: device.pem + authority.pem, privateKey };
    const story = async (): Promise<readonly string[]> => {
      await using site = await startSite({
        registered: false,
        panels,
        gateway: { registration: { method: "certificate", certificate } },
      });
      await new DeviceEnrolment(site).trusts(authority.pem);
      site.powerOn();
      await endsOnline(site);
      expect(await site.operator.operations()).toMatchObject([{ status: "SUCCESSFUL" }]);
      return site.record.text().split("\n");
    };
    const first = await story();
    expect(await story()).toEqual(first);
  });
});

describe("a gateway that registers by the bootstrap account", () => {
  const securityToken = "token-kV92";
  const registration = {
    method: "bootstrap",
    user: "management/devicebootstrap",
    password: siteDefaults.passwords.bootstrap,
  } as const;
  const accept = (site: GatewaySite, token: string) =>
    site.operator.asks("PUT", `/devicecontrol/newDeviceRequests/${site.deviceId}`, {
      status: "ACCEPTED",
      securityToken: token,
    });

  it.each(["OPTIONAL", "REQUIRED"])("with the security token, where the tenant's policy is %s", async (policy) => {
    const gateway = { registration: { ...registration, securityToken } };
    await using site = await startSite({ registered: false, panels, gateway });
    await new DeviceEnrolment(site).setsOption("device-registration", "security-token.policy", policy);
    await site.operator.expectsDevice(site.deviceId);
    site.powerOn();
    const isPending = async () => (await site.operator.expectedDevices())[0]?.["status"] === "PENDING_ACCEPTANCE";
    await site.until(isPending, { what: "the gateway to ask" });
    expect((await accept(site, "another")).status).toBe(422);
    expect((await accept(site, securityToken)).status).toBe(200);
    await endsOnline(site);
    expect(JSON.stringify(site.gatewayLog)).not.toContain(securityToken);
  });
});
