// A gateway played by the test itself: it registers at a running cloud and speaks MQTT and HTTPS as any device does.
import { request } from "node:https";
import { connect as connectTls } from "node:tls";
import { MqttClient } from "mqtt";
import { adminPassword, bootstrapPassword, type RunningCloud } from "./running-cloud.ts";

export class PlayedDevice {
  readonly id: string;
  readonly mqtt: MqttClient;
  readonly #cloud: RunningCloud;
  readonly #password: string;
  readonly #lines: string[] = [];
  #heard: () => void = () => {};

  private constructor(cloud: RunningCloud, id: string, password: string, mqtt: MqttClient) {
    this.#cloud = cloud;
    this.id = id;
    this.#password = password;
    this.mqtt = mqtt;
    mqtt.on("error", () => {});
    mqtt.on("message", (_topic, payload) => {
      this.#lines.push(payload.toString("utf8"));
      this.#heard();
    });
  }

  /** Registers it and comes online; `lines` are its first messages after the one that creates it. */
  static async start(cloud: RunningCloud, externalId: string, lines: readonly string[]): Promise<PlayedDevice> {
    const admin = `t1000/admin:${adminPassword}`;
    await ask(cloud, {
      method: "POST",
      path: "/devicecontrol/newDeviceRequests",
      login: admin,
      json: { id: externalId },
    });
    const poll = async () =>
      ask(cloud, {
        method: "POST",
        path: "/devicecontrol/deviceCredentials",
        login: `management/devicebootstrap:${bootstrapPassword}`,
        json: { id: externalId },
      });
    await poll();
    const path = `/devicecontrol/newDeviceRequests/${externalId}`;
    await ask(cloud, { method: "PUT", path, login: admin, json: { status: "ACCEPTED" } });
    const { password } = JSON.parse((await poll()).toString("utf8")) as { password: string };
    const { authority, ports } = cloud;
    const mqtt = new MqttClient(
      () => connectTls({ host: "localhost", servername: "localhost", port: ports.mqtts, ca: authority }),
      { clientId: externalId, username: `t1000/device_${externalId}`, password, reconnectPeriod: 0, keepalive: 60 },
    );
    await mqtt.publishAsync("s/us", `100,Gateway ${externalId},test`, { qos: 1 });
    const found = await ask(cloud, { path: `/identity/externalIds/c8y_Serial/${externalId}`, login: admin });
    const { managedObject } = JSON.parse(found.toString("utf8")) as { managedObject: { id: string } };
    const device = new PlayedDevice(cloud, managedObject.id, `t1000/device_${externalId}:${password}`, mqtt);
    await device.sends(...lines);
    await mqtt.subscribeAsync("s/ds", { qos: 1 });
    return device;
  }

  async sends(...lines: readonly string[]): Promise<void> {
    await this.mqtt.publishAsync("s/us", lines.join("\n"), { qos: 1 });
  }

  /** The next line for it that nobody has asked for yet; rejects after 20 s. */
  async nextLine(): Promise<string> {
    const deadline = AbortSignal.timeout(20_000);
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      await new Promise<void>((resolve, reject) => {
        this.#heard = resolve;
        deadline.addEventListener("abort", () => reject(new Error("the cloud told the device nothing")), {
          once: true,
        });
      });
    }
  }

  /** A request with its own login. */
  async asks(wanted: Omit<Asked, "login">): Promise<Buffer> {
    return ask(this.#cloud, { ...wanted, login: this.#password });
  }

  async stop(): Promise<void> {
    await this.mqtt.endAsync(true);
  }
}

interface Asked {
  readonly method?: string;
  readonly path: string;
  /** `user:password` */
  readonly login: string;
  readonly json?: unknown;
  readonly text?: string;
}

/** The body of the answer; rejects if it is a refusal. */
async function ask({ ports, authority }: RunningCloud, wanted: Asked): Promise<Buffer> {
  const { method = "GET", path, login, json, text } = wanted;
  const headers = {
    authorization: `Basic ${Buffer.from(login).toString("base64")}`,
    "content-type": text === undefined ? "application/json" : "text/plain",
  };
  return new Promise((resolve, reject) => {
    const asked = request({ host: "localhost", port: ports.https, ca: authority, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("end", () => {
        const body = Buffer.concat(chunks);
        const { statusCode = 0 } = answer;
        if (statusCode < 400 || path.endsWith("deviceCredentials")) resolve(body);
        else reject(new Error(`${method} ${path}: ${statusCode} ${body.toString("utf8")}`));
      });
      answer.once("error", reject);
    });
    asked.once("error", reject);
    asked.end(text ?? (json === undefined ? undefined : JSON.stringify(json)));
  });
}
