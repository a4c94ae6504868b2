// What crosses one connection without a longer silence, as one row of a sequence diagram.
import type { DeliveryEntry, StampedEntry } from "../../record/event-log.ts";
import { byteCount } from "../words.ts";
import { endsOf } from "./lanes.ts";

/** Most bytes of a small exchange. */
const quietBytesMax = 40;

export interface ExchangeRow {
  readonly kind: "exchange";
  readonly atMs: number;
  readonly toMs: number;
  readonly from: string;
  readonly to: string;
  readonly isBothWays: boolean;
  readonly isBroken: boolean;
  readonly isUnanswered: boolean;
  readonly isQuiet: boolean;
  /** Dialler; arrows in the text are as if it stood on the left. */
  readonly client: string;
  readonly connection: string;
  readonly port: number;
  readonly text: string;
}

/** What crosses one connection without a longer silence. */
export class Burst {
  readonly connection: string;
  readonly #atMs: number;
  readonly #client: string;
  readonly #server: string;
  readonly #port: number;
  lastMs: number;
  #up = { bytes: 0, deliveries: 0 };
  #down = { bytes: 0, deliveries: 0 };
  #words = new Set<DeliveryEntry["delivery"]>();
  #last: "up" | "down" = "up";

  constructor(entry: StampedEntry & DeliveryEntry) {
    this.connection = entry.connection;
    this.#atMs = entry.atMs;
    this.lastMs = entry.atMs;
    const { client, server, port } = endsOf(entry.connection);
    this.#client = client;
    this.#server = server;
    this.#port = port;
    this.take(entry);
  }

  take({ atMs, from, bytes, delivery }: StampedEntry & DeliveryEntry): void {
    this.lastMs = atMs;
    this.#last = from === this.#client ? "up" : "down";
    const side = this.#last === "up" ? this.#up : this.#down;
    side.bytes += bytes;
    if (delivery === "bytes") side.deliveries += 1;
    this.#words.add(delivery);
  }

  row(): ExchangeRow {
    const hasUp = this.#up.deliveries > 0;
    const hasDown = this.#down.deliveries > 0;
    const isUp = hasUp || (!hasDown && this.#last === "up") || this.#words.has("open");
    return {
      kind: "exchange",
      atMs: this.#atMs,
      toMs: this.lastMs,
      from: isUp ? this.#client : this.#server,
      to: isUp ? this.#server : this.#client,
      isBothWays: (hasUp && hasDown) || (this.#words.has("accept") && hasDown),
      isBroken: this.#words.has("reset") || this.#words.has("refuse"),
      isUnanswered: this.#words.has("open") && !this.#words.has("accept") && !this.#words.has("refuse"),
      client: this.#client,
      connection: this.connection,
      port: this.#port,
      isQuiet: this.#isQuiet,
      text: this.#text(),
    };
  }

  /** So few bytes on a connection that stands are often no more than a sign of life. */
  get #isQuiet(): boolean {
    return [...this.#words].every((word) => word === "bytes") && this.#up.bytes + this.#down.bytes <= quietBytesMax;
  }

  #text(): string {
    const words = this.#words;
    const pieces = this.#up.deliveries + this.#down.deliveries;
    const opening = !words.has("open")
      ? []
      : words.has("accept")
        ? ["connects"]
        : words.has("refuse")
          ? []
          : ["connects, unanswered"];
    const arrows = [
      ...(this.#up.bytes > 0 ? [`\u2192 ${byteCount(this.#up.bytes)}`] : []),
      ...(this.#down.bytes > 0 ? [`\u2190 ${byteCount(this.#down.bytes)}`] : []),
    ];
    const bytes = arrows.length === 0 ? [] : [`${arrows.join(" ")}${pieces > 9 ? ` in ${pieces}` : ""}`];
    const ending = words.has("refuse")
      ? ["refused"]
      : words.has("reset")
        ? ["reset"]
        : words.has("end")
          ? ["ends"]
          : [];
    return `${portName(this.#port)} ${[...opening, ...bytes, ...ending].join(", ")}`;
  }
}

const portNames: Readonly<Record<number, string>> = {
  22: "SSH",
  23: "Telnet",
  502: "Modbus",
  3128: "proxy",
  5900: "VNC",
  8443: "HTTPS",
  8883: "MQTT",
};

export function portName(port: number): string {
  return portNames[port] ?? `port ${port}`;
}
