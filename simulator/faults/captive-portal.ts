// A guest network wants a click first: its portal answers in place of everybody outside.
import type { Duplex } from "node:stream";
import type { CertificateFlaw, ConnectAttempt, WorldFault } from "./fault.ts";
import { choiceParameter, defineFault, wordOf } from "./fault-kind.ts";
import { need } from "./held-fault.ts";

const plainHttpPorts: readonly number[] = [80, 8080];
const mqttPorts: readonly number[] = [1883, 8883];

const redirect = [
  "HTTP/1.1 302 Found",
  "Location: http://portal.example/login",
  "Cache-Control: no-store",
  "Content-Length: 0",
  "Connection: close",
  "",
  "",
].join("\r\n");

export interface CaptivePortalOptions {
  /** What is wrong with the portal's certificate; the default is that it is for the portal's own name. */
  readonly certificate?: CertificateFlaw;
}

/**
 * New connections: plain HTTP (80, 8080) is redirected to the portal's page, MQTT (1883, 8883) is refused, and everything
 * else is taken for HTTPS and meets the portal's own certificate. What is connected lives on, as such networks let it.
 */
export function captivePortal(options: CaptivePortalOptions = {}): WorldFault {
  const { certificate = "wrong-name" } = options;
  const name = `captive portal, certificate ${certificate}`;
  return {
    name,
    onConnect: (attempt) => {
      if (mqttPorts.includes(attempt.port)) attempt.refuse();
      else if (plainHttpPorts.includes(attempt.port)) standIn(name, attempt)({ serve: answerHttp });
      else standIn(name, attempt)({ certificate, serve: answerHttp });
      return true;
    },
  };
}

function standIn(name: string, attempt: ConnectAttempt): NonNullable<ConnectAttempt["serve"]> {
  const serve = need(attempt.serve, name, "a network that can hand a connection to somebody else");
  return (program) => serve.call(attempt, program);
}

/** Whatever is asked: over there. */
function answerHttp(stream: Duplex): void {
  stream.once("data", () => stream.end(redirect));
  stream.once("end", () => stream.end());
}

const flaws = ["wrong-name", "unknown-authority"] as const;

export const captivePortalKind = defineFault({
  name: "captive-portal",
  summary:
    "A portal answers in place of the cloud: HTTP is redirected, HTTPS has the wrong certificate, MQTT is refused.",
  kind: "world",
  places: ["link", "direction"],
  isLossy: false,
  modes: { memory: true, loopback: true },
  parameters: [choiceParameter("certificate", flaws, "what is wrong with the portal's certificate")],
  create: (given) => captivePortal({ certificate: wordOf(given, "certificate", flaws) }),
});
