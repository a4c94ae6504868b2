// One connection to a panel's screen: the session's websocket, noVNC on it, and the facts both give.
import RFB from "@novnc/novnc";
import type { ConnectionFact } from "./connection-state.ts";
import { watchFit } from "./screen-fit.ts";
import { openSessionSocket } from "./session-socket.ts";
import { VncChannel } from "./vnc-channel.ts";

/** What the panel wants to know from the person before it lets the session in. */
export type PanelQuestion =
  | { readonly kind: "credentials"; readonly fields: readonly string[] }
  | { readonly kind: "identity"; readonly publicKey: Uint8Array<ArrayBuffer> };

interface VncSessionOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly stage: HTMLElement;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onQuestion: (question: PanelQuestion) => void;
  /** The cloud refused the websocket, or does not answer: why has to be asked in another way. */
  readonly onRefused: () => void;
}

export interface VncSession {
  /** Answers a question for credentials; they go to the panel and are not kept. */
  sendCredentials(credentials: Readonly<Record<string, string>>): void;
  /** Answers a question for the panel's identity with yes. */
  acceptIdentity(): void;
  sendCtrlAltDel(): void;
  focus(): void;
  /** Ends the connection in order, on the person's wish or because the page goes. */
  close(): void;
}

/** When noVNC gives up, the cloud's own word on why may still be on its way. */
const cloudsWordWithinMs = 1000;

export function startVncSession(options: VncSessionOptions): VncSession {
  const { stage, onFact } = options;
  let lingering: number | undefined;
  let isSocketGone = false;
  let isScreenGone = false;
  const channel = new VncChannel({
    send: (bytes) => socket.send(bytes),
    onAbandoned: () => {
      lingering = window.setTimeout(() => socket.close(), cloudsWordWithinMs);
    },
  });
  const socket = openSessionSocket({
    deviceId: options.deviceId,
    configurationId: options.configurationId,
    onFact,
    onOpen: () => channel.opened(),
    onBytes: (bytes) => channel.received(bytes),
    onEnd: ({ code, reason, wasOpen }) => {
      window.clearTimeout(lingering);
      isSocketGone = true;
      if (wasOpen) onFact({ type: "socket.closed", code, text: reason });
      else options.onRefused();
      channel.ended(code, reason);
    },
  });

  const rfb = new RFB(stage, channel, { shared: true });
  rfb.background = "transparent";
  const stopFitting = watchFit(stage, (isScaled) => {
    if (rfb.scaleViewport !== isScaled) rfb.scaleViewport = isScaled;
  });
  rfb.addEventListener("connect", () => onFact({ type: "vnc.connected" }));
  rfb.addEventListener("credentialsrequired", ({ detail }) => {
    options.onQuestion({ kind: "credentials", fields: detail.types });
  });
  rfb.addEventListener("serververification", ({ detail }) => {
    options.onQuestion({ kind: "identity", publicKey: detail.publickey });
  });
  rfb.addEventListener("securityfailure", ({ detail }) => onFact({ type: "vnc.refused", detail: detail.reason }));
  rfb.addEventListener("disconnect", ({ detail }) => {
    isScreenGone = true;
    stopFitting();
    // noVNC also fails when the socket goes in mid-handshake, and why that went is known better.
    if (!detail.clean && !isSocketGone) onFact({ type: "vnc.failed" });
  });

  return {
    sendCredentials: (credentials) => rfb.sendCredentials(credentials),
    acceptIdentity: () => rfb.approveServer(),
    sendCtrlAltDel: () => rfb.sendCtrlAltDel(),
    focus: () => rfb.focus({ preventScroll: true }),
    close: () => {
      if (!isScreenGone) rfb.disconnect();
      window.clearTimeout(lingering);
      socket.close();
    },
  };
}
