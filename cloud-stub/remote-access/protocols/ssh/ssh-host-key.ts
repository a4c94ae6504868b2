// Host keys of SSH: as they go over the wire and as an endpoint keeps them.
import { fingerprintOf, type PanelKey } from "../panel-key.ts";

/** Of a key as it goes over the wire (RFC 4253 section 6.6). */
export function readHostKey(blob: Uint8Array): PanelKey {
  const bytes = Buffer.from(blob);
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  const algorithm = bytes.toString("latin1", 4, Math.min(4 + length, 4 + 64)).replace(/[^\x21-\x7e]/g, "?");
  return { algorithm, fingerprint: fingerprintOf(bytes), line: `${algorithm} ${bytes.toString("base64")}` };
}

/** Reads what an endpoint keeps: one key a line. */
export function readKnownKeys(text: string | null): readonly PanelKey[] {
  const lines = (text ?? "").split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => readHostKey(Buffer.from(line.split(" ")[1] ?? "", "base64")));
}
