// What one swarm run does, as data: drawn from a seed, shrunk, written to a file and carried out again.
import type { Parameters } from "../faults/fault-kind.ts";
import type { EventAsk } from "../triggers/event-kinds.ts";

/** A host of every swarm site, or a panel's name. */
export type HostName = string;

export interface FaultEvent {
  readonly kind: "fault";
  readonly atMs: number;
  readonly forMs: number;
  /** Name of a kind in the catalogue of faults. */
  readonly fault: string;
  readonly parameters: Parameters;
  /** The two hosts of the wire that it is laid on; over the whole site without. */
  readonly between?: readonly [HostName, HostName];
  /** The one of them whose sending alone is meant. */
  readonly from?: HostName;
  /** From `atMs` on this is waited for, and the fault begins when it happens; `forMs` counts from then. */
  readonly when?: EventAsk;
}

/** The gateway's program is ended in order and started again. */
export interface RestartEvent {
  readonly kind: "restart";
  readonly atMs: number;
  readonly forMs: number;
}

/** Bytes that one side sends: so many, in pieces, one piece every so many ms. */
export interface Stream {
  readonly bytes: number;
  readonly pieceBytes: number;
  readonly everyMs: number;
}

export interface SessionEvent {
  readonly kind: "session";
  readonly atMs: number;
  /** Counts from 1 within a plan; both ends' bytes are made from it. */
  readonly id: number;
  readonly panel: HostName;
  /** Whether the client speaks our own session channel or Cumulocity's `binary`. */
  readonly hasChannel: boolean;
  readonly up: Stream;
  readonly down: Stream;
  /** What the panel does after its last byte. */
  readonly panelThen: "stays" | "ends" | "resets";
  /** When the operator leaves, from the moment the session is there; earlier if the session ends. */
  readonly lastsMs: number;
  readonly leaves: "in-order" | "breaks-off";
  /** How long the operator's program takes nothing, in the middle of the session; 0 for never. */
  readonly pausesMs: number;
}

/** A person looks at a VNC panel, presses a key now and then, and leaves. */
export interface ViewEvent {
  readonly kind: "view";
  readonly atMs: number;
  readonly panel: HostName;
  readonly lastsMs: number;
}

/** A person signs in at an SSH or Telnet panel, types lines, and leaves. */
export interface TerminalEvent {
  readonly kind: "terminal";
  readonly atMs: number;
  /** Counts from 1 over the plan's terminals; what is typed is made from it. */
  readonly id: number;
  readonly panel: HostName;
  readonly lines: number;
  readonly everyMs: number;
  /** Every so many lines the window gets another size; 0 for never. */
  readonly resizesEvery: number;
  /** How the person answers what an SSH panel asks for the sign-in. */
  readonly answers: "rightly" | "wrongly" | "never";
  readonly lastsMs: number;
  readonly leaves: "in-order" | "breaks-off" | "logs-out";
}

/** What a person asks for that cannot be had. */
export const doors = ["vnc-is-silent", "ssh-is-silent", "outside-policy", "no-such-name", "closed-port"] as const;
export type Door = (typeof doors)[number];

/** A person tries an endpoint that is entered wrongly, and must be told so in time. */
export interface KnockEvent {
  readonly kind: "knock";
  readonly atMs: number;
  readonly door: Door;
  readonly hasChannel: boolean;
}

/** An administrator changes a panel's endpoint, or takes it away and enters it anew: its sessions end. */
export interface EndpointEvent {
  readonly kind: "endpoint";
  readonly atMs: number;
  readonly panel: HostName;
  readonly does: "change" | "replace";
}

/** The account of a visitor is disabled for a while; in a plan with such an event every third session is the visitor's. */
export interface RevokeEvent {
  readonly kind: "revoke";
  readonly atMs: number;
  readonly forMs: number;
}

export type PlanEvent =
  | FaultEvent
  | RestartEvent
  | SessionEvent
  | ViewEvent
  | TerminalEvent
  | KnockEvent
  | EndpointEvent
  | RevokeEvent;

export interface SwarmPlan {
  readonly format: "postern-swarm-plan-1";
  /** Of the site: its own luck, and of each fault. */
  readonly seed: number;
  /** How long things happen; then everything heals. */
  readonly lastsMs: number;
  readonly bytePanels: readonly HostName[];
  readonly vncPanels: readonly HostName[];
  /** The first knows the person's password from the cloud; any other asks for everything itself. */
  readonly sshPanels: readonly HostName[];
  readonly telnetPanels: readonly HostName[];
  /** Tunnels that the gateway may have at once. */
  readonly tunnelsMax: number;
  /** The gateway is not known to the cloud yet: it is let in while things happen. */
  readonly isNew: boolean;
  /** Longest life of a session, in ms. */
  readonly sessionLifeMs: number;
  /** In the order of time. */
  readonly events: readonly PlanEvent[];
}

/** What a plan without anything else has: the product's own limits, and a gateway that is let in. */
export const usualSite = { tunnelsMax: 16, sessionLifeMs: 12 * 3_600_000, isNew: false } as const;

export function isFaultOrRestart(event: PlanEvent): event is FaultEvent | RestartEvent {
  return event.kind === "fault" || event.kind === "restart";
}

export function faultsOf(plan: SwarmPlan): readonly (FaultEvent | RestartEvent)[] {
  return plan.events.filter(isFaultOrRestart);
}

/** With other events instead, put in order. */
export function withEvents(plan: SwarmPlan, events: readonly PlanEvent[]): SwarmPlan {
  return { ...plan, events: [...events].sort((one, other) => one.atMs - other.atMs) };
}
