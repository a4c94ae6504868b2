// MQTT over websockets at /mqtt: the same broker as on its own port, without certificates.
import { type Duplex, duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { type ClientOptions, createWebSocketStream, WebSocket } from "ws";
import { httpWithoutLogin } from "#cloud-stub/cloud.ts";
import { type ConnectOptions, openMqttClient, type TestClient } from "./cloud-bench.ts";
import { certify, makeAuthority } from "./device-authority.ts";
import { type DeviceBench, startDeviceBench, uploads } from "./device-bench.ts";
import { httpPeer } from "./http-bench.ts";

interface Wish {
  readonly path?: string;
  readonly subprotocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly certificateChain?: string;
}

/** Opens the websocket; rejects with the HTTP status of a refusal. */
async function opens(bench: DeviceBench, wish: Wish = {}): Promise<WebSocket> {
  const [near, far] = duplexPair();
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  bench.cloud.handleHttp(far, { ...httpPeer, clientCertificateChain: wish.certificateChain });
  const webSocket = new WebSocket(`ws://localhost:8080${wish.path ?? "/mqtt"}`, [...(wish.subprotocols ?? ["mqtt"])], {
    perMessageDeflate: false,
    createConnection: (() => near satisfies Duplex) as unknown as NonNullable<ClientOptions["createConnection"]>,
    headers: { ...wish.headers },
  });
  await new Promise<void>((resolve, reject) => {
    webSocket.once("open", () => resolve());
    webSocket.once("unexpected-response", (_request, { statusCode }) => reject(new Error(`HTTP ${statusCode}`)));
    webSocket.on("error", reject);
  });
  return webSocket;
}

async function connects(bench: DeviceBench, options: ConnectOptions, wish: Wish = {}): Promise<TestClient> {
  const stream = createWebSocketStream(await opens(bench, wish));
  return openMqttClient((far) => {
    stream.on("error", () => far.destroy());
    stream.pipe(far).pipe(stream);
  }, options);
}

test("a device with a password is online through a websocket as through its own port", async () => {
  await using bench = await startDeviceBench();
  const { password, mqtt } = await bench.registers("gw-1");
  const client = await connects(bench, { clientId: "gw-1", user: "t1000/device_gw-1", password });
  // The older connection of the same name has to go, whichever way each came.
  await expect.poll(() => mqtt.connected).toBe(false);
  expect(await client.subscribe("s/ds")).toBe(1);
  await client.publish("s/us", "123");
  expect(await client.next("s/ds")).toMatch(/^124,[0-9]+$/);
  expect(bench.cloud.status().mqttClients).toBe(1);
  await client.end();
  await expect.poll(() => bench.cloud.status().mqttClients).toBe(0);
});

test.each([["mqtt"], ["mqttv3.1"], ["other", "mqtt"]])("the subprotocols %s %s are taken", async (...subprotocols) => {
  await using bench = await startDeviceBench();
  const webSocket = await opens(bench, { subprotocols: subprotocols.filter((one) => one !== undefined) });
  expect(webSocket.protocol).toBe(subprotocols.at(-1));
  webSocket.terminate();
});

test.each<[string, Wish, string]>([
  ["another subprotocol", { subprotocols: ["binary"] }, "HTTP 400"],
  ["no subprotocol", { subprotocols: [] }, "HTTP 400"],
  ["another path", { path: "/mqtt2" }, "HTTP 404"],
  ["a foreign page", { headers: { origin: "https://elsewhere.example" } }, "HTTP 403"],
  ["a foreign host", { headers: { host: "elsewhere.example" } }, "HTTP 421"],
])("%s is refused", async (_what, wish, refusal) => {
  await using bench = await startDeviceBench();
  await expect(opens(bench, wish)).rejects.toThrow(refusal);
});

test("a certificate that TLS was shown is no login here", async () => {
  await using bench = await startDeviceBench();
  const authority = makeAuthority();
  await bench.trusts(authority.pem, { autoRegistrationEnabled: true });
  const certificateChain = certify(authority, { commonName: "gw-1" }).pem;
  await expect(connects(bench, { clientId: "gw-1" }, { certificateChain })).rejects.toMatchObject({ code: 4 });
});

test("a wrong password is refused with code 4, and counts as on the other port", async () => {
  await using bench = await startDeviceBench();
  await bench.registers("gw-1");
  const login = { clientId: "gw-1", user: "t1000/device_gw-1", password: "wrong" };
  for (let tries = 0; tries < 10; tries += 1) {
    await expect(connects(bench, login)).rejects.toMatchObject({ code: 4 });
  }
  await expect(connects(bench, login)).rejects.toMatchObject({ code: 3 });
});

test("text and messages that are too long end the connection", async () => {
  await using bench = await startDeviceBench();
  for (const [message, code] of [
    ["hello", 1006],
    [Buffer.alloc(300 * 1024), 1009],
  ] as const) {
    const webSocket = await opens(bench);
    const closed = new Promise<number>((resolve) => webSocket.once("close", resolve));
    webSocket.send(message);
    expect(await closed).toBe(code);
  }
});

test("websockets of devices do not fill the places of those who have not logged in", async () => {
  await using bench = await startDeviceBench();
  const ids = Array.from({ length: httpWithoutLogin.perAddressMax + 1 }, (_, index) => `gw-${index}`);
  const half = Math.ceil(ids.length / 2);
  for (const part of [ids.slice(0, half), ids.slice(half)]) {
    await uploads(bench, ["ID,CREDENTIALS", ...part.map((id) => `${id},password of ${id}`)].join("\n"));
  }
  const login = (id: string) => ({ clientId: id, user: `t1000/device_${id}`, password: `password of ${id}` });
  const clients: TestClient[] = [];
  for (const id of ids) clients.push(await connects(bench, login(id)));
  expect(bench.cloud.status().mqttClients).toBe(ids.length);
  expect((await bench.ask({ path: "/tenant/loginOptions" })).status).toBe(200);
  await Promise.all(clients.map((client) => client.end()));
});
