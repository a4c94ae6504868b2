// The hops at the cloud itself: a login over MQTT, an HTTPS request, and a request that becomes a websocket.
import type { Connection, Hardware } from "#hardware/ports.ts";
import { requestCloud } from "../cloud-http.ts";
import type { GatewayConfig } from "../config/gateway-config.ts";
import type { CloudPort } from "../connectivity/dial-cloud.ts";
import { openMqtt } from "../connectivity/mqtt-connection.ts";
import { type MqttWay, type MqttWays, tlsOnly } from "../connectivity/mqtt-ways.ts";
import { openMqttWebSocket } from "../connectivity/mqtt-websocket.ts";
import type { OfflineReason } from "../connectivity/offline-reason.ts";
import type { Account } from "./examine-board.ts";
import type { FindingCode, HopResult } from "./findings.ts";

const loginLimitMs = 30_000;
const answerLimitMs = 10_000;
const answerBytesMax = 256 * 1024;
const messageBytesMax = 256 * 1024;
/** What everybody may ask for, and only this kind of cloud answers so (protocol.md 7). */
const openPath = "/tenant/loginOptions";

export interface MqttQuestion {
  readonly way: MqttWay;
  /** Of that way. */
  readonly port: CloudPort;
  readonly account: Account;
}

/** Logs in and leaves in order. */
export async function logInToMqtt(hardware: Hardware, { way, port, account }: MqttQuestion): Promise<HopResult> {
  const subject = `${port.host}:${port.port}`;
  const hop = { hop: "mqtt", subject } as const;
  const refusal = await logIn(hardware, way === "tls" ? tlsOnly(port) : websocketOnly(port), account);
  if (refusal === undefined) return { ...hop, outcome: "ok", detail: `it lets this gateway in with ${account.what}` };
  const { reason, detail } = refusal;
  const said = detail === undefined ? { detail: reason } : { detail: `${reason}: ${detail}` };
  return { ...hop, outcome: "fail", code: mqttCode(reason, account), ...said };
}

interface Refusal {
  readonly reason: OfflineReason;
  readonly detail: string | undefined;
}

function logIn(hardware: Hardware, ways: MqttWays, { login }: Account): Promise<Refusal | undefined> {
  return new Promise((resolve) => {
    let isIn = false;
    const limit = hardware.clock.setTimeout(() => connection.fail("mqtt.no-answer"), loginLimitMs);
    const connection = openMqtt(hardware, ways, login, {
      connected: () => {
        isIn = true;
        connection.end();
      },
      message: () => {},
      closed: (reason, detail) => {
        hardware.clock.clearTimeout(limit);
        resolve(isIn ? undefined : { reason, detail });
      },
    });
  });
}

function websocketOnly(port: CloudPort): MqttWays {
  return { next: () => ({ way: "websocket", port }), tried: () => {} };
}

function mqttCode(reason: OfflineReason, { kind }: Account): FindingCode {
  switch (reason) {
    case "mqtt.login-refused":
    case "mqtt.not-authorised":
      if (kind === "bootstrap") return "mqtt.bootstrap-refused";
      return kind === "certificate" ? "mqtt.certificate-refused" : "mqtt.login-refused";
    case "mqtt.unavailable":
      return "mqtt.unavailable";
    case "mqtt.refused":
      return "mqtt.client-id-refused";
    case "mqtt.http-answer":
    case "mqtt.malformed":
      return "mqtt.not-mqtt";
    case "mqtt.no-websocket":
      return "websocket.refused";
    default:
      // A server may also refuse a certificate by ending TLS behind its handshake (TLS 1.3).
      return kind === "certificate" && reason === "reset" ? "mqtt.certificate-refused" : "mqtt.no-answer";
  }
}

export async function askHttps(hardware: Hardware, port: CloudPort): Promise<HopResult> {
  const hop = { hop: "https", subject: `${port.host}:${port.port}` } as const;
  const outcome = await requestCloud(
    { clock: hardware.clock, network: hardware.network, cloud: port },
    {
      method: "GET",
      path: openPath,
      headers: { accept: "application/json" },
      timeoutMs: answerLimitMs,
      answerBytesMax,
    },
  );
  if (!outcome.ok) {
    const code = outcome.reason === "timeout" ? "https.no-answer" : "https.not-http";
    return { ...hop, outcome: "fail", code, detail: outcome.detail };
  }
  const { status, headers, body } = outcome;
  const fail = (code: FindingCode, detail: string): HopResult => ({ ...hop, outcome: "fail", code, detail });
  if (status >= 300 && status < 400)
    return fail("https.redirected", `HTTP ${status} to ${placeOf(headers["location"])}`);
  if (status === 511) return fail("https.redirected", "HTTP 511: a network wants a login first");
  if (status >= 500) return fail("https.unavailable", `HTTP ${status}`);
  if (status !== 200) return fail("https.not-the-cloud", `HTTP ${status}`);
  if (!isLoginOptions(body)) return fail("https.not-the-cloud", "HTTP 200 with something else than its login options");
  return { ...hop, outcome: "ok" };
}

/** Of an address in an answer only the place is told: what stands behind it may be long, or secret. */
function placeOf(location: string | undefined): string {
  return URL.parse(location ?? "")?.origin ?? "another place";
}

function isLoginOptions(body: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    return typeof value === "object" && value !== null && "loginOptions" in value;
  } catch {
    return false;
  }
}

/** MQTT's own websocket shows that an upgrade gets through, with nothing of a tunnel being used up. */
export async function askWebSocket(hardware: Hardware, port: CloudPort, connection: Connection): Promise<HopResult> {
  const hop = { hop: "websocket", subject: `${port.host}:${port.port}` } as const;
  const target = { host: port.host, port: port.port, messageBytesMax };
  const outcome = await openMqttWebSocket(hardware, target, connection, { timeoutMs: answerLimitMs });
  if (outcome.ok) {
    outcome.stream.on("error", () => {});
    outcome.stream.destroy();
    return { ...hop, outcome: "ok" };
  }
  connection.stream.destroy();
  const code = outcome.reason === "timeout" ? "websocket.no-answer" : "websocket.refused";
  return { ...hop, outcome: "fail", code, detail: outcome.detail };
}

export interface RunningGateway {
  /** Since when it has been online; undefined while it is not. */
  readonly onlineSince: string | undefined;
}

/** Another login with its id would push a running gateway off: what it says of itself counts. */
export function mqttOfRunning({ cloud }: GatewayConfig, { onlineSince }: RunningGateway): HopResult | undefined {
  if (onlineSince === undefined) return undefined;
  const subject = `${cloud.mqttHost}:${cloud.mqttPort}`;
  const detail = `the gateway that runs here has been online since ${onlineSince}`;
  return { hop: "mqtt", subject, outcome: "note", code: "mqtt.running", detail };
}
