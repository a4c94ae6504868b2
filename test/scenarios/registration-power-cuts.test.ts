// The power fails at each step that enrolment and renewal make on the disk: the gateway ends online, with one key and no help.
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { DeviceEnrolment } from "#simulator/operator/device-enrolment.ts";
import { echoPanel } from "#simulator/panels/byte-panels.ts";
import type { Site } from "#simulator/site.ts";
import { startSite } from "./start-site.ts";

const oneTimePassword = "otp-7h3GqUc2xkfQ";
const panels = { plc: echoPanel() };
const files = ["enrolment-key.pem", "enrolment.json", "renewal.json"];
const lifeS = 600;
const registration = { method: "enrolment", oneTimePassword, keyAlgorithm: "ec-p256" } as const;

type EchoSite = Site<typeof panels>;

async function startToEnrol(seed: number): Promise<EchoSite> {
  const site = await startSite({ seed, registered: false, panels, gateway: { registration } });
  const enrolls = new DeviceEnrolment(site);
  await enrolls.createsAuthority();
  await enrolls.setsLife(lifeS);
  await enrolls.offers(site.deviceId, oneTimePassword);
  return site;
}

/** The power fails just before the `number`th step on a file of the registration; tells the steps that came. */
function cutAt(site: EchoSite, number: number): string[] {
  const steps: string[] = [];
  site.powerCut({
    atStep: ({ name, kind, step }) => {
      if (!files.includes(name)) return false;
      steps.push(`${kind} ${name}: ${step}`);
      return steps.length === number;
    },
  });
  return steps;
}

async function endsOnline(site: EchoSite): Promise<void> {
  await site.gatewayIsOnline(180_000);
  await site.addsEndpoints();
  const echo = await site.operator.opensPassthrough("plc");
  await echo.sends(Buffer.from("hello"));
  await echo.receives(5);
  await echo.disconnects();
}

function fileOf(site: EchoSite, name: string): string {
  return Buffer.from(site.board.disk.files.get(name) ?? []).toString("utf8");
}

const logged = (site: EchoSite, name: string) => site.gatewayLog.filter(({ event }) => event === name);

describe("a power cut before each step of the disk", () => {
  it("in an enrolment", async () => {
    const seen = new Set<string>();
    for (let number = 1; ; number += 1) {
      await using site = await startToEnrol(number);
      const steps = cutAt(site, number);
      site.powerOn();
      await site.until(() => !site.isGatewayOn || site.gateway.status().connectivity === "online", {
        what: "the power to fail, or the gateway to be through",
        limitMs: 120_000,
      });
      for (const step of steps) seen.add(step);
      if (site.isGatewayOn) break;
      const key = fileOf(site, "enrolment-key.pem");
      await site.passes(20_000);
      site.powerOn();
      await endsOnline(site);
      // A key that was there is the one that is used.
      if (key !== "") expect(fileOf(site, "enrolment-key.pem")).toBe(key);
      expect(logged(site, "registration.state-damaged")).toEqual([]);
    }
    expect([...seen]).toEqual([
      ...["create", "write", "sync", "rename", "sync-folder"].map((step) => `write enrolment-key.pem: ${step}`),
      ...["create", "write", "sync", "rename", "sync-folder"].map((step) => `write enrolment.json: ${step}`),
    ]);
  });

  it("in a renewal", { timeout: 60_000 }, async () => {
    const seen = new Set<string>();
    for (let number = 1; ; number += 1) {
      await using site = await startToEnrol(number);
      site.powerOn();
      await site.gatewayIsOnline(180_000);
      const steps = cutAt(site, number);
      const isThrough = () => logged(site, "renewal.completed").length > 0;
      await site.until(() => !site.isGatewayOn || isThrough(), { what: "the power to fail", limitMs: lifeS * 1000 });
      for (const step of steps) seen.add(step);
      if (site.isGatewayOn) break;
      await site.passes(5_000);
      site.powerOn();
      await endsOnline(site);
      await site.until(isThrough, { what: "the renewal", limitMs: lifeS * 1000 });
      expect(site.gateway.status().connectivity).toBe("online");
      const { certificate } = JSON.parse(fileOf(site, "enrolment.json")) as { certificate: string };
      const leftMs = new X509Certificate(certificate).validToDate.getTime() - site.clock.nowMs();
      expect(leftMs).toBeGreaterThan((lifeS * 1000) / 3);
      expect(site.board.disk.files.has("renewal.json")).toBe(false);
      expect(logged(site, "registration.state-damaged")).toEqual([]);
    }
    expect([...seen]).toEqual([
      ...["create", "write", "sync", "rename", "sync-folder"].map((step) => `write renewal.json: ${step}`),
      ...["create", "write", "sync", "rename", "sync-folder"].map((step) => `write enrolment.json: ${step}`),
      ...["unlink", "sync-folder"].map((step) => `remove renewal.json: ${step}`),
    ]);
  });
});

it("a power cut while the authority's answer is under way: the same key asks again, and the certificate comes", async () => {
  await using site = await startToEnrol(5);
  site.powerOn();
  const certified = () => site.cloudLog.filter(({ event }) => event === "device.certified").length;
  await site.until(() => certified() === 1, { what: "the certificate to be issued" });
  site.powerCut();
  const key = fileOf(site, "enrolment-key.pem");
  expect(key).not.toBe("");
  expect(fileOf(site, "enrolment.json")).toBe("");
  await site.passes(5_000);
  site.powerOn();
  await endsOnline(site);
  expect(certified()).toBe(2);
  expect(fileOf(site, "enrolment-key.pem")).toBe(key);
});

describe("a card that lies: the power fails after a change, and a part of it is there", () => {
  it.each(["enrolment-key.pem", "enrolment.json"])(
    "%s is torn: the gateway gets online by itself or says how",
    async (name) => {
      await using site = await startToEnrol(3);
      site.powerOn();
      await site.gatewayIsOnline(180_000);
      site.powerCut();
      const whole = site.board.disk.files.get(name) ?? Buffer.of();
      site.board.disk.files.set(name, whole.subarray(0, whole.length / 3));
      site.powerOn();
      await site.until(() => logged(site, "registration.state-damaged").length > 0, { what: "the words" });
      expect(logged(site, "registration.state-damaged")).toMatchObject([
        { advice: expect.stringContaining("register the device id there again with a new one") },
      ]);
      // The one-time password was used up by the first login.
      await site.passes(30_000);
      expect(site.gateway.status().connectivity).toBe("offline");
      await new DeviceEnrolment(site).offers(site.deviceId, oneTimePassword);
      await endsOnline(site);
    },
  );
});
