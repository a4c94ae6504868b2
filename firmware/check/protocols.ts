// Tells what a port of the cloud speaks: HTTP by an answer to a question that needs no login, MQTT by a CONNACK of any kind.
import type { CloudPort } from "../connectivity/dial-cloud.ts";
import { type CheckHardware, type Exchange, exchange } from "./exchange.ts";

export type HttpAnswer =
  | { readonly kind: "http"; readonly status: number }
  | { readonly kind: "not-http" }
  | { readonly kind: "unreachable"; readonly outcome: Extract<Exchange, { readonly ok: false }> };

const statusLine = /^HTTP\/1\.[01] ([1-5]\d\d)/;

/** Asks for the login options, which everybody may; any status proves HTTP. */
export async function askHttp(hardware: CheckHardware, port: CloudPort): Promise<HttpAnswer> {
  const host = port.host.includes(":") ? `[${port.host}]` : port.host;
  const lines = [
    "GET /tenant/loginOptions HTTP/1.1",
    `Host: ${host}:${port.port}`,
    "Accept: application/json",
    "Connection: close",
  ];
  const question = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  const outcome = await exchange(hardware, port, { question, answerBytes: "HTTP/1.1 200".length });
  if (!outcome.ok) return { kind: "unreachable", outcome };
  const status = statusLine.exec(Buffer.from(outcome.answer).toString("latin1"))?.[1];
  return status === undefined ? { kind: "not-http" } : { kind: "http", status: Number(status) };
}

/**
 * MQTT 3.1.1 section 3.1: a CONNECT with a clean session, keep-alive 15 s and the client id "check", without user and
 * password: they are not for whatever listens there.
 */
const connectPacket = Buffer.from("101100044d5154540402000f0005636865636b", "hex");

/** Whether it answers a CONNECT, be it with a refusal. */
export async function speaksMqtt(hardware: CheckHardware, port: CloudPort): Promise<boolean> {
  // Section 3.2: CONNACK is 4 bytes, 20 02 and two more.
  const outcome = await exchange(hardware, port, { question: connectPacket, answerBytes: 4 });
  return outcome.ok && outcome.answer.length === 4 && outcome.answer[0] === 0x20 && outcome.answer[1] === 2;
}
