// Opens TCP connections, and TLS over them with the system's authorities and extra ones.
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import type { Connection, DialFailure, DialOutcome, TcpTarget, TlsSession, TlsTarget, WaitOptions } from "../ports.ts";
import {
  CarrierSocket,
  createConnection,
  highWaterMarkBytes,
  securedConnection,
  socketSettings,
} from "./connection.ts";
import { secureContext } from "./secure-context.ts";
import { waitFor } from "./waiting.ts";

const tcpFailures: Readonly<Record<string, DialFailure>> = {
  ECONNREFUSED: "refused",
  ECONNRESET: "reset",
  EPIPE: "reset",
  ETIMEDOUT: "timeout",
};

const tlsFailures: Readonly<Record<string, DialFailure>> = {
  ...tcpFailures,
  ERR_TLS_CERT_ALTNAME_INVALID: "tls.wrong-name",
  CERT_HAS_EXPIRED: "tls.expired",
  CERT_NOT_YET_VALID: "tls.not-yet-valid",
  CERT_SIGNATURE_FAILURE: "tls.unknown-authority",
  CERT_UNTRUSTED: "tls.unknown-authority",
  DEPTH_ZERO_SELF_SIGNED_CERT: "tls.unknown-authority",
  INVALID_CA: "tls.unknown-authority",
  SELF_SIGNED_CERT_IN_CHAIN: "tls.unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT: "tls.unknown-authority",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "tls.unknown-authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "tls.unknown-authority",
};

/** The address of this machine with which packets leave through an uplink, or why none do. */
export type SourceOf = (
  uplink: string,
  family: 4 | 6,
) => Promise<{ readonly ok: true; readonly address: string } | { readonly ok: false; readonly why: string }>;

/** How an attempt ends, told once. */
interface Told<T> {
  done(result: T): void;
  failed(outcome: DialOutcome): void;
}

export function dialTcp(target: TcpTarget, options: WaitOptions, sourceOf: SourceOf): Promise<DialOutcome> {
  return waitFor<DialOutcome>(options, describe(target), (done) =>
    dialCarrier(target, sourceOf, {
      done: (carrier) => done({ ok: true, connection: createConnection(carrier) }),
      failed: done,
    }),
  );
}

export function dialTls(target: TlsTarget, options: WaitOptions, sourceOf: SourceOf): Promise<DialOutcome> {
  return waitFor<DialOutcome>(options, describe(target), (done) => {
    let cancel = dialCarrier(target, sourceOf, {
      done: (carrier) => {
        // From here on the carrier's failures are told by the TLS socket.
        carrier.on("error", () => {});
        cancel = secure(carrier, target, describe(target), {
          done: (stream) => done({ ok: true, connection: createConnection(stream, carrier) }),
          failed: done,
        });
      },
      failed: done,
    });
    return () => cancel();
  });
}

/** TLS over a connection that stands; one that comes to nothing is closed. */
export async function startTls(
  connection: Connection,
  session: TlsSession,
  options: WaitOptions,
): Promise<DialOutcome> {
  const what = `TLS with ${describe({ address: connection.remoteAddress, port: connection.remotePort })}`;
  const { stream } = connection;
  if (stream.destroyed) return { ok: false, reason: "reset", detail: `${what}: the connection below is closed` };
  const outcome = await waitFor<DialOutcome>(options, what, (done) =>
    secure(stream, session, what, {
      done: (secured) => done({ ok: true, connection: securedConnection(connection, secured) }),
      failed: done,
    }),
  );
  // One that was given up before it began still stands.
  if (!outcome.ok) connection.reset();
  return outcome;
}

/** Begins a TCP connection; the returned function drops it. */
function dialCarrier(target: TcpTarget, sourceOf: SourceOf, told: Told<CarrierSocket>): () => void {
  const what = describe(target);
  const family = isIP(target.address);
  if (family !== 4 && family !== 6) throw new TypeError(`not an IP literal: ${target.address}`);
  let socket: CarrierSocket | undefined;
  let isOver = false;
  const begin = (localAddress?: string): void => {
    if (isOver) return;
    const carrier = connect(target, localAddress);
    socket = carrier;
    const fail = (error: NodeJS.ErrnoException): void => {
      told.failed({ ok: false, reason: tcpFailures[error.code ?? ""] ?? "unreachable", detail: words(what, error) });
    };
    carrier.once("error", fail);
    carrier.once("connect", () => {
      told.done(carrier);
      carrier.off("error", fail);
    });
  };
  if (target.uplink === undefined) begin();
  else {
    const refuse = (why: string): void => told.failed({ ok: false, reason: "unreachable", detail: `${what}: ${why}` });
    sourceOf(target.uplink, family).then(
      (source) => (source.ok ? begin(source.address) : refuse(source.why)),
      (error: Error) => refuse(error.message),
    );
  }
  return () => {
    isOver = true;
    if (socket !== undefined) abandon(socket);
  };
}

/** Begins TLS over a stream; the returned function drops both. */
function secure(carrier: Duplex, session: TlsSession, what: string, told: Told<tls.TLSSocket>): () => void {
  let stream: tls.TLSSocket;
  try {
    stream = beginTls(carrier, session);
  } catch (error) {
    // Our own certificate or its key; what OpenSSL says of them names no content.
    told.failed({ ok: false, reason: "tls.failed", detail: `${what}: own certificate: ${(error as Error).message}` });
    abandon(carrier);
    return () => {};
  }
  const fail = (error: NodeJS.ErrnoException): void => {
    told.failed({ ok: false, reason: tlsFailures[error.code ?? ""] ?? "tls.failed", detail: words(what, error) });
    abandon(stream);
  };
  stream.once("error", fail);
  stream.once("secureConnect", () => {
    told.done(stream);
    stream.off("error", fail);
  });
  return () => abandon(stream);
}

function beginTls(carrier: Duplex, session: TlsSession): tls.TLSSocket {
  const isLiteral = isIP(session.serverName) !== 0;
  const options = {
    socket: carrier,
    // The name to verify; RFC 6066 section 3 allows no literal in SNI.
    host: session.serverName,
    servername: isLiteral ? "" : session.serverName,
    secureContext: secureContext(session),
    // Node's own default may be switched off by a variable of the environment.
    rejectUnauthorized: true,
    // Known to tls.connect, but not to its types.
    highWaterMark: highWaterMarkBytes,
  };
  return tls.connect(options);
}

function connect(target: TcpTarget, localAddress: string | undefined): CarrierSocket {
  // Node reads the socket settings here and not where it connects [tried with 24.21].
  const settings = { allowHalfOpen: true, highWaterMark: highWaterMarkBytes, ...socketSettings };
  const socket = new CarrierSocket(settings);
  const source = localAddress === undefined ? {} : { localAddress };
  socket.connect({ host: target.address, port: target.port, ...source });
  return socket;
}

/** Drops a stream whose wait is over, with no error left to surface. */
function abandon(stream: Duplex | Socket): void {
  stream.on("error", () => {});
  stream.destroy();
}

function describe({ address, port }: TcpTarget): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Node adds advice for programmers behind a semicolon. */
function words(what: string, error: NodeJS.ErrnoException): string {
  const [fact = error.code] = error.message.split("; ");
  return `${what}: ${fact}`;
}
