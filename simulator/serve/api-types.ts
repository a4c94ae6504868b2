// What the simulator's API takes and gives, as types: the server answers in them, and the client speaks them.
import type { FaultKind, Parameters } from "../faults/catalogue.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";

/** An error's `code`, beside those of faults. */
export type ApiErrorCode =
  | "request.bad-value"
  | "request.unknown-field"
  | "request.too-large"
  | "not-found"
  | "name.taken"
  | "port.taken"
  | "in-use"
  | "limit.reached"
  | "host.not-local"
  | "internal"
  | `fault.${string}`;

export interface ErrorBody {
  readonly error: {
    readonly code: ApiErrorCode;
    /** What stands wrong: "panels.press4.port"; empty where it is the whole. */
    readonly place: string;
    /** What was said and what was meant. */
    readonly message: string;
  };
}

export interface WorldView {
  readonly name: string;
  /** Decides every draw of the faults and the panels' process values. */
  readonly seed: number;
  readonly panels: readonly string[];
  readonly links: readonly string[];
}

export interface NewWorld {
  readonly name: string;
  /** 1 if left out. */
  readonly seed?: number;
}

export type PanelOptions = Readonly<Record<string, string | number | boolean>>;

export interface PanelView {
  readonly name: string;
  readonly kind: string;
  readonly profile: string | null;
  readonly protocol: string;
  readonly host: string;
  readonly port: number;
  readonly options: PanelOptions;
  /** SSH: the panel's key as a line of known_hosts has it, without the host. */
  readonly hostKey: string | null;
  /** Connections that are open now. */
  readonly connections: number;
}

/** `kind` or `profile` says which panel; a profile has a kind of its own. */
export interface NewPanel {
  readonly name: string;
  readonly kind?: string;
  readonly profile?: string;
  /** 0, or left out, takes a free one. */
  readonly port?: number;
  readonly options?: PanelOptions;
}

export interface PanelChange {
  readonly options: PanelOptions;
}

export interface LinkView {
  readonly name: string;
  readonly host: string;
  /** Where a client connects. */
  readonly port: number;
  /** Where it is taken: "127.0.0.1:5900". */
  readonly target: string;
  /** The panel of this world that is the target, if it is one. */
  readonly panel: string | null;
  /** What faults call the two ends: who connects, and the target. */
  readonly between: readonly [string, string];
  /** False while every connection is refused. */
  readonly isListening: boolean;
  readonly connections: { readonly open: number; readonly total: number };
  /** Passed on so far: up to the target, down from it. */
  readonly bytes: { readonly up: number; readonly down: number };
  /** Read and held back now. */
  readonly held: { readonly up: number; readonly down: number };
  readonly faults: readonly string[];
}

/** `target` or `panel` says where it leads. */
export interface NewLink {
  readonly name: string;
  readonly target?: string;
  readonly panel?: string;
  /** 0, or left out, takes a free one. */
  readonly port?: number;
  readonly between?: readonly [string, string];
}

export interface LinkChange {
  readonly target?: string;
  readonly panel?: string;
}

export interface ConnectionView {
  readonly name: string;
  readonly isAccepted: boolean;
  readonly bytes: { readonly up: number; readonly down: number };
  readonly held: { readonly up: number; readonly down: number };
}

/** A fault without its wire, which is the link that it is laid on. */
export interface NewFault extends Omit<FaultSpec, "between"> {
  /** One is made up if left out. */
  readonly name?: string;
}

export interface FaultView extends Omit<FaultSpec, "between"> {
  readonly name: string;
  readonly parameters: Parameters;
  /** Whether it is in force now, by its schedule and its event. */
  readonly isLaid: boolean;
}

/** What is left out stays as it is. */
export type FaultChange = Partial<Omit<NewFault, "name" | "fault">>;

export interface EventAskBody {
  readonly event: string;
  readonly nth?: number;
  /** How long to wait, in ms; 10 000 if left out. */
  readonly limitMs?: number;
  readonly [field: string]: unknown;
}

/** One line of a world's log. */
export interface LoggedEvent {
  readonly seq: number;
  /** Since the world was made, in ms. */
  readonly atMs: number;
  readonly kind: "delivery" | "fault" | "panel" | "link" | "problem";
  readonly [field: string]: unknown;
}

export interface EventsPage {
  readonly events: readonly LoggedEvent[];
  /** Ask with `after` this for what comes next. */
  readonly lastSeq: number;
  /** Lines that were dropped before they could be asked for; 0 when none is missing. */
  readonly omitted: number;
}

export interface ResetOptions {
  /** Also removes links and panels. */
  readonly remove?: boolean;
}

export interface FaultKindView extends Pick<FaultKind, "name" | "summary" | "isLossy" | "parameters"> {
  /** True, or why it cannot be laid on a link. */
  readonly onLinks: true | string;
}

export interface PanelKindView {
  readonly name: string;
  readonly summary: string;
  readonly protocol: string;
  readonly options: readonly { readonly name: string; readonly takes: string; readonly summary: string }[];
}

export interface PanelProfileView {
  readonly name: string;
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly protocol: string;
  readonly summary: string;
}

export interface Catalogue {
  readonly faults: readonly FaultKindView[];
  readonly linkProfiles: readonly { readonly name: string; readonly summary: string }[];
  readonly events: readonly { readonly name: string; readonly summary: string }[];
  readonly panels: readonly PanelKindView[];
  readonly panelProfiles: readonly PanelProfileView[];
}
