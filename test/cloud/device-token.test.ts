// Tokens of devices with certificates: over MQTT and mutual TLS, and what they open.
import { expect, test } from "vitest";
import { openWebSocket } from "./client-websocket.ts";
import type { TestClient } from "./cloud-bench.ts";
import { benchNowMs, certify, makeAuthority } from "./device-authority.ts";
import { type DeviceBench, startDeviceBench, trustPath, uploads } from "./device-bench.ts";
import { basic, httpPeer } from "./http-bench.ts";

const lifespan = "/tenant/options/oauth.internal/device-token.lifespan.seconds";

/** A cloud that trusts one authority, which lets in everybody. */
async function withAuthority() {
  const bench = await startDeviceBench();
  const authority = makeAuthority();
  const { fingerprint } = (await bench.trusts(authority.pem, { autoRegistrationEnabled: true })).json;
  const certificateOf = (commonName: string) => certify(authority, { commonName }).pem;
  return { bench, authority, fingerprint, certificateOf };
}

async function online(bench: DeviceBench, clientId: string, certificateChain: string): Promise<TestClient> {
  const client = await bench.connects({ clientId, certificateChain });
  await client.publish("s/us", `100,${clientId},test`);
  expect(await client.subscribe("s/dat", 0)).toBe(0);
  return client;
}

async function asksToken(client: TestClient): Promise<string> {
  await client.publish("s/uat", "");
  const line = await client.next("s/dat");
  expect(line).toMatch(/^71,[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
  return line.slice(3);
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("a device with a certificate gets a token, the same one until half of its life is over", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  const client = await online(bench, "gw-1", certificateOf("gw-1"));
  const token = await asksToken(client);
  expect(claimsOf(token)).toMatchObject({ sub: "device_gw-1", ten: "t1000" });
  expect(claimsOf(token).exp - claimsOf(token).iat).toBe(3_600);
  bench.clock.advance(1_799_000);
  expect(await asksToken(client)).toBe(token);
  bench.clock.advance(1_000);
  const next = await asksToken(client);
  expect(next).not.toBe(token);
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer(token) })).status).toBe(200);
  bench.clock.advance(1_800_000);
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer(token) })).status).toBe(401);
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer(next) })).status).toBe(200);
});

test("a device with a password gets an error line in its place", async () => {
  const { bench } = await withAuthority();
  await using _ = bench;
  const { password, mqtt } = await bench.registers("gw-1");
  await mqtt.endAsync(true);
  const client = await bench.connects({ clientId: "gw-1", user: "t1000/device_gw-1", password });
  await client.subscribe("s/dat", 0);
  await client.subscribe("s/e", 0);
  await client.publish("s/uat", "");
  expect(await client.next("s/e")).toBe(
    "41,,MqttAuth: Cannot publish token for device that do not use certificate authentication",
  );
  expect(client.received.filter(({ topic }) => topic === "s/dat")).toEqual([]);
});

test("the tenant sets the life of the tokens, within limits", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  for (const value of ["299", "0", "-1", "1e9", "", "1209601"]) {
    const { status, json } = await bench.admin("PUT", lifespan, { value });
    expect([status, json.message]).toEqual([422, "value: must be a whole number from 300 to 1209600"]);
  }
  expect((await bench.admin("PUT", lifespan, { value: "300" })).status).toBe(200);
  const client = await online(bench, "gw-1", certificateOf("gw-1"));
  const token = await asksToken(client);
  expect(claimsOf(token).exp - claimsOf(token).iat).toBe(300);
  await bench.admin("PUT", lifespan, { value: "600" });
  const longer = await asksToken(client);
  expect(claimsOf(longer).exp - claimsOf(longer).iat).toBe(600);
});

test("a token is its device's login over REST, and nobody else's", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  const token = await asksToken(await online(bench, "gw-1", certificateOf("gw-1")));
  await online(bench, "gw-2", certificateOf("gw-2"));
  const idOf = async (name: string) =>
    (await bench.admin("GET", `/identity/externalIds/c8y_Serial/${name}`)).json.managedObject.id;
  const [own, other] = [await idOf("gw-1"), await idOf("gw-2")];
  const headers = bearer(token);
  expect((await bench.ask({ path: `/inventory/managedObjects/${own}`, headers })).status).toBe(200);
  expect((await bench.ask({ path: `/inventory/managedObjects/${other}`, headers })).status).toBe(404);
  expect((await bench.ask({ path: "/user/t1000/users", headers })).status).toBe(403);
  const event = (id: string) =>
    bench.ask({
      method: "POST",
      path: "/event/events",
      headers,
      body: { source: { id }, type: "a", text: "b", time: "2026-11-24T10:00:00Z" },
    });
  expect((await event(own)).status).toBe(201);
  expect((await event(other)).status).toBeGreaterThanOrEqual(403);
});

test("the device's websocket takes the token of that very device", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  const gateway = await online(bench, "gw-1", certificateOf("gw-1"));
  await gateway.publish("s/us", "114,c8y_RemoteAccessConnect");
  await gateway.subscribe("s/ds");
  const other = await asksToken(await online(bench, "gw-2", certificateOf("gw-2")));
  const id = (await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1")).json.managedObject.id;
  const base = `/service/remoteaccess/devices/${id}/configurations`;
  const endpoint = { name: "panel", hostname: "192.0.2.1", port: 22, protocol: "PASSTHROUGH", credentialsType: "NONE" };
  const made = await bench.admin("POST", base, endpoint);
  const admin = { authorization: `Basic ${Buffer.from("t1000/admin:correct horse").toString("base64")}` };
  const client = openWebSocket(bench, `/service/remoteaccess/client/${id}/configurations/${made.json.id}`, admin);
  const key = (await gateway.next("s/ds")).split(",")[4];
  const path = `/service/remoteaccess/device/${key}`;
  expect(await openWebSocket(bench, path, bearer(other)).status).toBeGreaterThanOrEqual(403);
  expect(await openWebSocket(bench, path, {}).status).toBe(401);
  const tunnel = openWebSocket(bench, path, bearer(await asksToken(gateway)));
  expect(await tunnel.status).toBe(101);
  expect(await client.status).toBe(101);
  tunnel.websocket.terminate();
  client.websocket.terminate();
});

test("a tunnel of a device does not outlive the trust in its authority", async () => {
  const { bench, fingerprint, certificateOf } = await withAuthority();
  await using _ = bench;
  const gateway = await online(bench, "gw-1", certificateOf("gw-1"));
  await gateway.publish("s/us", "114,c8y_RemoteAccessConnect");
  await gateway.subscribe("s/ds");
  const id = (await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-1")).json.managedObject.id;
  const base = `/service/remoteaccess/devices/${id}/configurations`;
  const endpoint = { name: "panel", hostname: "192.0.2.1", port: 22, protocol: "PASSTHROUGH", credentialsType: "NONE" };
  const made = await bench.admin("POST", base, endpoint);
  const client = openWebSocket(
    bench,
    `/service/remoteaccess/client/${id}/configurations/${made.json.id}`,
    basic("t1000/admin", "correct horse"),
  );
  const key = (await gateway.next("s/ds")).split(",")[4];
  const tunnel = openWebSocket(bench, `/service/remoteaccess/device/${key}`, bearer(await asksToken(gateway)));
  expect([await tunnel.status, await client.status]).toEqual([101, 101]);
  await bench.admin("PUT", `${trustPath}/${fingerprint}`, { status: "DISABLED" });
  expect(await client.closed).toEqual({ code: 4044, reason: "permission.revoked" });
  expect(await tunnel.closed).toEqual({ code: 4044, reason: "permission.revoked" });
});

test("tokens end with the trust in the authority behind them, and with the device", async () => {
  const { bench, fingerprint, certificateOf } = await withAuthority();
  await using _ = bench;
  const other = makeAuthority({ commonName: "Other" });
  await bench.trusts(other.pem, { autoRegistrationEnabled: true });
  const token = await asksToken(await online(bench, "gw-1", certificateOf("gw-1")));
  const kept = await asksToken(await online(bench, "gw-2", certify(other, { commonName: "gw-2" }).pem));
  const works = async (one: string) => (await bench.ask({ path: "/user/currentUser", headers: bearer(one) })).status;
  await bench.admin("PUT", `${trustPath}/${fingerprint}`, { autoRegistrationEnabled: false });
  expect([await works(token), await works(kept)]).toEqual([200, 200]);
  await bench.admin("PUT", `${trustPath}/${fingerprint}`, { status: "DISABLED" });
  expect([await works(token), await works(kept)]).toEqual([401, 200]);
  const { json } = await bench.admin("GET", "/identity/externalIds/c8y_Serial/gw-2");
  await bench.admin("DELETE", `/inventory/managedObjects/${json.managedObject.id}`);
  expect(await works(kept)).toBe(401);
});

test("whose certificate has expired since the login gets no token any more", async () => {
  const { bench, authority } = await withAuthority();
  await using _ = bench;
  const { pem } = certify(authority, { commonName: "gw-1", notAfterMs: benchNowMs + 600_000 });
  const client = await online(bench, "gw-1", pem);
  await asksToken(client);
  bench.clock.advance(601_000);
  await client.subscribe("s/e", 0);
  await client.publish("s/uat", "");
  expect(await client.next("s/e")).toBe("41,,MqttAuth: The certificate of this device is not accepted any more");
});

test("a token that was signed out is not given again", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  const client = await online(bench, "gw-1", certificateOf("gw-1"));
  const token = await asksToken(client);
  expect((await bench.ask({ method: "POST", path: "/user/logout", headers: bearer(token), body: {} })).status).toBe(
    200,
  );
  expect((await bench.ask({ path: "/user/currentUser", headers: bearer(token) })).status).toBe(401);
  expect(await asksToken(client)).not.toBe(token);
});

test("a token that is asked for after the login was changed is good", async () => {
  const { bench, certificateOf } = await withAuthority();
  await using _ = bench;
  const client = await online(bench, "gw-1", certificateOf("gw-1"));
  const before = await asksToken(client);
  await uploads(bench, "ID,CREDENTIALS\ngw-1,a password for it");
  const after = await asksToken(client);
  const works = async (one: string) => (await bench.ask({ path: "/user/currentUser", headers: bearer(one) })).status;
  expect([await works(before), await works(after)]).toEqual([401, 200]);
});

test("mutual TLS on the HTTPS port gives the same token, and opens nothing else", async () => {
  const { bench, authority, certificateOf } = await withAuthority();
  await using _ = bench;
  const pem = certificateOf("gw-1");
  const fromMqtt = await asksToken(await online(bench, "gw-1", pem));
  const path = "/devicecontrol/deviceAccessToken";
  const asks = (chain: string | undefined, headers: Readonly<Record<string, string>> = {}) =>
    bench.ask({ method: "POST", path, headers, peer: { ...httpPeer, clientCertificateChain: chain } });
  expect((await asks(pem)).json).toEqual({ accessToken: fromMqtt });
  expect((await asks(undefined)).status).toBe(401);
  expect((await asks(certify(makeAuthority(), { commonName: "gw-1" }).pem)).status).toBe(401);
  expect((await asks("garbage")).status).toBe(401);
  const peer = { ...httpPeer, clientCertificateChain: pem };
  expect((await bench.ask({ path: "/user/currentUser", peer })).status).toBe(401);
  // The certificates in between may come in a header, its line breaks as blanks or escapes.
  const line = certify(authority, { commonName: "Line 4", isAuthority: true });
  const deep = certify(line, { commonName: "gw-2" }).pem;
  expect((await asks(deep)).status).toBe(401);
  for (const header of [line.pem.trim().replaceAll("\n", " "), encodeURIComponent(line.pem)]) {
    expect((await asks(deep, { "x-ssl-cert-chain": header })).status).toBe(200);
  }
  expect((await asks(deep, { "x-ssl-cert-chain": "%E0%A4%A" })).status).toBe(401);
});
