// The closed list of words with which a tunnel or session ends, their websocket close codes and who says them (docs/architecture.md).
import { printable } from "./printable.ts";

export interface CloseReasonFacts {
  /** Websocket close code, RFC 6455 section 7.4.2: 4000 and up are private use. */
  readonly code: number;
  /** For people: one sentence without a secret. */
  readonly text: string;
}

const facts = {
  "client.closed": { code: 1000, text: "The connection was closed by the person using it." },
  "client.lost": { code: 4001, text: "The browser or client vanished without closing." },
  "client.stalled": { code: 4002, text: "The browser or client stopped taking data." },
  "panel.closed": { code: 1000, text: "The panel closed the connection." },
  "panel.refused": { code: 4010, text: "The panel refused the connection: nothing listens on that port." },
  "panel.unreachable": { code: 4011, text: "The panel cannot be reached from the gateway." },
  "panel.timeout": { code: 4012, text: "The panel did not answer." },
  "panel.reset": { code: 4013, text: "The panel broke off the connection." },
  "panel.lost": { code: 4014, text: "The panel vanished in mid-session." },
  "panel.stalled": { code: 4015, text: "The panel stopped taking data." },
  "panel.name-unknown": { code: 4016, text: "The gateway cannot resolve the panel's name." },
  "policy.refused": { code: 4020, text: "The gateway's own policy does not allow this target." },
  "gateway.busy": { code: 4021, text: "The gateway already has as many tunnels as it may open." },
  "gateway.hot": { code: 4022, text: "The gateway is too hot to open another tunnel." },
  "gateway.stopping": { code: 4023, text: "The gateway is shutting down." },
  "gateway.offline": { code: 4030, text: "The gateway is offline and did not come online in time." },
  "gateway.timeout": { code: 4031, text: "The gateway is online but did not open the tunnel in time." },
  "gateway.lost": { code: 4032, text: "The gateway vanished in mid-session." },
  "cloud.lost": { code: 4033, text: "The gateway lost the cloud." },
  "cloud.stopping": { code: 4034, text: "The cloud is shutting down." },
  "session.idle": { code: 4040, text: "Nothing happened in the session for too long." },
  "session.expired": { code: 4041, text: "The session reached its longest allowed time." },
  "session.ended-by-admin": { code: 4042, text: "An administrator ended the session." },
  "endpoint.removed": { code: 4043, text: "The endpoint was changed or removed." },
  "permission.revoked": { code: 4044, text: "The permission to use this session was taken away." },
  "device.removed": { code: 4045, text: "The gateway was removed from the cloud." },
  "protocol.unsupported": { code: 4050, text: "The panel does not speak what the endpoint says." },
  "protocol.malformed": { code: 4051, text: "The panel sent something that is not its protocol." },
  "protocol.too-large": { code: 4052, text: "A message was larger than allowed." },
  "auth.failed": { code: 4060, text: "The panel did not accept the password." },
  "auth.required": { code: 4061, text: "The panel wants a sign-in that the endpoint does not have." },
  "hostkey.unknown": { code: 4062, text: "The panel's host key is not known and was not confirmed." },
  "hostkey.mismatch": { code: 4063, text: "The panel's host key is not the one that was stored." },
  "internal.error": { code: 4099, text: "Something went wrong inside Postern; its log has more." },
} as const satisfies Record<string, CloseReasonFacts>;

export type CloseReason = keyof typeof facts;

/** All words, in the order of the table. */
export const closeReasons = Object.keys(facts) as readonly CloseReason[];

export function isCloseReason(word: string): word is CloseReason {
  return Object.hasOwn(facts, word);
}

/** The websocket close code for a word. Two words share 1000; the text of the close frame tells them apart. */
export function closeCode(reason: CloseReason): number {
  return facts[reason].code;
}

/** One sentence for people. */
export function closeText(reason: CloseReason): string {
  return facts[reason].text;
}

/** Longest text of a failure reason that `readFailureReason` hands on, in characters. */
export const failureTextLengthMax = 500;

/** What a gateway writes into an operation that failed: `<word>: <one sentence>`, with the target or other detail in brackets. */
export function writeFailureReason(reason: CloseReason, detail?: string): string {
  const text = `${reason}: ${closeText(reason)}`;
  return detail === undefined || detail === "" ? text : `${text} (${detail})`;
}

/**
 * Reads a failure reason: the leading word if it is one of ours, else (agents of others) `panel.unreachable` with the
 * agent's own text. `text` is printable, for people, and never empty.
 */
export function readFailureReason(text: string): { readonly reason: CloseReason; readonly text: string } {
  const clean = printable(text, failureTextLengthMax);
  const word = /^([a-z.-]+)(?::|$)/.exec(clean)?.[1] ?? "";
  if (!isCloseReason(word)) {
    return { reason: "panel.unreachable", text: clean === "" ? closeText("panel.unreachable") : clean };
  }
  const rest = clean.slice(word.length + 1).trim();
  return { reason: word, text: rest === "" ? closeText(word) : rest };
}
