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
  /**
   * `told`: by the person or the cloud; final. `seen`: noVNC's own finding; a word of the cloud replaces it, but for
   * those that only say that the bytes ended. `guessed`: from the socket; any word of the cloud replaces it.
   */
  readonly source: "told" | "seen" | "guessed";
}

export type ConnectionFact =
  | { readonly type: "cloud.step"; readonly step: SessionStep }
  | { readonly type: "cloud.closed"; readonly reason: CloseReason; readonly text: string }
  | { readonly type: "cloud.garbled" }
  | { readonly type: "vnc.connected" }
  | { readonly type: "terminal.connected" }
  | { readonly type: "terminal.flooded" }
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
    case "terminal.connected":
      return moveTo(state, "connected");
    case "cloud.closed":
      return end(state, { text: fact.text, reason: fact.reason, source: "told" });
    case "person.disconnected":
      return end(state, { text: "You ended the connection.", reason: "client.closed", source: "told" });
    case "start.failed":
      return end(state, { text: fact.text, source: "told" });
    case "cloud.garbled":
      return find(state, "The cloud sent something that this console does not understand. Reload the page.");
    case "vnc.refused":
      return find(state, refusalText(fact.detail), "auth.failed");
    case "vnc.failed":
      return find(state, "The panel's screen could not be shown: what it sent is not VNC as the console knows it.");
    case "terminal.flooded":
      return find(state, "The panel sent more text than this browser can draw. Connect again.");
    case "socket.closed":
      if (isCloseReason(fact.text)) {
        return end(state, { text: closeText(fact.text), reason: fact.text, source: "told" });
      }
      return end(state, {
        text: fact.code === 1000 ? "The connection was closed." : "The connection to the cloud broke off.",
        source: "guessed",
      });
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

/** Words of the cloud that say less than what noVNC found out. */
const bareEndings: ReadonlySet<CloseReason | undefined> = new Set(["panel.closed", "panel.reset", "client.closed"]);

function end(state: ConnectionState, ending: Ending): ConnectionState {
  const last = state.ending;
  if (last?.source === "told") return state;
  if (last !== undefined && ending.source === "guessed") return state;
  if (last?.source === "seen" && bareEndings.has(ending.reason)) return state;
  return { step: "disconnected", reached: state.reached, ending };
}

function find(state: ConnectionState, text: string, reason?: CloseReason): ConnectionState {
  if (state.ending !== undefined) return state;
  return end(state, { text, source: "seen", ...(reason === undefined ? {} : { reason }) });
}

function refusalText(detail: string | undefined): string {
  return detail === undefined || detail === "" ? closeText("auth.failed") : `The panel refused the sign-in: ${detail}`;
}
