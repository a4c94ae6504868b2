// For the gateway's own tests: a cloud that does what the test says, on the simulated network, with real MQTT and websockets.
import { createServer, type Server } from "node:http";
import { Aedes, type AuthenticateError, type Client, type PublishPacket } from "aedes";
import { createWebSocketStream, type WebSocket, WebSocketServer } from "ws";
import type { Connection } from "#hardware/ports.ts";
import type { SimulatedHost } from "#simulator/network/host.ts";

export interface ReceivedMessage {
  readonly clientId: string;
  readonly topic: string;
  readonly text: string;
}

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export class ScriptedCloud {
  /** What devices published and subscribed to, in order: `connect t1/u`, `s/us 100,...`, `subscribe s/ds`. */
  readonly seen: string[] = [];
  /** Passwords by user; others get CONNACK 4. */
  readonly passwords = new Map<string, string>();
  /** What its certificate bears. */
  readonly names = ["cloud.example"];
  /** CONNACK code for everybody, while set. */
  refuseAllWith: number | undefined;
  /** CONNACK code for a client that shows this certificate chain (PEM); the password counts for the others. */
  judgeCertificate: (chain: string) => number = () => 5;
  /** What the HTTPS port answers, or no answer at all. */
  answerHttp: (request: ReceivedRequest) => HttpAnswer | "silence" = () => ({ status: 404 });
  readonly requests: ReceivedRequest[] = [];
  readonly refusedTopics = new Set<string>();
  /** Called for each publish; what it returns is published to the same client. */
  answer: (message: ReceivedMessage) => readonly { topic: string; text: string }[] = () => [];
  readonly webSockets: WebSocket[] = [];
  readonly mqttWebSockets: WebSocket[] = [];
  /** Upgrade requests as "path authorization host". */
  readonly upgrades: string[] = [];
  /** HTTP status instead of an upgrade, or no answer at all, while set. */
  refuseUpgradeWith: number | "silence" | undefined;
  readonly mqttConnections: Connection[] = [];
  readonly #broker: Aedes;
  readonly #http: Server;
  readonly #certificate = () => {
    return { names: this.names, authority: "Test CA", notBeforeMs: 0, notAfterMs: 2 ** 45 };
  };
  /** By the connection's stream. */
  readonly #chains = new WeakMap<object, string>();
  #host: SimulatedHost | undefined;
  readonly #clients = new Map<string, Client>();

  private constructor(broker: Aedes) {
    this.#broker = broker;
    this.#broker.on("client", (client) => this.#clients.set(client.id, client));
    this.#broker.on("clientDisconnect", (client) => this.seen.push(`disconnect ${client.id}`));
    this.#broker.on("clientError", () => {});
    this.#broker.on("connectionError", () => {});
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "binary" });
    const mqttSockets = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt" });
    this.#http = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const received = { method, path, headers, body: Buffer.concat(chunks).toString() };
        this.requests.push(received);
        const answer = this.answerHttp(received);
        if (answer !== "silence") response.writeHead(answer.status, answer.headers).end(answer.body);
      });
    });
    this.#http.on("upgrade", (request, socket, head) => {
      this.upgrades.push(`${request.url} ${request.headers.authorization} ${request.headers.host}`);
      if (this.refuseUpgradeWith === "silence") return;
      if (this.refuseUpgradeWith !== undefined) {
        socket.end(`HTTP/1.1 ${this.refuseUpgradeWith} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      if (request.url === "/mqtt" && request.headers["sec-websocket-protocol"] === "mqtt") {
        mqttSockets.handleUpgrade(request, socket, head, (webSocket) => {
          webSocket.on("error", () => {});
          this.mqttWebSockets.push(webSocket);
          broker.handle(createWebSocketStream(webSocket));
        });
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on("error", () => {});
        this.webSockets.push(webSocket);
      });
    });
  }

  static async start(host: SimulatedHost, options: { mqttPort: number; httpsPort: number }): Promise<ScriptedCloud> {
    let cloud: ScriptedCloud | undefined;
    const broker = await Aedes.createBroker({
      authenticate: (client, user, password, done) => {
        cloud?.seen.push(`connect ${client.id} ${user}`);
        const chain = cloud === undefined ? undefined : cloud.#chains.get(client.conn);
        const known = cloud?.passwords.get(user ?? "") === String(password) ? 0 : 4;
        const code = cloud?.refuseAllWith ?? (chain === undefined ? known : cloud?.judgeCertificate(chain));
        if (code === 0) return done(null, true);
        done(Object.assign(new Error("refused"), { returnCode: code }) as AuthenticateError, false);
      },
      authorizeSubscribe: (client, subscription, done) => {
        cloud?.seen.push(`subscribe ${client.id} ${subscription.topic}`);
        done(null, cloud?.refusedTopics.has(subscription.topic) ? null : subscription);
      },
      authorizePublish: (client, packet, done) => {
        if (client !== null) cloud?.received(client, packet);
        done(null);
      },
    });
    cloud = new ScriptedCloud(broker);
    const started = cloud;
    await host.listenTls(
      { address: "0.0.0.0", port: options.mqttPort, certificate: started.#certificate, asksForClientCertificate: true },
      (connection, { clientCertificateChain: chain }) => {
        started.mqttConnections.push(connection);
        if (chain !== undefined) started.#chains.set(connection.stream, chain);
        broker.handle(connection.stream);
      },
    );
    started.#host = host;
    await started.listensForHttps(options.httpsPort);
    return cloud;
  }

  /** On one more port. */
  async listensForHttps(port: number): Promise<void> {
    await this.#host?.listenTls({ address: "0.0.0.0", port, certificate: this.#certificate }, ({ stream }) => {
      this.#http.emit("connection", stream);
    });
  }

  received(client: Client, packet: PublishPacket): void {
    const message = { clientId: client.id, topic: packet.topic, text: packet.payload.toString() };
    this.seen.push(`${message.topic} ${message.text}`);
    for (const { topic, text } of this.answer(message)) this.publishTo(client.id, topic, text);
  }

  publishTo(clientId: string, topic: string, text: string): void {
    this.#clients
      .get(clientId)
      ?.publish({ cmd: "publish", topic, payload: Buffer.from(text), qos: 0, retain: false, dup: false }, () => {});
  }

  /** Published by devices on `s/us`, without the first session's messages. */
  get reports(): readonly string[] {
    return this.seen.filter((each) => /^s\/us (400|50[1-6])/.test(each)).map((each) => each.slice("s/us ".length));
  }

  async close(): Promise<void> {
    for (const webSocket of [...this.webSockets, ...this.mqttWebSockets]) webSocket.terminate();
    await new Promise<void>((resolve) => this.#broker.close(resolve));
    this.#http.close();
  }
}
