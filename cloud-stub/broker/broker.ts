// The MQTT side: who may connect, what each client may publish and subscribe, and what reaches it. Clients never reach each other.
import type { Duplex } from "node:stream";
import { Aedes, type AuthenticateError, type Client, type PublishPacket, type Subscription } from "aedes";
import type { Clock } from "#hardware/ports.ts";
import { type Arrival, ArrivalCount } from "../arrival-count.ts";
import { describeBug } from "../bug.ts";
import type { TrustedCertificates } from "../certificates/trusted-certificates.ts";
import type { CertificateLogins } from "../devices/certificate-login.ts";
import type { DeviceTokens } from "../devices/device-tokens.ts";
import type { Operation } from "../devices/operations.ts";
import type { Registration } from "../devices/registration.ts";
import { tokenLengthMax } from "../devices/security-token.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Peer } from "../peer.ts";
import type { Authentication } from "../users/authentication.ts";
import { parseClientId } from "./client-identity.ts";
import { ClientLogin, claimedKind, notAuthorised, serverUnavailable } from "./client-login.ts";
import { ClientSession } from "./client-session.ts";
import type { DataDeps } from "./data-messages.ts";
import { GatedStream } from "./gated-stream.ts";
import { NullEmitter } from "./null-emitter.ts";
import { PacketGate } from "./packet-gate.ts";
import { SmartRestHandler } from "./smartrest-handler.ts";
import { maySubscribe, publishRule } from "./topic-rules.ts";

/** MQTT connections that may be open, and how many of them may still be on their way to a login. */
export const connectionsMax = 5_000;
export const connectionsWithoutLoginMax = 500;
/** Of those, how many may come from one address: all gateways of a factory may be behind it. */
export const connectionsWithoutLoginPerAddressMax = 128;

/** Longest client identifier as aedes sees it, in characters. */
const clientIdLengthMax = 128;

export interface BrokerDeps extends DataDeps {
  readonly clock: Clock;
  readonly tenantId: string;
  readonly authentication: Authentication;
  readonly registration: Registration;
  readonly trustedCertificates: TrustedCertificates;
  readonly certificateLogins: CertificateLogins;
  readonly deviceTokens: DeviceTokens;
  readonly log: CloudLog;
  /** Told of a device that had to go because its certificate is not trusted any more, by its internal id. */
  readonly expelled?: (deviceId: string) => void;
}

interface Connection {
  /** Its place among those without a login. */
  readonly arrival: Arrival;
  readonly stream: Duplex;
  readonly peer: Peer;
  /** Device identifier of a client identifier that can be accepted. */
  identifier?: string;
}

export class Broker {
  readonly #deps: BrokerDeps;
  readonly #handler: SmartRestHandler;
  readonly #login: ClientLogin;
  readonly #arrivals = new Map<unknown, Connection>();
  readonly #withoutLogin = new ArrivalCount({
    max: connectionsWithoutLoginMax,
    perAddressMax: connectionsWithoutLoginPerAddressMax,
  });
  /** Weak and separate from the live ones: a will is carried out after the connection has gone. */
  readonly #sessions = new WeakMap<Client, ClientSession>();
  readonly #live = new Set<ClientSession>();
  readonly #sessionsOfDevice = new Map<string, Set<ClientSession>>();
  readonly #unwatch: readonly (() => void)[];
  #aedes: Aedes | undefined;
  #isKilled = false;

  private constructor(deps: BrokerDeps) {
    this.#deps = deps;
    this.#handler = new SmartRestHandler(deps);
    this.#login = new ClientLogin(deps);
    this.#unwatch = [
      deps.operations.watchCreated((operation) => this.#forward(operation)),
      deps.trustedCertificates.watch(() => this.#expelUntrusted()),
    ];
  }

  static async start(deps: BrokerDeps): Promise<Broker> {
    const broker = new Broker(deps);
    const aedes = await Aedes.createBroker({
      id: "postern",
      mq: new NullEmitter(),
      // MQTT 3.1 allows 23 characters; device identifiers have their own limit, and ours bear a prefix.
      maxClientsIdLength: clientIdLengthMax,
      // A session that outlived its connection would be a mailbox: each one starts clean (protocol.md 1.2).
      preConnect: (client, packet, done) => {
        const arrival = broker.#arrivals.get(client.conn);
        const identifier = parseClientId(packet.clientId);
        packet.clean = true;
        if (arrival !== undefined && identifier !== undefined) {
          arrival.identifier = identifier;
          // One name for all spellings, so that a newer connection takes over whatever the older one called itself.
          packet.clientId = `${claimedKind(packet.username, arrival.peer.clientCertificateChain !== undefined)}:${identifier}`;
        }
        done(null, arrival !== undefined);
      },
      authenticate: (client, username, password, done) => {
        broker.#authenticate(client, username, password).then(
          (refusal) => done(refusal ?? null, refusal === undefined),
          (error: unknown) => done(broker.#broken(error), false),
        );
      },
      authorizePublish: (client, packet, done) => {
        const give = once(done);
        broker.#guard(client, () => broker.#authorizePublish(client, packet, give), give);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const give = once(done);
        broker.#guard(client, () => broker.#authorizeSubscribe(client, subscription, give), give);
      },
      authorizeForward: (_client, packet) => packet,
    });
    broker.#aedes = aedes;
    broker.#listen(aedes);
    return broker;
  }

  /** Serves MQTT on a stream until it ends. */
  handle(stream: Duplex, peer: Peer): void {
    const { log, clock } = this.#deps;
    const { address } = peer;
    const isFull = this.#arrivals.size >= connectionsMax;
    const arrival = isFull
      ? ({ why: "too-many-connections", isFirst: true } as const)
      : this.#withoutLogin.enter(address);
    if ("why" in arrival) {
      if (arrival.isFirst) log.warn("mqtt.refused", { address, why: arrival.why });
      stream.on("error", () => {});
      stream.destroy();
      return;
    }
    const gate = new PacketGate(clock);
    const gated = new GatedStream(
      stream,
      (chunk) => {
        try {
          return gate.check(chunk);
        } catch (error) {
          this.#broken(error);
          return "internal-error";
        }
      },
      (why) => log.warn("mqtt.refused", { address: peer.address, why }),
    );
    this.#arrivals.set(gated, { stream, peer, arrival });
    const client = this.#aedes?.handle(gated);
    gated.once("close", () => {
      this.#arrivals.delete(gated);
      arrival.leave();
      if (client !== undefined) this.#guard(undefined, () => this.#gone(client));
    });
  }

  /** Clients that are logged in. */
  get clients(): number {
    return this.#live.size;
  }

  /** Ends the connections of a device that was removed; nothing more is done for it. */
  disconnect(externalId: string): void {
    for (const session of [...(this.#sessionsOfDevice.get(externalId) ?? [])]) session.expel();
  }

  /** An authority was taken off the list or disabled: whom it alone let in has to go. */
  async #expelUntrusted(): Promise<void> {
    for (const session of [...this.#live]) {
      if (await this.#isStillTrusted(session)) continue;
      this.#deps.log.warn("device.expelled", {
        device: session.externalId,
        why: "its certificate is not trusted any more",
      });
      session.expel();
      if (session.deviceId !== undefined) this.#deps.expelled?.(session.deviceId);
    }
  }

  async #isStillTrusted({ identity: { certificate } }: ClientSession): Promise<boolean> {
    return certificate === undefined || this.#deps.certificateLogins.isStillTrusted(certificate.chain);
  }

  /** Closes every connection and stops. */
  async stop(): Promise<void> {
    for (const unwatch of this.#unwatch) unwatch();
    const aedes = this.#aedes;
    if (aedes !== undefined) await new Promise<void>((resolve) => aedes.close(resolve));
    for (const { stream } of [...this.#arrivals.values()]) stream.destroy();
  }

  /** As if the process had died: nothing is processed any more, wills included. */
  kill(): void {
    this.#isKilled = true;
    for (const unwatch of this.#unwatch) unwatch();
    for (const { stream } of [...this.#arrivals.values()]) stream.destroy();
    this.#aedes?.close();
  }

  #listen(aedes: Aedes): void {
    const { log } = this.#deps;
    aedes.on("clientError", (client, error) => {
      // A refused login has its own line.
      if ("returnCode" in error) return;
      log.warn("mqtt.broken", { device: this.#sessions.get(client)?.externalId, why: error.message });
    });
    aedes.on("connectionError", (_client, error) => log.warn("mqtt.broken", { why: error.message }));
    // aedes has no type for it: what its persistence, which is in memory, could not do.
    (aedes as NodeJS.EventEmitter).on("error", (error: unknown) => log.error("mqtt.error", { why: errorText(error) }));
    aedes.on("subscribe", (subscriptions, client) =>
      this.#guard(client, () => {
        const session = this.#sessions.get(client);
        if (session === undefined) return;
        for (const { topic, qos } of subscriptions) {
          if (qos === 0 || qos === 1 || qos === 2) session.subscribed(topic, qos);
        }
        this.#inTurn(session, () => session.sendPending());
      }),
    );
    aedes.on("unsubscribe", (filters, client) =>
      this.#guard(client, () => {
        for (const filter of filters) this.#sessions.get(client)?.unsubscribed(filter);
      }),
    );
  }

  /** Undefined if the client may come in. */
  async #authenticate(
    client: Client,
    user: string | undefined,
    password: Buffer | undefined,
  ): Promise<AuthenticateError | undefined> {
    const arrival = this.#arrivals.get(client.conn);
    const login = await this.#login.check({
      identifier: arrival?.identifier,
      user,
      password: password?.toString("utf8"),
      address: arrival?.peer.address ?? "unknown",
      certificateChain: arrival?.peer.clientCertificateChain,
    });
    if (!login.ok) return refusal(login.returnCode, login.why);
    if (client.closed || this.#isKilled) return refusal(serverUnavailable, "connection closed");
    arrival?.arrival.leave();
    const session = new ClientSession(client, login.identity, this.#deps);
    this.#came(session, client, login.device);
    // Its authority may have gone after the look at it, and before this session was there to be expelled.
    if (session.identity.certificate !== undefined && !(await this.#isStillTrusted(session)))
      return refusal(notAuthorised, "the certificate is not accepted any more");
    return undefined;
  }

  #came(session: ClientSession, client: Client, device: Parameters<ClientSession["online"]>[0]): void {
    this.#sessions.set(client, session);
    this.#live.add(session);
    if (session.identity.kind !== "device") return;
    const ofDevice = this.#sessionsOfDevice.get(session.externalId) ?? new Set();
    this.#sessionsOfDevice.set(session.externalId, ofDevice.add(session));
    session.online(device);
    this.#deps.log.info("device.connected", { device: session.externalId });
  }

  #gone(client: Client): void {
    const session = this.#sessions.get(client);
    if (session === undefined || !this.#live.delete(session)) return;
    const ofDevice = this.#sessionsOfDevice.get(session.externalId);
    const wasDevice = ofDevice?.delete(session) === true;
    if (ofDevice?.size === 0) this.#sessionsOfDevice.delete(session.externalId);
    session.closed();
    if (!wasDevice) return;
    if (!this.#isKilled) this.#deps.log.info("device.disconnected", { device: session.externalId });
  }

  /** An accepted message is carried out here, before it is acknowledged; aedes then has nobody to route it to. */
  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    // Nothing is ever retained (protocol.md 1.2).
    packet.retain = false;
    const session = client === null ? undefined : this.#sessions.get(client);
    if (session === undefined || this.#isKilled) {
      done(new Error("no session"));
      return;
    }
    const rule = publishRule(session.identity.kind, packet.topic);
    if (rule === "refused") {
      this.#deps.log.warn("smartrest.refused", { device: session.externalId, why: "topic-not-allowed" });
      done(new Error("publishing to this topic is not allowed"));
      return;
    }
    const payload = typeof packet.payload === "string" ? Buffer.from(packet.payload) : packet.payload;
    const isTaken = this.#inTurn(
      session,
      async () => {
        if (rule === "static") await this.#handler.handle(payload, session);
        else if (rule === "credentials") await this.#giveCredentials(session, payload);
        else if (rule === "token") await this.#giveToken(session);
        else await session.refuse(40, "", "This topic is not supported here");
      },
      done,
    );
    if (!isTaken) done(new Error("too many messages wait"));
  }

  #authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, granted?: Subscription | null) => void,
  ): void {
    const session = this.#sessions.get(client);
    if (session === undefined || this.#isKilled) {
      done(new Error("no session"));
      return;
    }
    // After the messages before it: the 100 that makes the device may have come in the same segment.
    const isTaken = this.#inTurn(session, async () => {
      const isGranted = maySubscribe(session.identity.kind, subscription.topic, session.deviceId !== undefined);
      done(null, isGranted ? subscription : null);
    });
    if (!isTaken) done(new Error("too many messages wait"));
  }

  /** The payload is the security token, where a device has one (docs/compatibility.md). */
  async #giveCredentials(session: ClientSession, payload: Buffer): Promise<void> {
    const token = payload.toString("utf8");
    if (token.length > tokenLengthMax) return session.refuse(45, "", "The security token is too long");
    const credentials = await this.#deps.registration.poll(session.externalId, token);
    if (credentials !== undefined) await session.giveCredentials(credentials);
  }

  async #giveToken(session: ClientSession): Promise<void> {
    const { certificate } = session.identity;
    if (certificate === undefined) return session.refuse(41, "", tokenRefusal);
    if (!(await this.#isStillTrusted(session))) return session.refuse(41, "", certificateRefusal);
    const token = await this.#deps.deviceTokens.give(session.userName, certificate.anchorKeyHash);
    if (token === undefined) return session.refuse(41, "", "MqttAuth: This device has no login any more");
    await session.giveToken(token);
  }

  #forward(operation: Operation): void {
    for (const session of this.#live) {
      if (session.deviceId !== operation.deviceId) continue;
      // Whoever made the operation is not to blame for what goes wrong here.
      this.#guard(undefined, () => this.#inTurn(session, () => session.sendCreated(operation.id)));
    }
  }

  /** Runs what a library calls from a socket's own turn: a bug in it ends the connection, not the process. */
  #guard(client: Client | null | undefined, run: () => void, failed: (error: Error) => void = () => {}): void {
    try {
      run();
    } catch (error) {
      failed(this.#broken(error));
      client?.close();
    }
  }

  /** Queues work of a client; an error in it is our bug or a closed store: the client is told by a lost connection. */
  #inTurn(session: ClientSession, run: () => Promise<void>, done: (error?: Error | null) => void = () => {}): boolean {
    return session.inTurn(async () => {
      try {
        if (!this.#isKilled && !session.isExpelled) await run();
        done(null);
      } catch (error) {
        done(this.#broken(error));
        session.close();
      }
    });
  }

  #broken(error: unknown): AuthenticateError {
    if (!this.#isKilled) this.#deps.log.error("mqtt.error", describeBug(error));
    return refusal(serverUnavailable, "internal error");
  }
}

/** What Cumulocity says to a device that logs in with a password (protocol.md 3.1). */
const tokenRefusal = "MqttAuth: Cannot publish token for device that do not use certificate authentication";

/** It has expired since, say. */
const certificateRefusal = "MqttAuth: The certificate of this device is not accepted any more";

/** A callback of a library that must not hear twice. */
function once<Args extends unknown[]>(done: (...args: Args) => void): (...args: Args) => void {
  let isDone = false;
  return (...args) => {
    if (!isDone) done(...args);
    isDone = true;
  };
}

function refusal(returnCode: number, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode });
}
