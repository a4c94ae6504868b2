// The steps of a connection in words.
import type { ConnectionStep } from "./connection-state.ts";

/** Written small, to stand in a sentence too; the page shows the first letter large. */
export const stepWords: Readonly<Record<ConnectionStep, string>> = {
  preparing: "preparing the connection",
  "waiting-for-gateway": "waiting for gateway",
  "opening-tunnel": "opening tunnel",
  handshaking: "starting VNC handshake",
  connected: "connected",
  disconnected: "disconnected",
};

const handshakeWords: Readonly<Record<string, string>> = {
  SSH: "starting SSH handshake",
  TELNET: "starting Telnet session",
};

/** The same for an endpoint of this protocol; undefined: not known yet. */
export function stepWordsOf(step: ConnectionStep, protocol: string | undefined): string {
  return (step === "handshaking" ? handshakeWords[protocol ?? ""] : undefined) ?? stepWords[step];
}

/** The steps that a connection takes one after the other. */
export const stepsInOrder: readonly ConnectionStep[] = [
  "waiting-for-gateway",
  "opening-tunnel",
  "handshaking",
  "connected",
];

/** How many of `stepsInOrder` lie behind when `step` is the current one. */
export function stepsDone(step: ConnectionStep): number {
  return Math.max(0, stepsInOrder.indexOf(step));
}
