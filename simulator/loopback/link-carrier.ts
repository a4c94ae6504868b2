// What carries the traffic between the parties of a run on real sockets; today a relay in user space, later namespaces too.
import type { WorldFault } from "../faults/fault.ts";
import type { Link } from "../network/link.ts";

/** Where a carried connection goes: a host name or literal, and a port. */
export interface CarriedTarget {
  readonly host: string;
  readonly port: number;
}

export interface CarriedPortOptions {
  /** Who connects, and to whom, as faults name them. */
  readonly from: string;
  readonly to: string;
  /** The port as faults and events name it; that of the target if left out. */
  readonly servicePort?: number;
  /** Asked at each connection. */
  readonly target: () => CarriedTarget;
  /** What passes is TLS: events of protocols are told by who has it in clear. */
  readonly isEnciphered?: boolean;
  /** Port of loopback to listen on; 0 takes a free one. */
  readonly listenPort?: number;
}

/** A way into a carried link: who connects here is taken to the target. */
export interface CarriedPort {
  readonly port: number;
  readonly from: string;
  readonly to: string;
  close(): Promise<void>;
}

/** A connection under way. */
export interface CarriedConnection {
  readonly client: { readonly host: string; readonly port: number };
  readonly server: { readonly host: string; readonly port: number };
  /** "gateway:49152 > press4:5900". */
  readonly name: string;
  /** Tells both ends by a reset. */
  breakOff(): void;
  /** One end forgets the connection and the other one is not told. */
  endVanishes(side: "client" | "server"): void;
}

/** What world faults do to connections, names and certificates. */
export type CarriedBehaviour = Pick<WorldFault, "onConnect" | "onResolve" | "onCertificate">;

/**
 * Carries connections between named hosts over links that faults are laid on. Network namespaces would be a second
 * form: the same words, with packets dropped by the kernel, so that dark links are not acknowledged either.
 */
export interface LinkCarrier {
  /** The link between two hosts, the same one whichever is named first. Throws for a name that is no host's. */
  link(one: string, other: string): Link;
  openPort(options: CarriedPortOptions): Promise<CarriedPort>;
  /** Lays a behaviour over everything, newest first, until the returned function is called. */
  lay(behaviour: CarriedBehaviour): () => void;
  /** Resolves when what was laid or lifted has taken effect on every port. Rejects if a port could not be taken again. */
  settled(): Promise<void>;
  conversations(): readonly CarriedConnection[];
  resetConnections(fits: (connection: CarriedConnection) => boolean): void;
  /** Ends everything; safe to call again. */
  close(): Promise<void>;
}
