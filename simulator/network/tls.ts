// The simulated TLS handshake: real bytes over the connection, so that every fault meets it; afterwards bytes in clear.
import type { Duplex } from "node:stream";
import type { TlsFailure } from "#hardware/ports.ts";
import { judgeCertificate, type SimulatedCertificate } from "./certificate.ts";

/** A handshake record of TLS 1.2 begins with these: whoever expects another protocol sees garbage, as in life. */
const recordHeader = [0x16, 0x03, 0x03] as const;
const recordBytesMax = 16_384;

export type HandshakeOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: TlsFailure; readonly detail: string };

/** The dialler's side. Leaves the stream at the first byte after the handshake. */
export async function handshakeAsClient(
  stream: Duplex,
  wanted: { readonly serverName: string; readonly authorities: readonly string[]; readonly nowMs: () => number },
): Promise<HandshakeOutcome> {
  stream.write(writeRecord({ serverName: wanted.serverName }));
  const answer = await readRecord(stream);
  if (!isCertificate(answer)) {
    return { ok: false, reason: "tls.failed", detail: "the other end does not speak TLS" };
  }
  const verdict = judgeCertificate(answer, { ...wanted, nowMs: wanted.nowMs() });
  if (verdict !== undefined) return { ok: false, ...verdict, detail: `the certificate ${verdict.detail}` };
  stream.write(writeRecord({ finished: true }));
  return { ok: true };
}

/** The listener's side; false when the peer does not speak TLS or did not like the certificate. */
export async function handshakeAsServer(stream: Duplex, certificate: SimulatedCertificate): Promise<boolean> {
  const hello = await readRecord(stream);
  if (!hasField(hello, "serverName")) return false;
  stream.write(writeRecord(certificate));
  return hasField(await readRecord(stream), "finished");
}

function writeRecord(message: object): Uint8Array {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from([...recordHeader, body.length >> 8, body.length & 0xff]), body]);
}

/** Undefined for anything that is not a record, the end of the stream included. */
async function readRecord(stream: Duplex): Promise<unknown> {
  const header = await readExactly(stream, recordHeader.length + 2);
  if (header === undefined || recordHeader.some((byte, at) => header[at] !== byte)) return undefined;
  const bodyBytes = header.readUInt16BE(recordHeader.length);
  const body = bodyBytes > recordBytesMax ? undefined : await readExactly(stream, bodyBytes);
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

function hasField(message: unknown, name: string): boolean {
  return typeof message === "object" && message !== null && name in message;
}

function isCertificate(message: unknown): message is SimulatedCertificate {
  return hasField(message, "authority") && hasField(message, "names") && hasField(message, "notAfterMs");
}
