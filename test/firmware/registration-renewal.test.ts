// Renewal against a scripted cloud: in time, until it works, and never without a certificate that connects.
import { describe, expect, test } from "vitest";
import { renewalFile } from "#firmware/registration/enrolment-state.ts";
import { startCertificateSite } from "./certificate-site.ts";

const hourMs = 60 * 60_000;
const lifeMs = hourMs;

async function startOnline(): Promise<Awaited<ReturnType<typeof startCertificateSite>>> {
  const it = await startCertificateSite();
  try {
    it.cloud.lifeMs = lifeMs;
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    return it;
  } catch (error) {
    await it[Symbol.asyncDispose]();
    throw error;
  }
}

type Started = Awaited<ReturnType<typeof startCertificateSite>>;

const inUse = (it: Started): unknown => JSON.parse(it.file("enrolment.json") ?? "{}").certificate;
const isOnline = (it: Started): boolean => it.site.gateway.status().connectivity === "online";
const connects = (it: Started): number => it.site.cloud.seen.filter((each) => each === "connect gw-1 undefined").length;

describe("renewal", () => {
  test("at two thirds of the life, with a token; the new certificate connects, then the old one goes", async () => {
    await using it = await startOnline();
    await it.site.clock.advance(lifeMs * (2 / 3) - 2 * 60_000);
    expect(it.cloud.asked).toEqual(["simpleenroll"]);
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs / 10);
    expect(it.cloud.asked).toEqual(["simpleenroll", "simplereenroll"]);
    expect(it.site.cloud.requests[1]?.headers["authorization"]).toBe(`Bearer ${it.cloud.tokens[0]}`);
    expect(isOnline(it)).toBe(true);
    expect(connects(it)).toBe(2);
    expect(inUse(it)).toBe(it.cloud.issued[1]);
    expect(it.file(renewalFile)).toBe(undefined);
    // It goes on so.
    await it.site.until("two more", () => it.site.events("renewal.completed").length === 3, 2 * lifeMs);
    expect(isOnline(it)).toBe(true);
    it.site.gateway.kill();
    it.site.boot();
    await it.site.isOnline();
    expect(it.cloud.asked.filter((each) => each === "simpleenroll")).toHaveLength(1);
  });

  test("is tried again, ever more slowly, until it works; each failure is told with its reason", async () => {
    await using it = await startOnline();
    it.cloud.instead = () => ({ status: 503, body: '{"message":"busy"}' });
    await it.site.until("three failures", () => it.site.events("renewal.failed").length === 3, lifeMs);
    expect(it.site.events("renewal.failed")[0]).toMatchObject({ reason: "renewal.refused", detail: "HTTP 503 busy" });
    const waits = it.site.events("renewal.failed").map((entry) => Number(entry["retryInMs"]));
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(60_000);
    it.cloud.instead = undefined;
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs);
    expect(isOnline(it)).toBe(true);
  });

  test("a token that is refused is replaced by a new one, once", async () => {
    await using it = await startOnline();
    const { answerHttp } = it.site.cloud;
    it.site.cloud.answerHttp = (request) => {
      if (it.cloud.tokens.length === 1) it.cloud.spoilt.add(it.cloud.tokens[0] ?? "");
      return answerHttp(request);
    };
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs);
    expect(it.cloud.tokens).toHaveLength(2);
    expect(it.site.events("renewal.failed")).toEqual([]);
  });

  test("without tokens it fails with the reason, and works once there are some", async () => {
    await using it = await startOnline();
    it.cloud.answersTokens = false;
    await it.site.until("the failure", () => it.site.events("renewal.failed").length > 0, lifeMs);
    expect(it.site.events("renewal.failed")).toMatchObject([{ reason: "renewal.no-token" }]);
    it.cloud.answersTokens = true;
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs);
  });

  test("a new certificate that the cloud refuses: the old one is used again, and another is asked for later", async () => {
    await using it = await startOnline();
    const isRefusing = { value: true };
    const { judgeCertificate } = it.site.cloud;
    it.site.cloud.judgeCertificate = (chain) => {
      return isRefusing.value && chain !== it.cloud.issued[0] ? 5 : judgeCertificate(chain);
    };
    await it.site.until("the way back", () => it.site.events("renewal.refused").length > 0, lifeMs);
    await it.site.isOnline();
    expect(
      it.site.events("connectivity.offline").filter(({ reason }) => reason === "mqtt.not-authorised"),
    ).toHaveLength(3);
    expect(inUse(it)).toBe(it.cloud.issued[0]);
    expect(it.file(renewalFile)).toBe(undefined);
    expect(it.site.events("renewal.refused")).toMatchObject([{ level: "error", reason: "mqtt.not-authorised" }]);
    const alarms = (template: string) =>
      it.site.cloud.seen.filter((each) => each.startsWith(`s/us ${template},postern_CertificateRefused`));
    await it.site.until("the alarm", () => alarms("302").length === 1);
    isRefusing.value = false;
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, 2 * hourMs);
    expect(inUse(it)).toBe(it.cloud.issued.at(-1));
    expect(isOnline(it)).toBe(true);
    await it.site.until("the end of the alarm", () => alarms("306").length === 1);
  });

  test("the cloud is out of reach when the new one is to connect: it is waited for, and nothing is given up", async () => {
    await using it = await startOnline();
    it.site.cloud.refuseAllWith = undefined;
    const { answerHttp } = it.site.cloud;
    it.site.cloud.answerHttp = (request) => {
      it.site.cloud.refuseAllWith = 3;
      return answerHttp(request);
    };
    await it.site.until("the change", () => it.site.events("renewal.issued").length > 0, lifeMs);
    await it.site.clock.advance(10 * 60_000);
    expect(it.site.events("renewal.refused")).toEqual([]);
    it.site.cloud.refuseAllWith = undefined;
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0);
    expect(inUse(it)).toBe(it.cloud.issued[1]);
  });

  test("while the disk takes nothing the certificate in use stays in use", async () => {
    await using it = await startOnline();
    it.cloud.instead = (answer) => {
      it.site.board.disk.failure = "EROFS";
      return answer;
    };
    await it.site.until("the failure", () => it.site.events("renewal.failed").length > 0, lifeMs);
    expect(it.site.events("renewal.failed")).toMatchObject([{ reason: "renewal.not-stored", detail: "EROFS" }]);
    expect(connects(it)).toBe(1);
    it.cloud.instead = undefined;
    it.site.board.disk.failure = undefined;
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs);
  });

  test("one that was stored and not tried before the power failed is tried at the next start", async () => {
    await using it = await startOnline();
    await it.site.until("the new certificate", () => it.site.events("renewal.issued").length > 0, lifeMs);
    expect(it.file(renewalFile)).toBeDefined();
    it.site.gateway.kill();
    it.site.boot();
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0);
    expect(inUse(it)).toBe(it.cloud.issued[1]);
    expect(it.cloud.issued).toHaveLength(2);
  });

  test("a torn certificate in use is replaced by the renewed one that lies beside it", async () => {
    await using it = await startOnline();
    await it.site.until("the new certificate", () => it.site.events("renewal.issued").length > 0, lifeMs);
    it.site.gateway.kill();
    it.site.board.disk.files.set("enrolment.json", Buffer.from("{"));
    it.site.boot();
    await it.site.isOnline();
    expect(it.site.events("registration.state-damaged")).toMatchObject([
      {
        level: "warn",
        what: "enrolment.json: it is not JSON",
        advice: expect.stringContaining("nothing needs to be done"),
      },
    ]);
    expect(it.cloud.asked.filter((each) => each === "simpleenroll")).toHaveLength(1);
  });

  test.each(["torn", "over"])(
    "one that takes the place of another that is %s is not lost at the next power cut",
    async (what) => {
      await using it = await startOnline();
      await it.site.until("the new certificate", () => it.site.events("renewal.issued").length > 0, lifeMs);
      it.site.gateway.kill();
      if (what === "torn") it.site.board.disk.files.set("enrolment.json", Buffer.from("{"));
      else await it.site.clock.advance(lifeMs * 0.4);
      it.site.boot();
      await it.site.isOnline();
      await it.site.clock.advance(5_000);
      it.site.gateway.kill();
      it.site.boot();
      await it.site.isOnline();
      expect(it.cloud.asked.filter((each) => each === "simpleenroll")).toHaveLength(1);
      expect(inUse(it)).toBe(it.cloud.issued[1]);
      expect(it.file(renewalFile)).toBe(undefined);
    },
  );

  test("a torn renewed certificate is passed over", async () => {
    await using it = await startOnline();
    it.site.gateway.kill();
    it.site.board.disk.files.set(renewalFile, Buffer.from('{"key":'));
    it.site.boot();
    await it.site.isOnline();
    await it.site.until("the renewal", () => it.site.events("renewal.completed").length > 0, lifeMs);
    expect(it.file(renewalFile)).toBe(undefined);
  });

  test("a certificate that ends before it could be renewed: the gateway enrols again once it is registered anew", async () => {
    await using it = await startOnline();
    it.cloud.instead = () => ({ status: 503 });
    await it.site.clock.advance(lifeMs);
    // The session that stands goes on; after it is lost nothing connects with the old certificate.
    expect(isOnline(it)).toBe(true);
    it.site.cloud.mqttConnections.at(-1)?.reset();
    it.cloud.instead = undefined;
    const waiting = () => it.site.events("registration.waiting").length > 0;
    await it.site.until("the words", waiting, lifeMs);
    expect(it.site.events("registration.waiting")).toMatchObject([{ reason: "enrolment.not-registered" }]);
    expect(it.site.gateway.status()).toMatchObject({ registration: "registering", connectivity: "offline" });
    it.cloud.expects();
    await it.site.isOnline();
    expect(it.site.events("registration.key-made")).toHaveLength(1);
    await it.site.panelListens();
    it.site.requests("1");
    await it.site.until("a tunnel", () => it.site.events("tunnel.opened").length === 1);
  });

  test("a stop in the middle of it leaves nothing behind", async () => {
    await using it = await startOnline();
    it.cloud.instead = () => "silence";
    await it.site.until("the question", () => it.cloud.asked.length === 2, lifeMs);
    await it.site.clock.until(it.site.gateway.stop(), { what: "the gateway to stop" });
    expect(it.site.leftovers()).toEqual([]);
  });
});
