// A device token (JWT) as far as the gateway looks into it: how long it may be kept. Nothing else of it is believed.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { parseDownstream } from "#protocol/smartrest/downstream.ts";
import { parseMessagesUpToFault } from "#protocol/smartrest/line.ts";

/** Of a token whose end cannot be read: half of the platform's default life (protocol.md 3.1). */
export const unreadableLifeMs = 30 * 60_000;
/** A token is given up this long before its end, or a tenth of what it has left where that is less. */
export const marginMs = 60_000;
/** However long a token says that it is good. */
export const keptMaxMs = 24 * 60 * 60_000;
/** The platform's are about 770 characters long. */
export const tokenCharactersMax = 16_384;

/** The token of a message on the token topic, or undefined if it has none that fits into a header. */
export function readToken(payload: Uint8Array): string | undefined {
  try {
    for (const fields of parseMessagesUpToFault(payload).messages) {
      const message = parseDownstream(fields);
      if (message.kind === "token") return isSendable(message.token) ? message.token : undefined;
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  return undefined;
}

/** How long a token that has just come may be used, in ms; `nowMs` is the wall clock's time. */
export function usableMs(token: string, nowMs: number): number {
  const { exp, iat } = claimsOf(token);
  if (exp === undefined) return unreadableLifeMs;
  const leftMs = exp * 1000 - nowMs;
  const lifeMs = iat === undefined || iat >= exp ? undefined : (exp - iat) * 1000;
  // By a clock that is wrong it would be good for longer than it lives, or over already.
  const isPlausible = leftMs > 0 && leftMs <= (lifeMs ?? keptMaxMs);
  const knownMs = isPlausible ? leftMs : (lifeMs ?? 2 * unreadableLifeMs) / 2;
  return Math.min(keptMaxMs, knownMs - Math.min(marginMs, knownMs / 10));
}

function isSendable(token: string): boolean {
  return token.length <= tokenCharactersMax && /^[\x21-\x7e]+$/.test(token);
}

interface Claims {
  /** Seconds since the Unix epoch (RFC 7519 section 4.1). */
  readonly exp?: number;
  readonly iat?: number;
}

function claimsOf(token: string): Claims {
  const [, body = ""] = token.split(".");
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
    if (typeof claims !== "object" || claims === null) return {};
    const exp = secondsOf(Reflect.get(claims, "exp"));
    const iat = secondsOf(Reflect.get(claims, "iat"));
    return { ...(exp === undefined ? {} : { exp }), ...(iat === undefined ? {} : { iat }) };
  } catch {
    return {};
  }
}

function secondsOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value > 0 && value < 2 ** 40 ? value : undefined;
}
