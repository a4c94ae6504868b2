// Turns the way in which a leg ended into an event of the session: the reader's own word for its position (protocol/close-reason.ts).
import { isCloseReason } from "#protocol/close-reason.ts";
import type { LegEnd } from "./leg.ts";
import type { StreamFailure } from "./protocols/protocol-stream.ts";
import type { SessionEvent } from "./session.machine.ts";

/** RFC 6455 section 7.4.1: normal, going away, no code at all. 3000 and up are what a page may choose. */
function isOrderlyCode(code: number | undefined): boolean {
  return code === undefined || code === 1000 || code === 1001 || code >= 3000;
}

/** A client says that it goes, never why: its words count for nothing. */
export function clientEndEvent(end: LegEnd): SessionEvent {
  switch (end.kind) {
    case "said":
      return { type: "client.ended", reason: isOrderlyCode(end.code) ? "client.closed" : "client.lost" };
    case "broken":
    case "lost":
      return { type: "client.ended", reason: "client.lost" };
    case "stalled":
      return { type: "client.ended", reason: "client.stalled" };
    case "malformed":
      return {
        type: "session.ended",
        reason: "protocol.malformed",
        text: "The client sent something that is not the websocket protocol.",
      };
    case "too-large":
      return {
        type: "session.ended",
        reason: "protocol.too-large",
        text: "The client sent a message that is too long.",
      };
    default:
      return end satisfies never;
  }
}

/** `panelEnded`: what an orderly end of the panel means where its protocol was not open yet. */
export function deviceEndEvent(end: LegEnd, panelEnded: () => StreamFailure | undefined): SessionEvent {
  switch (end.kind) {
    case "said": {
      const reason = isCloseReason(end.text)
        ? end.text
        : end.code === undefined || end.code === 1000
          ? "panel.closed"
          : "gateway.lost";
      const failure = reason === "panel.closed" ? panelEnded() : undefined;
      return { type: "device.ended", ...(failure ?? { reason }) };
    }
    case "broken":
    case "lost":
      return { type: "device.ended", reason: "gateway.lost" };
    case "stalled":
      return { type: "device.ended", reason: "gateway.lost", text: "The gateway stopped taking data." };
    case "malformed":
      return {
        type: "session.ended",
        reason: "protocol.malformed",
        text: "The gateway sent something that is not the websocket protocol.",
      };
    case "too-large":
      return {
        type: "session.ended",
        reason: "protocol.too-large",
        text: "The gateway sent a message that is too long.",
      };
    default:
      return end satisfies never;
  }
}
