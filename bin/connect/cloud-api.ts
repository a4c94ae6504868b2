// Cumulocity's REST API, read only: one JSON document per question, with limits and refusals in words.
import * as http from "node:http";
import * as https from "node:https";
import { printable } from "#protocol/printable.ts";
import type { CloudLogin } from "./cloud-login.ts";
import { ConnectError } from "./connect-error.ts";
import { exitCodes } from "./exit-codes.ts";
import { dialError, verified } from "./tls-trust.ts";

/** How long the cloud may take for one answer, in ms. */
const answerMs = 20_000;
/** Longest answer that is read, in bytes. */
const answerBytesMax = 8 * 1024 * 1024;
/** Longest text of the cloud that is shown, in characters. */
const shownMax = 300;

export interface CloudApi {
  /** The JSON of a 200 answer; undefined for 404. Throws ConnectError for all else. */
  get(path: string): Promise<unknown>;
}

export function openCloudApi(login: CloudLogin): CloudApi {
  return {
    get: async (path) => {
      const { status, text } = await ask(login, path);
      if (status === 404) return undefined;
      if (status !== 200) throw refusalError(status, text);
      return parse(login.origin, text);
    },
  };
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function ask(login: CloudLogin, path: string): Promise<Answer> {
  const { origin, authorization, authorities } = login;
  const headers = { Authorization: authorization, Accept: "application/json" };
  const url = new URL(path, origin);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      reject(error instanceof ConnectError ? error : dialError(origin, error));
    };
    const answered = (response: http.IncomingMessage): void => {
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), fail);
    };
    const signal = AbortSignal.timeout(answerMs);
    const request =
      url.protocol === "https:"
        ? https.get(url, { headers, signal, ...verified(authorities) }, answered)
        : http.get(url, { headers, signal }, answered);
    request.once("error", (error) => fail(signal.aborted ? silenceError(origin) : error));
  });
}

/** The whole body as text. Rejects if it is too long or breaks off. */
export async function readText(response: http.IncomingMessage, bytesMax = answerBytesMax): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Uint8Array).length;
    if (length > bytesMax) {
      response.destroy();
      throw new ConnectError(exitCodes.cloudUnreachable, `The cloud's answer is longer than ${bytesMax} bytes.`);
    }
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** An answer other than 200 in words: ours for the status, the cloud's own for the rest. */
export function refusalError(status: number, text: string): ConnectError {
  const said = saidBy(text);
  switch (status) {
    case 401:
      return new ConnectError(exitCodes.signIn, `The cloud does not accept this user and password.${said}`);
    case 429:
      return new ConnectError(exitCodes.signIn, `The cloud takes no more sign-ins for the moment.${said}`);
    case 403:
      return new ConnectError(exitCodes.forbidden, `This user may not do that.${said}`);
    case 404:
      return new ConnectError(exitCodes.endpoint, `The cloud does not know this device or endpoint any more.${said}`);
    case 422:
      return new ConnectError(exitCodes.endpoint, `The cloud cannot open this endpoint.${said}`);
    default:
      return new ConnectError(exitCodes.cloudUnreachable, `The cloud answered with HTTP status ${status}.${said}`);
  }
}

/** The message of Cumulocity's error body (protocol.md 7.1), if there is one. */
function saidBy(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    return typeof message === "string" && message !== "" ? ` It says: ${printable(message, shownMax)}` : "";
  } catch {
    // A page of some proxy: of no use at a terminal.
    return "";
  }
}

function parse(origin: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ConnectError(exitCodes.cloudUnreachable, `What answers at ${origin} is not Cumulocity's API.`);
  }
}

function silenceError(origin: string): ConnectError {
  return new ConnectError(
    exitCodes.cloudUnreachable,
    `The cloud at ${origin} cannot be reached: it did not answer within ${answerMs / 1000} s.`,
  );
}
