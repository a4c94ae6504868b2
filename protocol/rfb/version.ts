// The first twelve bytes of RFB (RFC 6143 section 7.1.1): which of the three handshakes both ends will speak.
import { printable } from "../printable.ts";
import { ProtocolError } from "../protocol-error.ts";

/** The three handshakes that differ. */
export type RfbVersion = "3.3" | "3.7" | "3.8";

/** Length of the version message in bytes. */
export const versionBytes = 12;

const order: readonly RfbVersion[] = ["3.3", "3.7", "3.8"];

/**
 * Reads "RFB xxx.yyy\n". Other 3.x versions mean the handshake of 3.3 (RFC 6143 section 7.1.1), but 3.889 (Apple) and
 * 4.0 and above (RealVNC, Intel AMT) speak that of 3.8. Throws ProtocolError `rfb.malformed` saying what came instead,
 * or `rfb.unsupported` below version 3.
 */
export function parseVersion(bytes: Uint8Array): RfbVersion {
  const text = Buffer.from(bytes).toString("latin1");
  const match = /^RFB ([0-9]{3})\.([0-9]{3})\n$/.exec(text);
  if (match === null) {
    throw new ProtocolError("rfb.malformed", `the greeting is ${describeGreeting(bytes)}, not an RFB version`);
  }
  const major = Number(match[1]);
  const minor = Number(match[2]);
  if (major < 3) throw new ProtocolError("rfb.unsupported", `RFB version ${major}.${minor} is too old`);
  if (major > 3 || minor === 8 || minor === 889) return "3.8";
  return minor === 7 ? "3.7" : "3.3";
}

/** The twelve bytes for a version. */
export function writeVersion(version: RfbVersion): Uint8Array {
  return Buffer.from(`RFB 003.00${version.slice(2)}\n`, "latin1");
}

/** The lower of two versions: what both ends then speak. */
export function lowerVersion(a: RfbVersion, b: RfbVersion): RfbVersion {
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
}

/** Names what a peer that is not VNC said first, for people; shows at most twelve bytes of it. */
export function describeGreeting(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString("latin1");
  if (bytes.length === 0) return "nothing";
  if (text.startsWith("HTTP/")) return "an HTTP answer";
  if (/^(GET|HEAD|POST|PUT|OPTIONS|CONNECT) /.test(text)) return "an HTTP request";
  if (text.startsWith("SSH-")) return "an SSH greeting";
  const [first = 0, second = 0] = bytes;
  if ((first === 0x15 || first === 0x16) && second === 0x03) return "a TLS message";
  if (first === 0xff && second >= 0xf0) return "a Telnet negotiation";
  if (/^[\x20-\x7e\t\r\n]+$/.test(text)) return `the text "${printable(text, versionBytes)}"`;
  return `the bytes ${Buffer.from(bytes.subarray(0, versionBytes)).toString("hex")}`;
}
