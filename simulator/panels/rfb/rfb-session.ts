// One viewer of a VNC panel: its handshake, what it asked for, and what it is shown.
import type { Duplex } from "node:stream";
import type { Clock, Connection, TimerHandle } from "#hardware/ports.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { resizeReasons, resizeStatuses } from "#protocol/rfb/desktop-size.ts";
import { fenceFlags, writeEndOfContinuousUpdates, writeFence } from "#protocol/rfb/fence.ts";
import { encodings, writeBell } from "#protocol/rfb/messages.ts";
import type { PanelTls } from "#protocol/rfb/panel-talk.ts";
import type { PixelFormat } from "#protocol/rfb/pixel-format.ts";
import { pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { type ViewerMessage, ViewerMessageReader } from "#protocol/rfb/viewer-message-reader.ts";
import type { HmiScreen } from "../hmi-screen.ts";
import { ClipboardExchange } from "./clipboard-exchange.ts";
import { clipboardZlib } from "./clipboard-zlib.ts";
import { paletteFormat, writePalette } from "./colour-map.ts";
import { PacedWriter } from "./paced-writer.ts";
import type { PanelHandshake, PanelHandshakeOutcome, PanelHandshakeStep } from "./panel-handshake.ts";
import { PictureWriter } from "./picture-writer.ts";
import type { RfbBehaviour, SecurityOffer } from "./rfb-behaviour.ts";
import { writePanelInit } from "./server-init.ts";
import { UpdatePump } from "./update-pump.ts";
import { abilitiesOf, canResize, noAbilities, unknownEncoding, type ViewerAbilities } from "./viewer-abilities.ts";
import { obeyExtension } from "./viewer-extensions.ts";
import { cursorNews, keyNews, screenNews, sizeNews } from "./viewer-news.ts";

/** A viewer that has not said who it is by then is dropped. */
const handshakeMs = 30_000;
/** How long a viewer that was not let in may take to hang up. */
const lingerMs = 5000;
/** Bytes of answers that may wait for a viewer that takes nothing; the picture, of which it gets no more then, not counted. */
const answersMax = 1_048_576;

/** TLS as a server over a stream, on real machines; the simulator itself has no ciphers. */
export type PanelTlsServer = (stream: Duplex, kind: PanelTls) => Duplex;

/** What a session asks of its panel. */
export interface SessionPanel {
  readonly screen: HmiScreen;
  readonly clock: Clock;
  readonly behaviour: RfbBehaviour;
  readonly tls?: PanelTlsServer | undefined;
  ended(session: RfbSession, outcome: PanelHandshakeOutcome): void;
  /** A viewer wants to be alone. */
  wantsAlone(session: RfbSession): void;
  /** Gives the picture another size; one of `resizeStatuses`. */
  resize(session: RfbSession, width: number, height: number): number;
}

export class RfbSession {
  readonly #panel: SessionPanel;
  readonly #connection: Connection;
  readonly #handshake: PanelHandshake;
  readonly #reader = new ViewerMessageReader(clipboardZlib);
  readonly #picture: PictureWriter;
  readonly #updates: UpdatePump;
  readonly #clipboard: ClipboardExchange;
  #stream: Duplex;
  #writer: PacedWriter;
  #offer: SecurityOffer | undefined;
  #isStarted = false;
  #isRefused = false;
  #answerBytes = 0;
  #abilities: ViewerAbilities = noAbilities;
  #timer: TimerHandle | undefined;

  constructor(panel: SessionPanel, connection: Connection, handshake: PanelHandshake) {
    this.#panel = panel;
    this.#connection = connection;
    this.#handshake = handshake;
    this.#stream = connection.stream;
    this.#writer = new PacedWriter(this.#stream, panel.clock);
    this.#picture = new PictureWriter({ swapsRedAndBlue: panel.behaviour.swapsRedAndBlue === true });
    this.#picture.format = panel.behaviour.format;
    const { screen, clock, behaviour } = panel;
    this.#updates = new UpdatePump({ screen, clock, behaviour, picture: this.#picture, writer: () => this.#writer });
    this.#clipboard = new ClipboardExchange({
      send: (bytes) => this.#answers(bytes),
      own: () => panel.screen.clipboard,
      take: (text) => panel.screen.takesClipboard(text),
    });
    this.#timer = panel.clock.setTimeout(() => this.drop(), handshakeMs);
    connection.stream.on("close", () => this.#stop());
    this.#listen();
    const { bytes, isAll } = handshake.start();
    this.#say(bytes);
    if (isAll) this.#refuses();
  }

  /** Whether it has been let in and has begun. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  get canResize(): boolean {
    return canResize(this.#abilities);
  }

  /** The picture may have changed at this moment. */
  screenChanged(): void {
    this.#updates.schedule();
  }

  beeps(): void {
    if (this.#isStarted) this.#answers(writeBell());
  }

  copied(text: string): void {
    if (this.#isStarted) this.#clipboard.copied(text);
  }

  /** The picture has another size now, or a viewer's wish for one was refused. */
  resized(reason: number, status: number): void {
    const { pseudo } = this.#abilities;
    const { frame } = this.#panel.screen;
    if (status === resizeStatuses.done) this.#updates.resized();
    const { news } = this.#updates;
    const { width, height } = frame;
    if (!pseudo.has(pseudoEncodings.extendedDesktopSize)) {
      if (pseudo.has(encodings.desktopSize)) news.tells("size", () => sizeNews({ width, height }));
    } else if (reason === resizeReasons.thisClient) {
      news.answers(() => screenNews({ width, height }, reason, status));
    } else news.tells("size", () => screenNews({ width, height }, reason, status));
    this.#updates.schedule();
  }

  drop(): void {
    this.#stop();
    this.#connection.stream.destroy();
  }

  #listen(): void {
    this.#stream.on("data", this.#received);
    this.#stream.on("end", () => this.#stream.end());
    this.#stream.on("drain", () => {
      this.#answerBytes = 0;
      this.#updates.schedule();
    });
  }

  readonly #received = (bytes: Uint8Array): void => {
    if (this.#isRefused) return;
    try {
      if (this.#offer === undefined) this.#takeStep(this.#handshake.receive(bytes));
      else this.#read(bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.drop();
    }
  };

  #read(bytes: Uint8Array): void {
    for (const message of this.#reader.push(bytes)) {
      this.#obey(message);
      if (this.#connection.stream.destroyed) return;
    }
  }

  /** What is not picture goes out whatever waits already, but not without end. */
  #answers(bytes: Uint8Array): void {
    if (this.#writer.isFull) this.#answerBytes += bytes.length;
    if (this.#answerBytes > answersMax) this.drop();
    else this.#writer.write(bytes);
  }

  /** What belongs to the handshake, which some panels say slowly. */
  #say(bytes: Uint8Array): void {
    this.#writer.write(bytes, this.#panel.behaviour.bytePauseMs);
  }

  #takeStep({ send, startTls, outcome }: PanelHandshakeStep): void {
    for (const part of send) this.#say(part);
    if (startTls !== undefined) this.#startTls(startTls.kind);
    if (outcome === undefined) return;
    this.#panel.ended(this, outcome);
    if (outcome.kind === "refused") {
      this.#refuses();
      return;
    }
    this.#offer = outcome.offer;
    if (outcome.leftover.length > 0) this.#received(outcome.leftover);
  }

  /** All is said; who does not hang up then is dropped. */
  #refuses(): void {
    this.#isRefused = true;
    this.#stopTimer();
    this.#writer.end();
    this.#timer = this.#panel.clock.setTimeout(() => this.drop(), lingerMs);
  }

  #startTls(kind: PanelTls): void {
    const { tls, clock } = this.#panel;
    if (tls === undefined) return;
    this.#stream.off("data", this.#received);
    const secure = tls(this.#connection.stream, kind);
    secure.on("error", () => this.drop());
    this.#stream = secure;
    this.#writer = new PacedWriter(secure, clock);
    this.#listen();
    this.#takeStep(this.#handshake.tlsStarted());
  }

  #obey(message: ViewerMessage): void {
    const { screen } = this.#panel;
    switch (message.kind) {
      case "client-init":
        this.#start(message.shared);
        return;
      case "set-pixel-format":
        this.#setFormat(message.format);
        return;
      case "set-encodings":
        this.#setEncodings(message.encodings);
        return;
      case "framebuffer-update-request":
        this.#updates.wants(message, message.incremental);
        return;
      case "key":
        screen.key(message.keysym, message.down);
        return;
      case "pointer":
        screen.pointer(message.x, message.y, message.buttons);
        return;
      case "cut-text":
        screen.takesClipboard(message.text);
        return;
      default:
        obeyExtension(message, {
          pseudo: this.#abilities.pseudo,
          clipboard: this.#clipboard,
          updates: this.#updates,
          write: (bytes) => this.#answers(bytes),
          resize: (width, height) => this.#panel.resize(this, width, height),
          resized: (reason, status) => this.resized(reason, status),
        });
    }
  }

  #start(isShared: boolean): void {
    const { screen, behaviour } = this.#panel;
    if (this.#offer === undefined) return;
    if (!isShared) this.#panel.wantsAlone(this);
    this.#isStarted = true;
    this.#stopTimer();
    this.#say(writePanelInit(screen, behaviour, this.#offer));
  }

  #setFormat(format: PixelFormat): void {
    if (format.trueColour) {
      this.#picture.format = format;
      return;
    }
    if (format.bitsPerPixel !== 8) throw new ProtocolError("rfb.unsupported", "a colour map of more than 8 bits");
    this.#picture.format = paletteFormat;
    this.#answers(writePalette());
  }

  #setEncodings(list: readonly number[]): void {
    const { behaviour } = this.#panel;
    const unknown = unknownEncoding(list, behaviour);
    if (behaviour.dropsUnknownEncodings === true && unknown !== undefined) {
      throw new ProtocolError("rfb.unsupported", `encoding ${unknown}`);
    }
    const before = this.#abilities.pseudo;
    this.#abilities = abilitiesOf(list, behaviour);
    const { pseudo, encoding, takesCopies } = this.#abilities;
    Object.assign(this.#picture, { encoding, takesCopies });
    const isNew = (number: number): boolean => pseudo.has(number) && !before.has(number);
    // A fence that wants an answer, and an end of what had not begun, tell the viewer that the panel has them too.
    if (isNew(pseudoEncodings.fence)) {
      this.#answers(writeFence({ flags: fenceFlags.request, payload: Uint8Array.of(0) }));
    }
    if (isNew(pseudoEncodings.continuousUpdates)) this.#answers(writeEndOfContinuousUpdates());
    if (isNew(pseudoEncodings.extendedClipboard)) this.#clipboard.extends();
    const { news } = this.#updates;
    if (isNew(encodings.cursor)) news.tells("pointer", cursorNews);
    if (isNew(pseudoEncodings.qemuExtendedKey)) news.tells("keys", () => keyNews);
    if (isNew(pseudoEncodings.extendedDesktopSize)) {
      const { width, height } = this.#panel.screen.frame;
      news.tells("size", () => screenNews({ width, height }, resizeReasons.server, resizeStatuses.done));
    }
  }

  #stop(): void {
    this.#stopTimer();
    this.#updates.stop();
    this.#writer.stop();
  }

  #stopTimer(): void {
    this.#panel.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
