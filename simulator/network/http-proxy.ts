// A company's HTTP proxy on a host: CONNECT opens a tunnel to whom it names (RFC 9110 9.3.6); it does nothing else.
import type { Connection, Listener, Network } from "#hardware/ports.ts";

/** Where proxies listen by custom. */
export const httpProxyPort = 3128;
const headBytesMax = 16 * 1024;
const dialTimeoutMs = 10_000;

export interface HttpProxyOptions {
  readonly network: Network;
  /** Address to listen on; all of the host's by default. */
  readonly address?: string;
  readonly port?: number;
}

/** Rejects when it cannot listen. `close` stops it and resets what is open. */
export async function startHttpProxy(options: HttpProxyOptions): Promise<Listener> {
  const { network, address = "0.0.0.0", port = httpProxyPort } = options;
  const outcome = await network.listen({ address, port }, (client) => {
    client.stream.on("error", () => undefined); // whoever breaks off is gone; `close` tells the other side
    void serve(network, client); // never rejects: outcomes of the network are values
  });
  if (!outcome.ok) throw new Error(`The proxy cannot listen on ${address}:${port}: ${outcome.detail}`);
  return outcome.listener;
}

async function serve(network: Network, client: Connection): Promise<void> {
  const head = await readHead(client);
  if (head === undefined) return client.reset();
  const target = /^CONNECT (\S+):(\d{1,5}) HTTP\/1\.1\r\n/.exec(head.text);
  if (target === null) return answer(client, "405 Method Not Allowed");
  const [, name = "", port = ""] = target;
  const wait = { timeoutMs: dialTimeoutMs };
  const resolved = await network.resolve(name, wait);
  const address = resolved.ok ? resolved.addresses[0] : undefined;
  if (address === undefined) return answer(client, "502 Bad Gateway");
  const dialled = await network.dial({ address, port: Number(port) }, wait);
  if (!dialled.ok) return answer(client, dialled.reason === "timeout" ? "504 Gateway Timeout" : "502 Bad Gateway");
  const { stream } = dialled.connection;
  stream.on("error", () => client.reset());
  client.stream.on("close", () => stream.destroy());
  client.stream.write("HTTP/1.1 200 Connection established\r\n\r\n");
  if (head.rest.length > 0) stream.write(head.rest);
  client.stream.pipe(stream).pipe(client.stream);
}

function answer(client: Connection, status: string): void {
  client.stream.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
  client.stream.resume();
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
