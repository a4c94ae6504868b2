// The ports of a cloud: HTTPS and MQTT over TLS, and HTTP on the loopback only.
import { constants } from "node:crypto";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { type Arrival, ArrivalCount, type ArrivalLimits } from "./arrival-count.ts";
import type { CertifiedKey } from "./certificates/authority.ts";
import { chainLengthMax } from "./certificates/certificate-chain.ts";
import { nameCard } from "./certificates/name-card.ts";
import type { Cloud } from "./cloud.ts";
import { CloudError } from "./cloud-error.ts";
import type { CloudLog } from "./log.ts";
import type { Peer } from "./peer.ts";

export interface PortWish {
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked for by a person: if it is taken that is an error; otherwise a free one is taken and said. */
  readonly isExplicit: boolean;
}

export interface ListenerOptions {
  /** Address of HTTPS and MQTT. */
  readonly listen: string;
  readonly http: PortWish;
  readonly https: PortWish;
  readonly mqtts: PortWish;
  readonly server: CertifiedKey;
  readonly log: CloudLog;
  /** Default `handshakeLimits`. */
  readonly handshakes?: ArrivalLimits;
}

/** Ports that are bound; connections are served from `serve` on. */
export interface Listeners {
  readonly ports: { readonly http: number; readonly https: number; readonly mqtts: number };
  serve(cloud: Cloud): void;
  /** Takes no more connections. */
  stopAccepting(): void;
  /** Also breaks off what is still open. */
  close(): Promise<void>;
}

/** HTTP without TLS never leaves the machine; no option widens it. */
const loopback = "127.0.0.1";
const handshakeTimeoutMs = 15_000;
/** TLS handshakes under way, altogether and from one address: each costs a signature. */
export const handshakeLimits: ArrivalLimits = { max: 500, perAddressMax: 128 };
/** TCP keep-alive: clears connections whose peer vanished without a word, in ms. */
const keepAliveMs = 60_000;

/** Asked for, not required: devices with passwords have none, and the cloud judges what is shown, on its own clock. */
const certificateAsked = { requestCert: true, rejectUnauthorized: false };

/** A resumed session knows the device's own certificate only, and not the chain that it had shown. */
const withoutTickets = { secureOptions: constants.SSL_OP_NO_TICKET };

type Kind = "http" | "https" | "mqtts";

/** Binds the three ports. Throws CloudError `cloud.port-taken` or `cloud.cannot-listen`. */
export async function openListeners(options: ListenerOptions): Promise<Listeners> {
  let cloud: Cloud | undefined;
  const open = new Set<Socket>();
  const handshakes = new Handshakes(options.handshakes ?? handshakeLimits, options.log);
  const accept = (kind: Kind) => (socket: Socket) => {
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    const chain = socket instanceof TLSSocket ? clientCertificateChain(socket) : undefined;
    const peer = {
      ...peerOf(socket, kind !== "http"),
      ...(chain === undefined ? {} : { clientCertificateChain: chain }),
    };
    if (kind !== "http") handshakes.done(peer);
    if (cloud === undefined) socket.destroy();
    else if (kind === "mqtts") cloud.handleMqtt(socket, peer);
    else cloud.handleHttp(socket, peer);
  };
  const tlsOptions = {
    cert: options.server.certificate,
    key: options.server.privateKey,
    minVersion: "TLSv1.2" as const,
    handshakeTimeout: handshakeTimeoutMs,
    noDelay: true,
  };
  /**
   * A browser shows its user's certificates only if one is by an authority that the server names; named without need, it
   * would open a dialog. So the devices' authorities are named, or else the server itself, which vouches for nobody.
   */
  const naming = (authorities: readonly string[]) => {
    const { certificate, privateKey } = options.server;
    const named = authorities.length > 0 ? authorities : [certificate];
    return { ...tlsOptions, ca: named.map((authority) => nameCard(authority, privateKey)) };
  };
  const httpsServer = createTlsServer(
    { ...tlsOptions, ...certificateAsked, allowHalfOpen: true, ALPNProtocols: ["http/1.1"] },
    accept("https"),
  );
  const servers: Readonly<Record<Kind, Server>> = {
    http: createTcpServer({ allowHalfOpen: true, noDelay: true }, accept("http")),
    https: httpsServer,
    mqtts: createTlsServer({ ...tlsOptions, ...certificateAsked, ...withoutTickets }, accept("mqtts")),
  };
  for (const [kind, server] of Object.entries(servers)) {
    // `connection` is the TCP connection, below TLS, so one in its handshake counts too.
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      if (kind !== "http") handshakes.began(socket);
    });
    server.on("tlsClientError", (error: Error) => options.log.warn("tls.refused", { why: error.message }));
  }
  const close = async () => {
    for (const socket of open) socket.destroy();
    await Promise.all(Object.values(servers).map(closeServer));
  };
  try {
    const http = await bind(servers.http, "http", loopback, options);
    const https = await bind(servers.https, "https", options.listen, options);
    const mqtts = await bind(servers.mqtts, "mqtts", options.listen, options);
    return {
      ports: { http, https, mqtts },
      serve: (served) => {
        cloud = served;
        httpsServer.setSecureContext(naming([]));
        served.watchDeviceAuthorities((authorities) => httpsServer.setSecureContext(naming(authorities)));
      },
      stopAccepting: () => {
        for (const server of Object.values(servers)) server.close();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The handshakes that are under way; TLS names its connection only by its two ends. */
class Handshakes {
  readonly #count: ArrivalCount;
  readonly #log: CloudLog;
  readonly #arrivals = new Map<string, Arrival>();

  constructor(limits: ArrivalLimits, log: CloudLog) {
    this.#count = new ArrivalCount(limits);
    this.#log = log;
  }

  /** Breaks the connection off if there are too many. */
  began(socket: Socket): void {
    const peer = peerOf(socket, true);
    const arrival = this.#count.enter(peer.address);
    if ("why" in arrival) {
      if (arrival.isFirst) this.#log.warn("tls.refused", { why: arrival.why, address: peer.address });
      socket.destroy();
      return;
    }
    this.#arrivals.set(endsOf(peer), arrival);
    socket.once("close", () => {
      arrival.leave();
      if (this.#arrivals.get(endsOf(peer)) === arrival) this.#arrivals.delete(endsOf(peer));
    });
  }

  done(peer: Peer): void {
    this.#arrivals.get(endsOf(peer))?.leave();
    this.#arrivals.delete(endsOf(peer));
  }
}

function endsOf({ address, port, localPort }: Peer): string {
  return `${address} ${port} ${localPort}`;
}

const optionNames: Readonly<Record<Kind, string>> = { http: "HTTP", https: "HTTPS", mqtts: "MQTT" };

async function bind(server: Server, kind: Kind, address: string, options: ListenerOptions): Promise<number> {
  const { port, isExplicit } = options[kind];
  try {
    return await listen(server, address, port);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE") {
      const why = error instanceof Error ? error.message : String(error);
      const message = `Cannot serve ${optionNames[kind]} on ${address} port ${port}: ${why}`;
      throw new CloudError("cloud.cannot-listen", message, { cause: error });
    }
    if (isExplicit) {
      const message = `Port ${port} for ${optionNames[kind]} on ${address} is taken by another program; name a free one.`;
      throw new CloudError("cloud.port-taken", message, { cause: error });
    }
    const free = await listen(server, address, 0);
    options.log.warn("cloud.port-taken", { for: optionNames[kind], taken: port, instead: free });
    return free;
  }
}

function listen(server: Server, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(error);
    server.once("error", failed);
    server.listen({ host: address, port }, () => {
      server.off("error", failed);
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error of `close` is that it is closed already.
    server.close(() => resolve());
  });
}

/** PEM, the device's own first; undefined if it has shown none. */
function clientCertificateChain(socket: TLSSocket): string | undefined {
  const chain: string[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < chainLengthMax) {
    chain.push(certificate.toString());
    const issuer = certificate.issuerCertificate;
    certificate = issuer?.fingerprint256 === certificate.fingerprint256 ? undefined : issuer;
  }
  return chain.length === 0 ? undefined : chain.join("");
}

function peerOf(socket: Socket, isEncrypted: boolean): Peer {
  return {
    address: (socket.remoteAddress ?? "unknown").replace(/^::ffff:(?=\d+\.)/, ""),
    port: socket.remotePort ?? 0,
    localPort: socket.localPort ?? 0,
    isEncrypted,
  };
}
