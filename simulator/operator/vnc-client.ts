// The operator's VNC client: shakes hands, keeps the picture that the far end sends, and points and types.
import { ClientHandshake, type ClientHandshakeOutcome } from "#protocol/rfb/client-handshake.ts";
import {
  encodings,
  type ServerMessage,
  writeClientInit,
  writeFramebufferUpdateRequest,
  writeKeyEvent,
  writePointerEvent,
  writeSetEncodings,
  writeSetPixelFormat,
} from "#protocol/rfb/messages.ts";
import { createFramebuffer, type Framebuffer, type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { decodeRaw } from "#protocol/rfb/raw.ts";
import { ServerMessageReader } from "#protocol/rfb/server-message-reader.ts";
import type { RfbVersion } from "#protocol/rfb/version.ts";
import { decodeZrle } from "#protocol/rfb/zrle.ts";
import { openInflate } from "../panels/zlib-stream.ts";

export interface VncClientOptions {
  readonly send: (bytes: Uint8Array) => void;
  readonly password?: string;
  readonly maxVersion?: RfbVersion;
  /** In order of preference; ZRLE and Raw by default. */
  readonly encodings?: readonly number[];
  readonly format?: PixelFormat;
}

export class VncClient {
  /** What the handshake ended with; undefined while it goes on. */
  outcome: ClientHandshakeOutcome | undefined;
  /** The picture; undefined before the far end has said its size. */
  frame: Framebuffer | undefined;
  desktopName = "";
  updates = 0;
  readonly #options: VncClientOptions;
  readonly #handshake: ClientHandshake;
  readonly #inflate = openInflate();
  readonly #format: PixelFormat;
  #reader: ServerMessageReader | undefined;

  constructor(options: VncClientOptions) {
    this.#options = options;
    this.#format = options.format ?? rgb888;
    this.#handshake = new ClientHandshake({
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.maxVersion === undefined ? {} : { maxVersion: options.maxVersion }),
    });
  }

  /** Whether at least one whole picture has come. */
  get hasPicture(): boolean {
    return this.updates > 0;
  }

  /** Takes bytes of the far end in any pieces. Throws ProtocolError for what is no RFB. */
  receive(bytes: Uint8Array): void {
    if (this.#reader !== undefined) {
      for (const message of this.#reader.push(bytes)) this.#show(message);
      return;
    }
    const { send, outcome } = this.#handshake.receive(bytes);
    for (const part of send) this.#options.send(part);
    if (outcome === undefined) return;
    this.outcome = outcome;
    if (outcome.kind !== "authenticated") return;
    this.#reader = new ServerMessageReader({ format: rgb888, startsWithServerInit: true });
    this.#options.send(writeClientInit(true));
    if (outcome.leftover.length > 0) this.receive(outcome.leftover);
  }

  moves(x: number, y: number, buttons = 0): void {
    this.#options.send(writePointerEvent({ x, y, buttons }));
  }

  /** Presses and releases the left button. */
  clicks(x: number, y: number): void {
    this.moves(x, y, 1);
    this.moves(x, y, 0);
  }

  presses(keysym: number): void {
    this.#options.send(writeKeyEvent(keysym, true));
    this.#options.send(writeKeyEvent(keysym, false));
  }

  /** ASCII; a line feed is the Enter key. */
  types(text: string): void {
    for (const character of text) this.presses(character === "\n" ? 0xff0d : character.charCodeAt(0));
  }

  /** Asks for everything again, whether it has changed or not. */
  asksForWholePicture(): void {
    this.#ask(false);
  }

  #show(message: ServerMessage): void {
    switch (message.kind) {
      case "server-init":
        this.desktopName = message.name;
        this.frame = createFramebuffer(message.width, message.height);
        this.#options.send(writeSetPixelFormat(this.#format));
        this.#reader?.setFormat(this.#format);
        this.#options.send(writeSetEncodings(this.#options.encodings ?? [encodings.zrle, encodings.raw]));
        this.#ask(false);
        return;
      case "framebuffer-update":
        for (const rectangle of message.rectangles) this.#draw(rectangle);
        this.updates += 1;
        this.#ask(true);
        return;
      case "bell":
      case "cut-text":
      case "set-colour-map-entries":
        return;
      default:
        message satisfies never;
    }
  }

  #draw(rectangle: Extract<ServerMessage, { kind: "framebuffer-update" }>["rectangles"][number]): void {
    if (this.frame === undefined) return;
    const { encoding, payload } = rectangle;
    if (encoding === encodings.zrle) decodeZrle(this.frame, rectangle, this.#format, payload, this.#inflate);
    else if (encoding === encodings.raw) decodeRaw(this.frame, rectangle, this.#format, payload);
    else throw new Error(`The operator cannot show encoding ${encoding}`);
  }

  #ask(isIncremental: boolean): void {
    if (this.frame === undefined) return;
    const { width, height } = this.frame;
    this.#options.send(writeFramebufferUpdateRequest({ x: 0, y: 0, width, height }, isIncremental));
  }
}

/** Whether two pictures are the same in every pixel. */
export function samePicture(one: Framebuffer | undefined, other: Framebuffer | undefined): boolean {
  if (one === undefined || other === undefined || one.width !== other.width || one.height !== other.height)
    return false;
  return one.pixels.every((pixel, at) => pixel === other.pixels[at]);
}
