// A viewer that knows every encoding and extension of the panel, and a scene of one panel with viewers on the simulated network.
import type { Connection } from "#hardware/ports.ts";
import {
  ClientHandshake,
  type ClientHandshakeOptions,
  type ClientHandshakeOutcome,
} from "#protocol/rfb/client-handshake.ts";
import { decodeCopyRectangle } from "#protocol/rfb/copy-rect.ts";
import { type CursorShape, decodeCursor } from "#protocol/rfb/cursor.ts";
import { readScreens } from "#protocol/rfb/desktop-size.ts";
import type { ClipboardMessage } from "#protocol/rfb/extended-clipboard.ts";
import type { Fence } from "#protocol/rfb/fence.ts";
import { decodeHextile } from "#protocol/rfb/hextile-decoder.ts";
import {
  type EncodedRectangle,
  encodings,
  writeClientInit,
  writeFramebufferUpdateRequest,
  writeSetEncodings,
  writeSetPixelFormat,
} from "#protocol/rfb/messages.ts";
import { PanelMessageReader } from "#protocol/rfb/panel-message-reader.ts";
import { createFramebuffer, type Framebuffer, type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { decodeRaw } from "#protocol/rfb/raw.ts";
import { TightServerInitStripper } from "#protocol/rfb/tight.ts";
import { decodeTight } from "#protocol/rfb/tight-decoding.ts";
import type { TightStream } from "#protocol/rfb/tight-pixels.ts";
import { decodeZrle } from "#protocol/rfb/zrle.ts";
import type { RunningPanel } from "#simulator/panels/panel.ts";
import { clipboardZlib } from "#simulator/panels/rfb/clipboard-zlib.ts";
import { type RunningVncPanel, type VncPanelOptions, vncPanel } from "#simulator/panels/vnc-panel.ts";
import { openInflate } from "#simulator/panels/zlib-stream.ts";
import { SeededRandom } from "#simulator/seeded-random.ts";
import { TwoHosts } from "./two-hosts.ts";

export interface ViewerOptions extends ClientHandshakeOptions {
  readonly encodings?: readonly number[];
  readonly format?: PixelFormat;
  readonly shared?: boolean;
  /** Asks for no updates by itself. */
  readonly isQuiet?: boolean;
}

/** What a viewer needs of a connection. */
export type ViewerWire = Pick<Connection, "stream">;

export class Viewer {
  readonly connection: ViewerWire;
  outcome: ClientHandshakeOutcome | undefined;
  frame: Framebuffer | undefined;
  name = "";
  nativeFormat: PixelFormat | undefined;
  updates = 0;
  bells = 0;
  isClosed = false;
  cursor: CursorShape | undefined;
  endsOfContinuousUpdates = 0;
  paletteEntries = 0;
  bytesReceived = 0;
  readonly seen = new Map<number, number>();
  readonly texts: string[] = [];
  readonly clipboard: ClipboardMessage[] = [];
  readonly fences: Fence[] = [];
  readonly sizes: { reason: number; status: number; width: number; height: number }[] = [];
  readonly #options: ViewerOptions;
  readonly #handshake: ClientHandshake;
  readonly #inflates = Array.from({ length: 5 }, () => openInflate());
  #reader: PanelMessageReader | undefined;
  #stripper: TightServerInitStripper | undefined;

  constructor(connection: ViewerWire, options: ViewerOptions = {}) {
    this.connection = connection;
    this.#options = options;
    this.#handshake = new ClientHandshake(options);
    connection.stream.on("data", (bytes: Buffer) => this.#receive(bytes));
    connection.stream.on("error", () => undefined);
    connection.stream.on("close", () => {
      this.isClosed = true;
    });
    connection.stream.on("end", () => connection.stream.end());
  }

  sends(bytes: Uint8Array): void {
    this.connection.stream.write(bytes);
  }

  asks(isIncremental: boolean): void {
    if (this.frame === undefined) return;
    const { width, height } = this.frame;
    this.sends(writeFramebufferUpdateRequest({ x: 0, y: 0, width, height }, isIncremental));
  }

  #receive(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    if (this.#reader === undefined) {
      const { send, outcome } = this.#handshake.receive(bytes);
      for (const part of send) this.sends(part);
      if (outcome === undefined) return;
      this.outcome = outcome;
      if (outcome.kind !== "authenticated") return;
      if (outcome.securityType === 16) this.#stripper = new TightServerInitStripper();
      this.#reader = new PanelMessageReader({ format: rgb888, zlib: clipboardZlib });
      this.sends(writeClientInit(this.#options.shared ?? true));
      if (outcome.leftover.length > 0) this.#receive(outcome.leftover);
      return;
    }
    const passed = this.#stripper === undefined ? bytes : this.#stripper.receive(bytes);
    for (const message of this.#reader.push(passed)) this.#show(message);
  }

  #show(message: ReturnType<PanelMessageReader["push"]> extends Generator<infer M> ? M : never): void {
    switch (message.kind) {
      case "server-init": {
        this.name = message.name;
        this.nativeFormat = message.format;
        this.frame = createFramebuffer(message.width, message.height);
        const format = this.#options.format ?? rgb888;
        this.sends(writeSetPixelFormat(format));
        this.#reader?.setFormat(format);
        this.sends(writeSetEncodings(this.#options.encodings ?? [encodings.zrle]));
        if (this.#options.isQuiet !== true) this.asks(false);
        return;
      }
      case "framebuffer-update": {
        for (const rectangle of message.rectangles) this.#draw(rectangle);
        const hasPixels = message.rectangles.some(({ encoding }) => encoding >= 0);
        if (hasPixels) this.updates += 1;
        if (this.#options.isQuiet !== true && hasPixels) this.asks(true);
        return;
      }
      case "bell":
        this.bells += 1;
        return;
      case "cut-text":
        this.texts.push(message.text);
        return;
      case "clipboard":
        this.clipboard.push(message.message);
        return;
      case "fence":
        this.fences.push(message.fence);
        return;
      case "end-of-continuous-updates":
        this.endsOfContinuousUpdates += 1;
        return;
      case "set-colour-map-entries":
        this.paletteEntries += message.colours.length;
        return;
      default:
        message satisfies never;
    }
  }

  #draw(rect: EncodedRectangle): void {
    const { encoding, payload } = rect;
    this.seen.set(encoding, (this.seen.get(encoding) ?? 0) + 1);
    const { frame } = this;
    if (frame === undefined) return;
    const format = this.#options.format?.trueColour === false ? rgb888 : (this.#options.format ?? rgb888);
    switch (encoding) {
      case encodings.raw:
        decodeRaw(frame, rect, format, payload);
        return;
      case encodings.copyRectangle:
        decodeCopyRectangle(frame, rect, payload);
        return;
      case encodings.zrle:
        decodeZrle(frame, rect, format, payload, this.#inflates[4]!);
        return;
      case pixelEncodings.hextile:
        decodeHextile(frame, rect, format, payload);
        return;
      case pixelEncodings.tight:
        decodeTight(frame, rect, format, { bytes: payload, decoder: this.#tightDecoder() });
        return;
      case encodings.cursor:
        this.cursor = decodeCursor(rect, format, payload);
        return;
      case pseudoEncodings.extendedDesktopSize:
        expectOneScreen(payload);
        this.sizes.push({ reason: rect.x, status: rect.y, width: rect.width, height: rect.height });
        if (rect.y === 0) this.#resize(rect);
        return;
      case encodings.desktopSize:
        this.sizes.push({ reason: 0, status: 0, width: rect.width, height: rect.height });
        this.#resize(rect);
        return;
      case pseudoEncodings.qemuExtendedKey:
        return;
      default:
        throw new Error(`Encoding ${encoding} is not shown here`);
    }
  }

  #tightDecoder() {
    return {
      inflate: (stream: TightStream, bytes: Uint8Array, max: number) => this.#inflates[stream]!(bytes, max),
      reset: (stream: TightStream) => {
        this.#inflates[stream] = openInflate();
      },
    };
  }

  #resize({ width, height }: EncodedRectangle): void {
    if (this.frame?.width === width && this.frame.height === height) return;
    this.frame = createFramebuffer(width, height);
    if (this.#options.isQuiet !== true) this.asks(false);
  }
}

function expectOneScreen(payload: Uint8Array): void {
  if (readScreens(payload).length !== 1) throw new Error("a panel has one screen");
}

export interface Scene<Running extends RunningPanel = RunningVncPanel> extends Disposable {
  readonly world: TwoHosts;
  readonly panel: Running;
  dials(): Promise<Connection>;
  opens(options?: ViewerOptions): Promise<Viewer>;
  /** Waits until a viewer shows the panel's own picture. */
  shows(viewer: Viewer): Promise<void>;
}

/** One panel on the simulated network, ready for viewers. */
export async function scene(options: VncPanelOptions = {}): Promise<Scene> {
  return await sceneOf(vncPanel(options));
}

export async function sceneOf(program: ReturnType<typeof vncPanel>): Promise<Scene> {
  const world = new TwoHosts();
  const { network } = world.network.host("panel");
  const place = { name: "Press 4", network, clock: world.clock, seed: 7, address: "0.0.0.0" };
  const panel = await program.start({ ...place, random: new SeededRandom(7) });
  const dials = async (): Promise<Connection> => {
    const outcome = await world.dials(program.port);
    if (!outcome.ok) throw new Error(outcome.detail);
    return outcome.connection;
  };
  return {
    world,
    panel,
    dials,
    opens: async (viewerOptions) => new Viewer(await dials(), viewerOptions),
    shows: async (viewer) => {
      const isShown = (): boolean => viewer.updates > 0 && samePixels(viewer.frame, panel.screen.frame);
      await world.clock.until(isShown, { what: "the panel's picture at the viewer", limitMs: 60_000 });
    },
    [Symbol.dispose]: () => world.clock.stop(),
  };
}

export function samePixels(one: Framebuffer | undefined, other: Framebuffer): boolean {
  if (one === undefined || one.width !== other.width || one.height !== other.height) return false;
  return Buffer.from(one.pixels.buffer).equals(Buffer.from(other.pixels.buffer));
}
