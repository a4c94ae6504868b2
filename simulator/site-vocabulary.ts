// The words in which a story about a site is told, the same whether the site is in memory or on real sockets.
import type { Fault } from "./faults/fault.ts";
import type { Operator } from "./operator.ts";
import type { PanelProgram } from "./panels/panel.ts";
import type { EventLog } from "./record/event-log.ts";
import type { UntilOptions } from "./simulated-clock.ts";
import type { LogLine } from "./site/programs.ts";
import type { LaidFault, Laying } from "./triggers/lay-fault.ts";
import type { ProtocolEvent } from "./triggers/protocol-event.ts";

export type SitePanels = Readonly<Record<string, PanelProgram>>;

/** The running panels of a site by name. */
export type RunningPanels<P extends SitePanels> = { readonly [Name in keyof P]: Awaited<ReturnType<P[Name]["start"]>> };

/** `memory`: in this process on simulated time. `loopback`: over real sockets of this machine, in real time. */
export type SiteMode = "memory" | "loopback";

type Held<T> = Exclude<Awaited<T>, undefined | null | false>;

/** The wire between two hosts, or one direction of it. */
export interface Wire {
  /** Lays a fault over the wire until the returned function is called. Throws for a fault that is none of a wire. */
  apply(fault: Fault): () => void;
  /** Lays a fault over the wire for as long as `block` runs. */
  during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T>;
}

/** What a story may do with a site. Every wait has a limit and fails with the caller's own line. */
export interface SiteVocabulary<P extends SitePanels = SitePanels> {
  readonly mode: SiteMode;
  readonly seed: number;
  /** External id of the gateway. */
  readonly deviceId: string;
  readonly operator: Operator;
  readonly panels: RunningPanels<P>;
  /** Everything that happened, in order. */
  readonly record: EventLog;
  readonly gatewayLog: readonly LogLine[];
  readonly cloudLog: readonly LogLine[];
  readonly isGatewayOn: boolean;
  /** The wire between two hosts: "operator", "cloud", "gateway" or a panel's name. Throws for any other name. */
  between(one: string, other: string): Wire;
  /** One direction of the wire between two hosts. */
  from(sender: string): { to: (receiver: string) => Wire };
  /** Runs `block` while a fault of the world (cloud restart, power cut, reset of everything) is in force. */
  during<T>(fault: Fault, block: () => T | Promise<T>): Promise<T>;
  /** Lays a fault of the world over the whole site until the returned function is called. */
  apply(fault: Fault): Promise<() => Promise<void>>;
  /** Calls back when an event of a protocol has happened, counted from now on; the returned function ends the waiting. */
  on(event: ProtocolEvent, happened: () => void): () => void;
  /** Lays a fault when an event has happened, between two hosts or over the whole site. */
  when(event: ProtocolEvent): { apply(fault: Fault, laying?: Laying): LaidFault };
  /** Waits until the gateway is online and the cloud shows it so. */
  gatewayIsOnline(limitMs?: number): Promise<void>;
  /** The gateway's power fails: nothing is said to anybody. */
  powerCut(): void | Promise<void>;
  powerOn(): void | Promise<void>;
  /** The gateway's program is ended in order, as by SIGTERM, and stays off until `powerOn`. */
  gatewayStops(): Promise<void>;
  /** The cloud goes and comes back with what it had stored. `hard`: as by kill -9. */
  cloudRestarts(options?: { readonly hard?: boolean; readonly downMs?: number }): Promise<void>;
  /** Writes a step of the story into the record. */
  says(text: string): void;
  /** Waits until a promise settles, or until a fact holds (is not undefined, null or false); 60 s unless told otherwise. */
  until<T>(fact: Promise<T>, options: UntilOptions): Promise<T>;
  until<T>(fact: () => T, options: UntilOptions): Promise<Held<T>>;
  /** Lets so many ms pass: simulated ones in memory, real ones on loopback. */
  passes(ms: number): Promise<void>;
  /** Names of the connections that at least one end still has. */
  openConnections(): readonly string[];
  /** What the world looks like, for the text of a failure. */
  describe(): string;
}
