// The seam: everything through which the gateway touches the world. Interfaces only (docs/architecture.md, "The seam").
import type { Duplex } from "node:stream";

/** What a gateway runs on. A board without LEDs, button, watchdog, thermal sensor or serial ports leaves the part out. */
export interface Hardware {
  readonly clock: Clock;
  readonly random: Random;
  readonly network: Network;
  readonly storage: Storage;
  readonly identity: BoardIdentity;
  readonly uplinks?: Uplinks;
  readonly leds?: Leds;
  readonly button?: Button;
  readonly watchdog?: Watchdog;
  readonly thermal?: Thermal;
  readonly serialPorts?: SerialPorts;
  readonly timeService?: TimeService;
  readonly system?: System;
  readonly processes?: Processes;
}

/** Time. Structurally also xstate's `Clock`, so `createActor(machine, { clock })` takes it as it is. */
export interface Clock {
  /** Wall-clock time in ms since the Unix epoch; may jump in either direction. */
  nowMs(): number;
  /** Time in ms from an arbitrary start; never goes back. Durations are measured with this one. */
  monotonicMs(): number;
  /** Runs `run` once after `delayMs` (0 to 2^31-1). Never throws. */
  setTimeout(run: () => void, delayMs: number): TimerHandle;
  /** Cancels; does nothing for a timer that has fired, was cancelled, or is undefined. */
  clearTimeout(timer: TimerHandle | undefined): void;
}

/** Opaque: only the clock that made it can read it. */
export interface TimerHandle {
  readonly timer: unknown;
}

/** Randomness. On a real machine from the operating system's secure generator, in the simulator from one seed. */
export interface Random {
  /** `length` bytes, 0 to 65536. */
  bytes(length: number): Uint8Array;
  /** A number in [0, 1) with 53 bits. */
  fraction(): number;
}

export interface Network {
  /** Resolves a host name, or normalises a literal in any spelling the system's resolver takes (`127.1`, `0x7f.1`). */
  resolve(name: string, options: WaitOptions): Promise<ResolveOutcome>;
  /** Opens a TCP connection with TCP_NODELAY to an IP literal. Never rejects for a network reason. */
  dial(target: TcpTarget, options: WaitOptions): Promise<DialOutcome>;
  /** Opens a TCP connection and TLS over it, with verification always on. Never rejects for a network reason. */
  dialTls(target: TlsTarget, options: WaitOptions): Promise<DialOutcome>;
  /**
   * TLS over a connection that stands, such as a proxy's tunnel, with verification always on. The connection belongs to
   * the outcome: it is closed where that is not ok. Never rejects for a network reason.
   */
  startTls(connection: Connection, session: TlsSession, options: WaitOptions): Promise<DialOutcome>;
  /** Listens on an address of this machine; port 0 takes a free one. */
  listen(options: ListenOptions, accept: (connection: Connection) => void): Promise<ListenOutcome>;
  /** The machine's interfaces that are up, loopback included. */
  interfaces(): Promise<readonly NetworkInterface[]>;
  /** TCP ports on which this process listens through this port, ascending. */
  listeningPorts(): readonly number[];
}

export interface WaitOptions {
  /** The whole wait, in ms; at its end the outcome is `timeout`. */
  readonly timeoutMs: number;
  /** Ends the wait early with the outcome `aborted`. */
  readonly signal?: AbortSignal;
}

export interface TcpTarget {
  /** IPv4 or IPv6 literal in canonical spelling, without brackets. */
  readonly address: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Leave through this uplink (its name), with its address as source; `unreachable` where it is not up. */
  readonly uplink?: string;
}

export interface TlsTarget extends TcpTarget, TlsSession {}

export interface TlsSession {
  /** The name (or IP literal) that the certificate must bear; sent as SNI unless it is a literal. */
  readonly serverName: string;
  /** PEM certificates trusted in addition to the system's authorities. */
  readonly extraAuthorities?: readonly string[];
  /** Shown to a server that asks for one. */
  readonly clientCertificate?: ClientCertificate;
  /** Which of the ciphers that both ends know comes first; the system's order where absent. */
  readonly cipherPreference?: CipherPreference;
}

/** `chacha20` where the CPU has no AES instructions, `aes` where it has. */
export type CipherPreference = "chacha20" | "aes";

export interface ClientCertificate {
  /** PEM, the device's own first, up to the authority that the cloud trusts. */
  readonly chain: string;
  /** PEM (PKCS#8). A secret. */
  readonly privateKey: string;
}

export interface ListenOptions {
  readonly address: string;
  readonly port: number;
}

export type ListenOutcome =
  | { readonly ok: true; readonly listener: Listener }
  | {
      readonly ok: false;
      readonly reason: "port-taken" | "address-unavailable" | "not-permitted";
      readonly detail: string;
    };

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Stops accepting and resets the connections that are still open. */
  close(): Promise<void>;
}

export type ResolveOutcome =
  | { readonly ok: true; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly reason: "name-unknown" | "timeout" | "aborted"; readonly detail: string };

export type TlsFailure =
  | "tls.unknown-authority"
  | "tls.wrong-name"
  | "tls.expired"
  | "tls.not-yet-valid"
  /** Anything else: no common version, garbage, alert. The detail has the words. */
  | "tls.failed";

export type DialFailure = "refused" | "unreachable" | "timeout" | "reset" | "aborted" | TlsFailure;

export type DialOutcome =
  | { readonly ok: true; readonly connection: Connection }
  | { readonly ok: false; readonly reason: DialFailure; readonly detail: string };

/** One established TCP or TLS connection. */
export interface Connection {
  /**
   * The bytes. `allowHalfOpen` is on: `end()` sends our end of stream and leaves reading open (TLS: close_notify).
   * Errors: `error` with code ECONNRESET for a reset by the peer, ETIMEDOUT where the system gave up. `close` follows always.
   */
  readonly stream: Duplex;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Bytes in the queues of this connection inside this process, both directions. */
  heldBytes(): number;
  /** What the system knows of delivery, or undefined where it cannot tell. May read a file: call it about once a second. */
  delivery(): Promise<DeliveryState | undefined>;
  /** Drops everything and sends a TCP RST. */
  reset(): void;
}

/** Linux: the tx_queue and retransmit columns of /proc/net/tcp[6]. */
export interface DeliveryState {
  /** Bytes handed to the system and not yet acknowledged by the peer. */
  readonly unacknowledgedBytes: number;
  /** Retransmissions of the oldest unacknowledged segment; 0 when all is well. */
  readonly retransmits: number;
}

export interface NetworkInterface {
  readonly name: string;
  readonly isLoopback: boolean;
  /** Whether a default route of the machine leaves through it. */
  readonly hasDefaultRoute: boolean;
  readonly addresses: readonly InterfaceAddress[];
}

export interface InterfaceAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly prefixLength: number;
}

/** Small named files of the gateway's state, all of mode 0600. Names: 1 to 64 of [a-z0-9.-], not starting with a dot. */
export interface Storage {
  /** The last contents that were written whole, or undefined. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Replaces a file so that, whenever power fails, either the old or the new contents are there. Rejects with StorageError-like `code` of Node (ENOSPC, EROFS, EACCES). */
  write(name: string, contents: Uint8Array): Promise<void>;
  /** Removes a file durably; fine if it does not exist. */
  remove(name: string): Promise<void>;
  /** Names present, ascending. */
  list(): Promise<readonly string[]>;
}

export interface BoardIdentity {
  /** Board serial number; on a machine without one, the machine id; never empty, no colon. */
  readonly serialNumber: string;
  /** For people, such as "Raspberry Pi 4 Model B Rev 1.4". */
  readonly model: string;
  readonly revision: string;
}

export interface Uplinks {
  /** By preference of the system, best first. */
  list(): Promise<readonly Uplink[]>;
  /** Calls back on each change of the list until the returned function is called. */
  watch(changed: () => void): () => void;
  /**
   * Makes what is sent to the internet leave through this uplink, name resolution included; undefined gives the choice
   * back to the system. Resolves with what prevented it, in words.
   */
  prefer?(name: string | undefined): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }>;
}

export interface Uplink {
  /** As the network port's interfaces have it. */
  readonly name: string;
  readonly kind: "ethernet" | "wifi" | "cellular" | "other";
  /** Has a carrier and a default route: what is sent to the internet may leave through it. One towards panels never is. */
  readonly isUp: boolean;
  /** Whether what is sent to the internet leaves through it unless an uplink is asked for. */
  readonly isDefault?: boolean;
}

export interface Leds {
  /** Names of the board's LEDs, such as "status". */
  readonly names: readonly string[];
  /** Throws for an unknown name. The first call takes the LED from whatever showed something with it before. */
  set(name: string, lit: boolean): void;
}

export interface Button {
  /**
   * Calls back with true when pressed and false when released until the returned function is called. Contacts bounce: a
   * change may come with several more within some ms. What was held down before is told of when it is let go.
   */
  watch(changed: (pressed: boolean) => void): () => void;
}

export interface Watchdog {
  /**
   * Arms it: the board reboots unless `pet` is called at least every `timeoutMs`. Returns the time-out that the hardware
   * took, which may be shorter or longer; that one counts. Armed already: pets it. Throws if the hardware cannot be used.
   */
  arm(timeoutMs: number): number;
  /** Does nothing while it is not armed. */
  pet(): void;
  /** Disarms it (magic close). False if the hardware does not allow that: the board then reboots after the time-out. */
  disarm(): boolean;
}

export interface Thermal {
  /** CPU temperature in degrees Celsius, or undefined if it cannot be read now. */
  celsius(): Promise<number | undefined>;
}

export interface SerialPorts {
  /** Paths of the ports present now, ascending; for adapters that can be pulled, paths that stay theirs. */
  list(): Promise<readonly string[]>;
  /** Opens one exclusively. */
  open(path: string, settings: SerialSettings): Promise<SerialOutcome>;
}

export interface SerialSettings {
  readonly baudRate: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: "none" | "even" | "odd";
  readonly stopBits: 1 | 2;
  readonly flowControl: "none" | "hardware" | "software";
}

export type SerialOutcome =
  | {
      readonly ok: true;
      /**
       * The bytes. A line has no end of stream: `end()` sends none and finishes once all that was written has left. When its
       * device is pulled out: `error` with code ENODEV, then `close`.
       */
      readonly stream: Duplex;
      /** Hangs up and gives the port free; what was written and is not sent yet is dropped. Fine if closed already. */
      close(): Promise<void>;
    }
  | { readonly ok: false; readonly reason: "not-found" | "busy" | "not-permitted" | "failed"; readonly detail: string };

/** The platform's own time synchronisation (NTP). The gateway never sets the clock itself. */
export interface TimeService {
  /** Whether the platform says that the clock is synchronised; undefined where it cannot tell. */
  isSynchronised(): Promise<boolean | undefined>;
  /** Calls back after each jump of the wall clock and each change of the answer, until the returned function is called. */
  watch(changed: () => void): () => void;
}

/** The machine as a whole. */
export interface System {
  facts(): Promise<SystemFacts>;
  cpu(): CpuFacts;
  /** Another after each boot. */
  readonly bootId: string;
  /** Asks the machine to restart; resolves with what prevented it, in words, or never comes to it. */
  restart(): Promise<{ readonly ok: true } | { readonly ok: false; readonly why: string }>;
}

export interface SystemFacts {
  /** Mean number of processes that could run, over the last minute. */
  readonly load1: number;
  readonly memoryTotalBytes: number;
  /** What programs can still get without swapping. */
  readonly memoryAvailableBytes: number;
  /** Of the file system that holds the gateway's state. */
  readonly diskTotalBytes: number;
  readonly diskFreeBytes: number;
  readonly uptimeS: number;
}

export interface CpuFacts {
  readonly cores: number;
  /** Whether it has instructions for AES. */
  readonly hasAes: boolean;
}

/** Programs of the machine. */
export interface Processes {
  /** Runs one without a shell and without input, and ends it at the limit. Never rejects. */
  run(command: readonly string[], options: ProcessOptions): Promise<ProcessOutcome>;
}

export interface ProcessOptions {
  readonly timeoutMs: number;
  /** Of standard output and standard error together; what goes beyond is cut off and said. */
  readonly outputBytesMax: number;
}

export type ProcessOutcome =
  | { readonly kind: "exited"; readonly exitCode: number; readonly output: string; readonly isCut: boolean }
  | { readonly kind: "timeout"; readonly output: string; readonly isCut: boolean }
  | { readonly kind: "not-started"; readonly detail: string };
