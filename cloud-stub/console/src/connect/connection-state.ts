// Where a connection to a panel stands, as the bar shows it: a pure function from facts to a state.
import { type CloseReason, closeText, isCloseReason } from "#protocol/close-reason.ts";
import type { SessionStep } from "#protocol/session-channel.ts";

export type ConnectionStep =
  | "preparing"
  | "waiting-for-gateway"
  | "opening-tunnel"
  | "handshaking"
  | "connected"
  | "disconnected";

export interface ConnectionState {
  readonly step: ConnectionStep;
  /** The last step before the end, to show how far it came. */
  readonly reached: Exclude<ConnectionStep, "disconnected">;
  /** Why it ended; only when disconnected. */
  readonly ending?: Ending;
}

export interface Ending {
  readonly text: string;
  readonly reason?: CloseReason;
  /** `told`: by the person or the cloud. `guessed`: from what this end saw; a later word of the cloud replaces it. */
  readonly source: "told" | "guessed";
}

export type ConnectionFact =
  | { readonly type: "cloud.step"; readonly step: SessionStep }
  | { readonly type: "cloud.closed"; readonly reason: CloseReason; readonly text: string }
  | { readonly type: "cloud.garbled" }
  | { readonly type: "vnc.connected" }
  | { readonly type: "vnc.refused"; readonly detail: string | undefined }
  | { readonly type: "vnc.failed" }
  | { readonly type: "socket.closed"; readonly code: number; readonly text: string }
  | { readonly type: "start.failed"; readonly text: string }
  | { readonly type: "person.disconnected" };

export const startState: ConnectionState = { step: "preparing", reached: "preparing" };

export function connectionAfter(state: ConnectionState, fact: ConnectionFact): ConnectionState {
  switch (fact.type) {
    case "cloud.step":
      // "open" says that the tunnel stands; the VNC handshake with the panel or the relay still runs then.
      return moveTo(state, fact.step === "open" ? "handshaking" : fact.step);
    case "vnc.connected":
      return moveTo(state, "connected");
    case "cloud.closed":
      return end(state, { text: fact.text, reason: fact.reason, source: "told" });
    case "person.disconnected":
      return end(state, { text: "You ended the connection.", reason: "client.closed", source: "told" });
    case "start.failed":
      return end(state, { text: fact.text, source: "told" });
    case "cloud.garbled":
      return guess(state, "The cloud sent something that this console does not understand. Reload the page.");
    case "vnc.refused":
      return guess(state, refusalText(fact.detail), "auth.failed");
    case "vnc.failed":
      return guess(state, "The panel's screen could not be shown: what it sent is not VNC as the console knows it.");
    case "socket.closed":
      if (isCloseReason(fact.text)) {
        return end(state, { text: closeText(fact.text), reason: fact.text, source: "told" });
      }
      return guess(state, fact.code === 1000 ? "The connection was closed." : "The connection to the cloud broke off.");
    default:
      return fact satisfies never;
  }
}

const order: readonly ConnectionStep[] = [
  "preparing",
  "waiting-for-gateway",
  "opening-tunnel",
  "handshaking",
  "connected",
  "disconnected",
];

/** Steps only go forward: the cloud's word on the tunnel may come after the screen's own. */
function moveTo(state: ConnectionState, step: Exclude<ConnectionStep, "disconnected">): ConnectionState {
  return order.indexOf(step) > order.indexOf(state.step) ? { step, reached: step } : state;
}

function end(state: ConnectionState, ending: Ending): ConnectionState {
  if (state.ending?.source === "told") return state;
  return { step: "disconnected", reached: state.reached, ending };
}

function guess(state: ConnectionState, text: string, reason?: CloseReason): ConnectionState {
  if (state.ending !== undefined) return state;
  return end(state, { text, source: "guessed", ...(reason === undefined ? {} : { reason }) });
}

function refusalText(detail: string | undefined): string {
  const words = closeText("auth.failed");
  return detail === undefined || detail === "" ? words : `${words} It says: ${detail}`;
}
