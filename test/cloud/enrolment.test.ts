// The tenant's certificate authority and the enrolment of devices over EST.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { derInteger, tags } from "#cloud-stub/certificates/der.ts";
import { issuedMax } from "#cloud-stub/devices/certificate-issue.ts";
import { failuresMax } from "#cloud-stub/devices/enrolment.ts";
import { rekeyStore } from "#cloud-stub/store/rekey.ts";
import { derElement, derSequence } from "#protocol/x509/der-writer.ts";
import { bootstrapPassword, secureRandom } from "./cloud-bench.ts";
import { ecKeys, makeRequest, rsaKeys } from "./device-authority.ts";
import { certificateIn, type DeviceBench, startDeviceBench, trustPath, uploads } from "./device-bench.ts";
import { basic } from "./http-bench.ts";

const dayMs = 86_400_000;
const password = "one-time-1234";

async function withAuthority(): Promise<DeviceBench> {
  const bench = await startDeviceBench();
  expect((await bench.admin("POST", "/certificate-authority")).status).toBe(201);
  return bench;
}

/** The lines between BEGIN and END: what thin-edge.io sends. */
const bare = (pem: string) => pem.replaceAll(/-----[A-Z ]+-----\n/g, "");

test("the feature is there, can be switched off, and then the tenant has no authority", async () => {
  await using bench = await startDeviceBench();
  const feature = "/features/certificate-authority";
  expect((await bench.admin("GET", feature)).json).toEqual({
    key: "certificate-authority",
    phase: "GENERALLY_AVAILABLE",
    strategy: "TENANT",
    active: true,
  });
  expect((await bench.admin("PUT", `${feature}/by-tenant`, { active: "no" })).status).toBe(422);
  expect((await bench.admin("PUT", `${feature}/by-tenant`, { active: false })).json.active).toBe(false);
  expect((await bench.admin("GET", feature)).json.active).toBe(false);
  expect((await bench.admin("POST", "/certificate-authority")).status).toBe(404);
  await bench.admin("PUT", `${feature}/by-tenant`, { active: true, key: "certificate-authority" });
  expect((await bench.admin("POST", "/certificate-authority")).status).toBe(201);
  await bench.admin("PUT", `${feature}/by-tenant`, { active: false });
  expect((await bench.enrols("gw-1", password, makeRequest("gw-1"))).status).toBe(404);
});

test("a tenant has one authority, which stands among the trusted certificates and keeps its key to itself", async () => {
  await using bench = await startDeviceBench();
  const { status, json, headers } = await bench.admin("POST", "/certificate-authority");
  expect(status).toBe(201);
  expect(json).toMatchObject({
    tenantCertificateAuthority: true,
    autoRegistrationEnabled: false,
    status: "ENABLED",
    subject: "CN=t1000, O=Cumulocity, C=United States",
    proofOfPossessionValid: true,
  });
  expect(headers.location).toBe(`http://localhost:8080${trustPath}/${json.fingerprint}`);
  expect(JSON.stringify(json)).not.toMatch(/PRIVATE/);
  expect((await bench.admin("GET", trustPath)).json.certificates).toEqual([json]);
  const again = await bench.admin("POST", "/certificate-authority");
  expect([again.status, again.json.error]).toEqual([409, "certificate-authority/duplicate"]);
});

test.each([
  { what: "EC", keys: () => ecKeys() },
  { what: "EC on P-384", keys: () => ecKeys("P-384") },
  { what: "RSA", keys: () => rsaKeys() },
])("a device with an $what key enrols, logs in, and its one-time password is spent", async ({ keys: makeKeys }) => {
  await using bench = await withAuthority();
  const keys = makeKeys();
  const request = makeRequest({ commonNames: ["gw-1"], organization: "Plant 4" }, { keys });
  expect((await bench.offers("gw-1", password)).status).toBe(201);
  const { status, headers, text } = await bench.enrols("gw-1", password, bare(request));
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("application/pkcs7-mime;smime-type=certs-only");
  expect(headers["content-transfer-encoding"]).toBe("base64");
  const certificate = certificateIn(text);
  expect(certificate.subject).toBe("O=Plant 4\nCN=gw-1");
  expect(certificate.issuer).toBe("C=United States\nO=Cumulocity\nCN=t1000");
  expect(certificate.checkPrivateKey(createPrivateKey(keys.privateKey.export({ format: "pem", type: "pkcs8" })))).toBe(
    true,
  );
  expect(certificate.ca).toBe(false);
  const lifeMs = certificate.validToDate.getTime() - bench.clock.nowMs();
  expect(lifeMs).toBe(365 * dayMs);
  expect(bench.clock.nowMs() - certificate.validFromDate.getTime()).toBe(60_000);
  const client = await bench.connects({ clientId: "gw-1", certificateChain: certificate.toString() });
  expect(await client.subscribe("s/ds")).toBe(1);
  const late = await bench.enrols("gw-1", password, request);
  expect([late.status, late.json.message]).toEqual([
    401,
    "No newDeviceRequest found for this ID. Register the device for the certificate authority first.",
  ]);
});

test("a certificate of the authority is whole: OpenSSL's own rules accept it under the authority's", async () => {
  await using bench = await withAuthority();
  const [authority] = (await bench.admin("GET", trustPath)).json.certificates;
  const issuer = new X509Certificate(Buffer.from(authority.certInPemFormat, "base64"));
  const { pem } = await bench.enrolled("gw-1");
  const certificate = new X509Certificate(pem);
  expect(certificate.checkIssued(issuer)).toBe(true);
  expect(certificate.verify(issuer.publicKey)).toBe(true);
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
});

test("the answer is BER without lengths, as Cumulocity sends it", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const { text } = await bench.enrols("gw-1", password, makeRequest("gw-1"));
  expect(text).toMatch(/^([A-Za-z0-9+/]{76}\n)+[A-Za-z0-9+/]+={0,2}\n$/);
  const bytes = Buffer.from(text, "base64");
  expect(bytes.subarray(0, 2)).toEqual(Buffer.from([0x30, 0x80]));
  // No signers, and the ends of the three that have no length.
  expect(bytes.subarray(-8)).toEqual(Buffer.from([0x31, 0, 0, 0, 0, 0, 0, 0]));
});

test("a device that polls before it is registered is told so each time, and is not locked out by it", async () => {
  await using bench = await withAuthority();
  const request = makeRequest("gw-1");
  for (let polls = 0; polls < 150; polls += 1) {
    const { status, json } = await bench.enrols("gw-1", password, request);
    expect([status, json.message.slice(0, 38)]).toEqual([401, "No newDeviceRequest found for this ID."]);
  }
  await bench.offers("gw-1", password);
  expect((await bench.enrols("gw-1", password, request)).status).toBe(200);
});

test("an answer that was lost is given again for the same key, and to no other one", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const keys = ecKeys();
  const request = makeRequest("gw-1", { keys });
  const first = await bench.enrols("gw-1", password, request);
  const second = await bench.enrols("gw-1", password, request);
  expect(certificateIn(second.text).publicKey.equals(keys.publicKey)).toBe(true);
  const thief = await bench.enrols("gw-1", password, makeRequest("gw-1"));
  expect([thief.status, thief.json.message]).toEqual([
    401,
    "With this one-time password a certificate for another key was issued; register the device again.",
  ]);
  await bench.connects({ clientId: "gw-1", certificateChain: certificateIn(first.text).toString() });
});

test("wrong one-time passwords block the device at last, also the right one, until it is registered again", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const request = makeRequest("gw-1");
  const answers: string[] = [];
  for (let tries = 0; tries < failuresMax; tries += 1) {
    answers.push((await bench.enrols("gw-1", `wrong-${tries}`, request)).json.message);
    // A guesser that is slow enough for the limit per minute.
    bench.clock.advance(61_000);
  }
  expect(new Set(answers.slice(0, -1))).toEqual(new Set(["The one-time password is wrong."]));
  const blocked = "Too many wrong one-time passwords: the device is blocked; register it again with a new one.";
  expect(answers.at(-1)).toBe(blocked);
  expect((await bench.enrols("gw-1", password, request)).json.message).toBe(blocked);
  const { auditRecords } = (await bench.admin("GET", "/audit/auditRecords?type=Inventory&pageSize=50")).json;
  expect(auditRecords.map(({ activity }: { activity: string }) => activity)).toContain(
    "Device registration failed due to max number of failed attempts reached",
  );
  expect(JSON.stringify(bench.logLines) + JSON.stringify(auditRecords)).not.toMatch(/one-time-1234|wrong-\d/);
  await bench.offers("gw-1", password);
  expect((await bench.enrols("gw-1", password, request)).status).toBe(200);
});

test("an older certificate of a device does not spend the one-time password of its next one", async () => {
  await using bench = await withAuthority();
  const { pem: older } = await bench.enrolled("gw-1");
  await bench.connects({ clientId: "gw-1", certificateChain: older });
  // The board was changed, or its key is no secret any more.
  await bench.offers("gw-1", password);
  await bench.connects({ clientId: "gw-1", certificateChain: older });
  const request = makeRequest("gw-1");
  const { status, text } = await bench.enrols("gw-1", password, request);
  expect(status).toBe(200);
  await bench.connects({ clientId: "gw-1", certificateChain: older });
  expect((await bench.enrols("gw-1", password, request)).status).toBe(200);
  await bench.connects({ clientId: "gw-1", certificateChain: certificateIn(text).toString() });
  expect((await bench.enrols("gw-1", password, request)).status).toBe(401);
});

test("a device that is registered anew with a password has no one-time password any more", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  expect((await uploads(bench, "ID,CREDENTIALS\ngw-1,a long password")).json.numberOfSuccessful).toBe(1);
  expect((await bench.enrols("gw-1", password, makeRequest("gw-1"))).status).toBe(401);
});

test("many guesses at the same time are no way around the limit", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const request = makeRequest("gw-1");
  const guesses = await Promise.all(Array.from({ length: 60 }, (_, n) => bench.enrols("gw-1", `guess-${n}`, request)));
  const looked = guesses.filter(({ json }) => json.message === "The one-time password is wrong.");
  expect(looked.length).toBeLessThan(failuresMax);
  expect(guesses.every(({ status }) => status === 401 || status === 429)).toBe(true);
});

test("without an authority enrolment is not there", async () => {
  await using bench = await startDeviceBench();
  await bench.offers("gw-1", password);
  const { status, json } = await bench.enrols("gw-1", password, makeRequest("gw-1"));
  expect([status, json.message]).toEqual([404, "This tenant has no certificate authority."]);
});

test.each<{ what: string; headers: Record<string, string> }>([
  { what: "no login", headers: {} },
  { what: "a bearer", headers: { authorization: "Bearer abc" } },
  { what: "a login without an id", headers: basic("", password) },
  { what: "garbage", headers: { authorization: "Basic %%%" } },
])("enrolment with $what asks for one", async ({ headers }) => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const path = "/.well-known/est/simpleenroll";
  const contentType = { "content-type": "application/pkcs10" };
  const answer = await bench.ask({
    method: "POST",
    path,
    headers: { ...contentType, ...headers },
    body: makeRequest("gw-1"),
  });
  expect(answer.status).toBe(401);
  expect(answer.headers["www-authenticate"]).toMatch(/^Basic/);
});

const whole = makeRequest("gw-1");
const bytesOf = (pem: string) => Buffer.from(bare(pem), "base64");
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const changed = (pem: string, at: number) => {
  const bytes = bytesOf(pem);
  bytes[at < 0 ? bytes.length + at : at]! ^= 0x01;
  return base64(bytes);
};

test.each<{ what: string; request: string; status: number; why: RegExp }>([
  { what: "is empty", request: "", status: 400, why: /it is not base64/ },
  { what: "is no base64", request: "<csr/>", status: 400, why: /it is not base64/ },
  { what: "is cut", request: base64(bytesOf(whole).subarray(0, 100)), status: 400, why: /it ends too early/ },
  {
    what: "has a tail",
    request: base64(Buffer.concat([bytesOf(whole), Buffer.from([0])])),
    status: 400,
    why: /something behind/,
  },
  {
    what: "is random",
    request: base64(Buffer.from("this is no request for a certificate")),
    status: 400,
    why: /structure/,
  },
  { what: "was changed in its signature", request: changed(whole, -3), status: 400, why: /signature does not fit/ },
  {
    what: "was changed in its name",
    request: changed(whole, 30),
    status: 400,
    why: /signature does not fit|structure|public key/,
  },
  {
    what: "is signed by another key",
    request: makeRequest("gw-1", { signWith: ecKeys().privateKey }),
    status: 400,
    why: /its signature does not fit its key/,
  },
  {
    what: "is for another device",
    request: makeRequest("gw-2"),
    status: 403,
    why: /is for 'gw-2', and the login is that of 'gw-1'/,
  },
  {
    what: "has two names",
    request: makeRequest({ commonNames: ["gw-1", "gw-2"] }),
    status: 422,
    why: /exactly one common name/,
  },
  {
    what: "has no name",
    request: makeRequest({ commonNames: [], organization: "gw-1" }),
    status: 422,
    why: /exactly one common name/,
  },
  {
    what: "has a huge subject",
    request: makeRequest({ commonNames: ["gw-1"], organization: "x".repeat(3_000) }),
    status: 422,
    why: /2048 bytes/,
  },
  { what: "has a weak key", request: makeRequest("gw-1", { keys: rsaKeys(1024) }), status: 422, why: /1024 bits/ },
  {
    what: "has a strange curve",
    request: makeRequest("gw-1", { keys: ecKeys("secp256k1") }),
    status: 422,
    why: /P-256/,
  },
  {
    what: "is larger than a request",
    request: base64(derSequence(derElement(tags.octetString, Buffer.alloc(9_000)))),
    status: 422,
    why: /8192 bytes/,
  },
  { what: "is huge", request: "A".repeat(20_000), status: 413, why: /larger than allowed/ },
  {
    what: "says that it is longer than it is",
    request: base64(Buffer.from([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])),
    status: 400,
    why: /ends too early/,
  },
  {
    what: "is nothing but nesting",
    request: base64(derSequence(derSequence(derInteger(Buffer.from([0]))))),
    status: 400,
    why: /ends too early|structure/,
  },
])("a request that $what gives no certificate", async ({ request, status, why }) => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const answer = await bench.enrols("gw-1", password, request);
  expect(answer.status).toBe(status);
  expect(answer.json.message).toMatch(why);
  // Nothing of that cost the device its one-time password.
  expect((await bench.enrols("gw-1", password, whole)).status).toBe(200);
});

test("each byte of a request may be damaged and nothing breaks", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const { length } = bytesOf(whole);
  for (let at = 0; at < length; at += 1) {
    const { status } = await bench.enrols("gw-1", password, changed(whole, at));
    expect([400, 403, 422], `byte ${at}`).toContain(status);
  }
  expect(bench.logLines.filter(({ level }) => level === "error")).toEqual([]);
});

test("only a request for a certificate is taken", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const headers = { ...basic("gw-1", password), "content-type": "application/json" };
  const answer = await bench.ask({ method: "POST", path: "/.well-known/est/simpleenroll", headers, body: {} });
  expect(answer.status).toBe(415);
});

test("a device renews its certificate with a token, and the older one goes on working", async () => {
  await using bench = await withAuthority();
  const { pem } = await bench.enrolled("gw-1");
  const client = await bench.connects({ clientId: "gw-1", certificateChain: pem });
  await client.subscribe("s/dat");
  await client.publish("s/uat", "");
  const token = (await client.next("s/dat")).slice(3);
  const keys = ecKeys();
  bench.clock.advance(1_000);
  const { status, text } = await bench.renews({ authorization: `Bearer ${token}` }, makeRequest("gw-1", { keys }));
  expect(status).toBe(200);
  const renewed = certificateIn(text);
  expect(renewed.publicKey.equals(keys.publicKey)).toBe(true);
  expect(renewed.validToDate.getTime()).toBe(bench.clock.nowMs() + 365 * dayMs);
  await bench.connects({ clientId: "gw-1", certificateChain: renewed.toString() });
  await bench.connects({ clientId: "gw-1", certificateChain: pem });
});

test("a device with a password gets a certificate with it", async () => {
  await using bench = await withAuthority();
  const { password: own } = await bench.registers("gw-1");
  const { status, text } = await bench.renews(basic("t1000/device_gw-1", own), makeRequest("gw-1"));
  expect(status).toBe(200);
  await bench.connects({ clientId: "gw-1", certificateChain: certificateIn(text).toString() });
});

test("nobody renews in the name of another device, or without a device's login", async () => {
  await using bench = await withAuthority();
  const { password: own } = await bench.registers("gw-1");
  await bench.registers("gw-2");
  const foreign = await bench.renews(basic("t1000/device_gw-1", own), makeRequest("gw-2"));
  expect([foreign.status, foreign.json.message]).toEqual([
    403,
    "The certificate request is for 'gw-2', and the login is that of 'gw-1'.",
  ]);
  expect((await bench.renews(basic("t1000/admin", "correct horse"), makeRequest("admin"))).status).toBe(403);
  expect((await bench.renews({}, makeRequest("gw-1"))).status).toBe(401);
  await bench.offers("gw-3", password);
  expect((await bench.renews(basic("gw-3", password), makeRequest("gw-3"))).status).toBe(401);
});

test("a device that asks again and again is stopped", async () => {
  await using bench = await withAuthority();
  const { password: own } = await bench.registers("gw-1");
  const renews = () => bench.renews(basic("t1000/device_gw-1", own), whole);
  for (let count = 0; count < issuedMax; count += 1) expect((await renews()).status).toBe(200);
  const stopped = await renews();
  expect([stopped.status, stopped.headers["retry-after"]]).toEqual([429, "3600"]);
  bench.clock.advance(3_600_000);
  expect((await renews()).status).toBe(200);
});

test("the tenant sets the life of a certificate, which never outlives its authority", async () => {
  await using bench = await withAuthority();
  const option = "/tenant/options/certificate-authority/postern.certificate.lifespan.seconds";
  expect((await bench.admin("PUT", option, { value: "59" })).json.message).toMatch(/whole number from 60 to 315360000/);
  expect((await bench.admin("PUT", option, { value: "600" })).status).toBe(200);
  const { pem } = await bench.enrolled("gw-1");
  const { validFromDate, validToDate } = new X509Certificate(pem);
  expect(validToDate.getTime() - bench.clock.nowMs()).toBe(600_000);
  expect(bench.clock.nowMs() - validFromDate.getTime()).toBe(30_000);
  await bench.admin("PUT", option, { value: String(3_650 * 86_400) });
  bench.clock.advance(3_600 * dayMs);
  const late = new X509Certificate((await bench.enrolled("gw-2")).pem);
  expect(late.validToDate.getTime() - bench.clock.nowMs()).toBe(50 * dayMs);
  bench.clock.advance(51 * dayMs);
  const over = await bench.enrols("gw-3", password, makeRequest("gw-3"));
  expect([over.status, over.json.message]).toEqual([
    404,
    "The certificate authority of this tenant has expired or is disabled.",
  ]);
});

test("a renewed authority has a new certificate and the old key: devices notice nothing", async () => {
  await using bench = await startDeviceBench();
  expect((await bench.admin("POST", "/certificate-authority/renew")).status).toBe(404);
  const old = (await bench.admin("POST", "/certificate-authority")).json;
  await bench.admin("PUT", `${trustPath}/${old.fingerprint}`, { name: "Plant 4", autoRegistrationEnabled: true });
  const { pem } = await bench.enrolled("gw-1");
  const client = await bench.connects({ clientId: "gw-1", certificateChain: pem });
  bench.clock.advance(dayMs);
  const { status, json } = await bench.admin("POST", "/certificate-authority/renew");
  expect(status).toBe(200);
  expect(json.fingerprint).not.toBe(old.fingerprint);
  expect(json).toMatchObject({ name: "Plant 4", autoRegistrationEnabled: true, tenantCertificateAuthority: true });
  expect(Date.parse(json.notAfter) - Date.parse(old.notAfter)).toBe(dayMs);
  expect((await bench.admin("GET", trustPath)).json.certificates).toHaveLength(1);
  await client.publish("s/us", "125");
  await bench.connects({ clientId: "gw-1", certificateChain: pem });
});

test("an authority that was removed is gone with its key, and a new one knows none of its devices", async () => {
  await using bench = await withAuthority();
  const { pem } = await bench.enrolled("gw-1");
  const [{ fingerprint }] = (await bench.admin("GET", trustPath)).json.certificates;
  expect((await bench.admin("DELETE", `${trustPath}/${fingerprint}`)).status).toBe(204);
  expect((await bench.admin("POST", "/certificate-authority/renew")).status).toBe(404);
  expect((await bench.admin("POST", "/certificate-authority")).status).toBe(201);
  await expect(bench.connects({ clientId: "gw-1", certificateChain: pem })).rejects.toMatchObject({ code: 5 });
});

test("a device that is removed cannot come back with its certificate", async () => {
  await using bench = await withAuthority();
  const { pem } = await bench.enrolled("gw-1");
  const client = await bench.connects({ clientId: "gw-1", certificateChain: pem });
  const { json } = await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1");
  await bench.admin("DELETE", `/inventory/managedObjects/${json.managedObject.id}`);
  await client.closed;
  await expect(bench.connects({ clientId: "gw-1", certificateChain: pem })).rejects.toMatchObject({ code: 5 });
  expect((await bench.enrols("gw-1", "password-1234", makeRequest("gw-1"))).status).toBe(401);
});

test("a device that is removed before it came loses its one-time password", async () => {
  await using bench = await withAuthority();
  await bench.offers("gw-1", password);
  const { json } = await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1");
  await bench.admin("DELETE", `/inventory/managedObjects/${json.managedObject.id}`);
  expect((await bench.enrols("gw-1", password, makeRequest("gw-1"))).status).toBe(401);
});

test("the key, one-time passwords and security tokens are sealed, and go along to a new master key", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-enrolment-"));
  const databaseFile = join(dataDir, "postern.db");
  const [oldKey, newKey] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  const tokenOf = { id: "gw-2", securityToken: "canary-token" };
  const polls = (bench: DeviceBench) =>
    bench.ask({
      method: "POST",
      path: "/devicecontrol/deviceCredentials",
      headers: basic("management/devicebootstrap", bootstrapPassword),
      body: tokenOf,
    });
  try {
    const before = await startDeviceBench({ databaseFile });
    await before.admin("POST", "/certificate-authority");
    await before.offers("gw-1", "canary-one-time");
    await before.admin("POST", "/devicecontrol/newDeviceRequests", { id: "gw-2" });
    await polls(before);
    await before[Symbol.asyncDispose]();
    for (const file of [databaseFile, `${databaseFile}-wal`]) {
      const bytes = readFileSync(file, { encoding: "latin1", flag: "a+" });
      expect(bytes).not.toMatch(/canary|PRIVATE KEY/);
    }
    // The check of the key, the tokens' key, the authority's key, the password and the token.
    expect(rekeyStore({ dataDir, oldKey, newKey, random: secureRandom })).toEqual({ secrets: 5, wasDone: false });
    await using after = await startDeviceBench({ databaseFile, masterKey: newKey });
    expect((await after.enrols("gw-1", "canary-one-time", makeRequest("gw-1"))).status).toBe(200);
    const accepts = (securityToken: string) =>
      after.admin("PUT", "/devicecontrol/newDeviceRequests/gw-2", { status: "ACCEPTED", securityToken });
    expect((await accepts("canary-other")).status).toBe(422);
    expect((await accepts("canary-token")).status).toBe(200);
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
