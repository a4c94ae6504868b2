// Each fault on the way has a code of its own, and of two at the same time the first on the way is named.
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { GatewayConfig } from "#firmware/config/gateway-config.ts";
import type { DiagnoseOptions } from "#firmware/doctor/diagnose.ts";
import { type FindingCode, findings, hopNames } from "#firmware/doctor/findings.ts";
import { ConfigError } from "#firmware/errors.ts";
import { credentialsFile } from "#firmware/registration/credentials.ts";
import { captivePortal } from "#simulator/faults/captive-portal.ts";
import { certificate } from "#simulator/faults/certificate.ts";
import { clockJump } from "#simulator/faults/clock-jump.ts";
import { diskFull } from "#simulator/faults/disk-full.ts";
import { diskReadOnly } from "#simulator/faults/disk-read-only.ts";
import { dnsFailure } from "#simulator/faults/dns-failure.ts";
import { dnsWrongAnswer } from "#simulator/faults/dns-wrong-answer.ts";
import { DeviceAuthority } from "../device-authority.ts";
import { codesOf, configOf, type DoctorSite, examine, firstCode, startDoctorSite } from "./doctor-site.ts";
import { addServer, connack, elsewhere, http, loginOptions } from "./scripted-server.ts";

interface Trouble {
  readonly code: FindingCode;
  /** Makes it so. */
  readonly lay?: (site: DoctorSite) => unknown;
  readonly changes?: (site: DoctorSite) => Partial<GatewayConfig>;
  readonly options?: Options;
}

type Options = (site: DoctorSite) => Partial<DiagnoseOptions>;

const yearMs = 365 * 86_400_000;
const broken =
  (error: ConfigError): Options =>
  () => ({ load: () => Promise.reject(error) });
const cloudAt = (site: DoctorSite, changes: Partial<GatewayConfig["cloud"]>): Partial<GatewayConfig> => ({
  cloud: { ...configOf(site).cloud, ...changes },
});
const proxyAt =
  (host: string, port: number, isTls = false) =>
  (site: DoctorSite) =>
    cloudAt(site, { proxy: { host, port, isTls } });
const mqttElsewhere = (site: DoctorSite) => cloudAt(site, { mqttHost: elsewhere, mqttPort: 8883, mqttOver: "tls" });
const httpsElsewhere = (site: DoctorSite) => cloudAt(site, { host: elsewhere, httpsPort: 443 });
const stores = (contents: string) => (site: DoctorSite) =>
  site.board.hardware?.storage.write(credentialsFile, Buffer.from(contents));
/** The disk answers each write with this code of the system. */
const failsWrites =
  (code: string): Options =>
  (site) => ({
    openHardware: async () => {
      const { hardware } = site.board;
      if (hardware === undefined) throw new Error("The board is off");
      const { storage } = hardware;
      const write = () => Promise.reject(Object.assign(new Error(`${code}: no`), { code }));
      return {
        ...hardware,
        storage: { read: (n) => storage.read(n), remove: (n) => storage.remove(n), list: () => storage.list(), write },
      };
    },
  });
const blocks = (action: "drop" | "reject" | "unreachable", port?: number) => (site: DoctorSite) =>
  void site.network.firewall.add({ from: "gateway", to: "cloud", action, ...(port === undefined ? {} : { port }) });
const answersHttps = (answers: (first: string) => string | undefined) => (site: DoctorSite) =>
  addServer(site, { port: 443, answers });
const answersMqtt = (answers: () => Uint8Array | string | undefined) => (site: DoctorSite) =>
  addServer(site, { port: 8883, answers });
const target =
  (host: string, port: number): Options =>
  () => ({ targets: [{ host, port }] });
const isMqttPath = (first: string): boolean => first.startsWith("GET /mqtt");

/** A certificate of files: for whom, from and until when, in ms from now. */
function withCertificate(commonName: string, fromMs: number, untilMs: number) {
  return (site: DoctorSite): Partial<GatewayConfig> => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const nowMs = site.clock.nowMs();
    const der = new DeviceAuthority().issue({
      commonName,
      publicKey,
      notBeforeMs: nowMs + fromMs,
      notAfterMs: nowMs + untilMs,
    });
    const body = Buffer.from(der)
      .toString("base64")
      .replace(/(.{64})(?=.)/g, "$1\n");
    const chain = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    return { registration: { method: "certificate", certificate: { chain, privateKey: key } } };
  };
}

const troubles: readonly Trouble[] = [
  { code: "config.unreadable", options: broken(new ConfigError("config.unreadable", ["gateway.toml: no such file"])) },
  { code: "config.syntax", options: broken(new ConfigError("config.syntax", ["gateway.toml:3:1: not valid TOML"])) },
  {
    code: "config.invalid",
    options: broken(new ConfigError("config.invalid", ["gateway.toml:3: [cloud] url: is missing"])),
  },
  { code: "state.full", lay: (site) => site.apply(diskFull()) },
  { code: "state.read-only", lay: (site) => site.apply(diskReadOnly()) },
  { code: "state.not-permitted", options: failsWrites("EACCES") },
  { code: "state.failed", options: failsWrites("EIO") },
  { code: "identity.damaged", lay: stores("{ torn") },
  { code: "identity.expired", changes: withCertificate("gw-0001", -2 * yearMs, -yearMs) },
  { code: "identity.not-yet-valid", changes: withCertificate("gw-0001", yearMs, 2 * yearMs) },
  { code: "identity.other-device", changes: withCertificate("gw-0002", -yearMs, yearMs) },
  { code: "clock.wrong", lay: (site) => site.apply(clockJump({ byMs: -site.clock.nowMs() })) },
  { code: "clock.far-ahead", lay: (site) => site.apply(clockJump({ byMs: 20 * yearMs })) },
  {
    code: "uplink.none",
    lay: (site) => {
      for (const name of site.board.uplinks.names) site.board.uplinks.goesDown(name);
    },
  },
  { code: "dns.name-unknown", lay: (site) => site.apply(dnsFailure()) },
  { code: "dns.no-answer", lay: (site) => site.apply(dnsFailure({ how: "silent" })) },
  { code: "dns.wrong-answer", lay: (site) => site.apply(dnsWrongAnswer({ address: "127.0.0.1" })) },
  { code: "proxy.name-unknown", changes: proxyAt("no-proxy.example", 3128) },
  { code: "proxy.refused", lay: (site) => addServer(site), changes: proxyAt(elsewhere, 3128) },
  { code: "proxy.unreachable", changes: proxyAt("203.0.113.99", 3128) },
  {
    code: "proxy.tls",
    lay: (site) => addServer(site, { port: 3128, isTls: false, answers: () => http("400 Bad Request") }),
    changes: proxyAt(elsewhere, 3128, true),
  },
  {
    code: "proxy.login-refused",
    lay: (site) =>
      addServer(site, { port: 3128, isTls: false, answers: () => http("407 Proxy Authentication Required") }),
    changes: proxyAt(elsewhere, 3128),
  },
  {
    code: "proxy.forbidden",
    lay: (site) => addServer(site, { port: 3128, isTls: false, answers: () => http("403 Forbidden") }),
    changes: proxyAt(elsewhere, 3128),
  },
  {
    code: "proxy.not-a-proxy",
    lay: (site) => addServer(site, { port: 3128, isTls: false, answers: () => "220 mail.example ESMTP\r\n\r\n" }),
    changes: proxyAt(elsewhere, 3128),
  },
  { code: "tcp.refused", lay: blocks("reject") },
  { code: "tcp.unreachable", lay: blocks("unreachable") },
  { code: "tcp.no-answer", lay: blocks("drop") },
  {
    code: "tcp.mqtt-port-blocked",
    lay: blocks("drop", 8883),
    changes: (site) => cloudAt(site, { mqttOver: "tls" }),
  },
  { code: "tls.unknown-authority", lay: (site) => site.apply(certificate("unknown-authority")) },
  { code: "tls.wrong-name", lay: (site) => site.apply(certificate("wrong-name")) },
  { code: "tls.expired", lay: (site) => site.apply(certificate("expired")) },
  { code: "tls.not-yet-valid", lay: (site) => site.apply(certificate("not-yet-valid")) },
  {
    code: "tls.failed",
    lay: (site) => addServer(site, { port: 8883, isTls: false, answers: () => http("400 Bad Request") }),
    changes: mqttElsewhere,
  },
  {
    code: "tls.no-answer",
    lay: (site) => addServer(site, { port: 8883, isTls: false, answers: () => undefined }),
    changes: mqttElsewhere,
  },
  { code: "mqtt.not-mqtt", lay: answersMqtt(() => http("400 Bad Request")), changes: mqttElsewhere },
  {
    code: "mqtt.login-refused",
    lay: stores(JSON.stringify({ tenant: "t1000", user: "device_gw-0001", password: "another" })),
  },
  {
    code: "mqtt.bootstrap-refused",
    lay: (site) => site.board.hardware?.storage.remove(credentialsFile),
    changes: () => ({ registration: { method: "bootstrap", user: "management/devicebootstrap", password: "wrong" } }),
  },
  { code: "mqtt.certificate-refused", changes: withCertificate("gw-0001", -yearMs, yearMs) },
  { code: "mqtt.unavailable", lay: answersMqtt(() => connack(3)), changes: mqttElsewhere },
  { code: "mqtt.client-id-refused", lay: answersMqtt(() => connack(2)), changes: mqttElsewhere },
  { code: "mqtt.no-answer", lay: answersMqtt(() => undefined), changes: mqttElsewhere },
  { code: "https.not-http", lay: answersHttps(() => "RFB 003.008\n"), changes: httpsElsewhere },
  {
    code: "https.redirected",
    lay: answersHttps(() => http("302 Found", "", ["Location: https://portal.example/login?user=secret"])),
    changes: httpsElsewhere,
  },
  { code: "https.not-the-cloud", lay: answersHttps(() => http("200 OK", "<h1>Welcome</h1>")), changes: httpsElsewhere },
  { code: "https.unavailable", lay: answersHttps(() => http("503 Service Unavailable")), changes: httpsElsewhere },
  { code: "https.no-answer", lay: answersHttps(() => undefined), changes: httpsElsewhere },
  {
    code: "websocket.refused",
    lay: answersHttps((first) => (isMqttPath(first) ? http("400 Bad Request") : loginOptions)),
    changes: httpsElsewhere,
  },
  {
    code: "websocket.no-answer",
    lay: answersHttps((first) => (isMqttPath(first) ? undefined : loginOptions)),
    changes: httpsElsewhere,
  },
  { code: "lan.policy", options: target("8.8.8.8", 5900) },
  { code: "lan.name-unknown", options: target("no-panel.example", 5900) },
  { code: "lan.refused", options: target("192.168.10.11", 5901) },
  { code: "lan.unreachable", options: target("192.168.10.99", 5900) },
  {
    code: "lan.other-protocol",
    lay: async (site) => {
      const outcome = await site.network
        .host("plc")
        .listen({ address: "0.0.0.0", port: 22 }, ({ stream }) => void stream.end("HTTP/1.1 400\r\n\r\n"));
      if (!outcome.ok) throw new Error(outcome.detail);
    },
    options: target("192.168.10.12", 22),
  },
];

describe("a fault alone", () => {
  test.each(troubles)(
    "$code is what the doctor finds, and nothing before it",
    async ({ code, lay, changes, options }) => {
      await using site = await startDoctorSite();
      await site.until(Promise.resolve(lay?.(site)), { what: "the fault to be laid" });
      const diagnosis = await examine(site, changes?.(site), options?.(site));
      expect(firstCode(diagnosis)).toBe(code);
    },
  );

  test("nothing is found where nothing is wrong", async () => {
    await using site = await startDoctorSite();
    expect(codesOf(await examine(site))).toEqual([]);
  });
});

test("at least 25 faults are tried, each with a code of its own", () => {
  const codes = troubles.map(({ code }) => code);
  expect(codes.length).toBeGreaterThanOrEqual(25);
  expect(new Set(codes).size).toBe(codes.length);
});

test("every code has a fault that leads to it, but those that a firewall's RST in mid-dial or two proxies would need", () => {
  const tried = new Set(troubles.map(({ code }) => code));
  const untried = Object.keys(findings).filter((code) => !tried.has(code as FindingCode));
  expect(untried).toEqual(["proxy.mqtt-port-forbidden", "tcp.reset"]);
});

describe("a proxy that lets HTTPS through alone", () => {
  test("is named as what keeps MQTT's port from this gateway", async () => {
    await using site = await startDoctorSite({ proxy: { ports: [8443] }, registered: false });
    const { proxySettings } = await import("#simulator/site/site-proxy.ts");
    const changes = cloudAt(site, { proxy: proxySettings(), mqttOver: "tls" });
    site.powerOn();
    await site.gatewayStops();
    expect(firstCode(await examine(site, changes))).toBe("proxy.mqtt-port-forbidden");
  });
});

/** Each pair: what is laid first is further away, what comes second is nearer and must be named. */
const pairs: readonly (readonly [far: FindingCode, near: FindingCode])[] = [
  ["tls.expired", "clock.far-ahead"],
  ["tls.unknown-authority", "dns.name-unknown"],
  ["dns.no-answer", "uplink.none"],
  ["dns.name-unknown", "state.full"],
  ["tcp.no-answer", "identity.damaged"],
  ["mqtt.login-refused", "tls.wrong-name"],
  ["lan.refused", "tcp.refused"],
  ["lan.policy", "mqtt.bootstrap-refused"],
  ["websocket.refused", "mqtt.login-refused"],
  ["tcp.unreachable", "dns.wrong-answer"],
];

describe("of two faults at the same time the first on the way is named", () => {
  test.each(pairs)("%s and %s", async (far, near) => {
    const [one, other] = [far, near].map((code) => troubles.find((each) => each.code === code));
    if (one === undefined || other === undefined) throw new Error("must hold: each is in the table");
    await using site = await startDoctorSite();
    for (const { lay } of [one, other])
      await site.until(Promise.resolve(lay?.(site)), { what: "the fault to be laid" });
    const changes = { ...one.changes?.(site), ...other.changes?.(site) };
    const diagnosis = await examine(site, changes, { ...one.options?.(site), ...other.options?.(site) });
    expect(firstCode(diagnosis)).toBe(near);
    const order = codesOf(diagnosis).map((code) => hopNames.findIndex((hop) => code.startsWith(`${hop}.`)));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });
});

test("behind a portal that answers for everybody the certificate is what is named, not the login", async () => {
  await using site = await startDoctorSite();
  await site.apply(captivePortal());
  expect(firstCode(await examine(site))).toBe("tls.wrong-name");
});

test("where MQTT's port is blocked and a websocket will do, it is a note and no failure", async () => {
  await using site = await startDoctorSite();
  blocks("drop", 8883)(site);
  const { results } = await examine(site);
  expect(results.filter(({ outcome }) => outcome === "fail")).toEqual([]);
  expect(results.find(({ code }) => code === "mqtt.through-websocket")?.hop).toBe("tcp");
  expect(results.find(({ hop }) => hop === "mqtt")?.outcome).toBe("ok");
});

test("a gateway that runs is asked and not pushed off", async () => {
  await using site = await startDoctorSite();
  site.powerOn();
  await site.gatewayIsOnline();
  const options = { askRunning: async () => ({ onlineSince: "2026-11-24T08:00:05.000Z" }) };
  const { results } = await examine(site, {}, options);
  expect(results.find(({ hop }) => hop === "mqtt")).toMatchObject({ outcome: "note", code: "mqtt.running" });
  expect(site.gatewayLog.filter(({ event }) => event === "connectivity.offline")).toEqual([]);
});
