// Client certificates over real TLS: what the ports ask for, and what of it reaches the cloud.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { request as httpsRequest } from "node:https";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAuthority as makeServerAuthority, makeServerCertificate } from "#cloud-stub/certificates/authority.ts";
import { nameCard } from "#cloud-stub/certificates/name-card.ts";
import { type Cloud, startCloud } from "#cloud-stub/cloud.ts";
import { type Listeners, openListeners } from "#cloud-stub/listeners.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import { linuxClock } from "#hardware/linux/clock.ts";
import { linuxRandom } from "#hardware/linux/random.ts";
import { countingHasher } from "./cloud-bench.ts";
import { type CertificateWish, type Certified, certify, makeAuthority, rsaKeys } from "./device-authority.ts";

const dayMs = 86_400_000;
const adminPassword = "correct horse battery";
const now = { notBeforeMs: Date.now() - dayMs, notAfterMs: Date.now() + dayMs };
const root = makeAuthority({ commonName: "Root", ...now });
const line = certify(root, { commonName: "Line 4", isAuthority: true, ...now });
const issue = { names: ["localhost"], nowMs: Date.now(), random: linuxRandom };
const serverAuthority = makeServerAuthority(issue);
let listeners: Listeners;
let cloud: Cloud;

beforeAll(async () => {
  const free = { port: 0, isExplicit: false };
  const log = createCloudLog(linuxClock, () => {});
  const server = makeServerCertificate(serverAuthority, issue);
  listeners = await openListeners({ listen: "127.0.0.1", http: free, https: free, mqtts: free, server, log });
  cloud = await startCloud({
    clock: linuxClock,
    random: linuxRandom,
    databaseFile: ":memory:",
    masterKey: new Uint8Array(32).fill(7),
    passwordHasher: countingHasher(),
    log,
    accounts: { adminPassword, bootstrapPassword: "bootstrap battery" },
    allowedHosts: ["localhost"],
    ports: listeners.ports,
  });
  listeners.serve(cloud);
  const body = { name: "Factory", certInPemFormat: root.pem, status: "ENABLED", autoRegistrationEnabled: true };
  expect((await asks("POST", "/tenant/tenants/t1000/trusted-certificates", { body })).status).toBe(201);
});
afterAll(async () => {
  await cloud.stop();
  await listeners.close();
});

function device(commonName: string, wish: CertificateWish = {}): { readonly cert: string; readonly key: string } {
  const made: Certified = certify(line, { commonName, ...now, ...wish });
  return { cert: made.pem + line.pem, key: String(made.privateKey.export({ format: "pem", type: "pkcs8" })) };
}

const basicAdmin = `Basic ${Buffer.from(`t1000/admin:${adminPassword}`).toString("base64")}`;

async function asks(
  method: string,
  path: string,
  options: { readonly body?: unknown; readonly headers?: Record<string, string>; readonly tls?: object } = {},
): Promise<{ readonly status: number; readonly json: Record<string, string> }> {
  const request = httpsRequest({
    method,
    path,
    host: "localhost",
    port: listeners.ports.https,
    ca: serverAuthority.certificate,
    agent: false,
    headers: { authorization: basicAdmin, "content-type": "application/json", ...options.headers },
    ...options.tls,
  });
  request.end(method === "GET" ? undefined : JSON.stringify(options.body ?? {}));
  const [response] = await once(request, "response");
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, json: JSON.parse(Buffer.concat(chunks).toString("utf8") || "{}") };
}

/** The code of the CONNACK, 0 for one that was accepted. */
async function connects(
  clientId: string,
  tls: object,
  session?: Buffer,
): Promise<{ code: number; socket: TLSSocket; client: MqttClient }> {
  const socket = connectTls({
    host: "localhost",
    port: listeners.ports.mqtts,
    ca: serverAuthority.certificate,
    ...(session === undefined ? {} : { session }),
    ...tls,
  });
  socket.on("error", () => {});
  await once(socket, "secureConnect");
  const client = new MqttClient(() => socket, { clientId, protocolVersion: 4, reconnectPeriod: 0 });
  client.on("error", () => {});
  const code = await new Promise<number>((resolve) => {
    client.once("packetreceive", (packet) => resolve(packet.cmd === "connack" ? (packet.returnCode ?? -1) : -1));
  });
  return { code, socket, client };
}

test.each([
  ["TLS 1.3 with an EC key", {}, {}],
  ["TLS 1.2 with an EC key", {}, { maxVersion: "TLSv1.2" }],
  ["TLS 1.3 with an RSA key", { keyPair: rsaKeys() }, {}],
  ["TLS 1.2 with an RSA key", { keyPair: rsaKeys() }, { maxVersion: "TLSv1.2" }],
] as const)("the chain of a device reaches the broker over %s", async (_what, wish, tls) => {
  const { code, client } = await connects("gw-1", { ...device("gw-1", wish), ...tls });
  expect(code).toBe(0);
  await client.endAsync(true);
});

test.each(["TLSv1.2", "TLSv1.3"] as const)("a resumed session of %s does not lose the chain", async (maxVersion) => {
  const tls = { ...device("gw-1"), maxVersion };
  const first = await connects("gw-1", tls);
  let session: Buffer | undefined = first.socket.getSession();
  first.socket.on("session", (later) => {
    session = later;
  });
  await first.client.publishAsync("s/us", "100,gw-1,test", { qos: 1 });
  await first.client.endAsync(true);
  const second = await connects("gw-1", tls, session);
  expect(second.code).toBe(0);
  await second.client.endAsync(true);
});

test("a device without a certificate gets as far as its password, and one with another name is refused", async () => {
  const without = await connects("gw-2", {});
  expect(without.code).toBe(4);
  const foreign = await connects("gw-2", device("gw-1"));
  expect(foreign.code).toBe(5);
  await Promise.all([without.client.endAsync(true), foreign.client.endAsync(true)]);
});

test("the HTTPS port takes a certificate for a token, and everybody else without one", async () => {
  const { status, json } = await asks("POST", "/devicecontrol/deviceAccessToken", { tls: device("gw-3") });
  expect(status).toBe(200);
  const headers = { authorization: `Bearer ${json["accessToken"]}` };
  expect((await asks("GET", "/tenant/currentTenant", { headers })).status).toBe(200);
  expect((await asks("POST", "/devicecontrol/deviceAccessToken")).status).toBe(401);
  expect((await asks("GET", "/tenant/loginOptions")).status).toBe(200);
});

test("a card has the name of an authority, another key, and so no trust", () => {
  const { privateKey } = rsaKeys();
  const card = nameCard(root.pem, String(privateKey.export({ format: "pem", type: "pkcs8" })));
  const named = new X509Certificate(card);
  expect([named.subject, named.issuer]).toEqual(["CN=Root", "CN=Root"]);
  expect(new X509Certificate(line.pem).verify(named.publicKey)).toBe(false);
});
