// A company's HTTP proxy on a host: CONNECT opens a tunnel to whom it names (RFC 9110 9.3.6); it does nothing else.
import type { Connection, Listener, Network } from "#hardware/ports.ts";

/** Where proxies listen by custom. */
export const httpProxyPort = 3128;
const headBytesMax = 16 * 1024;
const dialTimeoutMs = 10_000;

export interface HttpProxyOptions {
  readonly network: Network;
  /** Takes what arrives, where that is not in clear but over TLS. */
  readonly listen?: Network["listen"];
  /** Address to listen on; all of the host's by default. */
  readonly address?: string;
  readonly port?: number;
  /** Who is let through by Basic login (RFC 7617); asked at each request. Undefined: everybody. */
  readonly login?: () => ProxyLogin | undefined;
  /** Ports that are let through, as companies do it; all by default. */
  readonly ports?: readonly number[];
}

export interface ProxyLogin {
  readonly user: string;
  readonly password: string;
}

export interface HttpProxy extends Listener {
  /** What was asked of it and how it answered, such as "CONNECT cloud.example:8883 200". */
  readonly requests: readonly string[];
}

/** Rejects when it cannot listen. `close` stops it and resets what is open. */
export async function startHttpProxy(options: HttpProxyOptions): Promise<HttpProxy> {
  const { network, address = "0.0.0.0", port = httpProxyPort } = options;
  const listen = options.listen ?? network.listen.bind(network);
  const requests: string[] = [];
  const outcome = await listen({ address, port }, (client) => {
    client.stream.on("error", () => undefined); // whoever breaks off is gone; `close` tells the other side
    void serve(options, client, requests); // never rejects: outcomes of the network are values
  });
  if (!outcome.ok) throw new Error(`The proxy cannot listen on ${address}:${port}: ${outcome.detail}`);
  const { listener } = outcome;
  return { address: listener.address, port: listener.port, close: () => listener.close(), requests };
}

async function serve(options: HttpProxyOptions, client: Connection, requests: string[]): Promise<void> {
  const head = await readHead(client);
  if (head === undefined) return client.reset();
  const [line = ""] = head.text.split(" HTTP/1.1\r\n");
  const answer = (status: string, ...headers: readonly string[]): void => {
    requests.push(`${line} ${status.slice(0, 3)}`);
    client.stream.end(
      [`HTTP/1.1 ${status}`, ...headers, "Content-Length: 0", "Connection: close", "", ""].join("\r\n"),
    );
    client.stream.resume();
  };
  const target = /^CONNECT (\S+):(\d{1,5}) HTTP\/1\.1\r\n/.exec(head.text);
  if (target === null) return answer("405 Method Not Allowed");
  if (!isLetThrough(options.login?.(), head.text)) {
    return answer("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="factory"');
  }
  const [, name = "", port = ""] = target;
  if (options.ports?.includes(Number(port)) === false) return answer("403 Forbidden");
  const wait = { timeoutMs: dialTimeoutMs };
  const resolved = await options.network.resolve(name, wait);
  const address = resolved.ok ? resolved.addresses[0] : undefined;
  if (address === undefined) return answer("502 Bad Gateway");
  const dialled = await options.network.dial({ address, port: Number(port) }, wait);
  if (!dialled.ok) return answer(dialled.reason === "timeout" ? "504 Gateway Timeout" : "502 Bad Gateway");
  const { stream } = dialled.connection;
  stream.on("error", () => client.reset());
  // A client that is gone already closes no more.
  if (client.stream.destroyed) return void stream.destroy();
  client.stream.on("close", () => stream.destroy());
  requests.push(`${line} 200`);
  client.stream.write("HTTP/1.1 200 Connection established\r\n\r\n");
  if (head.rest.length > 0) stream.write(head.rest);
  client.stream.pipe(stream).pipe(client.stream);
}

function isLetThrough(login: ProxyLogin | undefined, head: string): boolean {
  if (login === undefined) return true;
  const given = /^proxy-authorization: Basic (\S+)\r$/im.exec(head)?.[1] ?? "";
  return Buffer.from(given, "base64").toString("utf8") === `${login.user}:${login.password}`;
}

/** The request's head and what came behind it; undefined if there is none. */
function readHead(client: Connection): Promise<{ readonly text: string; readonly rest: Buffer } | undefined> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const finish = (head: { readonly text: string; readonly rest: Buffer } | undefined): void => {
      client.stream.off("data", read);
      client.stream.pause();
      resolve(head);
    };
    const read = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      const end = seen.indexOf("\r\n\r\n");
      if (end >= 0) finish({ text: seen.subarray(0, end + 4).toString("latin1"), rest: seen.subarray(end + 4) });
      else if (seen.length > headBytesMax) finish(undefined);
    };
    client.stream.on("data", read);
    for (const event of ["end", "close"]) client.stream.once(event, () => finish(undefined));
  });
}
