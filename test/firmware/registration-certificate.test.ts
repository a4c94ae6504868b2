// A gateway with a certificate in files: it connects without a password, opens tunnels by token, and says what is wrong with a bad one.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { ClientCertificate } from "#hardware/ports.ts";
import { certificatePem } from "#protocol/x509/issued-certificates.ts";
import { CertificateCloud, dayMs } from "./certificate-site.ts";
import { DeviceAuthority, deviceFiles } from "./device-authority.ts";
import { SmallSite } from "./small-site.ts";

const hourMs = 3_600_000;
/** The simulated clock begins then. */
const startMs = Date.UTC(2026, 10, 24, 8);
const life = { notBeforeMs: startMs - dayMs, notAfterMs: startMs + 365 * dayMs };

interface Given {
  readonly commonName?: string;
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly change?: (certificate: ClientCertificate) => ClientCertificate;
}

async function start({ change = (it) => it, ...given }: Given = {}) {
  const site = await SmallSite.start({ isRegistered: false });
  const cloud = new CertificateCloud(site);
  const files = deviceFiles(cloud.authority, { commonName: "gw-1", ...life, ...given });
  const certificate = change({ ...files, chain: files.chain + certificatePem(cloud.authority.certificate) });
  site.boot({ ...site.config, registration: { method: "certificate", certificate } });
  return { site, cloud, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() };
}

describe("a certificate in files", () => {
  test("connects without user and password, asks nothing of the authority, and stores nothing", async () => {
    await using it = await start();
    await it.site.isOnline();
    expect(it.site.cloud.seen[0]).toBe("connect gw-1 undefined");
    expect(it.cloud.asked).toEqual([]);
    expect([...it.site.board.disk.files.keys()].filter((name) => name.includes("enrolment"))).toEqual([]);
    expect(it.site.events("registration.completed")).toEqual([]);
    expect(it.site.events("registration.certificate-expires")).toEqual([]);
  });

  test("is refused by a cloud that does not trust its authority: the gateway goes on trying", async () => {
    const stranger = deviceFiles(new DeviceAuthority(), { commonName: "gw-1", ...life });
    await using it = await start({ change: () => stranger });
    await it.site.until("three refusals", () => it.site.events("connectivity.offline").length >= 3, 300_000);
    expect(it.site.events("connectivity.offline")[0]).toMatchObject({ reason: "mqtt.not-authorised" });
    it.site.cloud.judgeCertificate = () => 0;
    await it.site.isOnline();
  });

  test.each<[string, Given, string]>([
    [
      "for another device",
      { commonName: "gw-2" },
      'the certificate is for the device "gw-2", but this gateway\'s id is "gw-1"',
    ],
    [
      "that is not one",
      { change: (it) => ({ ...it, chain: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" }) },
      "the certificate cannot be read: it must be PEM",
    ],
    ["that is empty", { change: (it) => ({ ...it, chain: "" }) }, "the certificate cannot be read: it must be PEM"],
    [
      "that is cut",
      { change: (it) => ({ ...it, chain: it.chain.slice(0, 300) }) },
      "the certificate cannot be read: it must be PEM",
    ],
    [
      "whose chain is damaged",
      { change: (it) => ({ ...it, chain: it.chain + it.chain.slice(0, 100) + it.chain.slice(150) }) },
      "a further certificate of the chain cannot be read",
    ],
    [
      "with the key of another",
      { change: (it) => ({ ...it, privateKey: keyOf() }) },
      "the certificate does not belong to the private key",
    ],
    [
      "with a damaged key",
      { change: (it) => ({ ...it, privateKey: it.privateKey.slice(0, 80) }) },
      "the private key cannot be read: it must be PEM without a passphrase",
    ],
    [
      "with a key behind a passphrase",
      { change: (it) => ({ ...it, privateKey: keyOf("secret") }) },
      "the private key cannot be read: it must be PEM without a passphrase",
    ],
  ])("%s: the gateway says so and stays up", async (_, given, what) => {
    await using it = await start(given);
    await it.site.until("the words", () => it.site.events("registration.certificate-unusable").length > 0);
    expect(it.site.events("registration.certificate-unusable")).toMatchObject([
      { level: "error", what, advice: expect.stringContaining("[registration]") },
    ]);
    await it.site.clock.advance(3_600_000);
    expect(it.site.events("registration.certificate-unusable")).toHaveLength(7);
    expect(it.site.cloud.seen).toEqual([]);
    expect(it.site.gateway.status()).toMatchObject({ registration: "registering", connectivity: "offline" });
    expect(it.site.logLines.join()).not.toContain("PRIVATE KEY");
    await it.site.clock.until(it.site.gateway.stop(), { what: "the gateway to stop" });
    expect(it.site.leftovers()).toEqual([]);
  });

  test("that has ended: said, tried all the same, and an alarm", async () => {
    await using it = await start({ notBeforeMs: startMs - 9 * dayMs, notAfterMs: startMs - dayMs });
    await it.site.until("a refusal", () => it.site.events("connectivity.offline").length > 0);
    expect(it.site.events("registration.certificate-expired")).toMatchObject([{ level: "error" }]);
    expect(it.site.events("registration.certificate-expires")).toMatchObject([
      { level: "error", advice: expect.stringContaining("has been invalid since 2026-11-23") },
    ]);
  });

  test("that is not valid yet: the clock is suspected, and it is tried all the same", async () => {
    await using it = await start({ notBeforeMs: startMs + hourMs });
    await it.site.until("a refusal", () => it.site.events("connectivity.offline").length > 0);
    expect(it.site.events("registration.certificate-not-yet-valid")).toMatchObject([
      { level: "warn", advice: expect.stringContaining("clock") },
    ]);
    await it.site.clock.advance(hourMs);
    await it.site.isOnline();
  });

  test("whose end comes is warned of 30 days before, once", async () => {
    await using it = await start({ notAfterMs: startMs + 30 * dayMs + hourMs, notBeforeMs: startMs - 335 * dayMs });
    await it.site.isOnline();
    expect(it.site.events("registration.certificate-expires")).toEqual([]);
    await it.site.clock.advance(2 * hourMs);
    expect(it.site.events("registration.certificate-expires")).toMatchObject([
      { level: "warn", notAfter: new Date(startMs + 30 * dayMs + hourMs).toISOString() },
    ]);
    const alarms = it.site.cloud.seen.filter((each) => each.startsWith("s/us 302,postern_CertificateExpires"));
    expect(alarms).toHaveLength(1);
    expect(alarms[0]).toContain("is valid until 2026-12-24T09:00:00.000Z");
  });
});

describe("a tunnel of a gateway with a certificate", () => {
  const upgrades = (it: { site: SmallSite }): (string | undefined)[] =>
    it.site.cloud.upgrades.map((each) => each.split(" ").slice(1, 3).join(" "));

  test("is opened with a token that is asked for then, and kept for the next", async () => {
    await using it = await start();
    await it.site.panelListens();
    await it.site.isOnline();
    expect(it.cloud.tokens).toEqual([]);
    it.site.requests("1");
    await it.site.until("the tunnel", () => it.site.events("tunnel.opened").length === 1);
    it.site.requests("2");
    await it.site.until("another", () => it.site.events("tunnel.opened").length === 2);
    expect(it.cloud.tokens).toHaveLength(1);
    expect(upgrades(it)).toEqual([`Bearer ${it.cloud.tokens[0]}`, `Bearer ${it.cloud.tokens[0]}`]);
    expect(it.site.logLines.join()).not.toContain(it.cloud.tokens[0]);
  });

  test("uses the same token after a reconnect, and a new one near its end", async () => {
    await using it = await start();
    await it.site.panelListens();
    await it.site.isOnline();
    it.site.requests("1");
    await it.site.until("the tunnel", () => it.site.events("tunnel.opened").length === 1);
    it.site.cloud.mqttConnections.at(-1)?.reset();
    await it.site.until("the loss", () => it.site.events("connectivity.offline").length === 1);
    await it.site.isOnline();
    it.site.requests("2");
    await it.site.until("another", () => it.site.events("tunnel.opened").length === 2);
    expect(it.cloud.tokens).toHaveLength(1);
    await it.site.clock.advance(3_600_000);
    it.site.requests("3");
    await it.site.until("a third", () => it.site.events("tunnel.opened").length === 3);
    expect(it.cloud.tokens).toHaveLength(2);
  });

  test("whose token is refused asks for a new one once", async () => {
    await using it = await start();
    await it.site.panelListens();
    await it.site.isOnline();
    it.site.cloud.refuseUpgradeWith = 401;
    it.site.requests("1");
    await it.site.until("two tokens", () => it.cloud.tokens.length === 2);
    it.site.cloud.refuseUpgradeWith = undefined;
    await it.site.until("the tunnel", () => it.site.events("tunnel.opened").length === 1);
    expect(upgrades(it)).toEqual([`Bearer ${it.cloud.tokens[0]}`, `Bearer ${it.cloud.tokens[1]}`]);
  });

  test("whose tokens are all refused fails with the reason", async () => {
    await using it = await start();
    await it.site.panelListens();
    await it.site.isOnline();
    it.site.cloud.refuseUpgradeWith = 401;
    it.site.requests("1");
    await it.site.until("the end", () => it.site.events("tunnel.closed").length === 1);
    expect(upgrades(it)).toHaveLength(2);
    expect(it.site.events("tunnel.closed")).toMatchObject([
      { reason: "cloud.lost", detail: expect.stringContaining("401") },
    ]);
  });

  test("without a token fails in time, with the reason", async () => {
    await using it = await start();
    it.cloud.answersTokens = false;
    await it.site.panelListens();
    await it.site.isOnline();
    it.site.requests("1");
    await it.site.until("the end", () => it.site.events("tunnel.closed").length === 1);
    expect(it.site.events("tunnel.closed")).toMatchObject([
      { reason: "cloud.lost", detail: expect.stringContaining("the cloud did not answer the question for one") },
    ]);
    expect(it.site.cloud.upgrades).toEqual([]);
  });
});

function keyOf(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const cipher = passphrase === undefined ? {} : { cipher: "aes-256-cbc", passphrase };
  return String(privateKey.export({ type: "pkcs8", format: "pem", ...cipher }));
}
