// Opens TCP connections, and TLS over them with the system's authorities and extra ones.
import { isIP, type Socket } from "node:net";
import * as tls from "node:tls";
import type { DialFailure, DialOutcome, TcpTarget, TlsTarget, WaitOptions } from "../ports.ts";
import { CarrierSocket, createConnection, highWaterMarkBytes, socketSettings } from "./connection.ts";
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

/** Contexts kept: one holds some 150 parsed certificates, and a gateway knows one set of extra authorities. */
const contextsMax = 4;
const contexts = new Map<string, tls.SecureContext>();

export function dialTcp(target: TcpTarget, options: WaitOptions): Promise<DialOutcome> {
  const what = describe(target);
  return waitFor<DialOutcome>(options, what, (done) => {
    const socket = connect(target);
    const fail = (error: NodeJS.ErrnoException): void => {
      done({ ok: false, reason: tcpFailures[error.code ?? ""] ?? "unreachable", detail: words(what, error) });
    };
    socket.once("error", fail);
    socket.once("connect", () => {
      const connection = createConnection(socket);
      socket.off("error", fail);
      done({ ok: true, connection });
    });
    return () => abandon(socket);
  });
}

export function dialTls(target: TlsTarget, options: WaitOptions): Promise<DialOutcome> {
  const what = describe(target);
  return waitFor<DialOutcome>(options, what, (done) => {
    const carrier = connect(target);
    let secured: tls.TLSSocket | undefined;
    const fail = (error: NodeJS.ErrnoException): void => {
      // Until TCP stands its failures are TCP's; afterwards whatever is not known by name is a failure of TLS.
      const rest = secured === undefined ? "unreachable" : "tls.failed";
      done({ ok: false, reason: tlsFailures[error.code ?? ""] ?? rest, detail: words(what, error) });
      abandon(secured ?? carrier);
    };
    carrier.once("error", fail);
    carrier.once("connect", () => {
      const stream = startTls(carrier, target);
      secured = stream;
      // From here on the carrier's failures are told by the TLS socket.
      carrier.off("error", fail);
      carrier.on("error", () => {});
      stream.once("error", fail);
      stream.once("secureConnect", () => {
        const connection = createConnection(stream, carrier);
        stream.off("error", fail);
        done({ ok: true, connection });
      });
    });
    return () => abandon(secured ?? carrier);
  });
}

function startTls(carrier: Socket, target: TlsTarget): tls.TLSSocket {
  const isLiteral = isIP(target.serverName) !== 0;
  const options = {
    socket: carrier,
    // The name to verify; RFC 6066 section 3 allows no literal in SNI.
    host: target.serverName,
    servername: isLiteral ? "" : target.serverName,
    secureContext: secureContext(target.extraAuthorities ?? []),
    // Node's own default may be switched off by a variable of the environment.
    rejectUnauthorized: true,
    // Known to tls.connect, but not to its types.
    highWaterMark: highWaterMarkBytes,
  };
  return tls.connect(options);
}

function secureContext(extraAuthorities: readonly string[]): tls.SecureContext {
  const key = extraAuthorities.join("\n");
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const system = new Set([...tls.getCACertificates("default"), ...tls.getCACertificates("system")]);
  const context = tls.createSecureContext({ ca: [...system, ...extraAuthorities], minVersion: "TLSv1.2" });
  const [oldest] = contexts.keys();
  if (contexts.size >= contextsMax && oldest !== undefined) contexts.delete(oldest);
  contexts.set(key, context);
  return context;
}

function connect(target: TcpTarget): CarrierSocket {
  if (isIP(target.address) === 0) throw new TypeError(`not an IP literal: ${target.address}`);
  // Node reads the socket settings here and not where it connects [tried with 24.21].
  const settings = { allowHalfOpen: true, highWaterMark: highWaterMarkBytes, ...socketSettings };
  const socket = new CarrierSocket(settings);
  socket.connect({ host: target.address, port: target.port });
  return socket;
}

/** Drops a socket whose wait is over, with no error left to surface. */
function abandon(socket: Socket): void {
  socket.on("error", () => {});
  socket.destroy();
}

function describe({ address, port }: TcpTarget): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Node adds advice for programmers behind a semicolon. */
function words(what: string, error: NodeJS.ErrnoException): string {
  const [fact = error.code] = error.message.split("; ");
  return `${what}: ${fact}`;
}
