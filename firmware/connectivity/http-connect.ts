// Asks an HTTP proxy for a tunnel to the cloud (CONNECT, RFC 9110 section 9.3.6), with its login where it wants one.
import type { Duplex } from "node:stream";
import type { Clock, Connection, WaitOptions } from "#hardware/ports.ts";
import type { ProxySettings } from "../config/gateway-config.ts";

export type ProxyFailure =
  /** It answered and does not let through; the detail has its status. */
  | "proxy.refused"
  /** 407: it wants a login, or another one. */
  | "proxy.login-refused"
  /** Its name, its machine or its port is not there. */
  | "proxy.unreachable";

export type ProxyOutcome =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly reason: ProxyFailure | "timeout" | "aborted"; readonly detail: string };

export interface TunnelRequest {
  readonly proxy: Pick<ProxySettings, "user" | "password">;
  readonly host: string;
  readonly port: number;
}

/** Most bytes of the proxy's answer up to its empty line. */
export const answerHeadBytesMax = 16 * 1024;

type Head =
  | { readonly kind: "head"; readonly text: string }
  | { readonly kind: "closed" }
  | { readonly kind: "too-long" };

/** On failure the connection is reset. Never rejects for a network reason; the login is in no outcome. */
export async function askProxy(
  clock: Clock,
  connection: Connection,
  request: TunnelRequest,
  options: WaitOptions,
): Promise<ProxyOutcome> {
  connection.stream.write(writeRequest(request), "latin1");
  const head = await withinLimit(clock, readHead(connection.stream), options);
  const outcome = judge(head, options);
  if (outcome !== undefined) {
    connection.reset();
    return outcome;
  }
  return { ok: true, connection };
}

function writeRequest({ proxy, host, port }: TunnelRequest): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const { user, password = "" } = proxy;
  // RFC 7617: the user may bear no colon, which the configuration sees to.
  const login = user === undefined ? undefined : Buffer.from(`${user}:${password}`, "utf8").toString("base64");
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`];
  if (login !== undefined) lines.push(`Proxy-Authorization: Basic ${login}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Undefined if the tunnel stands. Nothing that the proxy wrote goes into the detail but its status. */
function judge(head: Head | "timeout" | "aborted", { timeoutMs }: WaitOptions): ProxyOutcome | undefined {
  if (head === "aborted") return { ok: false, reason: "aborted", detail: "not wanted any more" };
  if (head === "timeout") {
    return { ok: false, reason: "timeout", detail: `the proxy did not answer within ${Math.round(timeoutMs)} ms` };
  }
  if (head.kind === "closed") return refused("the proxy closed the connection without an answer");
  if (head.kind === "too-long") return refused(`the proxy's answer has no end within ${answerHeadBytesMax} bytes`);
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n)/.exec(head.text)?.[1];
  if (status === undefined) return refused("what answers is no HTTP proxy");
  if (status.startsWith("2")) return undefined;
  if (status === "407")
    return { ok: false, reason: "proxy.login-refused", detail: "HTTP 407: the proxy wants a login" };
  return refused(`HTTP ${status} from the proxy`);
}

function refused(detail: string): ProxyOutcome {
  return { ok: false, reason: "proxy.refused", detail };
}

/** What comes behind the empty line stays in the stream for whoever reads on. */
function readHead(stream: Duplex): Promise<Head> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const finish = (head: Head): void => {
      stream.off("readable", look);
      for (const event of ["end", "close", "error"]) stream.off(event, gone);
      resolve(head);
    };
    const gone = (): void => finish({ kind: "closed" });
    const look = (): void => {
      for (;;) {
        const chunk = stream.read() as Buffer | null;
        if (chunk === null) return;
        seen = Buffer.concat([seen, chunk]);
        const end = seen.indexOf("\r\n\r\n");
        if (end >= 0) {
          const rest = seen.subarray(end + 4);
          finish({ kind: "head", text: seen.subarray(0, end + 4).toString("latin1") });
          if (rest.length > 0) stream.unshift(rest);
          return;
        }
        if (seen.length > answerHeadBytesMax) {
          finish({ kind: "too-long" });
          return;
        }
      }
    };
    if (stream.destroyed || stream.readableEnded) return resolve({ kind: "closed" });
    stream.on("readable", look);
    for (const event of ["end", "close", "error"]) stream.on(event, gone);
    look();
  });
}

function withinLimit(clock: Clock, head: Promise<Head>, options: WaitOptions): Promise<Head | "timeout" | "aborted"> {
  return new Promise((resolve, reject) => {
    const finish = (outcome: Head | "timeout" | "aborted"): void => {
      clock.clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      resolve(outcome);
    };
    const abort = (): void => finish("aborted");
    const timer = clock.setTimeout(() => finish("timeout"), options.timeoutMs);
    options.signal?.addEventListener("abort", abort);
    head.then(finish, reject);
    if (options.signal?.aborted === true) abort();
  });
}
