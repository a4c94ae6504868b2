// A cloud played by a small script from protocol.md alone, on a broker that nobody here wrote: it imports nothing of ours.
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { connectAsync, type MqttClient } from "mqtt";
import { type WebSocket, WebSocketServer } from "ws";

export interface PlayedCloudOptions {
  readonly brokerUrl: string;
  readonly user: string;
  readonly password: string;
  /** Of the device that it waits for. */
  readonly deviceId: string;
  readonly issued: { readonly tenant: string; readonly user: string; readonly password: string };
  readonly tls: { readonly cert: string; readonly key: string };
}

export class PlayedCloud {
  /** Lines that the device has published on s/us, in order. */
  readonly lines: string[] = [];
  /** Questions on s/ucr. */
  asked = 0;
  #accepts = false;
  readonly #options: PlayedCloudOptions;
  readonly #client: MqttClient;
  readonly #https: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #opened = new Map<string, PromiseWithResolvers<WebSocket>>();

  private constructor(options: PlayedCloudOptions, client: MqttClient, https: Server) {
    this.#options = options;
    this.#client = client;
    this.#https = https;
    client.on("message", (topic, payload) => this.#hear(topic, payload.toString("utf8")));
    https.on("upgrade", (request, socket, head) => {
      const [, key = ""] = /^\/service\/remoteaccess\/device\/([^/]+)$/.exec(request.url ?? "") ?? [];
      const { tenant, user, password } = options.issued;
      const login = `Basic ${Buffer.from(`${tenant}/${user}:${password}`).toString("base64")}`;
      const waiting = this.#opened.get(key);
      if (waiting === undefined || request.headers.authorization !== login) {
        socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => waiting.resolve(webSocket));
    });
  }

  static async start(options: PlayedCloudOptions): Promise<PlayedCloud> {
    const https = createServer(options.tls, (_request, response) => response.writeHead(404).end());
    https.listen(0, "127.0.0.1");
    await once(https, "listening");
    const client = await connectAsync(options.brokerUrl, {
      clientId: "the-cloud",
      username: options.user,
      password: options.password,
      reconnectPeriod: 0,
    });
    const cloud = new PlayedCloud(options, client, https);
    await client.subscribeAsync(["s/us", "s/ucr"], { qos: 1 });
    return cloud;
  }

  get httpsPort(): number {
    return (this.#https.address() as AddressInfo).port;
  }

  accepts(): void {
    this.#accepts = true;
  }

  /** Sends a 530 and resolves with the websocket that the device opens for it. */
  async connects(target: { readonly host: string; readonly port: number }, key: string): Promise<WebSocket> {
    const waiting = Promise.withResolvers<WebSocket>();
    this.#opened.set(key, waiting);
    const line = `530,${this.#options.deviceId},${target.host},${target.port},${key}`;
    await this.#client.publishAsync("s/ds", line, { qos: 1 });
    return await waiting.promise;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#https.closeAllConnections();
    this.#https.close();
    await this.#client.endAsync();
  }

  #hear(topic: string, text: string): void {
    if (topic === "s/us") {
      this.lines.push(...text.split("\n").filter((line) => line !== ""));
      return;
    }
    this.asked += 1;
    if (!this.#accepts) return;
    const { tenant, user, password } = this.#options.issued;
    this.#client.publish("s/dcr", `70,${tenant},${user},${password}`, { qos: 1 });
  }
}
