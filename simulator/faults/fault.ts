// What a fault is. Link faults re-plan deliveries and do nothing else; world faults are behaviours over a healthy world.
import type { Duplex } from "node:stream";

/**
 * What crosses a link. "open", "accept" and "refuse" are the parts of a TCP handshake, "end" is a FIN, "reset" a RST.
 * All of them travel in the order in which they were sent.
 */
export type DeliveryKind = "open" | "accept" | "refuse" | "bytes" | "end" | "reset";

export interface Delivery {
  readonly kind: DeliveryKind;
  /** Empty unless `kind` is "bytes". */
  readonly bytes: Uint8Array;
  /** Simulated time at which it reaches the far host; infinity: held until a fault is added or lifted. */
  readonly atMs: number;
  /** Altered on its way, its TCP checksum put right: what is under TLS ends there, as its record's code no longer fits. */
  readonly isCorrupt?: boolean;
  /**
   * When the far host's system has it, if that is earlier than `atMs`, at which its program takes it: from then on it is
   * acknowledged, and fills the receive window.
   */
  readonly takenAtMs?: number;
  /** A second copy, which is no part of the stream: nothing waits for it, and it is forgotten when the faults change. */
  readonly isStray?: boolean;
  /** It was lost and is sent again: first after so many ms, then after twice that. The sender's system counts these. */
  readonly retransmitMs?: number;
}

export interface PlanContext {
  /** When this planning takes place; a chunk is planned when sent and again when a fault is added or lifted. */
  readonly nowMs: number;
  /**
   * Since when the fault has planned for this connection and direction without the link being dark in between: what it
   * does at a pace goes on at that pace, however often other faults come and go. `nowMs` if left out.
   */
  readonly sinceMs?: number;
  /** Place of the delivery's first byte in its direction of its connection. */
  readonly offsetBytes: number;
  /**
   * When this fault let go what goes before it on the same connection and in the same direction; nothing overtakes, so an
   * earlier time is raised to this. At least the time at which the last bytes arrived.
   */
  readonly previousAtMs: number;
  /** Drawn once when the chunk was sent, in [0, 1): a chunk that is planned again has the same luck. */
  readonly draw: number;
}

/**
 * A pure re-planning of one delivery. Its duties: `[]` only if losing bytes is the point; "end" and "reset" pass unless
 * holding them is the point; a name that says what it does in a failure's text ("latency 200 ms"); no state, no clock, no
 * randomness but `draw`. Order, timers and held bytes are the link's business. Slow and frozen are two faults.
 */
export interface LinkFault {
  readonly name: string;
  /**
   * Nothing at all passes, acknowledgements included: the sender's system sees unacknowledged bytes and retransmits. A
   * fault that holds bytes and is not dark leaves the far host's system answering, as when only its program is frozen.
   */
  readonly isDark?: boolean;
  /** Makes sense in one direction only: `site.from(a).to(b)`, not `site.between(a, b)`. */
  readonly isOneWay?: boolean;
  plan(delivery: Delivery, context: PlanContext): readonly Delivery[];
}

/** Why a certificate is not believed. */
export type CertificateFlaw = "expired" | "not-yet-valid" | "wrong-name" | "unknown-authority";

/** A program that takes a connection instead of the one that was meant. */
export interface StandIn {
  /** It speaks TLS first, with a certificate that has this flaw; it never gets further with a peer that checks. */
  readonly certificate?: CertificateFlaw;
  /** Given the bytes, after the TLS handshake if there is one. Errors of the stream are swallowed. */
  serve(stream: Duplex): void;
}

/** Somebody connects; a behaviour that handles it says how it ends. */
export interface ConnectAttempt {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Drawn for this attempt, in [0, 1). */
  readonly draw?: number;
  /** As if nothing listened. */
  refuse(): void;
  /** Accepted by the system and reset at once, before any byte. */
  reset(): void;
  /** Accepted, and handed to another program. */
  serve?(standIn: StandIn): void;
}

/** A host asks for the addresses of a name that is no literal. */
export interface NameQuery {
  readonly from: string;
  readonly name: string;
  /** Drawn for this query, in [0, 1). */
  readonly draw?: number;
  /** What the name server says without the fault; undefined: no such name. */
  readonly addresses: readonly string[] | undefined;
  answer(addresses: readonly string[]): void;
  /** The name server says that there is no such name. */
  unknown(): void;
  /** The name server never answers: the asker waits for as long as it wants to. */
  silence(): void;
}

/** A host is about to show its certificate to who connects. */
export interface CertificateOffer {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** Drawn for this handshake, in [0, 1). */
  readonly draw?: number;
  /** Shows another one, which has this flaw and no other. */
  show(flaw: CertificateFlaw): void;
}

/** Laid over a healthy world, newest first. Begun and ended by whoever applies it. */
export interface WorldFault {
  readonly name: string;
  /** Acts on the whole site, and cannot be laid between two hosts. */
  readonly isOfSite?: boolean;
  /** True: handled, nobody else is asked. */
  onConnect?(attempt: ConnectAttempt): boolean;
  /** True: handled, nobody else is asked. */
  onResolve?(query: NameQuery): boolean;
  /** True: handled, nobody else is asked. */
  onCertificate?(offer: CertificateOffer): boolean;
  begin?(world: World): void | Promise<void>;
  end?(world: World): void | Promise<void>;
}

/** Undoes what was done; called once. */
export type Release = () => void | Promise<void>;

export type DiskFailure = "full" | "read-only" | "torn";

/** What world faults can do to a site. What a site lacks it leaves out: a fault that needs it is then refused by name. */
export interface World {
  /**
   * Resets the open connections between the hosts that the fault was laid between, or all of the site's; of these only
   * those to `port`, if it is given.
   */
  resetConnections(port?: number): void;
  cutPower(): void;
  restorePower(): void;
  stopCloud(options: { readonly hard: boolean }): Promise<void>;
  startCloud(): Promise<void>;
  /** A number in [0, 1), drawn for a fault that may or may not begin. */
  draw?(): number;
  /**
   * One end of the open connections between two hosts forgets them and nobody is told: that of the host named first
   * ("near") or second ("far"). Only of a link.
   */
  vanishConnections?(end: "near" | "far", port?: number): void;
  /** Moves the wall clock of "gateway" or "cloud"; durations go on as they were. */
  jumpClock?(host: string, byMs: number): void;
  /** The broker ends the MQTT connections that it has, in order and without a word, as MQTT 3.1.1 does. */
  kickBroker?(): void;
  /**
   * A second device connects with the gateway's client identifier and login, and again `againAfterMs` after each time that
   * it was put out, until released.
   */
  duplicateClient?(options: { readonly againAfterMs: number }): Release;
  /** The gateway's disk fails in this way until released; "torn": a write that a power cut meets is there in part. */
  failDisk?(failure: DiskFailure): Release;
  /** The gateway's program hangs: nothing of it runs, so that nobody pets the watchdog, until released. */
  starveWatchdog?(): Release;
  /** The cellular modem answers nothing any more, neither commands nor data, until released. */
  hangModem?(): Release;
  /** The uplink that carries the traffic goes down and the next one takes over, until released. */
  swapUplink?(): Release;
}

export type Fault = LinkFault | WorldFault;

export function isLinkFault(fault: Fault): fault is LinkFault {
  return "plan" in fault;
}
