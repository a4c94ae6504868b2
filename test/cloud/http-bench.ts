// A whole cloud in memory for the tests of its HTTP side: requests go as bytes over an in-memory stream.
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { MqttClient } from "mqtt";
import { type Cloud, type CloudOptions, startCloud } from "#cloud-stub/cloud.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import type { Peer } from "#cloud-stub/peer.ts";
import { adminPassword, bootstrapPassword, countingHasher, ManualClock, secureRandom } from "./cloud-bench.ts";

export const httpPeer: Peer = { address: "127.0.0.1", port: 50_000, localPort: 8080, isEncrypted: false };
export const adminLogin = basic("t1000/admin", adminPassword);

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  /** The parsed body; undefined if it is no JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents of many shapes.
  readonly json: any;
}

export interface Asking {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON, a text and bytes as they are. */
  readonly body?: unknown;
  readonly peer?: Peer;
}

export interface HttpBench extends AsyncDisposable {
  readonly cloud: Cloud;
  readonly clock: ManualClock;
  readonly hasher: ReturnType<typeof countingHasher>;
  readonly logLines: readonly Record<string, unknown>[];
  /** Sends a request over a connection of its own. */
  ask(asking: Asking): Promise<Answer>;
  /** As the administrator. */
  admin(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Sends bytes as they are and gives back everything that comes until the end. */
  raw(bytes: string): Promise<string>;
  /** Registers a device through bootstrap, acceptance and first login; its password and managed object's id. */
  registers(externalId: string): Promise<{ id: string; password: string; mqtt: MqttClient }>;
}

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
}

export async function startHttpBench(options: Partial<CloudOptions> = {}): Promise<HttpBench> {
  const clock = new ManualClock();
  const hasher = countingHasher();
  const logLines: Record<string, unknown>[] = [];
  const cloud = await startCloud({
    clock,
    random: secureRandom,
    databaseFile: ":memory:",
    masterKey: new Uint8Array(32).fill(7),
    passwordHasher: hasher,
    log: createCloudLog(clock, (line) => logLines.push(JSON.parse(line))),
    accounts: { adminPassword, bootstrapPassword },
    allowedHosts: ["localhost", "127.0.0.1", "::1"],
    ports: { http: 8080, https: 8443, mqtts: 8883 },
    ...options,
  });
  const clients: MqttClient[] = [];
  const ask = (asking: Asking) => sendRequest(cloud, asking);
  const admin = (method: string, path: string, body?: unknown) => ask({ method, path, headers: adminLogin, body });
  return {
    cloud,
    clock,
    hasher,
    logLines,
    ask,
    admin,
    raw: (bytes) => sendRaw(cloud, bytes),
    async registers(externalId) {
      await admin("POST", "/devicecontrol/newDeviceRequests", { id: externalId });
      const poll = () =>
        ask({
          method: "POST",
          path: "/devicecontrol/deviceCredentials",
          headers: basic("management/devicebootstrap", bootstrapPassword),
          body: { id: externalId },
        });
      await poll();
      await admin("PUT", `/devicecontrol/newDeviceRequests/${externalId}`, { status: "ACCEPTED" });
      const { password } = (await poll()).json;
      const mqtt = new MqttClient(() => openPair((far) => cloud.handleMqtt(far, httpPeer)), {
        clientId: externalId,
        username: `t1000/device_${externalId}`,
        password,
        protocolVersion: 4,
        reconnectPeriod: 0,
        keepalive: 0,
      });
      clients.push(mqtt);
      mqtt.on("error", () => {});
      await mqtt.publishAsync("s/us", `100,${externalId},test`, { qos: 1 });
      const { json } = await admin("GET", `/identity/externalIds/c8y_Serial/${externalId}`);
      return { id: json.managedObject.id, password, mqtt };
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.endAsync(true);
      await cloud.stop();
    },
  };
}

function openPair(serve: (far: Duplex) => void): Duplex {
  const [near, far] = duplexPair();
  // Node's pair does not tell one side that the other was destroyed.
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  serve(far);
  return near;
}

async function sendRequest(cloud: Cloud, asking: Asking): Promise<Answer> {
  const { method = "GET", path, headers = {}, body, peer = httpPeer } = asking;
  const isPlain = typeof body === "string" || Buffer.isBuffer(body);
  const payload = body === undefined ? undefined : isPlain ? body : JSON.stringify(body);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(
      {
        method,
        path,
        setHost: false,
        headers: {
          host: "localhost:8080",
          connection: "close",
          ...(payload === undefined
            ? {}
            : { "content-type": "application/json", "content-length": String(Buffer.byteLength(payload)) }),
          ...headers,
        },
        createConnection: () => openPair((far) => cloud.handleHttp(far, peer)),
      },
      resolve,
    );
    request.on("error", reject);
    request.end(payload);
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString("utf8");
  return { status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: parseJson(text) };
}

async function sendRaw(cloud: Cloud, bytes: string): Promise<string> {
  const stream = openPair((far) => cloud.handleHttp(far, httpPeer));
  stream.on("error", () => {});
  stream.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every answer has a body of JSON; a test that needs one fails at the undefined value.
    return undefined;
  }
}
