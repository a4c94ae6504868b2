// A second device with the identity and login of the gateway, as a board has whose card was copied.
import type { Clock, Connection, Network, TimerHandle } from "#hardware/ports.ts";

const dialTimeoutMs = 10_000;
const keepAliveS = 60;
const pingEveryMs = 30_000;
const pingRequest = Uint8Array.of(0xc0, 0x00);

export interface MqttDoubleOptions {
  readonly network: Network;
  readonly clock: Pick<Clock, "setTimeout" | "clearTimeout">;
  readonly broker: { readonly host: string; readonly port: number; readonly authorities: readonly string[] };
  readonly login: { readonly clientId: string; readonly user: string; readonly password: string };
  /** How long it waits before it connects again, in ms. */
  readonly againAfterMs: number;
}

/** Connects at once and again after each end, until stopped. It never subscribes, so that no operation is for it. */
export class MqttDouble {
  readonly #options: MqttDoubleOptions;
  readonly #stopping = new AbortController();
  #connection: Connection | undefined;
  #timer: TimerHandle | undefined;
  #timesIn = 0;

  constructor(options: MqttDoubleOptions) {
    this.#options = options;
  }

  /** How often the broker has let it in. */
  get timesIn(): number {
    return this.#timesIn;
  }

  start(): void {
    void this.#connect(); // never rejects: outcomes of the network are values
  }

  stop(): void {
    this.#stopping.abort();
    this.#options.clock.clearTimeout(this.#timer);
    this.#connection?.stream.end();
    this.#connection?.stream.destroy();
  }

  async #connect(): Promise<void> {
    const { network, broker } = this.#options;
    const wait = { timeoutMs: dialTimeoutMs, signal: this.#stopping.signal };
    const resolved = await network.resolve(broker.host, wait);
    const address = resolved.ok ? resolved.addresses[0] : undefined;
    if (address === undefined) return this.#again();
    const target = { address, port: broker.port, serverName: broker.host, extraAuthorities: broker.authorities };
    const dialled = await network.dialTls(target, wait);
    if (!dialled.ok) return this.#again();
    if (this.#stopping.signal.aborted) return dialled.connection.reset();
    this.#talk(dialled.connection);
  }

  #talk(connection: Connection): void {
    const { clock, login } = this.#options;
    const { stream } = connection;
    this.#connection = connection;
    const ping = (): void => {
      stream.write(pingRequest);
      this.#timer = clock.setTimeout(ping, pingEveryMs);
    };
    stream.on("error", () => undefined); // `close` follows
    stream.once("data", (answer: Uint8Array) => {
      // CONNACK with return code 0.
      if (answer[0] !== 0x20 || answer[3] !== 0) return void stream.end();
      this.#timesIn += 1;
      this.#timer = clock.setTimeout(ping, pingEveryMs);
    });
    stream.once("end", () => stream.end());
    stream.once("close", () => this.#again());
    stream.write(connectPacket(login));
  }

  #again(): void {
    const { clock, againAfterMs } = this.#options;
    this.#connection = undefined;
    clock.clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted) return;
    this.#timer = clock.setTimeout(() => void this.#connect(), againAfterMs);
  }
}

/** MQTT 3.1.1, clean, with user name and password (3.1 of the standard). */
function connectPacket({ clientId, user, password }: MqttDoubleOptions["login"]): Uint8Array {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
  };
  const flags = Buffer.from([4, 0b1100_0010, keepAliveS >> 8, keepAliveS & 0xff]);
  const body = Buffer.concat([text("MQTT"), flags, text(clientId), text(user), text(password)]);
  return Buffer.concat([Buffer.from([0x10, ...lengthBytes(body.length)]), body]);
}

function lengthBytes(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    const rest = Math.floor(left / 128);
    bytes.push((left % 128) | (rest > 0 ? 0x80 : 0));
    left = rest;
  } while (left > 0);
  return bytes;
}
