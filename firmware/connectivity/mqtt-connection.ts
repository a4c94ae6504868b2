// One MQTT 3.1.1 connection over the network port: mqtt.js with its reconnecting off and its timers on our clock.
import type { Duplex } from "node:stream";
import { MqttClient } from "mqtt";
import type { ClientCertificate, Clock, Hardware, TimerHandle } from "#hardware/ports.ts";
import { codeOf, messageOf } from "../errors.ts";
import type { CloudPort } from "./dial-cloud.ts";
import type { LastWill } from "./last-will.ts";
import { type MqttLink, openMqttLink } from "./mqtt-link.ts";
import { SilenceWatch } from "./mqtt-silence.ts";
import { type MqttWay, type MqttWays, tlsOnly } from "./mqtt-ways.ts";
import { type OfflineReason, refusalReason } from "./offline-reason.ts";
import { repeatingTimer } from "./repeating-timer.ts";

export interface MqttLogin {
  readonly clientId: string;
  /** `<tenant>/<user>`; absent where a certificate says who it is. */
  readonly user?: string;
  /** A secret. */
  readonly password?: string;
  /** Shown in TLS. */
  readonly clientCertificate?: ClientCertificate;
  /** End of its validity, in ms since the Unix epoch. */
  readonly certificateNotAfterMs?: number;
  /** Published by the cloud when the connection ends without a DISCONNECT. */
  readonly will?: LastWill;
}

export interface MqttEvents {
  connected(way: MqttWay): void;
  message(topic: string, payload: Uint8Array): void;
  /** Exactly once, unless `abandon` was called. The detail is for the log. */
  closed(reason: OfflineReason, detail?: string, next?: NextTry): void;
}

/** `soon`: what was tried looks blocked, and the next try takes the other way: it belongs to this one. */
export type NextTry = "soon";

export interface MqttConnection {
  /**
   * True once the cloud has acknowledged it (QoS 1) or it is on its way (QoS 0), false when the connection ended before.
   * The caller limits how many of QoS 1 are unacknowledged.
   */
  publish(topic: string, payload: string, qos: 0 | 1): Promise<boolean>;
  /** One filter per SUBSCRIBE (protocol.md 1.1). */
  subscribe(topic: string, qos: 0 | 1): Promise<"granted" | "refused" | "lost">;
  /** Says DISCONNECT and closes; `closed` follows within `endLimitMs`. */
  end(): void;
  /** Breaks it off and reports `closed` with this reason. */
  fail(reason: OfflineReason): void;
  /** Resets the socket and clears the timers; nothing is reported any more. */
  abandon(): void;
}

/** Longest wait for TCP and TLS together. */
export const dialLimitMs = 15_000;
/** The same where another way is tried if this one looks blocked: both together must leave the gateway time to be back in a minute. */
export const firstWayLimitMs = 10_000;
/** Announced in CONNECT, so that the cloud notices a dead gateway soon too. */
export const keepAliveS = 15;
export const endLimitMs = 1_000;
/** Most bytes of one incoming packet: operations are far smaller (protocol.md 1.1). */
export const packetBytesMax = 256 * 1024;

/** Of "HTTP/1.1 400 Bad Request", which is what a web server says to a CONNECT. */
const httpFirstByte = 0x48;

type MqttHardware = Pick<Hardware, "clock" | "network" | "random">;

/** A port alone is reached over TLS; of several ways the one is taken that is due, and they learn what came of it. */
export function openMqtt(
  hardware: MqttHardware,
  cloud: CloudPort | MqttWays,
  login: MqttLogin,
  events: MqttEvents,
): MqttConnection {
  const session = new MqttSession(hardware, "next" in cloud ? cloud : tlsOnly(cloud), login, events);
  void session.dial();
  return session;
}

class MqttSession implements MqttConnection {
  readonly #hardware: MqttHardware;
  readonly #clock: Clock;
  readonly #ways: MqttWays;
  readonly #way: MqttWay;
  readonly #dialLimitMs: number;
  readonly #port: CloudPort;
  readonly #login: MqttLogin;
  readonly #events: MqttEvents;
  readonly #dialing = new AbortController();
  readonly #pending = new Set<() => void>();
  readonly #silence: SilenceWatch;
  #client: MqttClient | undefined;
  #link: MqttLink | undefined;
  #timer: TimerHandle | undefined;
  #packetBytes = 0;
  #hasBeenConnected = false;
  #isOver = false;
  #reason: OfflineReason | undefined;
  #detail: string | undefined;

  constructor(hardware: MqttHardware, ways: MqttWays, login: MqttLogin, events: MqttEvents) {
    this.#hardware = hardware;
    this.#clock = hardware.clock;
    this.#ways = ways;
    this.#login = login;
    this.#events = events;
    this.#silence = new SilenceWatch(hardware.clock, {
      ping: () => {
        if (this.#client?.connected !== true) return false;
        this.#client.sendPing();
        return true;
      },
      silent: () => this.#close("mqtt.keep-alive"),
    });
    const { clientCertificate } = login;
    const { way, port, hasOther = false } = ways.next({ hasCertificate: clientCertificate !== undefined });
    this.#way = way;
    this.#dialLimitMs = hasOther ? firstWayLimitMs : dialLimitMs;
    this.#port = clientCertificate === undefined ? port : { ...port, clientCertificate };
  }

  async dial(): Promise<void> {
    const options = { timeoutMs: this.#dialLimitMs, signal: this.#dialing.signal };
    try {
      const target = { way: this.#way, port: this.#port, messageBytesMax: packetBytesMax };
      const outcome = await openMqttLink(this.#hardware, target, options);
      if (this.#isOver) {
        if (outcome.ok) outcome.connection.reset();
      } else if (outcome.ok) {
        this.#start(outcome);
      } else {
        this.#close(outcome.reason === "aborted" ? "internal.error" : outcome.reason, outcome.detail);
      }
    } catch (error) {
      this.#close("internal.error", messageOf(error));
    }
  }

  publish(topic: string, payload: string, qos: 0 | 1): Promise<boolean> {
    return this.#answered(false, (client, done) => {
      client.publish(topic, payload, { qos }, (error) => done(error === null || error === undefined));
    });
  }

  subscribe(topic: string, qos: 0 | 1): Promise<"granted" | "refused" | "lost"> {
    return this.#answered<"granted" | "refused" | "lost">("lost", (client, done) => {
      client.subscribe(topic, { qos }, (error, granted) => {
        // An error without an answer means that the connection went away: `#close` has the last word then.
        const isRefused = error !== null || granted === undefined || granted.some((each) => each.qos >= 128);
        done(isRefused ? (client.connected ? "refused" : "lost") : "granted");
      });
    });
  }

  end(): void {
    const client = this.#client;
    if (client === undefined || !client.connected) {
      this.fail("mqtt.closed");
      return;
    }
    this.#reason ??= "mqtt.closed";
    client.end(false);
    this.#silence.stop();
    this.#timer = this.#clock.setTimeout(() => this.#link?.stream.destroy(), endLimitMs);
  }

  fail(reason: OfflineReason): void {
    this.#close(reason);
  }

  abandon(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // First, or the library would close the connection in order.
    this.#link?.connection.reset();
    this.#release();
  }

  #start(link: MqttLink): void {
    this.#link = link;
    const { stream } = link;
    this.#watchBytes(stream);
    const client = new MqttClient(() => stream, {
      clientId: this.#login.clientId,
      ...(this.#login.user === undefined ? {} : { username: this.#login.user }),
      ...(this.#login.password === undefined ? {} : { password: this.#login.password }),
      ...(this.#login.will === undefined ? {} : { will: willOf(this.#login.will) }),
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      keepalive: keepAliveS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      timerVariant: repeatingTimer(this.#clock),
      // Its own limit for the CONNACK runs on the global clock: longer than ours, which decides.
      connectTimeout: 2 ** 31 - 1,
      // The library's debug log would print passwords where the environment asks for it.
      log: () => {},
    });
    this.#client = client;
    client.on("connect", () => this.#connected());
    client.on("message", (topic, payload) => {
      if (!this.#isOver) this.#events.message(topic, payload);
    });
    client.on("packetreceive", (packet) => {
      this.#silence.heard();
      this.#packetBytes = 0;
      if (packet.cmd === "connack" && this.#hasBeenConnected) this.#noteSecondConnack(packet.returnCode ?? 0);
    });
    client.on("error", (error) => this.#noteError(error));
    client.on("close", () => this.#close(this.#reason ?? "mqtt.closed", this.#detail));
    // The port leaves our side open when the peer ends; MQTT has no use for half a connection.
    stream.once("end", () => stream.destroy());
  }

  #connected(): void {
    if (this.#isOver || this.#hasBeenConnected) return;
    this.#hasBeenConnected = true;
    this.#ways.tried(this.#way, undefined);
    this.#silence.start();
    this.#events.connected(this.#way);
  }

  /** How the platform ends a session with a reason (protocol.md 1.3); the library then says only that there were two. */
  #noteSecondConnack(returnCode: number): void {
    if (this.#reason !== undefined || returnCode === 0) return;
    this.#reason = refusalReason(returnCode);
    this.#detail = `the cloud ended the session with CONNACK ${returnCode}`;
  }

  #noteError(error: Error): void {
    const code = "code" in error ? error.code : undefined;
    if (this.#reason === undefined) {
      this.#reason = this.#reasonOf(code, error);
      this.#detail = messageOf(error);
    }
    this.#link?.stream.destroy();
  }

  #reasonOf(code: unknown, error: Error): OfflineReason {
    if (typeof code === "number") return code >= 1 && code <= 5 ? refusalReason(code) : "mqtt.malformed";
    switch (codeOf(error)) {
      case undefined:
        return "mqtt.malformed";
      case "ETIMEDOUT":
        return "timeout";
      default:
        return "reset";
    }
  }

  /** mqtt-packet gathers a packet of up to 256 MiB before it tells of it, and has no word for what is not MQTT at all. */
  #watchBytes(stream: Duplex): void {
    stream.once("data", ([first]: Uint8Array) => {
      // No packet begins with this letter: PUBACK has no flags (MQTT 3.1.1 section 2.2.2). A gateway's first is CONNACK.
      if (first === httpFirstByte) this.#close("mqtt.http-answer", "what answers is an HTTP server");
    });
    stream.on("data", (chunk: Uint8Array) => {
      this.#packetBytes += chunk.length;
      if (this.#packetBytes > packetBytesMax) {
        this.#close("mqtt.malformed", `a packet of more than ${packetBytesMax} bytes`);
      }
    });
  }

  #answered<A>(whenLost: A, ask: (client: MqttClient, done: (answer: A) => void) => void): Promise<A> {
    return new Promise((resolve) => {
      const client = this.#client;
      if (this.#isOver || client === undefined) return resolve(whenLost);
      const lose = (): void => resolve(whenLost);
      this.#pending.add(lose);
      ask(client, (answer) => {
        this.#pending.delete(lose);
        resolve(answer);
      });
    });
  }

  #close(reason: OfflineReason, detail?: string): void {
    if (this.#isOver) return;
    if (!this.#hasBeenConnected) this.#ways.tried(this.#way, reason);
    const said = this.#isCertificateToBlame(reason) ? "certificate.expired" : reason;
    this.#release();
    this.#link?.stream.destroy();
    this.#events.closed(said, detail, this.#nextTry());
  }

  /** From the websocket back to TLS the usual wait holds: then both have failed. */
  #nextTry(): NextTry | undefined {
    if (this.#hasBeenConnected || this.#way !== "tls") return undefined;
    const hasCertificate = this.#login.clientCertificate !== undefined;
    return this.#ways.next({ hasCertificate }).way === "websocket" ? "soon" : undefined;
  }

  /** Clouds do not say so: they break TLS off, or answer that the login is not authorised. */
  #isCertificateToBlame(reason: OfflineReason): boolean {
    if (this.#hasBeenConnected || this.#clock.nowMs() <= (this.#login.certificateNotAfterMs ?? Infinity)) return false;
    return ["tls.failed", "reset", "mqtt.closed", "mqtt.not-authorised"].includes(reason);
  }

  #release(): void {
    this.#isOver = true;
    this.#dialing.abort();
    this.#clock.clearTimeout(this.#timer);
    this.#silence.stop();
    for (const lose of this.#pending) lose();
    this.#pending.clear();
    // Ends the library's own timers; the stream is ours to end.
    this.#client?.end(true);
  }
}

function willOf({ topic, payload }: LastWill) {
  return { topic, payload: Buffer.from(payload, "utf8"), qos: 1, retain: false } as const;
}
