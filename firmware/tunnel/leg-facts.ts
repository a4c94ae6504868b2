// What the two legs of a tunnel tell its machine, and what the machine tells them to do.
import type { CloseReason } from "#protocol/close-reason.ts";

export type LegsCommand =
  /** Both stand: let the bytes through. */
  | { readonly type: "legs.forward" }
  /** Deliver what was read, tell the cloud the reason, end the panel; `legs.closed` follows. */
  | { readonly type: "legs.finish"; readonly reason: CloseReason }
  /** Reset what is still there; `legs.closed` follows. */
  | { readonly type: "legs.cut" };

/** All that the legs send. Details are for people and hold no secret. */
export type LegsFact =
  | { readonly type: "panel.connected" }
  | { readonly type: "cloud.connected" }
  | { readonly type: "panel.failed"; readonly reason: CloseReason; readonly detail: string }
  | { readonly type: "cloud.failed"; readonly reason: CloseReason; readonly detail: string }
  /** The panel's end of stream; everything it sent has been handed on. */
  | { readonly type: "panel.ended" }
  | { readonly type: "panel.broke"; readonly reason: CloseReason; readonly detail: string }
  | { readonly type: "cloud.ended"; readonly reason: CloseReason; readonly detail: string }
  /** Our close frame and all before it have come to the far end, as far as can be known. */
  | { readonly type: "cloud.flushed" }
  /** The device websocket is closed at both ends. */
  | { readonly type: "cloud.gone" }
  /** Both are gone. */
  | ({ readonly type: "legs.closed" } & TunnelCounts);

export interface TunnelCounts {
  /** From the client towards the panel. */
  readonly bytesUp: number;
  /** From the panel towards the client. */
  readonly bytesDown: number;
  /** Since both sides stood; 0 if they never did. */
  readonly durationMs: number;
}

/** The legs of one tunnel seen from outside its machine: live numbers for the gateway's status, and the way to end them without it. */
export interface TunnelMeter {
  bytesUp(): number;
  bytesDown(): number;
  /** Own queues and those of both connections. */
  heldBytes(): number;
  /** Since both sides stood; 0 until then. */
  durationMs(): number;
  /** Resets what stands and clears the timers; nothing is told any more, and the entry goes. */
  abandon(): void;
}
