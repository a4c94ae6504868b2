// One viewer of a VNC panel: its handshake, what it asked for, and what it has been shown.
import type { Clock, Connection, TimerHandle } from "#hardware/ports.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { ClientMessageReader } from "#protocol/rfb/client-message-reader.ts";
import { type ClientMessage, encodings, writeFramebufferUpdate, writeServerInit } from "#protocol/rfb/messages.ts";
import {
  createFramebuffer,
  type Framebuffer,
  type PixelFormat,
  type Rectangle,
  rgb888,
} from "#protocol/rfb/pixel-format.ts";
import { encodeRaw } from "#protocol/rfb/raw.ts";
import type { ServerHandshake } from "#protocol/rfb/server-handshake.ts";
import { encodeZrle } from "#protocol/rfb/zrle.ts";
import { copyArea, dirtyRectangles } from "./dirty-rectangles.ts";
import type { HmiScreen } from "./hmi-screen.ts";
import { openDeflate } from "./zlib-stream.ts";

/** A viewer that has not said who it is by then is dropped. */
const handshakeMs = 30_000;
/** How long a viewer that was not let in may take to hang up. */
const lingerMs = 5000;
/** At most this often a viewer gets an update: 25 a second. */
const paceMs = 40;

export interface VncViewerOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly screen: HmiScreen;
  readonly handshake: ServerHandshake;
  readonly accepted: () => void;
}

export class VncViewer {
  readonly #options: VncViewerOptions;
  readonly #reader = new ClientMessageReader({ startsWithClientInit: true });
  readonly #deflate = openDeflate();
  /** The picture as the viewer has it; undefined until it has been sent one. */
  #shown: Framebuffer | undefined;
  #isHandshaking = true;
  #format: PixelFormat = rgb888;
  #encoding: number = encodings.raw;
  #wanted: { readonly area: Rectangle; readonly isWhole: boolean } | undefined;
  #timer: TimerHandle | undefined;
  #nextUpdateAtMs = 0;

  constructor(options: VncViewerOptions) {
    this.#options = options;
    const { stream } = options.connection;
    this.#timer = options.clock.setTimeout(() => this.#drop(), handshakeMs);
    stream.on("data", (bytes: Uint8Array) => this.#receive(bytes));
    stream.on("end", () => stream.end());
    stream.on("drain", () => this.#schedule());
    stream.on("close", () => this.#stopTimer());
    stream.write(options.handshake.start());
  }

  /** The picture may have changed at this moment. */
  screenChanged(): void {
    this.#schedule();
  }

  #receive(bytes: Uint8Array): void {
    try {
      if (this.#isHandshaking) this.#shakeHands(bytes);
      else for (const message of this.#reader.push(bytes)) this.#obey(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#drop();
    }
  }

  #shakeHands(bytes: Uint8Array): void {
    const { connection, handshake } = this.#options;
    const { send, outcome } = handshake.receive(bytes);
    for (const part of send) connection.stream.write(part);
    if (outcome === undefined) return;
    this.#stopTimer();
    if (outcome.kind !== "accepted") {
      connection.stream.end();
      this.#timer = this.#options.clock.setTimeout(() => this.#drop(), lingerMs);
      return;
    }
    this.#isHandshaking = false;
    this.#options.accepted();
    if (outcome.leftover.length > 0) this.#receive(outcome.leftover);
  }

  #obey(message: ClientMessage): void {
    const { connection, screen } = this.#options;
    switch (message.kind) {
      case "client-init": {
        const { width, height } = screen.frame;
        connection.stream.write(writeServerInit({ width, height, format: rgb888, name: screen.title }));
        return;
      }
      case "set-pixel-format":
        this.#format = message.format;
        return;
      case "set-encodings":
        this.#encoding =
          message.encodings.find((encoding) => encoding === encodings.zrle || encoding === encodings.raw) ??
          encodings.raw;
        return;
      case "framebuffer-update-request":
        this.#want(message, message.incremental);
        return;
      case "key":
        screen.key(message.keysym, message.down);
        return;
      case "pointer":
        screen.pointer(message.x, message.y, message.buttons);
        return;
      case "cut-text":
        return;
      default:
        message satisfies never;
    }
  }

  #want(area: Rectangle, isIncremental: boolean): void {
    const { width, height } = this.#options.screen.frame;
    const x = Math.min(area.x, width);
    const y = Math.min(area.y, height);
    const inside = { x, y, width: Math.min(area.width, width - x), height: Math.min(area.height, height - y) };
    const isWhole = !isIncremental || this.#shown === undefined || this.#wanted?.isWhole === true;
    this.#wanted = { area: inside, isWhole };
    this.#schedule();
  }

  #schedule(): void {
    if (this.#wanted === undefined || this.#isHandshaking) return;
    this.#stopTimer();
    const { clock } = this.#options;
    const delayMs = Math.max(0, this.#nextUpdateAtMs - clock.monotonicMs());
    this.#timer = clock.setTimeout(() => this.#update(), delayMs);
  }

  /** Sends what has changed; if nothing has, looks again when the picture changes by itself. */
  #update(): void {
    this.#timer = undefined;
    const { connection, clock, screen } = this.#options;
    const wanted = this.#wanted;
    // A viewer that does not take what it asked for gets no more of it; `drain` goes on from here.
    if (wanted === undefined || connection.stream.writableNeedDrain) return;
    const frame = screen.render();
    this.#shown ??= createFramebuffer(frame.width, frame.height);
    const shown = this.#shown;
    const rectangles = wanted.isWhole ? [wanted.area] : dirtyRectangles(frame, shown, wanted.area);
    if (rectangles.length === 0) {
      this.#timer = clock.setTimeout(() => this.#update(), screen.untilNextChangeMs());
      return;
    }
    const encoded = rectangles.map((rectangle) => {
      copyArea(frame, shown, rectangle);
      const payload =
        this.#encoding === encodings.zrle
          ? encodeZrle(frame, rectangle, this.#format, this.#deflate)
          : encodeRaw(frame, rectangle, this.#format);
      return { ...rectangle, encoding: this.#encoding, payload };
    });
    this.#wanted = undefined;
    this.#nextUpdateAtMs = clock.monotonicMs() + paceMs;
    connection.stream.write(writeFramebufferUpdate(encoded));
  }

  #drop(): void {
    this.#stopTimer();
    this.#options.connection.stream.destroy();
  }

  #stopTimer(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
