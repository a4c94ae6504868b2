// One machine on the simulated network: its interfaces, its listeners, and the network port that its program is given.
import type {
  Clock,
  Connection,
  DialOutcome,
  InterfaceAddress,
  ListenOptions,
  ListenOutcome,
  Network,
  NetworkInterface,
  ResolveOutcome,
  TcpTarget,
  TlsSession,
  TlsTarget,
  WaitOptions,
} from "#hardware/ports.ts";
import type { StandIn } from "../faults/fault.ts";
import {
  type AddressBytes,
  formatAddress,
  isInNetwork,
  isLoopback,
  normaliseLiteral,
  parseAddress,
} from "./address.ts";
import { connectionOf } from "./connection.ts";
import { type ConnectResult, Conversation, type ConversationOptions } from "./conversation.ts";
import { alteredRecordCode } from "./endpoint.ts";
import { EphemeralPorts } from "./ephemeral-ports.ts";
import { Listeners } from "./listeners.ts";
import type { HostOptions, Route, SimulatedNetwork } from "./network.ts";
import { bestRoute, type StaticRoute } from "./routing.ts";
import { handshakeAsClient } from "./tls.ts";
import { type AcceptTls, secure, type TlsPort, TlsServer } from "./tls-server.ts";
import { Waits } from "./waits.ts";

/** How long a system asks an attached network for an address that nobody has before it says "unreachable". */
const nobodyAnswersMs = 3000;
/** What a name server needs to answer. */
const resolveMs = 20;

export interface HostInterface {
  readonly name: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly hasDefaultRoute?: boolean;
}

const loopbackInterface: NetworkInterface = {
  name: "lo",
  isLoopback: true,
  hasDefaultRoute: false,
  addresses: [
    { address: "127.0.0.1", family: 4, prefixLength: 8 },
    { address: "::1", family: 6, prefixLength: 128 },
  ],
};

export class SimulatedHost implements Network {
  readonly name: string;
  readonly #world: SimulatedNetwork;
  #interfaces: readonly HostInterface[];
  /** Interfaces that look healthy and let nothing pass. */
  #muteInterfaces: ReadonlySet<string> = new Set();
  /** Answers of `carries`, which is asked for each chunk of each connection. */
  readonly #carried = new Map<string, boolean>();
  readonly #clock: Clock;
  readonly #waits: Waits;
  readonly #routes: readonly StaticRoute[];
  readonly #tlsServer: TlsServer;
  readonly isRouter: boolean;
  readonly #listeners = new Listeners((address) => isLoopback(address) || this.hasAddress(address));
  readonly #ports = new EphemeralPorts();
  #isUp = true;

  constructor(world: SimulatedNetwork, name: string, options: HostOptions) {
    this.#world = world;
    this.name = name;
    this.#interfaces = options.interfaces;
    this.#clock = options.clock ?? world.clock;
    this.#waits = new Waits(world.clock, `dial by ${name}`);
    this.#tlsServer = new TlsServer(world, name);
    this.#routes = options.routes ?? [];
    this.isRouter = options.isRouter ?? false;
  }

  /** The port that this machine's program is given. */
  get network(): Network {
    return this;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** The first address of the first interface. */
  get address(): string {
    const address = this.#interfaces[0]?.addresses[0]?.address;
    if (address === undefined) throw new Error(`Host "${this.name}" has no address`);
    return address;
  }

  /** Power fails: nothing more leaves this host, and nobody is told. Kill the program, then call `forgetAll`. */
  powerOff(): void {
    this.#isUp = false;
    this.#listeners.forgetAll();
    this.#linksChanged();
  }

  /** Drops what is left of its connections; their other ends still believe in them. */
  forgetAll(): void {
    for (const conversation of this.#world.conversations()) {
      if (conversation.client.host === this.name || conversation.server.host === this.name) {
        conversation.hostVanished(this.name);
      }
    }
  }

  powerOn(): void {
    this.#isUp = true;
    this.#linksChanged();
  }

  async resolve(name: string, options: WaitOptions): Promise<ResolveOutcome> {
    const literal = normaliseLiteral(name);
    if (literal !== undefined) return { ok: true, addresses: [literal] };
    if (name.toLowerCase() === "localhost") return { ok: true, addresses: ["127.0.0.1", "::1"] };
    const ended = await this.#waits.pass(Math.min(resolveMs, options.timeoutMs), options.signal);
    if (ended === "aborted") return { ok: false, reason: "aborted", detail: `gave up asking for ${name}` };
    if (options.timeoutMs < resolveMs) {
      return { ok: false, reason: "timeout", detail: `no name server answered within ${options.timeoutMs} ms` };
    }
    return this.#ask(name, options);
  }

  async #ask(name: string, options: WaitOptions): Promise<ResolveOutcome> {
    let addresses = this.#world.addressesOf(name, this.name);
    let isSilent = false;
    const answer = (given: readonly string[] | undefined): void => {
      addresses = given;
    };
    const silence = (): void => {
      isSilent = true;
    };
    this.#world.isResolved({ from: this.name, name, addresses, answer, unknown: () => answer(undefined), silence });
    if (isSilent) {
      const ended = await this.#waits.pass(Math.max(0, options.timeoutMs - resolveMs), options.signal);
      if (ended === "aborted") return { ok: false, reason: "aborted", detail: `gave up asking for ${name}` };
      return { ok: false, reason: "timeout", detail: `no name server answered within ${options.timeoutMs} ms` };
    }
    if (addresses === undefined) return { ok: false, reason: "name-unknown", detail: `no such name: ${name}` };
    return { ok: true, addresses };
  }

  async dial(target: TcpTarget, options: WaitOptions): Promise<DialOutcome> {
    if (options.signal?.aborted === true) return failed("aborted", "not wanted any more");
    if (target.uplink !== undefined && this.uplinkAddress(target.uplink) === undefined) {
      return failed("unreachable", `${target.address}:${target.port}: the uplink ${target.uplink} is not up`);
    }
    const route = this.#isUp ? this.#routeTo(target) : { kind: "no-route" as const };
    if (route.kind !== "host") return this.#dialNobody(route, target, options);
    const passage = { from: this.name, to: route.host.name, port: route.inside?.port ?? target.port };
    const verdict = route.host === this ? "accept" : this.#world.firewall.judge(passage);
    if (verdict === "drop") return this.#dialNobody({ kind: "unanswered" }, target, options);
    if (verdict !== "accept") return this.#dialRejected(verdict, route.link.latencyMs, target, options);
    const conversation = await this.#connect(route, target, options);
    if (!(conversation instanceof Conversation)) return conversation;
    return { ok: true, connection: connectionOf(conversation, "client", conversation.clientEnd) };
  }

  async dialTls(target: TlsTarget, options: WaitOptions): Promise<DialOutcome> {
    const startedAtMs = this.#clock.monotonicMs();
    const dialled = await this.dial(target, options);
    if (!dialled.ok) return dialled;
    const leftMs = Math.max(0, options.timeoutMs - (this.#clock.monotonicMs() - startedAtMs));
    return this.#secure(dialled.connection, target, { ...options, leftMs });
  }

  async startTls(connection: Connection, session: TlsSession, options: WaitOptions): Promise<DialOutcome> {
    const where = `${connection.remoteAddress}:${connection.remotePort}`;
    if (connection.stream.destroyed) return failed("reset", `the connection with ${where} is closed`);
    if (options.signal?.aborted === true) {
      connection.reset();
      return failed("aborted", "not wanted any more");
    }
    return this.#secure(connection, session, { ...options, leftMs: options.timeoutMs });
  }

  /** `leftMs`: what is left of the whole wait. */
  async #secure(
    connection: Connection,
    session: TlsSession,
    options: WaitOptions & { readonly leftMs: number },
  ): Promise<DialOutcome> {
    let broken: string | undefined;
    const noteError = (error: NodeJS.ErrnoException): void => {
      broken = error.code;
    };
    connection.stream.on("error", noteError);
    secure(connection, "handshake");
    const handshake = handshakeAsClient(connection.stream, { ...session, nowMs: () => this.#clock.nowMs() });
    const outcome = await this.#waits.within(handshake, options.leftMs, options.signal);
    if (outcome !== "timeout" && outcome !== "aborted" && outcome.ok) {
      connection.stream.off("error", noteError);
      secure(connection, "open");
      return { ok: true, connection };
    }
    connection.reset();
    if (outcome === "timeout") return failed("timeout", `no TLS handshake within ${options.timeoutMs} ms`);
    if (outcome === "aborted") return failed("aborted", "not wanted any more");
    if (broken === alteredRecordCode)
      return { ok: false, reason: "tls.failed", detail: "a record was altered on its way" };
    const where = `${connection.remoteAddress}:${connection.remotePort}`;
    if (broken !== undefined) return failed("reset", `${where} broke the connection off`);
    return outcome;
  }

  async listen(options: ListenOptions, accept: (connection: Connection) => void): Promise<ListenOutcome> {
    return this.#listeners.open(options, accept);
  }

  /** Listens for TLS. Not part of the port: gateways never do this. */
  async listenTls(options: ListenOptions & TlsPort, accept: AcceptTls): Promise<ListenOutcome> {
    this.#tlsServer.speaksOn(options.port, options);
    return this.#listeners.open(options, (connection, conversation) => {
      void this.#tlsServer.take(connection, conversation.client.host, accept); // never rejects: it waits within limits
    });
  }

  async interfaces(): Promise<readonly NetworkInterface[]> {
    const own = this.#interfaces.map(({ name, addresses, hasDefaultRoute = false }) => ({
      name,
      isLoopback: false,
      hasDefaultRoute,
      addresses,
    }));
    return [loopbackInterface, ...own];
  }

  listeningPorts(): readonly number[] {
    return this.#listeners.ports;
  }

  /** All but the loopback, as they are now. */
  get ownInterfaces(): readonly HostInterface[] {
    return this.#interfaces;
  }

  /**
   * Interfaces come, go, or let nothing pass although they are there. What runs over an address that is gone is held, and
   * goes on if the address comes back.
   */
  changeInterfaces(interfaces: readonly HostInterface[], mute: ReadonlySet<string> = new Set()): void {
    this.#interfaces = interfaces;
    this.#muteInterfaces = mute;
    this.#carried.clear();
    this.#linksChanged();
  }

  /** Whether packets from and to this address of the host's pass. */
  carries(address: string): boolean {
    const known = this.#carried.get(address);
    if (known !== undefined) return known;
    const answer = this.#isCarried(address);
    this.#carried.set(address, answer);
    return answer;
  }

  #isCarried(address: string): boolean {
    const bytes = parseAddress(address);
    if (bytes === undefined || isLoopback(bytes)) return true;
    const text = formatAddress(bytes);
    return this.#interfaces.some(
      ({ name, addresses }) =>
        !this.#muteInterfaces.has(name) &&
        addresses.some((own) => formatAddress(parseAddress(own.address) ?? []) === text),
    );
  }

  addressBytes(): readonly AddressBytes[] {
    return this.#interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => parseAddress(address) ?? []));
  }

  hasAddress(bytes: AddressBytes): boolean {
    const text = formatAddress(bytes);
    return this.addressBytes().some((address) => formatAddress(address) === text);
  }

  /** This host's own address on the attached network that holds `bytes`. */
  addressOnNetworkOf(bytes: AddressBytes): string | undefined {
    return this.#interfaces
      .flatMap(({ addresses }) => addresses)
      .find(({ address, prefixLength }) => isInNetwork(bytes, parseAddress(address) ?? [], prefixLength))?.address;
  }

  defaultRouteAddress(): string | undefined {
    return this.#interfaces.find(({ hasDefaultRoute }) => hasDefaultRoute === true)?.addresses[0]?.address;
  }

  /** This host's address on an interface with a default route; undefined where there is none such. */
  uplinkAddress(name: string): string | undefined {
    const found = this.#interfaces.find((each) => each.name === name && each.hasDefaultRoute === true);
    return found?.addresses[0]?.address;
  }

  /** The way to a network that is not attached, if one is known. */
  routeTo(bytes: AddressBytes): StaticRoute | undefined {
    return bestRoute(this.#routes, bytes);
  }

  /** A firewall on the way answers in place of the host. */
  async #dialRejected(
    verdict: "reject" | "unreachable",
    latencyMs: number,
    target: TcpTarget,
    options: WaitOptions,
  ): Promise<DialOutcome> {
    const answerMs = 2 * latencyMs;
    const where = `${target.address}:${target.port}`;
    const ended = await this.#waits.pass(Math.min(answerMs, options.timeoutMs), options.signal);
    if (ended === "aborted") return failed("aborted", "not wanted any more");
    if (answerMs > options.timeoutMs)
      return failed("timeout", `no answer from ${where} within ${options.timeoutMs} ms`);
    if (verdict === "reject") return failed("refused", `${where} refused the connection`);
    return failed("unreachable", `a firewall does not let through to ${where}`);
  }

  async #dialNobody(route: Route, target: TcpTarget, options: WaitOptions): Promise<DialOutcome> {
    const where = `${target.address}:${target.port}`;
    if (route.kind === "no-route") return failed("unreachable", `no route to ${where}`);
    const answersMs = route.kind === "nobody" ? nobodyAnswersMs : Number.POSITIVE_INFINITY;
    const ended = await this.#waits.pass(Math.min(answersMs, options.timeoutMs), options.signal);
    if (ended === "aborted") return failed("aborted", "not wanted any more");
    if (answersMs <= options.timeoutMs) return failed("unreachable", `nobody has the address of ${where}`);
    return failed("timeout", `no answer from ${where} within ${options.timeoutMs} ms`);
  }

  async #connect(
    route: Extract<Route, { kind: "host" }>,
    target: TcpTarget,
    options: WaitOptions,
  ): Promise<Conversation | DialOutcome> {
    const { promise: connected, resolve } = Promise.withResolvers<ConnectResult>();
    const conversation = this.#converse(route, target, {
      connected: resolve,
      doubled: () => this.#dialledAgain(target),
    });
    conversation.open();
    const result = await this.#waits.within(connected, options.timeoutMs, options.signal);
    const where = `${target.address}:${target.port}`;
    if (result === "accepted") return conversation;
    if (result === "refused") return failed("refused", `${where} refused the connection`);
    if (result === "reset") return failed("reset", `${where} broke the connection off`);
    conversation.abandon();
    if (result === "aborted") return failed("aborted", "not wanted any more");
    return failed("timeout", `no answer from ${where} within ${options.timeoutMs} ms`);
  }

  #routeTo({ address, port, uplink }: TcpTarget): Route {
    return this.#world.route(this, address, port, uplink === undefined ? undefined : this.uplinkAddress(uplink));
  }

  /** Something on the way has dialled once more: accepted or not, nobody here wants it, and the answer is a RST. */
  #dialledAgain(target: TcpTarget): void {
    // Its own way: an address translation gives it a port of its own.
    const route = this.#routeTo(target);
    if (route.kind !== "host") return;
    const again: Conversation = this.#converse(route, target, {
      connected: (result) => {
        if (result === "accepted") again.clientEnd.reset();
      },
    });
    again.openFromMidway();
  }

  #converse(
    route: Extract<Route, { kind: "host" }>,
    target: TcpTarget,
    told: Pick<ConversationOptions, "connected" | "doubled">,
  ): Conversation {
    const { seenAs, inside } = route;
    const client = { host: this.name, address: route.sourceAddress, port: this.#ephemeralPort() };
    const server = { host: route.host.name, address: target.address, port: target.port };
    const conversation = new Conversation({
      clock: this.#world.clock,
      random: this.#world.random,
      link: route.link,
      client: seenAs === undefined ? client : { ...client, seenAs },
      server: inside === undefined ? server : { host: route.host.name, ...inside, seenAs: target },
      isUp: (host) => this.#world.host(host).isUp,
      isCarried: () => this.carries(client.address) && route.host.carries(inside?.address ?? server.address),
      arrived: (arrived) => route.host.#arrived(arrived),
      ended: (ended) => this.#world.forget(ended),
      delivered: (delivered, arrival) => this.#world.delivered(delivered, arrival),
      ...told,
    });
    this.#world.remember(conversation);
    return conversation;
  }

  /** A SYN has reached this host. */
  #arrived(conversation: Conversation): void {
    const { client, server } = conversation;
    const reset = (): void => conversation.accept().reset();
    const refuse = (): void => conversation.refuse();
    const serve = (standIn: StandIn): void => {
      const connection = connectionOf(conversation, "server", conversation.accept());
      void this.#tlsServer.handTo(standIn, connection); // never rejects: it waits within limits
    };
    if (this.#world.isHandled({ from: client.host, to: this.name, port: server.port, refuse, reset, serve })) return;
    if (!this.#listeners.take(conversation)) refuse();
  }

  #ephemeralPort(): number {
    return this.#ports.take((port) =>
      this.#world.conversations().some(({ client }) => client.host === this.name && client.port === port),
    );
  }

  #linksChanged(): void {
    for (const link of this.#world.links()) if (link.hosts.includes(this.name)) link.changed();
  }
}

function failed(reason: "refused" | "unreachable" | "timeout" | "reset" | "aborted", detail: string): DialOutcome {
  return { ok: false, reason, detail };
}
