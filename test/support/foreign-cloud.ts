// A cloud of others, as far as `postern connect` sees it: Cumulocity's answers over HTTP on loopback, and client websockets.
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

export interface ForeignCloud {
  readonly origin: string;
  /** Requests in the order in which they came: method and path, queries decoded. */
  readonly asked: readonly string[];
  /** Headers of the last upgrade. */
  readonly upgraded: () => IncomingMessage["headers"];
  /** The next client websocket that opens. */
  nextWebSocket(): Promise<WebSocket>;
  close(): Promise<void>;
}

export interface ForeignAnswers {
  /** By path, without query; what is missing is answered with 404. A number is a status with an error body. */
  readonly documents?: Readonly<Record<string, unknown>>;
  /** By the decoded `query` parameter of /inventory/managedObjects; "" is without one. */
  readonly inventory?: Readonly<Record<string, readonly unknown[]>>;
  /** What it answers for the subprotocol; nothing by default. */
  readonly subprotocol?: string;
  /** Refuses every upgrade with this status. */
  readonly refusesUpgrade?: number;
}

export async function startForeignCloud(answers: ForeignAnswers = {}): Promise<ForeignCloud> {
  const asked: string[] = [];
  let upgradeHeaders: IncomingMessage["headers"] = {};
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://cloud.test");
    asked.push(`${request.method} ${decodeURIComponent(request.url ?? "")}`);
    const found = answerTo(url, answers);
    const status = typeof found === "number" ? found : found === undefined ? 404 : 200;
    const body = status === 200 ? found : { error: "area/Type", message: `said with ${status}` };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => answers.subprotocol ?? false });
  server.on("upgrade", (request, socket, head) => {
    upgradeHeaders = request.headers;
    asked.push(`UPGRADE ${request.url}`);
    if (answers.refusesUpgrade !== undefined) {
      const body = JSON.stringify({ error: "area/Type", message: `said with ${answers.refusesUpgrade}` });
      socket.end(`HTTP/1.1 ${answers.refusesUpgrade} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit("connection", webSocket, request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    upgraded: () => upgradeHeaders,
    nextWebSocket: async () => (await once(sockets, "connection"))[0] as WebSocket,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function answerTo(url: URL, { documents = {}, inventory = {} }: ForeignAnswers): unknown {
  if (url.pathname === "/inventory/managedObjects") {
    return { managedObjects: inventory[url.searchParams.get("query") ?? ""] ?? [] };
  }
  return documents[decodeURIComponent(url.pathname)];
}
