// The machine that the cloud runs on: its ports, its certificate, and the program behind them, which may be restarted.
import type { Connection, Listener } from "#hardware/ports.ts";
import type { SimulatedCertificate } from "../network/certificate.ts";
import type { SimulatedHost } from "../network/host.ts";
import type { SimulatedClock } from "../simulated-clock.ts";
import type { CloudPeer, CloudProgram, StartCloud } from "./programs.ts";

export const httpsPort = 8443;
export const mqttsPort = 8883;
/** The cloud promises to stop within 5 s. */
const stopMs = 6000;

export interface CloudServerOptions {
  readonly clock: SimulatedClock;
  readonly host: SimulatedHost;
  readonly start: StartCloud;
  readonly certificate: SimulatedCertificate;
}

export class CloudServer {
  /** What is shown to who connects from now on. */
  certificate: SimulatedCertificate;
  readonly #options: CloudServerOptions;
  #program: CloudProgram | undefined;
  #listeners: readonly Listener[] = [];

  constructor(options: CloudServerOptions) {
    this.#options = options;
    this.certificate = options.certificate;
  }

  get program(): CloudProgram | undefined {
    return this.#program;
  }

  get isRunning(): boolean {
    return this.#program !== undefined;
  }

  async start(): Promise<void> {
    if (this.#program !== undefined) return;
    const program = await this.#options.clock.until(this.#options.start(), { what: "the cloud to start" });
    this.#program = program;
    this.#listeners = [
      await this.#listen(httpsPort, (connection, peer) => program.handleHttp(connection.stream, peer)),
      await this.#listen(mqttsPort, (connection, peer) => program.handleMqtt(connection.stream, peer)),
    ];
  }

  /** `hard`: as by kill -9; the system closes what the process had open. */
  async stop({ hard }: { readonly hard: boolean }): Promise<void> {
    const program = this.#program;
    if (program === undefined) return;
    this.#program = undefined;
    if (hard) program.kill();
    else await this.#options.clock.until(program.stop(), { what: "the cloud to stop", limitMs: stopMs });
    for (const listener of this.#listeners) await listener.close();
    this.#listeners = [];
  }

  async #listen(port: number, serve: (connection: Connection, peer: CloudPeer) => void): Promise<Listener> {
    const certificate = () => this.certificate;
    const options = { address: "0.0.0.0", port, certificate, asksForClientCertificate: true };
    const outcome = await this.#options.host.listenTls(options, (connection, { clientCertificateChain }) =>
      serve(connection, {
        address: connection.remoteAddress,
        port: connection.remotePort,
        localPort: port,
        isEncrypted: true,
        ...(clientCertificateChain === undefined ? {} : { clientCertificateChain }),
      }),
    );
    if (!outcome.ok) throw new Error(`The cloud cannot listen on port ${port}: ${outcome.detail}`);
    return outcome.listener;
  }
}
