// Says in plain words why ssh2 gave up.
import { printable } from "#protocol/printable.ts";
import type { StreamFailure } from "../protocol-stream.ts";

/** What ssh2 adds to its errors. */
export interface SshError extends Error {
  readonly level?: string;
  readonly code?: string | number;
}

/** What the panel offered in its key exchange, as ssh2's debug lines tell it. */
export class SshOffer {
  readonly #lists = new Map<string, string>();

  /** Takes one of ssh2's debug lines; all but those of the key exchange are left alone. */
  note(line: string): void {
    const match = /^Handshake: \(remote\) ([^:]+): (.*)$/s.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined && this.#lists.size < 12) {
      this.#lists.set(match[1], printable(match[2].replaceAll(",", ", "), 300));
    }
  }

  /** The list that is meant by an error such as "no matching host key format". */
  listFor(message: string): string | undefined {
    const name = names.find(([pattern]) => pattern.test(message))?.[1];
    return name === undefined ? undefined : this.#lists.get(name);
  }
}

const names: readonly (readonly [RegExp, string])[] = [
  [/key exchange/i, "KEX method"],
  [/host key format/i, "Host key format"],
  [/C->S cipher/i, "C->S cipher"],
  [/S->C cipher/i, "S->C cipher"],
  [/C->S MAC/i, "C->S MAC"],
  [/S->C MAC/i, "S->C MAC"],
  [/C->S compression/i, "C->S compression"],
  [/S->C compression/i, "S->C compression"],
];

const whatIsMeant: Readonly<Record<string, string>> = {
  "KEX method": "key exchange",
  "Host key format": "kind of host key",
  "C->S cipher": "cipher",
  "S->C cipher": "cipher",
  "C->S MAC": "integrity check",
  "S->C MAC": "integrity check",
  "C->S compression": "compression",
  "S->C compression": "compression",
};

/** `allowsLegacy`: whether the endpoint allows old algorithms already. */
export function sshFailure(
  error: SshError,
  context: {
    readonly offer: SshOffer;
    readonly allowsLegacy: boolean;
    readonly phase: "handshake" | "sign-in" | "open";
  },
): StreamFailure {
  const { offer, allowsLegacy, phase } = context;
  const message = printable(error.message, 300);
  if (/no matching/i.test(message)) {
    const name = names.find(([pattern]) => pattern.test(message))?.[1] ?? "";
    const list = offer.listFor(message) ?? "unknown ones";
    const hint = allowsLegacy ? "" : " Old algorithms are refused unless the endpoint allows them.";
    const what = whatIsMeant[name] ?? "algorithm";
    const text = `The panel has no ${what} that is accepted here; it offers ${list}.${hint}`;
    return { reason: "protocol.unsupported", text };
  }
  // Signing is ours; what it throws says why.
  if (error.level === "client-authentication")
    return { reason: "auth.failed", text: `${message.replace(/^.*: /, "The sign-in failed: ")}.` };
  // A disconnect message of the panel has the number of its reason as code (RFC 4253 section 11.1).
  if (typeof error.code === "number") {
    const isAboutSignIn = phase === "sign-in";
    return {
      reason: isAboutSignIn ? "auth.failed" : "panel.closed",
      text: `The panel ended the SSH connection: ${message}.`,
    };
  }
  if (/before handshake/i.test(message)) return { reason: "panel.closed", text: "The panel closed the connection." };
  return { reason: "protocol.malformed", text: `The panel broke the SSH protocol: ${message}.` };
}
