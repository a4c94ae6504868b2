// Enrolment against a scripted cloud: the way through, each answer that is none, and state that is damaged.
import { X509Certificate } from "node:crypto";
import { describe, expect, test } from "vitest";
import { checkCloud } from "#firmware/check/check-cloud.ts";
import { startGateway } from "#firmware/gateway.ts";
import { createLog } from "#firmware/log.ts";
import { certificatePem } from "#protocol/x509/issued-certificates.ts";
import { dayMs, oneTimePassword, startCertificateSite } from "./certificate-site.ts";
import { base64Lines, certsOnly, DeviceAuthority, pkcs7Pem } from "./device-authority.ts";
import type { HttpAnswer } from "./scripted-cloud.ts";

describe("an enrolment", () => {
  test("polls every 10 s until the device is registered, says so once, and ends online", async () => {
    await using it = await startCertificateSite();
    const { site, cloud } = it;
    site.boot();
    await site.until("three questions", () => cloud.asked.length === 3);
    await site.clock.advance(1_000);
    expect(site.clock.monotonicMs()).toBeGreaterThan(20_000);
    expect(site.clock.monotonicMs()).toBeLessThan(25_000);
    expect(site.events("registration.waiting")).toMatchObject([{ reason: "enrolment.not-registered", device: "gw-1" }]);
    cloud.expects();
    await site.isOnline();
    expect(site.events("registration.completed")).toHaveLength(1);
    expect(site.cloud.seen.filter((each) => each.startsWith("connect"))).toEqual(["connect gw-1 undefined"]);
    const [request] = site.cloud.requests;
    expect(request?.headers).toMatchObject({
      "content-type": "application/pkcs10",
      "content-transfer-encoding": "base64",
      host: "cloud.example:8443",
    });
  });

  test("leaves key and certificate in files, and its secrets in no line of the log", async () => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    const record = JSON.parse(it.file("enrolment.json") ?? "");
    expect(record).toMatchObject({ deviceId: "gw-1", certificate: it.cloud.issued[0] });
    expect(it.file("enrolment-key.pem")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const log = it.site.logLines.join("\n");
    expect(log).not.toContain(oneTimePassword);
    expect(log).not.toContain("PRIVATE KEY");
    for (const token of it.cloud.tokens) expect(log).not.toContain(token);
  });

  test("starts with the certificate that it has, without a question", async () => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    it.site.boot();
    await it.site.isOnline();
    expect(it.cloud.asked).toEqual(["simpleenroll"]);
  });

  test.each(["rsa-2048", "rsa-3072"] as const)("by a key of %s", async (keyAlgorithm) => {
    const registration = { method: "enrolment", oneTimePassword, keyAlgorithm } as const;
    await using it = await startCertificateSite({ registration });
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    const { publicKey } = new X509Certificate(it.cloud.issued[0] ?? "");
    expect(`rsa-${publicKey.asymmetricKeyDetails?.modulusLength}`).toBe(keyAlgorithm);
  });
});

describe("an answer without a certificate", () => {
  test("a wrong one-time password is told apart from a device that nobody registered", async () => {
    await using it = await startCertificateSite();
    it.cloud.expects("gw-1", "another-password");
    it.site.boot();
    await it.site.until("the refusal", () => it.site.events("registration.refused").length > 0);
    expect(it.site.events("registration.refused")).toMatchObject([{ reason: "enrolment.password-refused" }]);
    // Asked again after a minute, told once.
    await it.site.clock.advance(150_000);
    expect(it.cloud.asked).toHaveLength(3);
    expect(it.site.events("registration.refused")).toHaveLength(1);
    it.cloud.expects();
    await it.site.isOnline();
  });

  test("no authority in the tenant", async () => {
    await using it = await startCertificateSite();
    it.cloud.hasAuthority = false;
    it.cloud.expects();
    it.site.boot();
    await it.site.until("the refusal", () => it.site.events("registration.refused").length > 0);
    expect(it.site.events("registration.refused")).toMatchObject([
      { reason: "enrolment.no-authority", advice: expect.stringContaining("certificate authority") },
    ]);
    it.cloud.hasAuthority = true;
    await it.site.isOnline();
  });

  const stranger = new DeviceAuthority();
  const huge = "A".repeat(70_000);
  const html = { "Content-Type": "text/html" };
  test.each<[string, (answer: HttpAnswer) => HttpAnswer | "silence", string, string?]>([
    ["cut", (answer) => ({ ...answer, body: String(answer.body).slice(0, 120) }), "cannot be used: it is not base64"],
    [
      "cut at the end of a line",
      (answer) => ({ ...answer, body: String(answer.body).slice(0, 130) }),
      "cannot be used: it ends too early",
    ],
    ["garbage", (answer) => ({ ...answer, body: "*** nothing ***" }), "cannot be used: it is not base64"],
    ["empty", (answer) => ({ ...answer, body: "" }), "cannot be used: it is empty"],
    ["of a wrong content type", (answer) => ({ ...answer, headers: html }), "its content type is text/html"],
    ["huge", (answer) => ({ ...answer, body: huge }), "longer than 65536 bytes"],
    [
      "without certificates",
      (answer) => ({ ...answer, body: base64Lines(certsOnly([])) }),
      "there is no certificate in it",
    ],
    [
      "with a certificate for another key",
      (answer) => ({ ...answer, body: base64Lines(certsOnly([stranger.certificate])) }),
      "no certificate in it is for this gateway's key",
    ],
    ["of another status", () => ({ status: 500, body: '{"message":"Boom"}' }), "HTTP 500: Boom"],
    ["that sends it elsewhere", () => ({ status: 302, headers: { Location: "https://evil.example/" } }), "HTTP 302"],
  ])("%s", async (_, instead, what) => {
    await using it = await startCertificateSite();
    it.cloud.instead = instead;
    it.cloud.expects();
    it.site.boot();
    await it.site.until("the refusal", () => it.site.events("registration.refused").length > 0);
    expect(it.site.events("registration.refused")).toMatchObject([{ detail: expect.stringContaining(what) }]);
    expect(it.file("enrolment.json")).toBe(undefined);
    // The gateway goes on asking with the same key.
    it.cloud.instead = undefined;
    it.cloud.expects();
    await it.site.isOnline();
    expect(it.site.events("registration.key-made")).toHaveLength(1);
  });

  test("later: 202 is asked again after 10 s", async () => {
    await using it = await startCertificateSite();
    it.cloud.instead = () => ({ status: 202 });
    it.cloud.expects();
    it.site.boot();
    await it.site.until("the answer", () => it.site.events("registration.waiting").length > 0);
    expect(it.site.events("registration.waiting")).toMatchObject([{ reason: "enrolment.pending", retryInMs: 10_000 }]);
    it.cloud.instead = undefined;
    it.cloud.expects();
    await it.site.isOnline();
  });

  test("none at all: it is given up after 30 s and asked again", async () => {
    await using it = await startCertificateSite();
    it.cloud.instead = () => "silence";
    it.cloud.expects();
    it.site.boot();
    await it.site.until("the end of waiting", () => it.site.events("registration.interrupted").length > 0);
    expect(it.site.events("registration.interrupted")).toMatchObject([{ reason: "timeout" }]);
    it.cloud.instead = undefined;
    it.cloud.expects();
    await it.site.isOnline();
  });

  test("one that quotes the one-time password does not get it into the log", async () => {
    await using it = await startCertificateSite();
    const basic = Buffer.from(`gw-1:${oneTimePassword}`).toString("base64");
    it.cloud.instead = () => ({
      status: 400,
      body: JSON.stringify({ message: `${oneTimePassword} or ${basic}\u0000?` }),
    });
    it.cloud.expects();
    it.site.boot();
    await it.site.until("the refusal", () => it.site.events("registration.refused").length > 0);
    expect(it.site.events("registration.refused")).toMatchObject([{ detail: "HTTP 400: *** or *** ?" }]);
  });

  test.each([
    ["PEM of PKCS #7", (bytes: Uint8Array) => pkcs7Pem(certsOnly([bytes]))],
    ["PEM of the certificate", (bytes: Uint8Array) => certificatePem(bytes)],
    ["indefinite lengths", (bytes: Uint8Array) => base64Lines(certsOnly([bytes], "indefinite"))],
  ])("while another form of a good one is taken: %s", async (_, write) => {
    await using it = await startCertificateSite();
    it.cloud.instead = (answer) => ({ ...answer, body: write(new X509Certificate(it.cloud.issued.at(-1) ?? "").raw) });
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
  });
});

describe("state that is damaged", () => {
  test.each([
    ["enrolment.json", "enrolment.json: it is not JSON", 0],
    ["enrolment-key.pem", "enrolment-key.pem: it cannot be read", 1],
  ] as const)("a torn %s: what to do is said, and the gateway enrols again", async (name, what, keysMade) => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    const { files } = it.site.board.disk;
    const whole = files.get(name) ?? Buffer.of();
    files.set(name, whole.subarray(0, Math.floor(whole.length / 2)));
    it.site.logLines.length = 0;
    it.site.boot();
    await it.site.until("the words", () => it.site.events("registration.waiting").length > 0);
    expect(it.site.events("registration.state-damaged")).toMatchObject([
      { level: "error", what, advice: expect.stringContaining("register the device id there again with a new one") },
    ]);
    expect(it.site.events("registration.waiting")).toMatchObject([{ advice: expect.stringContaining("used up") }]);
    it.cloud.expects();
    await it.site.isOnline();
    expect(it.site.events("registration.key-made")).toHaveLength(keysMade);
    // Said once, however often the disk is looked at.
    expect(it.site.events("registration.state-damaged")).toHaveLength(1);
  });

  test.each([
    ["nothing of use", "{}", "enrolment.json: key or certificate is missing"],
    ["a list", "[1]", "enrolment.json: key or certificate is missing"],
    ["a certificate of another key", '{"key":"00","certificate":"x"}', "belongs to another key"],
  ])("a file that says %s", async (_, text, what) => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    it.site.board.disk.files.set("enrolment.json", Buffer.from(text));
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    expect(it.site.events("registration.state-damaged")).toMatchObject([{ what: expect.stringContaining(what) }]);
    expect(it.cloud.issued).toHaveLength(2);
  });

  test("a certificate for another id, after the id was changed", async () => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    it.cloud.expects("gw-2");
    it.site.boot({ ...it.site.config, device: { ...it.site.config.device, id: "gw-2" } });
    await it.site.isOnline();
    expect(it.site.events("registration.state-damaged")).toMatchObject([
      { what: 'enrolment.json: the certificate is for the device "gw-1", but this gateway\'s id is "gw-2"' },
    ]);
  });

  test("a certificate that has ended meanwhile: it enrols again with the same key", async () => {
    await using it = await startCertificateSite();
    it.cloud.lifeMs = 10 * dayMs;
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    await it.site.clock.advance(11 * dayMs);
    it.site.boot();
    await it.site.until("the words", () => it.site.events("registration.state-damaged").length > 0);
    expect(it.site.events("registration.state-damaged")).toMatchObject([
      { what: expect.stringContaining("the certificate ended on 20") },
    ]);
    it.cloud.expects();
    await it.site.isOnline();
    expect(it.site.events("registration.key-made")).toHaveLength(1);
    expect(it.cloud.issued).toHaveLength(2);
  });

  test("one that only a wrong clock calls ended: nothing is needed from anybody once the clock is right", async () => {
    await using it = await startCertificateSite();
    it.cloud.lifeMs = 10 * dayMs;
    it.cloud.expects();
    it.site.boot();
    await it.site.isOnline();
    it.site.gateway.kill();
    const hardware = it.site.board.boot(it.site.network.host("gateway"));
    it.site.board.clock.jump(11 * dayMs);
    const log = createLog(hardware.clock, (line) => it.site.logLines.push(line));
    it.site.gateway = startGateway({ hardware, config: it.site.config, log });
    await it.site.until("the words", () => it.site.events("registration.state-damaged").length > 0);
    it.site.board.clock.jump(-11 * dayMs);
    await it.site.isOnline();
    expect(it.cloud.issued).toHaveLength(1);
  });
});

describe("a disk that cannot be written to", () => {
  test.each(["the key", "the certificate"])("when it is to take %s: it is tried every 10 s, and said", async (what) => {
    await using it = await startCertificateSite();
    it.cloud.expects();
    const { disk } = it.site.board;
    if (what === "the key") disk.failure = "ENOSPC";
    it.cloud.instead = (answer) => {
      disk.failure = "ENOSPC";
      return answer;
    };
    it.site.boot();
    await it.site.until("the words", () => it.site.events("registration.storage-failed").length === 2);
    expect(it.site.events("registration.storage-failed")[0]).toMatchObject({ why: "ENOSPC", retryInMs: 10_000 });
    // Before the key is stored nothing is asked for with it; a certificate is kept in memory until it is.
    expect(it.cloud.asked).toEqual(what === "the key" ? [] : ["simpleenroll"]);
    disk.failure = undefined;
    it.cloud.instead = undefined;
    await it.site.isOnline();
    expect(it.cloud.asked).toEqual(["simpleenroll"]);
    expect(it.file("enrolment.json")).toBeDefined();
  });
});

test("a check before the first certificate says that there is none, and afterwards logs in with it", async () => {
  await using it = await startCertificateSite();
  const check = async (): Promise<string[]> => {
    const lines: string[] = [];
    const hardware = it.site.board.boot(it.site.network.host("gateway"));
    const checked = checkCloud({ hardware, config: it.site.config, say: (line) => lines.push(line) });
    await it.site.clock.until(checked, { what: "the check to end" });
    return lines;
  };
  expect((await check()).at(-1)).toContain("this gateway has no certificate yet");
  it.cloud.expects();
  it.site.boot();
  await it.site.isOnline();
  it.site.gateway.kill();
  expect((await check()).at(-1)).toContain("lets this gateway in with the certificate that it enrolled for");
});
