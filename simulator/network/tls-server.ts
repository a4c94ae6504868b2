// The listening side of simulated TLS on a host: which certificate is shown to whom, and the handshake with its limit.
import type { Connection } from "#hardware/ports.ts";
import type { CertificateFlaw, StandIn } from "../faults/fault.ts";
import { flawedCertificate, type SimulatedCertificate } from "./certificate.ts";
import { Endpoint } from "./endpoint.ts";
import type { SimulatedNetwork } from "./network.ts";
import { handshakeAsServer } from "./tls.ts";
import { Waits } from "./waits.ts";

/** How long a listener waits for a peer's TLS handshake. */
const serverHandshakeMs = 15_000;
const dayMs = 86_400_000;

export class TlsServer {
  readonly #world: SimulatedNetwork;
  readonly #host: string;
  readonly #waits: Waits;
  readonly #certificates = new Map<number, () => SimulatedCertificate>();

  constructor(world: SimulatedNetwork, host: string) {
    this.#world = world;
    this.#host = host;
    this.#waits = new Waits(world.clock, `TLS handshake on ${host}`);
  }

  /** The certificate of a port, asked for at each handshake. */
  bears(port: number, certificate: () => SimulatedCertificate): void {
    this.#certificates.set(port, certificate);
  }

  /** Secures a connection that has arrived from a host, and hands it on; closes it if nothing comes of that. */
  async take(connection: Connection, from: string, accept: (connection: Connection) => void): Promise<void> {
    const port = connection.localPort;
    let shown = this.#certificateOn(port);
    const show = (flaw: CertificateFlaw): void => {
      shown = flawedCertificate(shown, flaw, this.#world.clock.nowMs());
    };
    this.#world.offerCertificate({ from, to: this.#host, port, show });
    if (await this.#secures(connection, shown)) accept(connection);
    else connection.stream.destroy();
  }

  /** Hands a connection to a program that stands in for the one that was meant. */
  async handTo(standIn: StandIn, connection: Connection): Promise<void> {
    connection.stream.on("error", () => undefined); // whoever stands in has nothing to lose
    if (standIn.certificate !== undefined) {
      const own = this.#certificateOn(connection.localPort);
      const shown = flawedCertificate(own, standIn.certificate, this.#world.clock.nowMs());
      if (!(await this.#secures(connection, shown))) {
        connection.stream.destroy();
        return;
      }
    }
    standIn.serve(connection.stream);
  }

  /** What belongs to a port; one by an authority that nobody knows where no TLS is spoken. */
  #certificateOn(port: number): SimulatedCertificate {
    const nowMs = this.#world.clock.nowMs();
    const own = this.#certificates.get(port)?.();
    const life = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + dayMs };
    return own ?? { names: [this.#host], authority: "Nobody's authority", ...life };
  }

  /** False if the handshake came to nothing within its time. */
  async #secures(connection: Connection, shown: SimulatedCertificate): Promise<boolean> {
    const swallowError = (): void => undefined; // a peer that breaks the handshake off is simply gone
    connection.stream.on("error", swallowError);
    secure(connection, "handshake");
    const isDone = await this.#waits.within(handshakeAsServer(connection.stream, shown), serverHandshakeMs);
    connection.stream.off("error", swallowError);
    if (isDone !== true) return false;
    secure(connection, "open");
    return true;
  }
}

/** From now on TLS looks after what arrives on the connection. */
export function secure(connection: Connection, state: "handshake" | "open"): void {
  if (connection.stream instanceof Endpoint) connection.stream.secure(state);
}
