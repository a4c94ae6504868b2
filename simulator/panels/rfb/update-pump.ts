// Sends one viewer the picture's updates: what it asked for, or all the time, and never more than it takes.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import { type EncodedRectangle, encodings, writeFramebufferUpdate } from "#protocol/rfb/messages.ts";
import type { Rectangle } from "#protocol/rfb/pixel-format.ts";
import type { HmiScreen } from "../hmi-screen.ts";
import type { PacedWriter } from "./paced-writer.ts";
import type { PictureWriter } from "./picture-writer.ts";
import type { RfbBehaviour } from "./rfb-behaviour.ts";
import { NewsQueue } from "./viewer-news.ts";

/** At most this often a viewer gets an update: 25 a second. */
const paceMs = 40;

export interface UpdatePumpOptions {
  readonly clock: Clock;
  readonly screen: HmiScreen;
  readonly behaviour: RfbBehaviour;
  readonly picture: PictureWriter;
  /** The way to the viewer as it is now. */
  readonly writer: () => PacedWriter;
}

export class UpdatePump {
  /** Pseudo-rectangles that the viewer is owed. */
  readonly news = new NewsQueue();
  readonly #options: UpdatePumpOptions;
  #wanted: { readonly area: Rectangle; readonly isWhole: boolean } | undefined;
  /** Updates of it need no request. */
  #continuous: Rectangle | undefined;
  #timer: TimerHandle | undefined;
  #nextUpdateAtMs: number | undefined;

  constructor(options: UpdatePumpOptions) {
    this.#options = options;
  }

  /** The viewer's request; together with one that is not answered yet it is for all that either of them covers. */
  wants(area: Rectangle, isIncremental: boolean): void {
    const before = this.#wanted;
    const isWhole = !isIncremental || !this.#options.picture.hasShown || before?.isWhole === true;
    const clipped = this.#clipped(area);
    this.#wanted = { area: before === undefined ? clipped : around(before.area, clipped), isWhole };
    this.schedule();
  }

  /** Updates of an area without a request, or no longer. */
  continues(area: Rectangle | undefined): void {
    this.#continuous = area && this.#clipped(area);
    this.schedule();
  }

  /** The picture has another size: what was asked for is all of it. */
  resized(): void {
    this.#options.picture.forget();
    const { width, height } = this.#options.screen.frame;
    const area = { x: 0, y: 0, width, height };
    if (this.#wanted !== undefined) this.#wanted = { area, isWhole: true };
    if (this.#continuous !== undefined) this.#continuous = area;
  }

  /** Something may have changed. */
  schedule(): void {
    if (this.#wanted === undefined && this.#continuous === undefined) return;
    this.stop();
    const { clock, behaviour } = this.#options;
    this.#nextUpdateAtMs ??= clock.monotonicMs() + (behaviour.firstFrameMs ?? 0);
    const delayMs = Math.max(0, this.#nextUpdateAtMs - clock.monotonicMs());
    this.#timer = clock.setTimeout(() => this.#update(), delayMs);
  }

  stop(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends what has changed; if nothing has, looks again when the picture changes by itself. */
  #update(): void {
    this.#timer = undefined;
    const { clock, screen, behaviour, picture } = this.#options;
    const writer = this.#options.writer();
    const wanted = this.#wanted ?? this.#pushed();
    // A viewer that does not take what it asked for gets no more of it; `drain` goes on from here.
    if (wanted === undefined || writer.isFull) return;
    const news = this.news.take(picture.format);
    if (news.length > 0) writer.write(writeFramebufferUpdate(news));
    const frame = screen.render();
    const { area, isWhole } = wanted;
    const rectangles = picture.write(frame, area, { isWhole, scrolling: screen.scrolling });
    if (rectangles.length === 0) {
      this.#timer = clock.setTimeout(() => this.#update(), screen.untilNextChangeMs());
      return;
    }
    this.#wanted = undefined;
    this.#nextUpdateAtMs = clock.monotonicMs() + paceMs;
    writer.write(writeFramebufferUpdate(behaviour.sendsEmptyRectangles ? [empty, ...rectangles] : rectangles));
    this.schedule();
  }

  #pushed(): { readonly area: Rectangle; readonly isWhole: boolean } | undefined {
    const area = this.#continuous;
    return area && { area, isWhole: !this.#options.picture.hasShown };
  }

  #clipped(area: Rectangle): Rectangle {
    const { width, height } = this.#options.screen.frame;
    const x = Math.min(area.x, width);
    const y = Math.min(area.y, height);
    return { x, y, width: Math.min(area.width, width - x), height: Math.min(area.height, height - y) };
  }
}

/** The smallest part of the picture that holds both. */
function around(one: Rectangle, other: Rectangle): Rectangle {
  if (one.width * one.height === 0) return other;
  if (other.width * other.height === 0) return one;
  const [x, y] = [Math.min(one.x, other.x), Math.min(one.y, other.y)];
  const right = Math.max(one.x + one.width, other.x + other.width);
  const bottom = Math.max(one.y + one.height, other.y + other.height);
  return { x, y, width: right - x, height: bottom - y };
}

const empty: EncodedRectangle = {
  ...{ x: 0, y: 0, width: 0, height: 0 },
  ...{ encoding: encodings.raw, payload: new Uint8Array(0) },
};
