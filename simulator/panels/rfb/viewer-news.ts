// Pseudo-rectangles: what a panel tells a viewer in the form of an update, though it is no part of the picture.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { encodeCursor } from "#protocol/rfb/cursor.ts";
import { writeScreens } from "#protocol/rfb/desktop-size.ts";
import { type EncodedRectangle, encodings } from "#protocol/rfb/messages.ts";
import type { PixelFormat } from "#protocol/rfb/pixel-format.ts";
import { pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { arrowCursor } from "./cursor-shape.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

const noBytes = new Uint8Array(0);
/** Answers that a viewer may be owed: whoever never fetches any must stop asking. */
const answersMax = 256;

interface News {
  /** What it is about, if a newer one replaces it. */
  readonly about: string | undefined;
  readonly make: (format: PixelFormat) => EncodedRectangle;
}

/** What one viewer is owed until it asks for an update; written in the pixel format that counts then. */
export class NewsQueue {
  #news: readonly News[] = [];

  /** Replaces what was to be told about the same. */
  tells(about: string, make: News["make"]): void {
    this.#news = [...this.#news.filter((other) => other.about !== about), { about, make }];
  }

  /** One that is owed whatever comes later. Throws ProtocolError `rfb.too-large` when too many are waiting. */
  answers(make: News["make"]): void {
    if (this.#news.length >= answersMax) {
      throw new ProtocolError(
        "rfb.too-large",
        `more than ${answersMax} answers wait for the viewer to ask for an update`,
      );
    }
    this.#news = [...this.#news, { about: undefined, make }];
  }

  take(format: PixelFormat): EncodedRectangle[] {
    const news = this.#news.map(({ make }) => make(format));
    this.#news = [];
    return news;
  }
}

/** The pointer's shape; its hot spot is its upper left corner. */
export function cursorNews(format: PixelFormat): EncodedRectangle {
  const { width, height } = arrowCursor.picture;
  return { x: 0, y: 0, width, height, encoding: encodings.cursor, payload: encodeCursor(arrowCursor, format) };
}

/** The panel's one screen; `reason` and `status` of desktop-size.ts. */
export function screenNews({ width, height }: Size, reason: number, status: number): EncodedRectangle {
  const payload = writeScreens([{ id: 1, x: 0, y: 0, width, height, flags: 0 }]);
  return { x: reason, y: status, width, height, encoding: pseudoEncodings.extendedDesktopSize, payload };
}

/** The same for viewers that know only the picture's size. */
export function sizeNews({ width, height }: Size): EncodedRectangle {
  return { x: 0, y: 0, width, height, encoding: encodings.desktopSize, payload: noBytes };
}

/** Says that QEMU's key events are understood. */
export const keyNews: EncodedRectangle = {
  ...{ x: 0, y: 0, width: 0, height: 0 },
  ...{ encoding: pseudoEncodings.qemuExtendedKey, payload: noBytes },
};
