// The simulated TLS handshake: real bytes over the connection, so that every fault meets it; afterwards bytes in clear.
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Duplex } from "node:stream";
import type { ClientCertificate, TlsFailure, TlsSession } from "#hardware/ports.ts";
import { judgeCertificate, type SimulatedCertificate } from "./certificate.ts";

/** A handshake record of TLS 1.2 begins with these: whoever expects another protocol sees garbage, as in life. */
const recordHeader = [0x16, 0x03, 0x03] as const;
/** What the two bytes of the length can say. */
const recordBytesMax = 65_535;
/** Fits one record, its line breaks written as JSON has them. */
const chainCharactersMax = 60_000;

export type HandshakeOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: TlsFailure; readonly detail: string };

/** What a listener learns of a dialler in the handshake. */
export interface TlsPeer {
  /** PEM, the dialler's own certificate first: shown if it was asked for and there is one, and its key is there. Judged by nobody yet. */
  readonly clientCertificateChain?: string;
  /** The suite, as OpenSSL calls it: simulated servers follow the dialler's order. */
  readonly cipher: string;
}

const ciphers = { chacha20: "TLS_CHACHA20_POLY1305_SHA256", aes: "TLS_AES_128_GCM_SHA256" } as const;
const usualCipher = "TLS_AES_256_GCM_SHA384";

/** The dialler's side. Leaves the stream at the first byte after the handshake. */
export async function handshakeAsClient(
  stream: Duplex,
  wanted: TlsSession & { readonly nowMs: () => number },
): Promise<HandshakeOutcome> {
  const { serverName, clientCertificate, cipherPreference } = wanted;
  const flaw = clientCertificate === undefined ? undefined : flawOf(clientCertificate);
  if (flaw !== undefined) return { ok: false, reason: "tls.failed", detail: `own certificate: ${flaw}` };
  const order = cipherPreference === undefined ? {} : { cipher: ciphers[cipherPreference] };
  stream.write(writeRecord({ serverName, ...order }));
  const answer = await readRecord(stream);
  if (!isCertificate(answer)) {
    return { ok: false, reason: "tls.failed", detail: "the other end does not speak TLS" };
  }
  const authorities = wanted.extraAuthorities ?? [];
  const verdict = judgeCertificate(answer, { serverName, authorities, nowMs: wanted.nowMs() });
  if (verdict !== undefined) return { ok: false, ...verdict, detail: `the certificate ${verdict.detail}` };
  const isAsked = hasField(answer, "asksForClientCertificate");
  stream.write(writeRecord({ finished: true, ...(isAsked ? { clientCertificate: clientCertificate?.chain } : {}) }));
  return { ok: true };
}

/** The listener's side; undefined when the peer does not speak TLS or did not like the certificate. */
export async function handshakeAsServer(
  stream: Duplex,
  certificate: SimulatedCertificate,
  options: { readonly asksForClientCertificate?: boolean } = {},
): Promise<TlsPeer | undefined> {
  const hello = await readRecord(stream);
  if (!hasField(hello, "serverName")) return undefined;
  const asks = options.asksForClientCertificate === true ? { asksForClientCertificate: true } : {};
  stream.write(writeRecord({ ...certificate, ...asks }));
  const end = await readRecord(stream);
  if (!hasField(end, "finished")) return undefined;
  const chain = textField(end, "clientCertificate");
  return {
    cipher: textField(hello, "cipher") ?? usualCipher,
    ...(chain === undefined ? {} : { clientCertificateChain: chain }),
  };
}

/**
 * Why a client certificate cannot be shown, or undefined. This is the simulated proof that the dialler has the key: whoever
 * has not got it ends here, so that a listener need not ask for a signature (whose bytes would differ from run to run).
 */
function flawOf({ chain, privateKey }: ClientCertificate): string | undefined {
  if (chain.length > chainCharactersMax) return `a chain of more than ${chainCharactersMax} characters`;
  try {
    if (new X509Certificate(chain).checkPrivateKey(createPrivateKey(privateKey))) return undefined;
    return "the key is not the certificate's";
  } catch (error) {
    return (error as Error).message;
  }
}

function writeRecord(message: object): Uint8Array {
  const body = Buffer.from(JSON.stringify(message));
  if (body.length > recordBytesMax) throw new RangeError(`a handshake record of ${body.length} bytes`);
  return Buffer.concat([Buffer.from([...recordHeader, body.length >> 8, body.length & 0xff]), body]);
}

/** Undefined for anything that is not a record, the end of the stream included. */
async function readRecord(stream: Duplex): Promise<unknown> {
  const header = await readExactly(stream, recordHeader.length + 2);
  if (header === undefined || recordHeader.some((byte, at) => header[at] !== byte)) return undefined;
  const bodyBytes = header.readUInt16BE(recordHeader.length);
  const body = await readExactly(stream, bodyBytes);
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined; // garbage behind a header that happens to look right
  }
}

function readExactly(stream: Duplex, count: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const finish = (bytes: Buffer | undefined): void => {
      stream.off("readable", look);
      for (const event of ["end", "close", "error"]) stream.off(event, gone);
      resolve(bytes);
    };
    const gone = (): void => finish(undefined);
    const look = (): void => {
      const bytes = stream.read(count) as Buffer | null;
      if (bytes === null) return;
      // The last read of an ended stream gives what is left, however short.
      finish(bytes.length === count ? bytes : undefined);
    };
    if (stream.destroyed || stream.readableEnded) return resolve(undefined);
    stream.on("readable", look);
    for (const event of ["end", "close", "error"]) stream.on(event, gone);
    look();
  });
}

function hasField(message: unknown, name: string): message is object {
  return typeof message === "object" && message !== null && name in message;
}

function textField(message: object, name: string): string | undefined {
  const value: unknown = Reflect.get(message, name);
  return typeof value === "string" ? value : undefined;
}

function isCertificate(message: unknown): message is SimulatedCertificate {
  return hasField(message, "authority") && hasField(message, "names") && hasField(message, "notAfterMs");
}
