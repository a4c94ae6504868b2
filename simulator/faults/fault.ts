// What a fault is. Link faults re-plan deliveries and do nothing else; world faults are behaviours over a healthy world.

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
}

export interface PlanContext {
  /** When this planning takes place; a chunk is planned when sent and again when a fault is added or lifted. */
  readonly nowMs: number;
  /** Place of the delivery's first byte in its direction of its connection. */
  readonly offsetBytes: number;
  /** Planned time of what goes before it on the same connection; nothing overtakes, so an earlier time is raised to this. */
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
  plan(delivery: Delivery, context: PlanContext): readonly Delivery[];
}

/** Somebody connects; a behaviour that handles it says how it ends. */
export interface ConnectAttempt {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  /** As if nothing listened. */
  refuse(): void;
  /** Accepted by the system and reset at once, before any byte. */
  reset(): void;
}

/** Laid over a healthy world, newest first. Begun and ended by whoever applies it. */
export interface WorldFault {
  readonly name: string;
  /** True: handled, nobody else is asked. */
  onConnect?(attempt: ConnectAttempt): boolean;
  begin?(world: World): void | Promise<void>;
  end?(world: World): void | Promise<void>;
}

/** What world faults can do to a site. */
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
}

export type Fault = LinkFault | WorldFault;

export function isLinkFault(fault: Fault): fault is LinkFault {
  return "plan" in fault;
}
