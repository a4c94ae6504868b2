// Judges the key that an SSH panel shows: one that is known, one to learn or to ask about, or a foreign one.
import { createHash } from "node:crypto";
import type { StreamFailure } from "../protocol-stream.ts";

export interface HostKey {
  /** Such as `ssh-ed25519`. */
  readonly algorithm: string;
  /** `SHA256:` and base64 without padding, as OpenSSH shows it. */
  readonly fingerprint: string;
  /** `algorithm base64`, the form in which it is kept. */
  readonly line: string;
}

export type HostKeyJudgement =
  | { readonly kind: "known" }
  | { readonly kind: "unknown" }
  | { readonly kind: "foreign"; readonly failure: StreamFailure };

/** Of a key as it goes over the wire (RFC 4253 section 6.6). */
export function readHostKey(blob: Uint8Array): HostKey {
  const bytes = Buffer.from(blob);
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const algorithm = bytes.toString("latin1", 4, Math.min(4 + length, 4 + 64)).replace(/[^\x21-\x7e]/g, "?");
  const digest = createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "");
  return { algorithm, fingerprint: `SHA256:${digest}`, line: `${algorithm} ${bytes.toString("base64")}` };
}

/** Reads what an endpoint keeps: one key a line. */
export function readKnownKeys(text: string | null): readonly HostKey[] {
  const lines = (text ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => readHostKey(Buffer.from(line.split(" ")[1] ?? "", "base64")));
}

export function judgeHostKey(shown: HostKey, known: readonly HostKey[]): HostKeyJudgement {
  if (known.some((key) => key.line === shown.line)) return { kind: "known" };
  if (known.length === 0) return { kind: "unknown" };
  const stored = known.map((key) => `${key.fingerprint} (${key.algorithm})`).join(", ");
  const text = `The panel's host key has changed: it showed ${shown.fingerprint} (${shown.algorithm}), stored is ${stored}.`;
  return { kind: "foreign", failure: { reason: "hostkey.mismatch", text } };
}
