// Carries the bytes of one tunnel between panel and device websocket, with back-pressure, and sees both ends through.
import type { RawData, WebSocket } from "ws";
import type { Connection } from "#hardware/ports.ts";
import { type CloseReason, closeCode, isCloseReason } from "#protocol/close-reason.ts";
import { codeOf, messageOf } from "../errors.ts";
import { type DeviceWebSocket, gatheredBytes } from "./device-websocket.ts";
import type { EarlyMessages } from "./early-messages.ts";
import type { LegsFact } from "./leg-facts.ts";

/** A queue above this pauses the reading of the other side; it goes on below `queueLowBytes`. */
export const queueHighBytes = 64 * 1024;
export const queueLowBytes = 16 * 1024;

/**
 * What a tunnel holds at most, whatever the speeds of its ends. Up: a message of 512 KiB being gathered while
 * `queueLowBytes` still wait for the panel, or queued for it while one chunk is left behind it. Down: `queueHighBytes` and
 * one chunk above them. To both come the streams' own buffers, and something to spare.
 */
export const heldBytesMax = 1024 * 1024;

type ForwarderFact = Extract<LegsFact, { type: "panel.ended" | "panel.broke" | "cloud.ended" | "cloud.gone" }>;

interface ForwarderOptions {
  readonly panel: Connection;
  readonly cloud: DeviceWebSocket;
  tell(fact: ForwarderFact): void;
  /** Something came from this side. */
  heard(side: "panel" | "cloud"): void;
  ponged(): void;
  /** Both sides are gone. */
  closed(): void;
}

/** Starts paused; `start` lets the bytes through. Each side reports its end once. */
export class Forwarder {
  readonly #panel: Connection;
  readonly #connection: Connection;
  readonly #webSocket: WebSocket;
  readonly #options: ForwarderOptions;
  bytesUp = 0;
  bytesDown = 0;
  #isPanelGone = false;
  #isPanelEnded = false;
  #isCloudGone = false;
  #hasAskedToClose = false;
  #cloudDetail = "";
  #isPanelPaused = true;
  #isCloudPaused = true;
  readonly #early: EarlyMessages;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#panel = options.panel;
    this.#connection = options.cloud.connection;
    this.#webSocket = options.cloud.webSocket;
    this.#early = options.cloud.early;
    this.#listenToPanel();
    this.#listenToCloud();
  }

  get isPanelGone(): boolean {
    return this.#isPanelGone;
  }

  get isCloudGone(): boolean {
    return this.#isCloudGone;
  }

  /** Whether reading from a side is held back because the other side takes too little. */
  isPaused(side: "panel" | "cloud"): boolean {
    return side === "panel" ? this.#isPanelPaused : this.#isCloudPaused;
  }

  /** Bytes that wait in our queues towards a side. */
  queuedBytes(side: "panel" | "cloud"): number {
    if (side === "panel") return this.#isPanelGone ? 0 : this.#panel.stream.writableLength;
    return this.#isCloudGone ? 0 : this.#webSocket.bufferedAmount;
  }

  /** Whether our close frame and all before it have been handed to the system. */
  get isFlushed(): boolean {
    return this.#hasAskedToClose && this.queuedBytes("cloud") === 0;
  }

  /** Whether both close frames have been said: the far end has read everything. */
  get isAnswered(): boolean {
    return this.#hasAskedToClose && this.#connection.stream.writableEnded;
  }

  /** Whether the cloud has said its close frame; the connection below may linger. */
  get isFarClosing(): boolean {
    return !this.#hasAskedToClose && !this.#isCloudGone && this.#webSocket.readyState === this.#webSocket.CLOSING;
  }

  heldBytes(): number {
    const panel = this.#isPanelGone ? 0 : this.#panel.heldBytes();
    const cloud = this.#isCloudGone ? 0 : this.#connection.heldBytes() + gatheredBytes(this.#webSocket);
    return panel + cloud;
  }

  start(): void {
    this.#resumePanel();
    this.#isCloudPaused = false;
    for (const { data, isBinary } of this.#early.take()) this.#takeFromCloud(data, isBinary);
    if (!this.#isCloudPaused) this.#resumeCloud();
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.ping();
  }

  /** A pong that nobody asked for: a sign of life that wants no answer (RFC 6455 section 5.5.3). */
  tellAlive(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN) this.#webSocket.pong();
  }

  /** Sends what was read from the panel, then the close frame; the panel is ended once the cloud has closed too. */
  finish(reason: CloseReason): void {
    if (this.#isCloudGone) {
      this.#endPanel();
      return;
    }
    if (this.#hasAskedToClose) return;
    this.#hasAskedToClose = true;
    this.#webSocket.close(closeCode(reason), reason);
    // Bytes that still come until the far close frame go to the panel, as long as there is one.
    if (this.#isPanelGone) this.#resumeCloud();
  }

  cut(side: "panel" | "cloud"): void {
    if (side === "panel") this.#panel.reset();
    else this.#connection.reset();
  }

  #listenToPanel(): void {
    const { stream } = this.#panel;
    stream.on("data", (chunk: Uint8Array) => this.#takeFromPanel(chunk));
    stream.on("drain", () => this.#maybeResumeCloud());
    stream.once("end", () => {
      this.#isPanelEnded = true;
      // After the cloud's close frame that frame's word is the reason.
      if (!this.#isCloudGone && !this.isFarClosing) this.#options.tell({ type: "panel.ended" });
    });
    stream.on("error", (error) => this.#losePanel(panelReason(error), messageOf(error)));
    stream.once("close", () => this.#losePanel("panel.reset", "closed without an end of stream"));
    // A listener for data lets a stream flow.
    stream.pause();
  }

  #listenToCloud(): void {
    // Of a large message the parts tell too that the cloud lives: it cannot answer a ping in between.
    this.#connection.stream.on("data", () => this.#options.heard("cloud"));
    this.#webSocket.on("message", (data, isBinary) => this.#takeFromCloud(data, isBinary));
    this.#webSocket.on("pong", () => this.#options.ponged());
    this.#webSocket.on("error", (error) => {
      this.#cloudDetail ||= messageOf(error);
    });
    this.#webSocket.once("close", (code, text) => this.#loseCloud(code, text.toString("utf8")));
  }

  #takeFromPanel(chunk: Uint8Array): void {
    this.#options.heard("panel");
    // While the cloud closes or has gone, the panel is only read to its end.
    if (this.#isCloudGone || this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.bytesDown += chunk.length;
    this.#webSocket.send(chunk, { binary: true }, () => this.#maybeResumePanel());
    if (this.queuedBytes("cloud") > queueHighBytes) {
      this.#isPanelPaused = true;
      this.#panel.stream.pause();
    }
  }

  #takeFromCloud(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      const detail = "the cloud sent a text frame where only binary ones belong";
      this.#options.tell({ type: "cloud.ended", reason: "internal.error", detail });
      return;
    }
    if (this.#isPanelGone || !Buffer.isBuffer(data) || !this.#panel.stream.writable) return;
    this.bytesUp += data.length;
    this.#panel.stream.write(data, () => this.#maybeResumeCloud());
    if (this.queuedBytes("panel") > queueHighBytes) {
      this.#isCloudPaused = true;
      this.#webSocket.pause();
    }
  }

  #maybeResumePanel(): void {
    if (this.#isPanelPaused && this.queuedBytes("cloud") <= queueLowBytes) this.#resumePanel();
  }

  #maybeResumeCloud(): void {
    if (this.#isCloudPaused && this.queuedBytes("panel") <= queueLowBytes) this.#resumeCloud();
  }

  #resumePanel(): void {
    this.#isPanelPaused = false;
    if (!this.#isPanelGone) this.#panel.stream.resume();
  }

  #resumeCloud(): void {
    this.#isCloudPaused = false;
    if (!this.#isCloudGone) this.#webSocket.resume();
  }

  /** Everything received has been written before this: now our end of stream follows it. */
  #endPanel(): void {
    if (this.#isPanelGone) return;
    this.#resumePanel();
    if (!this.#panel.stream.writableEnded) this.#panel.stream.end();
  }

  #losePanel(reason: CloseReason, detail: string): void {
    if (this.#isPanelGone) return;
    this.#isPanelGone = true;
    this.#panel.stream.destroy();
    const isNews = !this.#isPanelEnded && !this.#isCloudGone && !this.isFarClosing;
    if (isNews) this.#options.tell({ type: "panel.broke", reason, detail });
    if (this.#isCloudGone) this.#options.closed();
    else this.#resumeCloud();
  }

  #loseCloud(code: number, text: string): void {
    if (this.#isCloudGone) return;
    this.#isCloudGone = true;
    this.#options.tell({ type: "cloud.ended", ...cloudEnd(code, text, this.#cloudDetail) });
    this.#options.tell({ type: "cloud.gone" });
    if (this.#isPanelGone) this.#options.closed();
    else this.#endPanel();
  }
}

/** What a broken panel connection means. */
export function panelReason(error: unknown): CloseReason {
  switch (codeOf(error)) {
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
    // A serial device that was pulled out.
    case "ENODEV":
      return "panel.lost";
    default:
      return "panel.reset";
  }
}

/** What the end of the device websocket means: the far end's own word if it is one of ours. */
export function cloudEnd(code: number, text: string, detail: string): { reason: CloseReason; detail: string } {
  if (isCloseReason(text)) return { reason: text, detail };
  // 1000 is an end in order, 1005 one without a code: the client has gone (protocol.md 5.8).
  if (code === 1000 || code === 1005) return { reason: "client.closed", detail };
  return { reason: "cloud.lost", detail: detail === "" ? `websocket closed with ${code}` : detail };
}
