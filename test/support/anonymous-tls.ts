// TLS of a panel without a certificate (VeNCrypt's TLS subtypes), as its server, over a real socket.
import { constants } from "node:crypto";
import type { Duplex } from "node:stream";
import { createSecureContext, TLSSocket } from "node:tls";

/** Key exchanges that prove nothing, which OpenSSL has at its level 0 only. */
const ciphers = "AECDH-AES256-SHA:ADH-AES256-GCM-SHA384:ADH-AES128-GCM-SHA256:ADH-AES256-SHA256:@SECLEVEL=0";

export function anonymousTls(stream: Duplex): Duplex {
  const secureContext = createSecureContext({
    ...{ minVersion: "TLSv1.2", maxVersion: "TLSv1.2", dhparam: "auto", ciphers },
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  });
  return new TLSSocket(stream, { isServer: true, secureContext });
}
