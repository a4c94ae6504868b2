// The world in which the network contract is tried, and what its tests share.
import type { ClientCertificate, Connection, DialOutcome, Listener, Network } from "#hardware/ports.ts";

/** One TLS server of the world under test; each presents another certificate. */
export type TlsServerKind = "good" | "unknown-authority" | "wrong-name" | "expired" | "not-yet-valid";

export interface TlsServerOptions {
  /** Default false. */
  readonly asksForClientCertificate?: boolean;
  /** Default "TLSv1.3"; simulated TLS has no versions. */
  readonly version?: "TLSv1.2" | "TLSv1.3";
}

export interface OpenTlsServer {
  readonly address: string;
  readonly port: number;
  /** What it has seen of each client whose handshake is done, as it follows their order of ciphers. */
  readonly peers: readonly { readonly clientCertificateChain?: string; readonly cipher: string }[];
}

export interface NetworkUnderTest {
  /** The port that dials. */
  readonly dialer: Network;
  /** The port that listens; the same machine as the dialer's, or another. */
  readonly server: Network;
  /** Where the dialer reaches the server, and where the server listens. */
  readonly serverAddress: string;
  /** An IPv4 address that belongs to no machine here, so that nobody can listen on it. */
  readonly foreignAddress: string;
  /** A TCP target that answers nothing at all, not even with a refusal. */
  openSilentTarget(): Promise<{ readonly address: string; readonly port: number }>;
  /** A TLS server that answers each connection with "hello " and then echoes what it receives, its end of stream too. */
  openTlsServer(kind: TlsServerKind, options?: TlsServerOptions): Promise<OpenTlsServer>;
  /** One that a client may show, with the certificate of its authority behind its own. */
  readonly clientCertificate: ClientCertificate;
  /** The key is another's, the key or the certificate is garbage. */
  readonly unusableClientCertificates: readonly ClientCertificate[];
  /** The name that the good certificate bears, and the authority that signed all but the unknown one's. */
  readonly tls: { readonly serverName: string; readonly extraAuthorities: readonly string[] };
  /** A name that resolves, with the addresses among which the answer's are, and one that does not exist. */
  readonly names: { readonly known: string; readonly addresses: readonly string[]; readonly unknown: string };
  /** Waits for a promise, letting time pass where time is simulated. */
  settles<T>(promise: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export const waitMs = 5_000;
export const shortWaitMs = 150;

export function connectionOf(outcome: DialOutcome): Connection {
  if (!outcome.ok) throw new Error(`expected a connection, got ${outcome.reason}: ${outcome.detail}`);
  return outcome.connection;
}

/** The reason of a failure, or "connected". */
export function reasonOf(outcome: DialOutcome): string {
  if (!outcome.ok) return outcome.reason;
  outcome.connection.reset();
  return "connected";
}

export interface Pair {
  readonly listener: Listener;
  readonly near: Connection;
  readonly far: Connection;
}

async function openPair(world: NetworkUnderTest): Promise<Pair> {
  const accepted = Promise.withResolvers<Connection>();
  const listening = await world.settles(
    world.server.listen({ address: world.serverAddress, port: 0 }, (connection) => accepted.resolve(connection)),
  );
  if (!listening.ok) throw new Error(`cannot listen: ${listening.detail}`);
  const { listener } = listening;
  const target = { address: world.serverAddress, port: listener.port };
  const near = connectionOf(await world.settles(world.dialer.dial(target, { timeoutMs: waitMs })));
  return { listener, near, far: await world.settles(accepted.promise) };
}

/** A fresh world for one test, closed whatever happens. */
export type WithWorld = (test: (world: NetworkUnderTest) => Promise<void>) => Promise<void>;

/** The same with one connection from the dialer to the server. */
export type WithPair = (test: (pair: Pair, world: NetworkUnderTest) => Promise<void>) => Promise<void>;

/** Tests over the worlds that `make` makes. */
export function worldsOf(make: () => Promise<NetworkUnderTest>): { withWorld: WithWorld; withPair: WithPair } {
  async function withWorld(test: (world: NetworkUnderTest) => Promise<void>): Promise<void> {
    const world = await make();
    try {
      await test(world);
    } finally {
      await world.close();
    }
  }

  async function withPair(test: (pair: Pair, world: NetworkUnderTest) => Promise<void>): Promise<void> {
    await withWorld(async (world) => {
      const pair = await openPair(world);
      try {
        await test(pair, world);
      } finally {
        pair.near.reset();
        pair.far.reset();
        await world.settles(pair.listener.close());
      }
    });
  }
  return { withWorld, withPair };
}
