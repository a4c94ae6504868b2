// A cloud's services and broker in memory for the tests of this folder, with MQTT clients over in-memory streams.
import { randomBytes } from "node:crypto";
import { type Duplex, duplexPair } from "node:stream";
import { MqttClient } from "mqtt";
import { Broker } from "#cloud-stub/broker/broker.ts";
import { ensureFirstAccounts } from "#cloud-stub/first-accounts.ts";
import { createCloudLog } from "#cloud-stub/log.ts";
import type { Peer } from "#cloud-stub/peer.ts";
import { createVault } from "#cloud-stub/remote-access/vault.ts";
import { createServices, type Services } from "#cloud-stub/services.ts";
import { openStore } from "#cloud-stub/store/store.ts";
import type { PasswordHasher } from "#cloud-stub/users/password-hasher.ts";
import type { Clock, Random, TimerHandle } from "#hardware/ports.ts";

export const adminPassword = "correct horse";
export const bootstrapPassword = "bootstrap battery";

/** Time that stands still until it is advanced. */
export class ManualClock implements Clock {
  #nowMs = Date.parse("2026-11-24T10:00:00.000Z");
  readonly #timers = new Map<TimerHandle, { atMs: number; run: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimeout(run: () => void, delayMs: number): TimerHandle {
    const handle = { timer: undefined };
    this.#timers.set(handle, { atMs: this.#nowMs + delayMs, run });
    return handle;
  }

  clearTimeout(timer: TimerHandle | undefined): void {
    if (timer !== undefined) this.#timers.delete(timer);
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.atMs <= untilMs)
        .sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#nowMs = due[1].atMs;
      due[1].run();
    }
    this.#nowMs = untilMs;
  }
}

export const secureRandom: Random = {
  bytes: (length) => randomBytes(length),
  fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
};

/** Cheap and synchronous; counts what it did. */
export function countingHasher(): PasswordHasher & { count: number } {
  const hasher = {
    count: 0,
    async hash(password: string) {
      hasher.count += 1;
      return `plain$${Buffer.from(password).toString("base64")}`;
    },
    async verify(password: string, stored: string) {
      hasher.count += 1;
      return stored === `plain$${Buffer.from(password).toString("base64")}`;
    },
  };
  return hasher;
}

export const loopbackPeer: Peer = { address: "127.0.0.1", port: 40_000, localPort: 8883, isEncrypted: true };

export interface ConnectOptions {
  readonly clientId: string;
  readonly user?: string;
  readonly password?: string;
  /** PEM of the certificates that it showed in TLS. */
  readonly certificateChain?: string;
  /** A last will on `s/us`, or on the topic of `willTopic`. */
  readonly will?: string;
  readonly willTopic?: string;
  /** False asks for a session that outlives the connection. */
  readonly clean?: boolean;
}

export interface CloudBench extends Services, AsyncDisposable {
  readonly clock: ManualClock;
  readonly hasher: ReturnType<typeof countingHasher>;
  readonly broker: Broker;
  readonly logLines: readonly Record<string, unknown>[];
  /** Opens an MQTT connection; resolves once it is accepted, rejects with the CONNACK's refusal or the end. */
  connect(options: ConnectOptions): Promise<TestClient>;
  /** A registered device with its managed object, connected. */
  device(externalId: string): Promise<TestClient>;
  /** The password of a device that was registered without walking through registration. */
  addDeviceLogin(externalId: string): Promise<string>;
}

/** An MQTT client with what it has received. */
export interface TestClient {
  readonly mqtt: MqttClient;
  readonly received: { topic: string; text: string; qos: number }[];
  publish(topic: string, text: string): Promise<void>;
  /** The granted QoS, 128 if refused. */
  subscribe(filter: string, qos?: 0 | 1 | 2): Promise<number>;
  /** Resolves with the first message on the topic (not seen by an earlier call) within 2 s. */
  next(topic: string): Promise<string>;
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>;
  end(): Promise<void>;
}

export async function startBench(): Promise<CloudBench> {
  const clock = new ManualClock();
  const hasher = countingHasher();
  const store = openStore(":memory:");
  const logLines: Record<string, unknown>[] = [];
  const log = createCloudLog(clock, (line) => logLines.push(JSON.parse(line)));
  const services = await createServices({
    clock,
    random: secureRandom,
    tenantId: "t1000",
    store,
    vault: createVault(new Uint8Array(32).fill(7), secureRandom),
    hasher,
    log,
    allowedHosts: ["localhost", "127.0.0.1", "::1"],
  });
  await ensureFirstAccounts(services.accounts, "t1000", { adminPassword, bootstrapPassword });
  const broker = await Broker.start(services);
  const clients: TestClient[] = [];

  async function connect(options: ConnectOptions): Promise<TestClient> {
    const peer = { ...loopbackPeer, clientCertificateChain: options.certificateChain };
    const client = await openMqttClient((far) => broker.handle(far, peer), options);
    clients.push(client);
    return client;
  }
  async function addDeviceLogin(externalId: string): Promise<string> {
    const password = `pw-${externalId}`;
    const name = `device_${externalId}`;
    await services.accounts.put({
      tenantId: "t1000",
      name,
      kind: "device",
      password,
      roles: [],
      deviceExternalId: externalId,
    });
    return password;
  }
  return {
    ...services,
    clock,
    hasher,
    broker,
    logLines,
    connect,
    addDeviceLogin,
    async device(externalId) {
      const password = await addDeviceLogin(externalId);
      const client = await connect({ clientId: externalId, user: `t1000/device_${externalId}`, password });
      await client.publish("s/us", `100,${externalId},test`);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) await client.end();
      await broker.stop();
      store.close();
    },
  };
}

/** Opens an MQTT connection over an in-memory stream; rejects with the CONNACK's refusal or the end. */
export async function openMqttClient(serve: (far: Duplex) => void, options: ConnectOptions): Promise<TestClient> {
  const [near, far] = duplexPair();
  // Node's pair does not tell one side that the other was destroyed.
  near.once("close", () => far.destroy());
  far.once("close", () => near.destroy());
  serve(far);
  const mqtt = new MqttClient(() => near, {
    clientId: options.clientId,
    ...(options.user === undefined ? {} : { username: options.user }),
    ...(options.password === undefined ? {} : { password: options.password }),
    protocolVersion: 4,
    reconnectPeriod: 0,
    keepalive: 0,
    clean: options.clean ?? true,
    ...(options.will === undefined
      ? {}
      : {
          will: {
            topic: options.willTopic ?? "s/us",
            payload: Buffer.from(options.will),
            qos: 1 as const,
            retain: true,
          },
        }),
  });
  const received: TestClient["received"] = [];
  const waiting: { topic: string; resolve: (text: string) => void }[] = [];
  const unread: { topic: string; text: string }[] = [];
  mqtt.on("message", (topic, payload, packet) => {
    const text = payload.toString("utf8");
    received.push({ topic, text, qos: packet.qos });
    const index = waiting.findIndex((one) => one.topic === topic);
    if (index < 0) unread.push({ topic, text });
    else waiting.splice(index, 1)[0]?.resolve(text);
  });
  const closed = new Promise<void>((resolve) => mqtt.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    mqtt.once("connect", () => resolve());
    mqtt.once("error", reject);
    mqtt.once("close", () => reject(new Error("closed")));
  });
  mqtt.on("error", () => {});
  return {
    mqtt,
    received,
    closed,
    publish: async (topic, text) => void (await mqtt.publishAsync(topic, text, { qos: 1 })),
    subscribe: (filter, qos = 1) =>
      new Promise((resolve, reject) => {
        mqtt.subscribe(filter, { qos }, (error, granted, packet) => {
          const code = packet?.granted?.[0] ?? granted?.[0]?.qos;
          if (typeof code === "number") resolve(code);
          else reject(error ?? new Error("no SUBACK"));
        });
      }),
    next(topic) {
      const index = unread.findIndex((one) => one.topic === topic);
      if (index >= 0) return Promise.resolve(unread.splice(index, 1)[0]!.text);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`nothing came on ${topic}`)), 2_000);
        waiting.push({
          topic,
          resolve: (text) => {
            clearTimeout(timer);
            resolve(text);
          },
        });
      });
    },
    end: () => mqtt.endAsync(true).then(() => {}),
  };
}
