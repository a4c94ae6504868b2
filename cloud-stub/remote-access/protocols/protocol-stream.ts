// What stands between the two legs of a session and knows the protocol that they speak.
import type { CloseReason } from "#protocol/close-reason.ts";
import type { ClientMessage, CloudMessage } from "#protocol/session-channel.ts";
import type { PanelKey } from "./panel-key.ts";

/** Where a stream sends to. */
export interface StreamEnds {
  toPanel(bytes: Uint8Array): void;
  toClient(bytes: Uint8Array): void;
  /** The protocol is open; bytes pass from now on. */
  handshakeDone(): void;
  handshakeFailed(failure: StreamFailure): void;
  /** The protocol came to its end after it was open. */
  ended(end: StreamFailure): void;
  /** Whether the client has the session channel, so that a person can be told and asked. */
  readonly hasChannel: boolean;
  /** Sends on the session channel; does nothing without one. */
  say(message: CloudMessage): void;
  /** A person is asked now, or not any more: that has its own limit. */
  asking(isAsking: boolean): void;
  /** `holdsClient` or `holdsPanel` may have changed. */
  regulate(): void;
  /** Runs what happens on a turn of the stream's own (an event, a timer): a bug in it ends the session, not the process. */
  attempt(run: () => void): void;
}

export interface StreamFailure {
  readonly reason: CloseReason;
  /** One sentence for people without a secret. */
  readonly text: string;
}

export interface ProtocolStream {
  /** Whether the opening of the protocol is watched; without it there is no `handshakeDone`. */
  readonly hasHandshake: boolean;
  /** Bytes kept inside. */
  readonly heldBytes: number;
  /** Called once, when the tunnel stands, before any bytes of the two ends. */
  start(ends: StreamEnds): void;
  fromPanel(bytes: Uint8Array): void;
  fromClient(bytes: Uint8Array): void;
  /** What it means that the handshake's time is over. */
  expired(): StreamFailure;
  /** What it means that the panel ended its stream in order now; undefined: what it says. */
  panelEnded(): StreamFailure | undefined;
  /** Tells the client of a failure in its own protocol where that is possible; may need bytes of the client first. */
  fail(ends: StreamEnds, text: string): void;
  /** Whether nothing more is to be told to the client. */
  readonly isFailureTold: boolean;
  /** Whether the client must be held back, because the panel's protocol takes nothing at present. */
  readonly holdsClient?: boolean;
  /** Whether the panel must be held back, because what it sent cannot be worked off at present. */
  readonly holdsPanel?: boolean;
  /** Takes a message of the session channel; may come before `start`. */
  fromChannel?(message: ClientMessage): void;
  /** The endpoint knows a key of its panel from now on, which was unknown when the session began; may come before `start`. */
  keyLearnt?(key: PanelKey): void;
  /** The session is over: says goodbye where the protocol has a word for it, and lets go of everything. Once or more. */
  close?(): void;
}
