// The cloud of the pictures: greets over HTTPS and HTTP, and lets one MQTT client in at a time, the newest.
import type { Connection, Listener } from "#hardware/ports.ts";
import { authorityPem } from "../../network/certificate.ts";
import type { SimulatedHost } from "../../network/host.ts";
import { cloudName } from "./two-ends.ts";

export const authorities = [authorityPem("Pictures")];
export const ports = { mqtt: 8883, https: 8443, http: 80 } as const;

const connack = Uint8Array.of(0x20, 2, 0, 0);
const lifeMs = 86_400_000;

export class SmallCloud {
  readonly #host: SimulatedHost;
  readonly #bornMs: number;
  #listeners: readonly Listener[] = [];
  #inside: Connection | undefined;

  constructor(host: SimulatedHost, nowMs: number) {
    this.#host = host;
    this.#bornMs = nowMs;
  }

  async start(): Promise<void> {
    const life = { notBeforeMs: this.#bornMs - lifeMs, notAfterMs: this.#bornMs + lifeMs };
    const certificate = () => ({ names: [cloudName], authority: "Pictures", ...life });
    const on = (port: number) => ({ address: "0.0.0.0", port, certificate });
    const outcomes = [
      await this.#host.listenTls(on(ports.mqtt), (connection) => this.#letIn(connection)),
      await this.#host.listenTls(on(ports.https), greet),
      await this.#host.listen({ address: "0.0.0.0", port: ports.http }, greet),
    ];
    this.#listeners = outcomes.flatMap((outcome) => (outcome.ok ? [outcome.listener] : []));
  }

  async stop(): Promise<void> {
    for (const listener of this.#listeners) await listener.close();
    this.#listeners = [];
  }

  #letIn(connection: Connection): void {
    const { stream } = connection;
    stream.on("error", () => undefined); // whoever is gone is gone
    stream.once("end", () => stream.end());
    stream.once("data", () => {
      this.#inside?.stream.destroy();
      this.#inside = connection;
      stream.write(connack);
      stream.resume();
    });
  }
}

function greet({ stream }: Connection): void {
  stream.on("error", () => undefined); // whoever is gone is gone
  stream.end("hello");
}
