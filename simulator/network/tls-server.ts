// The listening side of simulated TLS on a host: which certificate is shown to whom, and the handshake with its limit.
import type { Connection } from "#hardware/ports.ts";
import type { CertificateFlaw, StandIn } from "../faults/fault.ts";
import { flawedCertificate, type SimulatedCertificate } from "./certificate.ts";
import { Endpoint } from "./endpoint.ts";
import type { SimulatedNetwork } from "./network.ts";
import { handshakeAsServer, type TlsPeer } from "./tls.ts";
import { Waits } from "./waits.ts";

/** How long a listener waits for a peer's TLS handshake. */
const serverHandshakeMs = 15_000;
const dayMs = 86_400_000;

export type AcceptTls = (connection: Connection, peer: TlsPeer) => void;

/** How a port speaks TLS. */
export interface TlsPort {
  /** Asked for at each handshake. */
  readonly certificate: () => SimulatedCertificate;
  readonly asksForClientCertificate?: boolean;
}

export class TlsServer {
  readonly #world: SimulatedNetwork;
  readonly #host: string;
  readonly #waits: Waits;
  readonly #ports = new Map<number, TlsPort>();

  constructor(world: SimulatedNetwork, host: string) {
    this.#world = world;
    this.#host = host;
    this.#waits = new Waits(world.clock, `TLS handshake on ${host}`);
  }

  speaksOn(port: number, how: TlsPort): void {
    this.#ports.set(port, how);
  }

  /** Secures a connection that has arrived from a host, and hands it on; closes it if nothing comes of that. */
  async take(connection: Connection, from: string, accept: AcceptTls): Promise<void> {
    const port = connection.localPort;
    let shown = this.#certificateOn(port);
    const show = (flaw: CertificateFlaw): void => {
      shown = flawedCertificate(shown, flaw, this.#world.clock.nowMs());
    };
    this.#world.offerCertificate({ from, to: this.#host, port, show });
    const peer = await this.#secures(connection, shown);
    if (peer !== undefined) accept(connection, peer);
    else connection.stream.destroy();
  }

  /** Hands a connection to a program that stands in for the one that was meant. */
  async handTo(standIn: StandIn, connection: Connection): Promise<void> {
    connection.stream.on("error", () => undefined); // whoever stands in has nothing to lose
    if (standIn.certificate !== undefined) {
      const own = this.#certificateOn(connection.localPort);
      const shown = flawedCertificate(own, standIn.certificate, this.#world.clock.nowMs());
      if ((await this.#secures(connection, shown)) === undefined) {
        connection.stream.destroy();
        return;
      }
    }
    standIn.serve(connection.stream);
  }

  /** What belongs to a port; one by an authority that nobody knows where no TLS is spoken. */
  #certificateOn(port: number): SimulatedCertificate {
    const nowMs = this.#world.clock.nowMs();
    const own = this.#ports.get(port)?.certificate();
    const life = { notBeforeMs: nowMs - dayMs, notAfterMs: nowMs + dayMs };
    return own ?? { names: [this.#host], authority: "Nobody's authority", ...life };
  }

  /** Undefined if the handshake came to nothing within its time. */
  async #secures(connection: Connection, shown: SimulatedCertificate): Promise<TlsPeer | undefined> {
    const swallowError = (): void => undefined; // a peer that breaks the handshake off is simply gone
    connection.stream.on("error", swallowError);
    secure(connection, "handshake");
    const { asksForClientCertificate = false } = this.#ports.get(connection.localPort) ?? {};
    const handshake = handshakeAsServer(connection.stream, shown, { asksForClientCertificate });
    const peer = await this.#waits.within(handshake, serverHandshakeMs);
    connection.stream.off("error", swallowError);
    if (peer === undefined || typeof peer === "string") return undefined;
    secure(connection, "open");
    return peer;
  }
}

/** From now on TLS looks after what arrives on the connection. */
export function secure(connection: Connection, state: "handshake" | "open"): void {
  if (connection.stream instanceof Endpoint) connection.stream.secure(state);
}
