// The company's proxy does not let through: it wants a login (407), or cannot reach who is asked for (502).
import type { Duplex } from "node:stream";
import { httpProxyPort } from "../network/http-proxy.ts";
import type { WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, numberOf, numberParameter, wordOf } from "./fault-kind.ts";
import { need } from "./held-fault.ts";

/** A request head longer than this is answered as it is. */
const headBytesMax = 16 * 1024;

const answers = {
  407: ["HTTP/1.1 407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="factory"'],
  502: ["HTTP/1.1 502 Bad Gateway"],
} as const;

export interface ProxyRefusalOptions {
  readonly status: keyof typeof answers;
  /** The proxy's port, 3128 by default. */
  readonly port?: number;
}

/** Every CONNECT to the proxy is answered with `status`, and the connection closed. */
export function proxyRefusal({ status, port = httpProxyPort }: ProxyRefusalOptions): WorldFault {
  const name = `proxy refuses with ${status}`;
  return {
    name,
    onConnect: (attempt) => {
      if (attempt.port !== port) return false;
      const serve = need(attempt.serve, name, "a network that can hand a connection to somebody else");
      serve.call(attempt, { serve: (stream) => answerAfterHead(stream, status) });
      return true;
    },
  };
}

function answerAfterHead(stream: Duplex, status: keyof typeof answers): void {
  let head = "";
  const read = (chunk: Uint8Array): void => {
    head += Buffer.from(chunk).toString("latin1");
    if (!head.includes("\r\n\r\n") && head.length < headBytesMax) return;
    stream.off("data", read);
    stream.end([...answers[status], "Content-Length: 0", "Connection: close", "", ""].join("\r\n"));
    stream.resume();
  };
  stream.on("data", read);
  stream.once("end", () => stream.end());
}

const statuses = ["407", "502"] as const;

export const proxyRefusalKind = defineFault({
  name: "proxy-refusal",
  summary: "The proxy answers every CONNECT with 407 (wants a login) or 502 (cannot reach it).",
  kind: "world",
  places: ["link", "direction", "site"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [
    choiceParameter("status", statuses, "what the proxy says"),
    numberParameter("port", "port", { summary: "the proxy's port", min: 1, max: 65_535, default: httpProxyPort }),
  ],
  create: (given) =>
    proxyRefusal({ status: wordOf(given, "status", statuses) === "407" ? 407 : 502, port: numberOf(given, "port") }),
});
