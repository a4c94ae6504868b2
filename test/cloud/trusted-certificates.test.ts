// Devices that log in by certificate, and the list of authorities that lets them in.
import { type KeyObject, sign } from "node:crypto";
import { expect, test } from "vitest";
import type { TrustedCertificate } from "#cloud-stub/certificates/trusted-certificate.ts";
import { TrustedCertificates } from "#cloud-stub/certificates/trusted-certificates.ts";
import { derElement, derObjectId, derSequence } from "#protocol/x509/der-writer.ts";
import { startBench } from "./cloud-bench.ts";
import { benchNowMs, type CertificateWish, certify, ecKeys, makeAuthority, rsaKeys } from "./device-authority.ts";
import { type DeviceBench, startDeviceBench, trustPath } from "./device-bench.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;

const reasons = (bench: DeviceBench) =>
  bench.logLines.filter(({ event }) => event === "mqtt.refused").map(({ why }) => why);

test("an authority with auto-registration lets in a device that nobody registered, and makes its login", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const device = certify(authority, { commonName: "gw-1" });
  const client = await bench.connects({ clientId: "gw-1", certificateChain: device.pem + authority.pem });
  await client.publish("s/us", "100,gw-1,test");
  const { json } = await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1");
  const object = await bench.admin("GET", `/inventory/managedObjects/${json.managedObject.id}`);
  expect(object.json.owner).toBe("device_gw-1");
  const audit = await bench.admin("GET", "/audit/auditRecords?type=Inventory&pageSize=50");
  expect(audit.json.auditRecords.map(({ text }: { text: string }) => text)).toContain(
    "Device registered by certificate: 'gw-1', by the authority 'Factory'.",
  );
});

test("without auto-registration the device must be registered first", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  await bench.trusts(authority.pem);
  const { pem } = certify(authority, { commonName: "gw-1" });
  const connect = () => bench.connects({ clientId: "d:gw-1", certificateChain: pem });
  await expect(connect()).rejects.toMatchObject({ code: 5 });
  expect(reasons(bench)).toEqual([
    "the device is not registered, and its authority 'Factory' registers none by itself",
  ]);
  await bench.offers("gw-1", "password-1234");
  await connect();
});

test.each<{ what: string; leaf: CertificateWish; why: string; clientId?: string; moveMs?: number }>([
  {
    what: "has expired",
    leaf: { notAfterMs: benchNowMs - hourMs },
    why: "the device's certificate is not accepted: it expired on 2026-11-24T09:00:00.000Z",
  },
  {
    what: "expires while the cloud runs",
    leaf: { notAfterMs: benchNowMs + hourMs },
    moveMs: hourMs + 1_000,
    why: "the device's certificate is not accepted: it expired on 2026-11-24T11:00:00.000Z",
  },
  {
    what: "is not valid yet",
    leaf: { notBeforeMs: benchNowMs + hourMs },
    why: "the device's certificate is not accepted: it is not valid before 2026-11-24T11:00:00.000Z",
  },
  {
    what: "is of another device",
    leaf: {},
    clientId: "gw-2",
    why: "the certificate is that of 'gw-1', the client identifier says 'gw-2'",
  },
  {
    what: "has two common names",
    leaf: { commonNames: ["gw-1", "gw-2"] },
    why: "the device's certificate is not accepted: its subject does not have exactly one common name",
  },
  {
    what: "has no common name",
    leaf: { commonNames: [], organization: "gw-1" },
    why: "the device's certificate is not accepted: its subject does not have exactly one common name",
  },
  {
    what: "hides a name in another part of the subject",
    leaf: { commonNames: ["gw-9"], organization: "x\nCN=gw-1" },
    why: "the certificate is that of 'gw-9', the client identifier says 'gw-1'",
  },
  {
    what: "is for servers only",
    leaf: { extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"] },
    why: "the device's certificate is not accepted: its extended key usage is not for TLS clients",
  },
])(
  "a certificate that $what is refused with code 5, in words",
  async ({ leaf, why, clientId = "gw-1", moveMs = 0 }) => {
    await using bench = await startDeviceBench();
    const authority = makeAuthority();
    await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
    const { pem } = certify(authority, { commonName: "gw-1", ...leaf });
    bench.clock.advance(moveMs);
    await expect(bench.connects({ clientId, certificateChain: pem })).rejects.toMatchObject({ code: 5 });
    expect(reasons(bench)).toEqual([why]);
  },
);

test("a certificate of an authority that nobody trusts is refused, whatever it is called", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  const impostor = makeAuthority();
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const { pem } = certify(impostor, { commonName: "gw-1" });
  for (const chain of [pem, pem + impostor.pem, pem + authority.pem]) {
    await expect(bench.connects({ clientId: "gw-1", certificateChain: chain })).rejects.toMatchObject({ code: 5 });
  }
  const why = "the device's certificate is not accepted: no authority that this tenant trusts has signed it";
  expect(reasons(bench)).toEqual([why, why, why]);
});

test("the chain may climb over authorities in between, and must be whole", async () => {
  await using bench = await startDeviceBench();
  const root = makeAuthority({ commonName: "Root" });
  const middle = certify(root, { commonName: "Middle", isAuthority: true });
  const line = certify(middle, { commonName: "Line 4", isAuthority: true });
  const { pem } = certify(line, { commonName: "gw-1" });
  await bench.trusts(root.pem, { autoRegistrationEnabled: true });
  const connect = (chain: string) => bench.connects({ clientId: "gw-1", certificateChain: chain });
  await connect(pem + line.pem + middle.pem + root.pem);
  await connect(pem + middle.pem + line.pem);
  await expect(connect(pem + middle.pem)).rejects.toMatchObject({ code: 5 });
});

test.each<{ what: string; middle: CertificateWish; root?: CertificateWish }>([
  { what: "is no authority", middle: { isAuthority: false } },
  { what: "has expired", middle: { isAuthority: true, notAfterMs: benchNowMs - hourMs } },
  { what: "is more than its own authority allows below it", middle: { isAuthority: true }, root: { pathLength: 0 } },
  { what: "is for servers only", middle: { isAuthority: true, extendedKeyUsage: ["1.3.6.1.5.5.7.3.1"] } },
  {
    what: "is limited by what nobody here understands",
    middle: { isAuthority: true, criticalExtensions: [["2.5.29.30", derSequence()]] },
  },
])("a certificate in between that $what breaks the chain", async ({ middle, root }) => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority({ commonName: "Root", ...root });
  const between = certify(authority, { commonName: "Middle", ...middle });
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const { pem } = certify(between, { commonName: "gw-1" });
  const connecting = bench.connects({ clientId: "gw-1", certificateChain: pem + between.pem + authority.pem });
  await expect(connecting).rejects.toMatchObject({ code: 5 });
});

test("of an authority that was renewed the certificate in force counts, wherever the old one stands", async () => {
  await using bench = await startDeviceBench();
  const root = makeAuthority({ commonName: "Root" });
  const middle = certify(root, { commonName: "Middle", isAuthority: true });
  const older = certify(root, {
    commonName: "Middle",
    isAuthority: true,
    keyPair: middle,
    notAfterMs: benchNowMs - hourMs,
  });
  const { pem } = certify(middle, { commonName: "gw-1" });
  await bench.trusts(root.pem, { autoRegistrationEnabled: true });
  await bench.connects({ clientId: "gw-1", certificateChain: pem + older.pem + middle.pem });
  await bench.connects({ clientId: "gw-1", certificateChain: pem + middle.pem + older.pem });
});

test.each<{ what: string; leaf: CertificateWish }>([
  { what: "whose path length is no number", leaf: { basicConstraints: derSequence(derElement(0x02)) } },
  { what: "with an extension twice", leaf: { criticalExtensions: [["2.5.29.19", derSequence()]] } },
  {
    what: "with a critical extension that nobody here understands",
    leaf: { criticalExtensions: [["1.2.3.4", derSequence()]] },
  },
])("a certificate $what is refused, and no bug of ours", async ({ leaf }) => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const { pem } = certify(authority, { commonName: "gw-1", ...leaf });
  await expect(bench.connects({ clientId: "gw-1", certificateChain: pem })).rejects.toMatchObject({ code: 5 });
  expect(bench.logLines.map(({ event }) => event)).not.toContain("mqtt.error");
});

test("an authority with an odd serial number or without a name is shown as the others are", async () => {
  await using bench = await startDeviceBench();
  const odd = makeAuthority({ serialNumber: Buffer.from([0x80, 0x01]) });
  expect((await bench.trusts(odd.pem)).json).toMatchObject({ serialNumber: "-32767" });
  const nameless = makeAuthority({ commonNames: [] });
  expect((await bench.trusts(nameless.pem)).json).toMatchObject({ subject: "" });
  expect((await bench.admin("GET", `${trustPath}?pageSize=10`)).json.certificates).toHaveLength(2);
});

test("a device's own certificate, signed by itself, can be what is trusted: thin-edge.io does so", async () => {
  await using bench = await startDeviceBench();
  const device = makeAuthority({ commonName: "gw-1", keyPair: rsaKeys() });
  expect((await bench.trusts(device.pem, { autoRegistrationEnabled: true })).status).toBe(201);
  await bench.connects({ clientId: "gw-1", certificateChain: device.pem });
});

test("an authority whose own time is over lets nobody in any more", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority({ notAfterMs: benchNowMs + hourMs });
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const { pem } = certify(authority, { commonName: "gw-1" });
  bench.clock.advance(2 * hourMs);
  await expect(bench.connects({ clientId: "gw-1", certificateChain: pem })).rejects.toMatchObject({ code: 5 });
  expect(reasons(bench)).toEqual([
    "the device's certificate is not accepted: its authority is not in force: it expired on 2026-11-24T11:00:00.000Z",
  ]);
});

test("the certificate wins over a password that comes along, a right one included", async () => {
  await using bench = await startDeviceBench();
  const { password, mqtt } = await bench.registers("gw-1");
  await mqtt.endAsync(true);
  const login = { clientId: "gw-1", user: "t1000/device_gw-1", password };
  const stranger = certify(makeAuthority(), { commonName: "gw-1" });
  await expect(bench.connects({ ...login, certificateChain: stranger.pem })).rejects.toMatchObject({ code: 5 });
  const authority = makeAuthority();
  await bench.trusts(authority.pem);
  const { pem } = certify(authority, { commonName: "gw-1" });
  const bootstrap = { clientId: "gw-1", user: "management/devicebootstrap", password: "wrong", certificateChain: pem };
  const client = await bench.connects(bootstrap);
  await client.publish("s/us", "125");
});

test.each(["garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "", "x".repeat(200_000)])(
  "a chain that is none is refused: %.20s",
  async (chain) => {
    await using bench = await startDeviceBench();
    await expect(bench.connects({ clientId: "gw-1", certificateChain: chain })).rejects.toMatchObject({ code: 5 });
  },
);

test("a password opens no login that was made by certificate", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const { pem } = certify(authority, { commonName: "gw-1" });
  await (await bench.connects({ clientId: "gw-1", certificateChain: pem })).end();
  const hashed = bench.hasher.count;
  for (const password of ["", "none"]) {
    const login = { clientId: "gw-1", user: "t1000/device_gw-1", password };
    await expect(bench.connects(login)).rejects.toMatchObject({ code: 4 });
  }
  // In the time that any other login takes.
  expect(bench.hasher.count).toBeGreaterThan(hashed);
});

test.each(["disabled", "removed"])("a device whose authority is %s has to go at once, and stays out", async (how) => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  const other = makeAuthority({ commonName: "Other" });
  const { fingerprint } = (await bench.trusts(authority.pem, { autoRegistrationEnabled: true })).json;
  await bench.trusts(other.pem, { autoRegistrationEnabled: true });
  const chain = { certificateChain: certify(authority, { commonName: "gw-1" }).pem };
  const client = await bench.connects({ clientId: "gw-1", ...chain });
  const bystander = await bench.connects({
    clientId: "gw-2",
    certificateChain: certify(other, { commonName: "gw-2" }).pem,
  });
  const path = `${trustPath}/${fingerprint}`;
  const answer =
    how === "disabled" ? await bench.admin("PUT", path, { status: "DISABLED" }) : await bench.admin("DELETE", path);
  expect(answer.status).toBe(how === "disabled" ? 200 : 204);
  await client.closed;
  await expect(bench.connects({ clientId: "gw-1", ...chain })).rejects.toMatchObject({ code: 5 });
  await bystander.publish("s/us", "100,gw-2,test");
});

test("what is known of a certificate is shown as Cumulocity shows it", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority({ notBeforeMs: benchNowMs, notAfterMs: benchNowMs + dayMs });
  const { status, json, headers } = await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  expect(status).toBe(201);
  expect(json).toMatchObject({
    name: "Factory",
    status: "ENABLED",
    autoRegistrationEnabled: true,
    algorithmName: "EC",
    version: 3,
    subject: "CN=Factory",
    issuer: "CN=Factory",
    notBefore: "2026-11-24T10:00:00.000Z",
    notAfter: "2026-11-25T10:00:00.000Z",
    proofOfPossessionValid: false,
    fingerprint: expect.stringMatching(/^[0-9a-f]{40}$/),
    self: `http://localhost:8080${trustPath}/${json.fingerprint}`,
  });
  expect(headers.location).toBe(json.self);
  expect(Buffer.from(json.certInPemFormat, "base64").toString("base64")).toBe(json.certInPemFormat);
  expect((await bench.admin("GET", `${trustPath}/${json.fingerprint.toUpperCase()}`)).json).toEqual(json);
  expect((await bench.admin("GET", trustPath)).json.certificates).toEqual([json]);
  expect((await bench.admin("GET", "/tenant/tenants/t2000/trusted-certificates")).status).toBe(404);
});

test("a certificate comes once: with or without its frame it is the same", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  const bare = authority.pem.replaceAll(/-----[A-Z ]+-----/g, "");
  expect((await bench.trusts(bare)).status).toBe(201);
  const again = await bench.trusts(authority.pem);
  expect(again.status).toBe(409);
  expect(again.json.message).toMatch(/^There is a certificate with the fingerprint [0-9a-f]{40} already\.$/);
});

test.each<{ what: string; pem: string; why: string }>([
  { what: "no certificate", pem: "hello", why: "it is not a certificate" },
  { what: "two certificates", pem: makeAuthority().pem.repeat(2), why: "it is not one certificate in PEM" },
  {
    what: "a device's certificate",
    pem: certify(makeAuthority(), { commonName: "gw-1" }).pem,
    why: "it is not that of an authority (BasicConstraints CA:TRUE is missing)",
  },
  {
    what: "one of version 1",
    pem: certify(makeAuthority(), { version: 1 }).pem,
    why: "it is X.509 version 1; version 3 is needed",
  },
  {
    what: "one that has expired",
    pem: makeAuthority({ notAfterMs: benchNowMs - hourMs }).pem,
    why: "it expired on 2026-11-24T09:00:00.000Z",
  },
])("$what cannot be trusted: 422, in words", async ({ pem, why }) => {
  await using bench = await startDeviceBench();
  const { status, json } = await bench.trusts(pem);
  expect(status).toBe(422);
  expect(json.message).toBe(`certInPemFormat: this cannot be used, because ${why}`);
});

test.each<[Record<string, unknown>, string]>([
  [{ status: "enabled" }, "status: must be ENABLED or DISABLED"],
  [{ status: undefined }, "status: must be ENABLED or DISABLED"],
  [{ autoRegistrationEnabled: "yes" }, "autoRegistrationEnabled: must be true or false"],
  [{ name: 7 }, "name: must be a text of at most 256 characters"],
  [{ certInPemFormat: "" }, "certInPemFormat: must be a certificate in PEM of at most 32768 characters"],
  [
    { certInPemFormat: "A".repeat(32_769) },
    "certInPemFormat: must be a certificate in PEM of at most 32768 characters",
  ],
])("a body with %j is refused by the field's name", async (facts, message) => {
  await using bench = await startDeviceBench();
  const { status, json } = await bench.trusts(makeAuthority().pem, facts);
  expect([status, json.message]).toEqual([422, message]);
});

test("many come at once, all or none", async () => {
  await using bench = await startDeviceBench();
  const [one, two, three] = [makeAuthority(), makeAuthority(), makeAuthority()].map(({ pem }) => ({
    name: "A line",
    certInPemFormat: pem,
    status: "ENABLED",
  }));
  const bulk = (certificates: unknown) => bench.admin("POST", `${trustPath}/bulk`, { certificates });
  const { status, json } = await bulk([one, two]);
  expect([status, json.certificates.length]).toEqual([201, 2]);
  expect((await bulk([three, one])).status).toBe(409);
  expect((await bulk([three, { ...one, certInPemFormat: "x" }])).status).toBe(422);
  expect((await bulk([])).status).toBe(422);
  expect((await bulk("all")).status).toBe(422);
  expect((await bench.admin("GET", trustPath)).json.certificates).toHaveLength(2);
});

test("possession of the key is proven by signing the code, and a code has its time", async () => {
  await using bench = await startDeviceBench();
  for (const keyPair of [ecKeys(), rsaKeys()]) {
    const authority = makeAuthority({ keyPair });
    const { fingerprint, proofOfPossessionUnsignedVerificationCode: code } = (await bench.trusts(authority.pem)).json;
    const path = `${trustPath}-pop/${fingerprint}`;
    const proves = (text: string) =>
      bench.admin("POST", `${path}/pop`, {
        proofOfPossessionSignedVerificationCode: sign("sha256", Buffer.from(text), authority.privateKey).toString(
          "base64",
        ),
      });
    expect((await proves("another text")).status).toBe(400);
    expect((await bench.admin("POST", `${path}/pop`, { proofOfPossessionSignedVerificationCode: "x" })).status).toBe(
      400,
    );
    bench.clock.advance(25 * hourMs);
    expect((await proves(code)).status).toBe(422);
    const renewed = await bench.admin("POST", `${path}/verification-code`);
    expect(renewed.json.proofOfPossessionUnsignedVerificationCode).not.toBe(code);
    expect((await proves(code)).status).toBe(400);
    const proven = await proves(renewed.json.proofOfPossessionUnsignedVerificationCode);
    expect([proven.status, proven.json.proofOfPossessionValid]).toEqual([200, true]);
  }
  const nowhere = `${trustPath}-pop/${"0".repeat(40)}`;
  expect((await bench.admin("POST", `${nowhere}/verification-code`)).status).toBe(404);
  expect((await bench.admin("POST", `${nowhere}/pop`, { proofOfPossessionSignedVerificationCode: "x" })).status).toBe(
    404,
  );
});

test("a device that is on its way in while its authority is removed does not stay", async () => {
  await using bench = await startBench();
  const authority = makeAuthority();
  const [trusted] = (await bench.trustedCertificates.add(
    [{ name: "", pem: authority.pem, isEnabled: true, isAutoRegistration: true }],
    "admin",
  )) as [TrustedCertificate];
  // The last step of a login by certificate, when the chain was judged already.
  bench.enrolments.done = async () => {
    await bench.trustedCertificates.remove(trusted.fingerprint, "admin");
  };
  const certificateChain = certify(authority, { commonName: "gw-1" }).pem;
  const client = await bench.connect({ clientId: "gw-1", certificateChain }).catch(() => undefined);
  await client?.closed;
  expect(bench.broker.clients).toBe(0);
});

test("a list that could not be read once is read again", async () => {
  await using bench = await startBench();
  const authority = makeAuthority();
  let isBusy = false;
  const store = {
    get db() {
      if (isBusy) throw new Error("database is locked");
      return bench.store.db;
    },
    close() {},
  };
  const trusted = new TrustedCertificates({ ...bench, store });
  await trusted.add([{ name: "", pem: authority.pem, isEnabled: true, isAutoRegistration: false }], "admin");
  isBusy = true;
  await expect(trusted.list()).rejects.toThrow("locked");
  isBusy = false;
  expect(await trusted.list()).toHaveLength(1);
});

test("whoever hears of a change and fails keeps nobody else from hearing of it", async () => {
  await using bench = await startBench();
  const heard: string[] = [];
  bench.trustedCertificates.watch(() => Promise.reject(new Error("database is locked")));
  bench.trustedCertificates.watch(async () => void heard.push("second"));
  const wanted = { name: "", pem: makeAuthority().pem, isEnabled: true, isAutoRegistration: false };
  await expect(bench.trustedCertificates.add([wanted], "admin")).rejects.toThrow("locked");
  expect(heard).toEqual(["second"]);
});

test("an authority whose kind of key nobody here knows is refused, on the list and in a chain", async () => {
  await using bench = await startDeviceBench();
  const keys = ecKeys();
  const info = derSequence(derSequence(derObjectId("1.2.3.4")), derElement(0x03, Buffer.from([0, 1, 2, 3])));
  const publicKey = { export: () => info } as unknown as KeyObject;
  const strange = makeAuthority({ commonName: "Strange", keyPair: { ...keys, publicKey } });
  const answer = await bench.trusts(strange.pem);
  expect(answer.status, answer.text).toBe(422);
  const { pem } = certify(strange, { commonName: "gw-1" });
  const connecting = bench.connects({ clientId: "gw-1", certificateChain: pem + strange.pem });
  await expect(connecting).rejects.toMatchObject({ code: 5 });
  expect(bench.logLines.map(({ event }) => event)).not.toContain("mqtt.error");
});
