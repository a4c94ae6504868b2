// TLS towards a panel, as its client, over any stream; the certificate is shown to the caller, who decides before a byte passes.
import { constants } from "node:crypto";
import { createSecureContext, TLSSocket } from "node:tls";
import type { PanelTlsKind, PanelTlsOpener, PanelTlsStream } from "../remote-access/protocols/panel-tls-port.ts";

/**
 * VeNCrypt's TLS subtypes without a certificate: key agreements that prove nothing, which TLS 1.3 and OpenSSL's default
 * level no longer have. They keep listeners out, and nobody who stands in between.
 */
const anonymousCiphers = "AECDH-AES256-SHA:ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:ADH-AES256-SHA256:@SECLEVEL=0";

/** What Node's own `tls.connect` calls where it is given a stream; nothing else begins a client's handshake. */
interface Startable {
  _start(): void;
}

export const openPanelTls: PanelTlsOpener = (stream, kind, events) => {
  const socket = new TLSSocket(stream, { isServer: false, secureContext: contextOf(kind) });
  socket.on("error", (error) => events.failed(error.message));
  // A socket that `tls.connect` did not make tells of a broken record only so.
  socket.on("_tlsError", (error: Error) => events.failed(error.message));
  socket.once("secure", () => {
    const der = socket.getPeerX509Certificate()?.raw;
    if (kind === "x509" && der === undefined) events.failed("the panel showed no certificate");
    else events.secured(kind === "x509" ? der : undefined);
  });
  socket.once("end", () => events.ended());
  // Nothing is read before the caller has judged the certificate.
  socket.pause();
  (socket as unknown as Startable)._start();
  return streamOf(socket, events.received);
};

function streamOf(socket: TLSSocket, received: (bytes: Uint8Array) => void): PanelTlsStream {
  return {
    get heldBytes() {
      return socket.readableLength + socket.writableLength;
    },
    get waitingBytes() {
      return socket.writableLength;
    },
    start: () => {
      socket.on("data", received);
      socket.resume();
    },
    write: (bytes, taken) => void socket.write(bytes, taken),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

function contextOf(kind: PanelTlsKind) {
  // A second handshake would show another certificate than the one that was judged, and each costs more than a panel pays.
  const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
  return kind === "anonymous"
    ? createSecureContext({ minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ciphers: anonymousCiphers, secureOptions })
    : createSecureContext({ minVersion: "TLSv1.2", secureOptions });
}
