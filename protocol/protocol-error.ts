// The one error of this folder: bytes or text that are not what the protocol says.

export type ProtocolErrorCode =
  | "smartrest.malformed"
  | "smartrest.too-large"
  | "rfb.malformed"
  | "rfb.unsupported"
  | "rfb.too-large"
  | "telnet.too-large"
  | "session-channel.malformed"
  | "remote-access.malformed"
  | "device-management.malformed"
  | "x509.malformed";

/** Callers branch on `code`; the message says what was wrong and where, without quoting secrets. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}
