// What stands before the cloud of a run on real sockets: a TLS port for each way in, certificates, and the program behind.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { CertificateFlaw } from "../faults/fault.ts";
import type { CloudProgram } from "../site/programs.ts";
import type { EventConnection } from "../triggers/protocol-event.ts";
import type { RealClock } from "./real-clock.ts";
import type { RelayNetwork } from "./relay-network.ts";
import { loopback } from "./relay-port.ts";
import type { RunAuthority } from "./run-authority.ts";
import { clientCertificateChain, secureAsServer } from "./serve-tls.ts";
import { TappedStream } from "./tapped-stream.ts";

export type Service = "https" | "mqtts";

export interface FrontDoor {
  readonly service: Service;
  /** The host whose connections come in here, and the address by which the cloud knows it. */
  readonly from: string;
  readonly address: string;
  /** The port as the site knows it. */
  readonly servicePort: number;
}

export interface CloudFrontOptions {
  readonly clock: RealClock;
  readonly relays: RelayNetwork;
  readonly authority: RunAuthority;
}

interface OpenDoor {
  readonly door: FrontDoor;
  readonly server: Server;
  readonly port: number;
}

/** The doors stay for the whole run: while the program is down its relays refuse. */
export class CloudFront {
  readonly #options: CloudFrontOptions;
  readonly #doors: OpenDoor[] = [];
  readonly #open = new Map<Socket, { readonly service: Service; secured: TLSSocket | undefined }>();
  #program: CloudProgram | undefined;

  constructor(options: CloudFrontOptions) {
    this.#options = options;
  }

  /** The port of loopback on which the door stands. */
  async openDoor(door: FrontDoor): Promise<number> {
    // As the product's own listeners have it: MQTT ends both ways at once.
    const settings = { allowHalfOpen: door.service === "https", noDelay: true };
    const server = createServer(settings, (socket) => void this.#enters(socket, door));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: loopback, port: 0 }, resolve);
    });
    const { port } = server.address() as AddressInfo;
    this.#doors.push({ door, server, port });
    return port;
  }

  get program(): CloudProgram | undefined {
    return this.#program;
  }

  serves(program: CloudProgram | undefined): void {
    this.#program = program;
  }

  /** Ends the MQTT connections in order and without a word, as a broker of 3.1.1 does. */
  kickBroker(): void {
    for (const { service, secured } of this.#open.values()) if (service === "mqtts") secured?.destroySoon();
  }

  /** Breaks off what is still open, as the system does for a program that is gone. */
  dropAll(): void {
    // TLS before what it stands on: the other way round frees memory from which the system still writes.
    for (const [socket, { secured }] of this.#open) (secured ?? socket).destroy();
  }

  async close(): Promise<void> {
    this.dropAll();
    await Promise.all(this.#doors.map(({ server }) => new Promise((done) => server.close(done))));
  }

  async #enters(socket: Socket, door: FrontDoor): Promise<void> {
    const { clock, relays, authority } = this.#options;
    const entry: { readonly service: Service; secured: TLSSocket | undefined } = {
      service: door.service,
      secured: undefined,
    };
    this.#open.set(socket, entry);
    socket.on("error", () => undefined); // `close` follows
    socket.once("close", () => this.#open.delete(socket));
    let flaw: CertificateFlaw | undefined;
    const show = (asked: CertificateFlaw): void => {
      flaw = asked;
    };
    relays.offerCertificate({ from: door.from, to: "cloud", port: door.servicePort, show });
    const protocols = door.service === "https" ? ["http/1.1"] : undefined;
    const secured = await secureAsServer(socket, {
      clock,
      context: authority.context(flaw),
      asksForClientCertificate: true,
      ...(protocols === undefined ? {} : { protocols }),
    });
    if (secured === undefined) return;
    entry.secured = secured;
    if (this.#program === undefined) {
      secured.destroy();
      return;
    }
    const chain = clientCertificateChain(secured);
    const stream = this.#listenIn(secured, door);
    const peer = {
      address: door.address,
      port: socket.remotePort ?? 0,
      localPort: door.servicePort,
      isEncrypted: true,
      ...(chain === undefined ? {} : { clientCertificateChain: chain }),
    };
    if (door.service === "https") this.#program.handleHttp(stream, peer);
    else this.#program.handleMqtt(stream, peer);
  }

  /** Events of protocols are seen here, where the bytes are in clear: before the program has them, and as it sends them. */
  #listenIn(secured: TLSSocket, door: FrontDoor): TappedStream {
    const { tap } = this.#options.relays;
    const connection: EventConnection = {
      client: { host: door.from, port: secured.remotePort ?? 0 },
      server: { host: "cloud", port: door.servicePort },
    };
    return new TappedStream(secured, {
      read: (bytes) => tap.received(secured, connection, "up", bytes),
      written: (bytes) => tap.received(secured, connection, "down", bytes),
    });
  }
}
