// Carries the bytes of one session between a local program and a client websocket, with back-pressure, and sees both ends through.
import type { RawData, WebSocket } from "ws";
import type { ClientWebSocket } from "./client-websocket.ts";
import { type LocalEnd, seeOut } from "./local-end.ts";
import { cloudMalformed, cloudTooLarge, cloudVanished, endedHere, readClose, type SessionEnd } from "./session-end.ts";

/** Longest frame that is sent: what Cumulocity's own clients send, so that any cloud takes it (protocol.md 7.5), in bytes. */
export const frameBytesMax = 4096;
/** A queue above this pauses the reading of the other side; it goes on at `queueLowBytes`. */
export const queueHighBytes = 256 * 1024;
export const queueLowBytes = 64 * 1024;
/** After our close frame, which stands behind what the panel has still to take: silence after which the cloud is not waited for, in ms. */
const closingSilenceMs = 30_000;
/** How long all of it may take when a person wants to stop, in ms. */
const stopMs = 2_000;
/** How often the session is looked at, in ms. */
const lookEveryMs = 1_000;
/** A cloud that pings, and then says nothing for this long, is gone, in ms. */
const silenceMs = 20_000;

export interface SessionOptions {
  /** How long to wait for more of the answer after the local program has ended its sending, in ms. */
  readonly answerWaitMs: number;
}

export class Session {
  readonly #local: LocalEnd;
  readonly #webSocket: WebSocket;
  readonly #socket: ClientWebSocket["socket"];
  readonly #options: SessionOptions;
  readonly #ended = Promise.withResolvers<SessionEnd>();
  readonly #looking: NodeJS.Timeout;
  bytesUp = 0;
  bytesDown = 0;
  /** Our own verdict, where it comes before the websocket's end. */
  #verdict: SessionEnd | undefined;
  #stopTimer: NodeJS.Timeout | undefined;
  #isInputOver = false;
  #isInputPaused = false;
  #isCloudPaused = false;
  #isClosing = false;
  #isStopped = false;
  #hasPinged = false;
  #isAsking = false;
  #answeredAtMs = performance.now();
  #heardAtMs = performance.now();
  #heardBytes = 0;

  /** Takes over both ends; bytes flow at once. */
  constructor(local: LocalEnd, cloud: ClientWebSocket, options: SessionOptions) {
    this.#local = local;
    this.#webSocket = cloud.webSocket;
    this.#socket = cloud.socket;
    this.#options = options;
    this.#listenToCloud();
    this.#listenToLocal();
    this.#looking = setInterval(() => this.#look(), lookEveryMs);
    this.#webSocket.resume();
  }

  /** Settles once both ends are let go; never rejects. */
  get ended(): Promise<SessionEnd> {
    return this.#ended.promise;
  }

  /** Bytes in our own queues, both directions; what the streams below have read ahead comes on top. */
  get queuedBytes(): number {
    return this.#webSocket.bufferedAmount + this.#local.output.writableLength;
  }

  /** Ends it from here; what was read goes out before the close frame, however long the panel takes. */
  close(verdict: SessionEnd = endedHere): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#verdict = verdict;
    this.#heardAtMs = performance.now();
    this.#local.input.pause();
    this.#webSocket.close(1000, "client.closed");
    // The cloud's answer to it may stand behind more bytes.
    this.#webSocket.resume();
  }

  /** As `close`, within 2 s. */
  stop(): void {
    this.close();
    this.#isStopped = true;
    this.#stopTimer ??= setTimeout(() => this.#webSocket.terminate(), stopMs);
  }

  #listenToLocal(): void {
    const { input, output } = this.#local;
    input.on("data", (chunk: Buffer) => this.#takeFromLocal(chunk));
    input.once("end", () => {
      this.#isInputOver = true;
      this.#answeredAtMs = performance.now();
    });
    // A broken pipe or a reset: the program is gone.
    input.on("error", () => this.close());
    output.on("error", () => this.close());
    output.once("close", () => this.close());
    if (output.destroyed) this.close();
  }

  #listenToCloud(): void {
    this.#webSocket.on("message", (data, isBinary) => this.#takeFromCloud(data, isBinary));
    this.#webSocket.on("ping", () => {
      this.#hasPinged = true;
    });
    this.#webSocket.on("error", (error: Error & { readonly code?: string }) => {
      if (error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") this.#verdict ??= cloudTooLarge;
      else if (error.code?.startsWith("WS_ERR_") === true) this.#verdict ??= cloudMalformed;
    });
    this.#webSocket.once("close", (code, text) => {
      this.#finish(this.#verdict ?? readClose(code, text.toString("utf8"))).catch(() => undefined);
    });
  }

  #takeFromLocal(chunk: Buffer): void {
    // After the session's end it is only read to its end.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.bytesUp += chunk.length;
    this.#socket.cork();
    for (let start = 0; start < chunk.length; start += frameBytesMax) {
      const isLast = start + frameBytesMax >= chunk.length;
      const sent = isLast ? () => this.#maybeResumeInput() : undefined;
      this.#webSocket.send(chunk.subarray(start, start + frameBytesMax), { binary: true }, sent);
    }
    this.#socket.uncork();
    if (this.#webSocket.bufferedAmount <= queueHighBytes) return;
    this.#isInputPaused = true;
    this.#local.input.pause();
  }

  #maybeResumeInput(): void {
    if (!this.#isInputPaused || this.#isClosing || this.#webSocket.bufferedAmount > queueLowBytes) return;
    this.#isInputPaused = false;
    this.#local.input.resume();
  }

  #takeFromCloud(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      this.close(cloudMalformed);
      return;
    }
    const { output } = this.#local;
    // Bytes that still come after our close frame belong to the answer too.
    if (!Buffer.isBuffer(data) || this.#isStopped || !output.writable) return;
    this.bytesDown += data.length;
    this.#answeredAtMs = performance.now();
    output.write(data, () => this.#maybeResumeCloud());
    if (output.writableLength <= queueHighBytes) return;
    this.#isCloudPaused = true;
    this.#webSocket.pause();
  }

  #maybeResumeCloud(): void {
    if (!this.#isCloudPaused || this.#local.output.writableLength > queueLowBytes) return;
    this.#isCloudPaused = false;
    this.#heardAtMs = performance.now();
    this.#webSocket.resume();
  }

  #look(): void {
    const nowMs = performance.now();
    if (this.#socket.bytesRead > this.#heardBytes) this.#heardAtMs = nowMs;
    this.#heardBytes = this.#socket.bytesRead;
    // While we do not read, silence means nothing.
    if (this.#isCloudPaused && !this.#isClosing) return;
    const silentMs = nowMs - this.#heardAtMs;
    if (this.#isClosing) {
      if (silentMs >= closingSilenceMs) this.#webSocket.terminate();
    } else if (this.#hasPinged && silentMs >= silenceMs) {
      this.#verdict = cloudVanished;
      this.#webSocket.terminate();
    } else if (this.#isInputOver) {
      this.#lookForAnswer(nowMs);
    }
  }

  /** A websocket has no half-close: the panel is not told that the program has ended its sending, and may have more to say. */
  #lookForAnswer(nowMs: number): void {
    if (this.#webSocket.bufferedAmount > 0) this.#answeredAtMs = nowMs;
    if (nowMs - this.#answeredAtMs >= this.#options.answerWaitMs) this.close();
    else this.#closeIfGone().catch(() => undefined);
  }

  async #closeIfGone(): Promise<void> {
    if (this.#isAsking || this.#local.isGone === undefined) return;
    this.#isAsking = true;
    const isGone = await this.#local.isGone();
    this.#isAsking = false;
    if (isGone) this.close();
  }

  /** Everything received was written before this: now the end of stream follows it. */
  async #finish(end: SessionEnd): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#looking);
    clearTimeout(this.#stopTimer);
    const { input, output } = this.#local;
    if (!this.#isStopped && output.writable) {
      input.resume();
      await seeOut(this.#local);
    }
    this.#local.destroy();
    clearTimeout(this.#stopTimer);
    this.#ended.resolve(end);
  }
}
