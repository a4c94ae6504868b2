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

const write = ["create", "write", "sync", "rename", "sync-folder"];
const enrolmentSteps = [
  ...write.map((step) => `write enrolment-key.pem: ${step}`),
  ...write.map((step) => `write enrolment.json: ${step}`),
];
const renewalSteps = [
  ...write.map((step) => `write renewal.json: ${step}`),
  ...write.map((step) => `write enrolment.json: ${step}`),
  ...["unlink", "sync-folder"].map((step) => `remove renewal.json: ${step}`),
];

/** Tells the steps that come on files of the registration; the power fails just before this one. */
function cutBefore(site: EchoSite, wanted?: string): string[] {
  const steps: string[] = [];
  site.powerCut({
    atStep: ({ name, kind, step }) => {
      if (!files.includes(name)) return false;
      steps.push(`${kind} ${name}: ${step}`);
      return steps.at(-1) === wanted;
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

describe("a power cut in an enrolment", () => {
  it.each(enrolmentSteps)("before it is to %s", async (step) => {
    await using site = await startToEnrol(enrolmentSteps.indexOf(step));
    cutBefore(site, step);
    site.powerOn();
    await site.until(() => !site.isGatewayOn, { what: "the power to fail" });
    const key = fileOf(site, "enrolment-key.pem");
    await site.passes(20_000);
    site.powerOn();
    await endsOnline(site);
    // A key that was there is the one that is used.
    if (key !== "") expect(fileOf(site, "enrolment-key.pem")).toBe(key);
    expect(logged(site, "registration.state-damaged")).toEqual([]);
  });

  it("has no other steps", async () => {
    await using site = await startToEnrol(1);
    const steps = cutBefore(site);
    site.powerOn();
    await site.gatewayIsOnline(180_000);
    expect(steps).toEqual(enrolmentSteps);
  });
});

describe("a power cut in a renewal", () => {
  const isRenewed = (site: EchoSite) => logged(site, "renewal.completed").length > 0;

  it.each(renewalSteps)("before it is to %s", async (step) => {
    await using site = await startToEnrol(renewalSteps.indexOf(step));
    site.powerOn();
    await site.gatewayIsOnline(180_000);
    cutBefore(site, step);
    await site.until(() => !site.isGatewayOn, { what: "the power to fail", limitMs: lifeS * 1000 });
    await site.passes(5_000);
    site.powerOn();
    await endsOnline(site);
    await site.until(() => isRenewed(site), { what: "the renewal", limitMs: lifeS * 1000 });
    expect(site.gateway.status().connectivity).toBe("online");
    const { certificate } = JSON.parse(fileOf(site, "enrolment.json")) as { certificate: string };
    const leftMs = new X509Certificate(certificate).validToDate.getTime() - site.clock.nowMs();
    expect(leftMs).toBeGreaterThan((lifeS * 1000) / 3);
    expect(site.board.disk.files.has("renewal.json")).toBe(false);
    expect(logged(site, "registration.state-damaged")).toEqual([]);
  });

  it("has no other steps", async () => {
    await using site = await startToEnrol(1);
    site.powerOn();
    await site.gatewayIsOnline(180_000);
    const steps = cutBefore(site);
    await site.until(() => isRenewed(site), { what: "the renewal", limitMs: lifeS * 1000 });
    expect(steps).toEqual(renewalSteps);
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
