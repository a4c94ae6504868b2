// `gateway check` against a cloud that answers: both protocols are spoken, and what is wrong is said in plain words.
import { describe, expect, test } from "vitest";
import { checkCloud } from "#firmware/check/check-cloud.ts";
import type { GatewayConfig } from "#firmware/config/gateway-config.ts";
import type { Hardware } from "#hardware/ports.ts";
import { authorityPem } from "#simulator/network/certificate.ts";
import { deviceUser, SmallSite } from "./small-site.ts";

const credentials = { tenant: "t1000", user: "device_gw-1", password: "device-secret" };

interface Checked {
  readonly isGood: boolean;
  readonly lines: readonly string[];
}

/** A site whose gateway is not running: the check is all that speaks. */
async function siteWith(stored?: string): Promise<{ site: SmallSite; hardware: Hardware }> {
  const site = await SmallSite.start({ isRegistered: false });
  if (stored !== undefined) site.board.disk.files.set("credentials.json", Buffer.from(stored));
  return { site, hardware: site.board.boot(site.network.host("gateway")) };
}

async function check(
  site: SmallSite,
  hardware: Hardware,
  cloud: Partial<GatewayConfig["cloud"]> = {},
): Promise<Checked> {
  const lines: string[] = [];
  const config = { ...site.config, cloud: { ...site.config.cloud, ...cloud } };
  const checking = checkCloud({ hardware, config, say: (line) => lines.push(line) });
  const isGood = await site.clock.until(checking, { what: "the check to end", limitMs: 120_000 });
  await site.clock.advance(2_000);
  expect(lines.join("\n")).not.toMatch(/secret/);
  expect(site.board.clock.pendingCount).toBe(0);
  expect(site.network.openConnections().filter((name) => name.includes("gateway"))).toEqual([]);
  return { isGood, lines };
}

const httpsGood =
  "ok    HTTPS, [cloud] url: cloud.example:8443 answers over HTTP (status 404), and its certificate is good";

describe("a check of a good cloud", () => {
  test("logs in with the bootstrap account while there are no credentials, under the device id", async () => {
    const { site, hardware } = await siteWith();
    await using _site = site;
    expect(await check(site, hardware)).toEqual({
      isGood: true,
      lines: [
        httpsGood,
        "ok    MQTT, [cloud] mqtt: cloud.example:8883 lets this gateway in with the bootstrap account " +
          "management/devicebootstrap; it is not registered yet",
      ],
    });
    expect(site.cloud.seen).toEqual(["connect gw-1 management/devicebootstrap", "disconnect gw-1"]);
  });

  test("logs in with the stored credentials once it is registered", async () => {
    const { site, hardware } = await siteWith(JSON.stringify(credentials));
    await using _site = site;
    const { isGood, lines } = await check(site, hardware);
    expect(isGood).toBe(true);
    expect(lines[1]).toBe(
      "ok    MQTT, [cloud] mqtt: cloud.example:8883 lets this gateway in with the credentials issued to t1000/device_gw-1",
    );
    expect(site.cloud.seen).toEqual([`connect gw-1 ${deviceUser}`, "disconnect gw-1"]);
  });
});

describe("a check says what is wrong", () => {
  test("swapped ports, at both ports", async () => {
    const { site, hardware } = await siteWith(JSON.stringify(credentials));
    await using _site = site;
    expect(await check(site, hardware, { httpsPort: 8883, mqttPort: 8443 })).toEqual({
      isGood: false,
      lines: [
        "FAIL  HTTPS, [cloud] url: cloud.example:8883: MQTT answers there and not HTTP: are the ports of [cloud] url " +
          "and [cloud] mqtt swapped?",
        "FAIL  MQTT, [cloud] mqtt: cloud.example:8443: HTTP answers there and not MQTT: are the ports of [cloud] url " +
          "and [cloud] mqtt swapped?",
      ],
    });
    // Nobody is told a password who is not meant.
    expect(site.cloud.seen).toEqual(["connect check undefined"]);
  });

  test("a wrong bootstrap password", async () => {
    const { site, hardware } = await siteWith();
    await using _site = site;
    site.cloud.passwords.set("management/devicebootstrap", "another");
    const { isGood, lines } = await check(site, hardware);
    expect(isGood).toBe(false);
    expect(lines).toEqual([
      httpsGood,
      "FAIL  MQTT, [cloud] mqtt: cloud.example:8883: the cloud refuses the bootstrap account " +
        "management/devicebootstrap: user and password of [registration] must be those that the cloud has for " +
        "registering gateways",
    ]);
  });

  test("stored credentials that the cloud refuses", async () => {
    const { site, hardware } = await siteWith(JSON.stringify(credentials));
    await using _site = site;
    site.cloud.passwords.delete(deviceUser);
    expect((await check(site, hardware)).lines[1]).toBe(
      "FAIL  MQTT, [cloud] mqtt: cloud.example:8883: the cloud refuses the credentials issued to " +
        "t1000/device_gw-1: was the gateway removed there? To register it again, remove credentials.json from state, " +
        "and accept it anew in the cloud",
    );
  });

  test("damaged credentials, and goes on with the bootstrap account", async () => {
    const { site, hardware } = await siteWith('{"tenant":"t1000","user":"device_gw-1","passwor":"device-secret"}');
    await using _site = site;
    const { isGood, lines } = await check(site, hardware);
    expect(isGood).toBe(false);
    expect(lines.slice(1)).toEqual([
      "FAIL  the state: credentials.json: password must be a text of at least one character; the gateway would " +
        "register again",
      expect.stringMatching(/^ok {4}MQTT, .*bootstrap account/),
    ]);
  });

  test.each([
    { code: 3, words: "the cloud answers that it takes no gateways at the moment" },
    { code: 2, words: "the cloud refuses the client id gw-1 or MQTT 3.1.1" },
  ])("CONNACK $code", async ({ code, words }) => {
    const { site, hardware } = await siteWith();
    await using _site = site;
    site.cloud.refuseAllWith = code;
    expect((await check(site, hardware)).lines[1]).toBe(`FAIL  MQTT, [cloud] mqtt: cloud.example:8883: ${words}`);
  });

  test.each([
    { what: "says nothing", answer: () => {} },
    {
      what: "talks of something else",
      answer: (stream: NodeJS.WritableStream) => stream.write("220 mail.example ESMTP\r\n"),
    },
    { what: "closes at once", answer: (stream: NodeJS.WritableStream) => stream.end() },
  ])("a port that speaks TLS and $what", async ({ answer }) => {
    const { site, hardware } = await siteWith();
    await using _site = site;
    const certificate = { names: ["cloud.example"], authority: "Test CA", notBeforeMs: 0, notAfterMs: 2 ** 45 };
    await site.network
      .host("cloud")
      .listenTls({ address: "0.0.0.0", port: 465, certificate: () => certificate }, (peer) => {
        peer.stream
          .on("error", () => {})
          .on("end", () => peer.stream.end())
          .resume();
        answer(peer.stream);
      });
    const { lines } = await check(site, hardware, { httpsPort: 465, mqttPort: 465 });
    expect(lines).toEqual([
      "FAIL  HTTPS, [cloud] url: cloud.example:465: TLS works, but what answers is not HTTP: is it the right port?",
      expect.stringMatching(
        /^FAIL {2}MQTT, .*:465: TLS works, but what answers is not MQTT: is it the right port\? \(mqtt\./,
      ),
    ]);
  });

  test.each([
    { change: { mqttPort: 1 }, says: /cloud\.example:1: nothing listens on that port/ },
    { change: { mqttHost: "nowhere.example" }, says: /nowhere\.example:8883: the name cannot be resolved/ },
    { change: { authorities: [authorityPem("Another CA")] }, says: /its certificate is from an authority that/ },
  ])("what keeps it from the port: $says", async ({ change, says }) => {
    const { site, hardware } = await siteWith();
    await using _site = site;
    const { isGood, lines } = await check(site, hardware, change);
    expect(isGood).toBe(false);
    expect(lines[1]).toMatch(says);
  });
});

describe("a gateway whose ports are swapped", () => {
  const advice =
    "HTTP answers on the port of [cloud] mqtt: it must be the cloud's MQTT port (is it swapped with that of [cloud] url?)";

  test("says so when it is registered", async () => {
    await using site = await SmallSite.start();
    site.gateway.kill();
    site.boot({ ...site.config, cloud: { ...site.config.cloud, mqttPort: 8443, httpsPort: 8883 } });
    await site.until("the loss", () => site.events("connectivity.offline").length > 0);
    expect(site.events("connectivity.offline")[0]).toMatchObject({
      reason: "mqtt.http-answer",
      detail: "what answers is an HTTP server",
      advice,
    });
  });

  test("says so while it registers", async () => {
    await using site = await SmallSite.start({ isRegistered: false });
    site.boot({ ...site.config, cloud: { ...site.config.cloud, mqttPort: 8443, httpsPort: 8883 } });
    await site.until("the loss", () => site.events("registration.interrupted").length > 0);
    expect(site.events("registration.interrupted")[0]).toMatchObject({ reason: "mqtt.http-answer", advice });
  });
});
