// The server's side of TLS over a stream that is already there: for the cloud of a run, and for who stands in for it.
import type { Duplex } from "node:stream";
import { type SecureContext, TLSSocket } from "node:tls";
import type { StandIn } from "../faults/fault.ts";
import type { TurningClock } from "./relay-pipe.ts";
import type { RunAuthority } from "./run-authority.ts";

/** How long a peer's TLS handshake may take. */
const handshakeMs = 15_000;

export interface SecureOptions {
  readonly clock: TurningClock;
  readonly context: SecureContext;
  readonly protocols?: readonly string[];
  /** Whoever has no certificate is let in all the same, and whatever is shown: the program behind judges. */
  readonly asksForClientCertificate?: boolean;
}

/** Undefined when the handshake came to nothing within its time; then the stream is destroyed. */
export function secureAsServer(stream: Duplex, options: SecureOptions): Promise<TLSSocket | undefined> {
  const { clock, context, protocols, asksForClientCertificate = false } = options;
  const secured = new TLSSocket(stream, {
    isServer: true,
    secureContext: context,
    ...(protocols === undefined ? {} : { ALPNProtocols: [...protocols] }),
    ...(asksForClientCertificate ? { requestCert: true, rejectUnauthorized: false } : {}),
  });
  return new Promise((resolve) => {
    const settle = (outcome: TLSSocket | undefined): void => {
      clock.clearTimeout(timer);
      if (outcome === undefined) secured.destroy();
      resolve(outcome);
    };
    const timer = clock.setTimeout(() => settle(undefined), handshakeMs);
    secured.on("error", () => settle(undefined)); // for good: `close` follows
    secured.once("close", () => settle(undefined));
    secured.once("secure", () => settle(secured));
  });
}

/** Certificates of a chain that are looked at. */
const chainMax = 10;

/** PEM, the client's own first; undefined where it has shown none. */
export function clientCertificateChain(secured: TLSSocket): string | undefined {
  const chain: string[] = [];
  let certificate = secured.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < chainMax) {
    chain.push(certificate.toString());
    const issuer = certificate.issuerCertificate;
    certificate = issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer;
  }
  return chain.length === 0 ? undefined : chain.join("");
}

/** Speaks with programs that stand in for the one that was meant, over TLS if they want a certificate. */
export function standInServer(clock: TurningClock, authority: () => RunAuthority) {
  return (standIn: StandIn, stream: Duplex): void => {
    stream.on("error", () => undefined); // whoever stands in has nothing to lose
    if (standIn.certificate === undefined) {
      standIn.serve(stream);
      return;
    }
    const context = authority().context(standIn.certificate);
    void secureAsServer(stream, { clock, context }).then((secured) => {
      if (secured !== undefined) standIn.serve(secured);
    });
  };
}
