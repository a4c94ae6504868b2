// One connection to a panel's screen: the session's websocket, noVNC on it, and the facts both give.
import RFB from "@novnc/novnc";
import type { ConnectionFact } from "./connection-state.ts";
import type { PanelQuestion } from "./panel-question.ts";
import { type ScreenFit, watchFit } from "./screen-fit.ts";
import { openSessionSocket } from "./session-socket.ts";
import { VncChannel } from "./vnc-channel.ts";
import type { VncKey } from "./vnc-keys.ts";
import { type Compression, compressionLevels, type PictureQuality, qualityLevels } from "./vnc-view.ts";

interface VncSessionOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly stage: HTMLElement;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onQuestion: (question: PanelQuestion) => void;
  readonly onNotice: (text: string) => void;
  /** The cloud refused the websocket, or does not answer: why has to be asked in another way. */
  readonly onRefused: () => void;
}

export interface VncSession {
  readonly kind: "screen";
  /** Answers a question for credentials; they go to the panel and are not kept. */
  sendCredentials(credentials: Readonly<Record<string, string>>): void;
  /** Answers a question for the panel's identity with yes. */
  acceptIdentity(): void;
  acceptHostKey(fingerprint: string): void;
  /** Answers a question of the cloud; goes to the panel and is not kept. */
  answerPrompt(id: number, answers: readonly string[]): void;
  sendCtrlAltDel(): void;
  /** Presses and releases it, or only one of the two. */
  sendKey(key: VncKey, what?: "press" | "release"): void;
  fit(how: ScreenFit): void;
  quality(quality: PictureQuality): void;
  compression(compression: Compression): void;
  /** Makes a text the panel's clipboard. */
  sendClipboard(text: string): void;
  /** Calls `listener` with what is copied at the panel from now on, and with what was copied last. */
  onClipboard(listener: (text: string) => void): () => void;
  /** A PNG picture of the panel's whole screen, in its own size. */
  screenshot(): Promise<Blob | undefined>;
  focus(): void;
  /** Ends the connection in order, on the person's wish or because the page goes. */
  close(): void;
  dispose(): void;
}

/** When noVNC gives up, the cloud's own word on why may still be on its way. */
const cloudsWordWithinMs = 1000;

export function startVncSession(options: VncSessionOptions): VncSession {
  const { stage, onFact } = options;
  let lingering: number | undefined;
  let isSocketGone = false;
  let isScreenGone = false;
  let isExact = true;
  let fit: ScreenFit = "fit";
  let isTooLarge = false;
  let copiedAtPanel: string | undefined;
  const clipboardListeners = new Set<(text: string) => void>();
  const channel = new VncChannel({
    isExact: () => isExact,
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
    onQuestion: options.onQuestion,
    onNotice: options.onNotice,
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
  rfb.qualityLevel = qualityLevels.exact;
  const scale = (): void => {
    const isScaled = isTooLarge && fit !== "one-to-one";
    if (rfb.scaleViewport !== isScaled) rfb.scaleViewport = isScaled;
  };
  const stopFitting = watchFit(stage, (isScaled) => {
    isTooLarge = isScaled;
    scale();
  });
  rfb.addEventListener("connect", () => onFact({ type: "vnc.connected" }));
  rfb.addEventListener("credentialsrequired", ({ detail }) => {
    options.onQuestion({ kind: "credentials", fields: detail.types });
  });
  rfb.addEventListener("serververification", ({ detail }) => {
    options.onQuestion({ kind: "identity", publicKey: detail.publickey });
  });
  rfb.addEventListener("securityfailure", ({ detail }) => onFact({ type: "vnc.refused", detail: detail.reason }));
  rfb.addEventListener("clipboard", ({ detail }) => {
    copiedAtPanel = detail.text;
    for (const listener of clipboardListeners) listener(detail.text);
  });
  rfb.addEventListener("disconnect", ({ detail }) => {
    isScreenGone = true;
    stopFitting();
    // noVNC also fails when the socket goes in mid-handshake, and why that went is known better.
    if (!detail.clean && !isSocketGone) onFact({ type: "vnc.failed" });
  });

  return {
    kind: "screen",
    sendCredentials: (credentials) => rfb.sendCredentials(credentials),
    acceptIdentity: () => rfb.approveServer(),
    acceptHostKey: (fingerprint) => socket.say({ type: "accept-host-key", fingerprint }),
    answerPrompt: (id, answers) => socket.say({ type: "answer", id, answers }),
    sendCtrlAltDel: () => rfb.sendCtrlAltDel(),
    sendKey: ({ keysym, code }, what) => {
      if (what !== "release") rfb.sendKey(keysym, code, true);
      if (what !== "press") rfb.sendKey(keysym, code, false);
    },
    fit: (how) => {
      fit = how;
      rfb.resizeSession = how === "remote";
      scale();
    },
    quality: (quality) => {
      isExact = quality === "exact";
      rfb.qualityLevel = qualityLevels[quality];
    },
    compression: (compression) => {
      rfb.compressionLevel = compressionLevels[compression];
    },
    sendClipboard: (text) => rfb.clipboardPasteFrom(text),
    onClipboard: (listener) => {
      clipboardListeners.add(listener);
      if (copiedAtPanel !== undefined) listener(copiedAtPanel);
      return () => clipboardListeners.delete(listener);
    },
    screenshot: () =>
      new Promise((resolve) => {
        rfb.toBlob((blob) => resolve(blob ?? undefined), "image/png");
      }),
    focus: () => rfb.focus({ preventScroll: true }),
    close: () => {
      if (!isScreenGone) rfb.disconnect();
      window.clearTimeout(lingering);
      socket.close();
    },
    // noVNC takes its screen away by itself.
    dispose: () => undefined,
  };
}
