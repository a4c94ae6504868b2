// Viewers that flood, dawdle or change their mind: what the panel holds for them is bounded, and what it says is right.
import { describe, expect, it } from "vitest";
import { ClientMessageFilter } from "#protocol/rfb/client-message-filter.ts";
import { cursorBytes } from "#protocol/rfb/cursor.ts";
import { writeSetDesktopSize } from "#protocol/rfb/desktop-size.ts";
import { writeClipboardMessage } from "#protocol/rfb/extended-clipboard.ts";
import { fenceFlags, writeFence } from "#protocol/rfb/fence.ts";
import {
  encodings,
  writeClientInit,
  writeFramebufferUpdateRequest,
  writeSetEncodings,
  writeSetPixelFormat,
} from "#protocol/rfb/messages.ts";
import { type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { clipboardZlib } from "#simulator/panels/rfb/clipboard-zlib.ts";
import { formats } from "../protocol/rfb/pictures.ts";
import { type Scene, scene, type Viewer } from "./vnc-viewer.ts";

const { raw, zrle, cursor } = encodings;
const { extendedDesktopSize, fence, extendedClipboard } = pseudoEncodings;

async function until(place: Scene, what: string, fact: () => boolean): Promise<void> {
  await place.world.clock.until(fact, { what, limitMs: 60_000 });
}

function size(width: number, height: number): Uint8Array {
  return writeSetDesktopSize({ width, height }, [{ id: 1, x: 0, y: 0, width, height, flags: 0 }]);
}

function times(count: number, make: (turn: number) => Uint8Array): Uint8Array {
  return Buffer.concat(Array.from({ length: count }, (_, turn) => make(turn)));
}

/** A viewer that is let in, asks for nothing, and reads nothing from then on. */
async function deaf(place: Scene, list: readonly number[]): Promise<Viewer> {
  const viewer = await place.opens({ encodings: list, isQuiet: true });
  await until(place, "ServerInit", () => viewer.frame !== undefined);
  await place.world.clock.advance(100);
  viewer.connection.stream.pause();
  return viewer;
}

describe("a viewer that floods and takes nothing", () => {
  const ask = (turn: number) => writeFence({ flags: fenceFlags.request, payload: new Uint8Array(64).fill(turn) });

  it.each<[string, readonly number[], () => Uint8Array]>([
    ["fences", [zrle, fence], () => times(60_000, ask)],
    [
      "its wish for the clipboard",
      [zrle, extendedClipboard],
      () => times(12_000, () => writeClipboardMessage(6, { kind: "request", hasText: true }, clipboardZlib)),
    ],
    [
      "palettes",
      [raw],
      () => times(5000, () => writeSetPixelFormat({ ...rgb888, bitsPerPixel: 8, depth: 8, trueColour: false })),
    ],
    ["sizes", [zrle, extendedDesktopSize], () => times(5000, (turn) => size(400 + (turn % 2), 300))],
  ])("with %s is dropped", async (_what, list, flood) => {
    using place = await scene();
    place.panel.screen.takesClipboard(
      Buffer.from(Array.from({ length: 90 }, (_, at) => (at * at * 7) % 251)).toString("base64"),
    );
    const viewer = await deaf(place, list);
    expect(place.panel.connections).toBe(1);
    viewer.sends(flood());
    await until(place, "its end", () => place.panel.connections === 0);
  });

  it("with encodings that come and go is told of the pointer once", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [raw], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.sends(times(5001, (turn) => writeSetEncodings(turn % 2 === 0 ? [raw, cursor] : [raw])));
    viewer.asks(false);
    await place.shows(viewer);
    expect(viewer.seen.get(cursor)).toBe(1);
  });

  it("but one that takes its answers may ask as much as it likes", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, fence], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.sends(times(16_000, ask));
    await until(place, "all answers", () => viewer.fences.length >= 16_000);
    expect(viewer.isClosed).toBe(false);
  });

  it("of two, the one that only looks seldom is told of the last size alone", async () => {
    using place = await scene();
    const seldom = await place.opens({ encodings: [raw, extendedDesktopSize], isQuiet: true });
    const eager = await place.opens({ encodings: [raw, extendedDesktopSize], isQuiet: true });
    await until(place, "both", () => seldom.frame !== undefined && eager.frame !== undefined);
    for (let turn = 0; turn < 60; turn += 1) {
      eager.sends(size(400 + turn, 300));
      eager.sends(writeFramebufferUpdateRequest({ x: 0, y: 0, width: 1, height: 1 }, false));
      await place.world.clock.advance(150);
    }
    seldom.asks(false);
    await until(place, "the picture", () => seldom.updates > 0);
    expect(seldom.sizes.filter(({ reason }) => reason === 2)).toEqual([
      { reason: 2, status: 0, width: 459, height: 300 },
    ]);
  }, 60_000);
});

describe("a viewer that dawdles", () => {
  it("is dropped if it has been let in and never says ClientInit", async () => {
    using place = await scene();
    const { stream } = await place.dials();
    stream.on("data", () => undefined);
    stream.write("RFB 003.008\n");
    stream.write(Uint8Array.of(1));
    await place.world.clock.advance(29_000);
    expect(place.panel.connections).toBe(1);
    await place.world.clock.advance(2000);
    expect(place.panel.connections).toBe(0);
  });

  it("does not stay for longer when it goes on talking after it was told no", async () => {
    using place = await scene({ password: "right" });
    const viewer = await place.opens({ password: "wrong" });
    await until(place, "the no", () => viewer.outcome?.kind === "refused");
    viewer.connection.stream.removeAllListeners("end");
    for (let second = 0; second < 8; second += 1) {
      viewer.sends(Uint8Array.of(0));
      await place.world.clock.advance(1000);
    }
    expect(place.panel.connections).toBe(0);
  });

  it("does not stay for longer after it has chosen what was not offered", async () => {
    using place = await scene({ password: "right" });
    const { stream } = await place.dials();
    stream.on("data", () => undefined);
    stream.write("RFB 003.008\n");
    for (let second = 0; second < 8; second += 1) {
      stream.write(Uint8Array.of(77));
      await place.world.clock.advance(1000);
    }
    expect(place.panel.connections).toBe(0);
  });

  it("tries one password with one connection, whatever it says behind it", async () => {
    const lockout = { after: 3, forMs: 60_000, text: "Too many", told: "list" } as const;
    using place = await scene({ password: "right", behaviour: { lockout } });
    const viewer = await place.opens({ password: "wrong" });
    await until(place, "the no", () => viewer.outcome?.kind === "refused");
    for (let turn = 0; turn < 20; turn += 1) {
      viewer.sends(new Uint8Array(20));
      await place.world.clock.advance(10);
    }
    const second = await place.opens({ password: "right" });
    await until(place, "an answer", () => second.outcome !== undefined);
    expect(second.outcome?.kind).toBe("authenticated");
  });
});

describe("a viewer that changes its mind", () => {
  it("gets the pointer's shape in the format that counts when it is sent", async () => {
    using place = await scene();
    const format: PixelFormat = formats["8 bits 332"]!;
    const viewer = await place.opens({ encodings: [raw, cursor], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    await place.world.clock.advance(100);
    const before = viewer.bytesReceived;
    viewer.connection.stream.removeAllListeners("data");
    const seen: Buffer[] = [];
    viewer.connection.stream.on("data", (bytes: Buffer) => seen.push(bytes));
    viewer.sends(writeSetPixelFormat(format));
    viewer.sends(writeFramebufferUpdateRequest({ x: 0, y: 0, width: 1, height: 1 }, false));
    await until(place, "the pointer", () => Buffer.concat(seen).length > 30);
    await place.world.clock.advance(500);
    const all = Buffer.concat(seen);
    expect(before).toBeGreaterThan(0);
    const shape = cursorBytes({ width: 12, height: 16 }, format);
    // One update with the pointer, 12 by 16, and behind it one with a single pixel.
    expect(all.subarray(0, 16).toString("hex")).toBe("0000000100000000000c0010ffffff11");
    expect(all.subarray(16 + shape).toString("hex")).toMatch(/^00000001000000000001000100000000..$/);
  });

  it("gets all that it asked for when it asks for a part before the whole has come", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [raw], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.asks(false);
    viewer.sends(writeFramebufferUpdateRequest({ x: 0, y: 0, width: 8, height: 8 }, true));
    await place.shows(viewer);
  });
});

describe("the filter of a client's messages", () => {
  it("loses no byte of a pixel format that cannot be", () => {
    const filter = new ClientMessageFilter({ swapsRedAndBlue: true });
    const odd = writeSetPixelFormat({ ...rgb888, redMax: 5 });
    const passed = Buffer.concat([
      filter.receive(writeClientInit(true)),
      filter.receive(odd),
      filter.receive(Uint8Array.of(9, 9)),
    ]);
    expect(passed.toString("hex")).toBe(
      Buffer.concat([writeClientInit(true), odd, Uint8Array.of(9, 9)]).toString("hex"),
    );
  });
});
