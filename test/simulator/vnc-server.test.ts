// The VNC panel as an RFB server: encodings, pointer shape, sizes, clipboard, bell, fences, and viewers that mean harm.
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { writeSetDesktopSize } from "#protocol/rfb/desktop-size.ts";
import { clipboardActions, writeClipboardMessage } from "#protocol/rfb/extended-clipboard.ts";
import { fenceFlags, writeEnableContinuousUpdates, writeFence } from "#protocol/rfb/fence.ts";
import { encodings, writeClientCutText, writeKeyEvent, writeSetEncodings } from "#protocol/rfb/messages.ts";
import { rgb888 } from "#protocol/rfb/pixel-format.ts";
import { pixelEncodings, pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import { layout } from "#simulator/panels/hmi-screen.ts";
import { clipboardZlib } from "#simulator/panels/rfb/clipboard-zlib.ts";
import { formats } from "../protocol/rfb/pictures.ts";
import { type Scene, samePixels, scene, type Viewer } from "./vnc-viewer.ts";

const { raw, copyRectangle, zrle, cursor, desktopSize } = encodings;
const { hextile, tight } = pixelEncodings;
const { extendedDesktopSize, fence, continuousUpdates, extendedClipboard } = pseudoEncodings;

async function until(place: Scene, what: string, fact: () => boolean): Promise<void> {
  await place.world.clock.until(fact, { what, limitMs: 30_000 });
}

describe("the panel's encodings", () => {
  it.each([
    ["Raw", raw],
    ["Hextile", hextile],
    ["ZRLE", zrle],
    ["Tight", tight],
  ])("%s shows every page, pixel for pixel, while the machine lives", async (_name, encoding) => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [encoding] });
    for (const page of ["overview", "process", "trends", "alarms", "settings"] as const) {
      place.panel.screen.shows(page);
      await place.shows(viewer);
      await place.world.clock.advance(1700);
      await place.shows(viewer);
    }
    expect([...viewer.seen.keys()]).toEqual([encoding]);
  });

  it.each([
    [hextile, raw],
    [zrle, raw],
    [tight, raw],
  ])("encoding %i takes less than a third of Raw", async (encoding, plain) => {
    using place = await scene();
    const small = await place.opens({ encodings: [encoding] });
    const large = await place.opens({ encodings: [plain] });
    await place.shows(small);
    await place.shows(large);
    expect(small.bytesReceived).toBeLessThan(large.bytesReceived / 3);
  });

  it("CopyRect moves the trend instead of sending it, and saves most of the bytes", async () => {
    using place = await scene();
    place.panel.screen.shows("trends");
    const copying = await place.opens({ encodings: [copyRectangle, raw] });
    const plain = await place.opens({ encodings: [raw] });
    await place.shows(copying);
    await place.shows(plain);
    const [copyingBefore, plainBefore] = [copying.bytesReceived, plain.bytesReceived];
    await place.world.clock.advance(10_000);
    await place.shows(copying);
    await place.shows(plain);
    expect(copying.seen.get(copyRectangle)).toBeGreaterThanOrEqual(15);
    expect(copying.bytesReceived - copyingBefore).toBeLessThan((plain.bytesReceived - plainBefore) / 2);
  });

  it("CopyRect also catches up with several ticks at once", async () => {
    using place = await scene();
    place.panel.screen.shows("trends");
    const viewer = await place.opens({ encodings: [copyRectangle, zrle], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.asks(false);
    await place.shows(viewer);
    await place.world.clock.advance(2000);
    viewer.asks(true);
    await until(place, "the update", () => viewer.updates === 2);
    await place.shows(viewer);
    expect(viewer.seen.get(copyRectangle)).toBe(1);
  });

  it.each(["16 bits big-endian 565", "8 bits 332", "32 bits, ten per colour"])(
    "all arrive in a pixel format of %s as Raw does",
    async (name) => {
      using place = await scene();
      const format = formats[name]!;
      const viewers: Viewer[] = [];
      for (const encoding of [raw, hextile, zrle, tight])
        viewers.push(await place.opens({ encodings: [encoding], format }));
      await until(place, "all pictures", () => viewers.every(({ updates }) => updates > 0));
      await until(place, "equal pictures", () => viewers.every(({ frame }) => samePixels(frame, viewers[0]!.frame!)));
    },
  );

  it("a viewer with a palette gets one of 256 colours", async () => {
    using place = await scene();
    const palette = { ...rgb888, bitsPerPixel: 8, depth: 8, trueColour: false } as const;
    const viewer = await place.opens({ format: palette, encodings: [], isQuiet: true });
    await until(place, "the palette", () => viewer.paletteEntries === 256);
  });
});

describe("the panel's pointer", () => {
  it("is told to a viewer that draws it itself", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, cursor] });
    await place.shows(viewer);
    expect([viewer.cursor?.picture.width, viewer.cursor?.picture.height]).toEqual([12, 16]);
    expect(viewer.cursor?.mask[0]).toBe(1);
  });
});

describe("the panel's size", () => {
  const all = [zrle, extendedDesktopSize];
  const one = (width: number, height: number) =>
    writeSetDesktopSize({ width, height }, [{ id: 1, x: 0, y: 0, width, height, flags: 0 }]);

  it("is told at first, changed at a viewer's wish, and told to the others", async () => {
    using place = await scene();
    const first = await place.opens({ encodings: all });
    const second = await place.opens({ encodings: [raw, extendedDesktopSize] });
    const old = await place.opens({ encodings: [raw, desktopSize] });
    for (const viewer of [first, second, old]) await place.shows(viewer);
    expect(first.sizes).toEqual([{ reason: 0, status: 0, width: 800, height: 480 }]);
    first.sends(one(1200, 720));
    await until(place, "the size", () => place.panel.screen.frame.width === 1200);
    for (const viewer of [first, second, old]) await place.shows(viewer);
    expect(first.sizes[1]).toEqual({ reason: 1, status: 0, width: 1200, height: 720 });
    expect(second.sizes[1]).toEqual({ reason: 2, status: 0, width: 1200, height: 720 });
    expect(old.sizes).toEqual([{ reason: 0, status: 0, width: 1200, height: 720 }]);
  });

  it.each([
    [10, 10],
    [4000, 3000],
    [0, 0],
  ])("of %i by %i is refused as an invalid layout", async (width, height) => {
    using place = await scene();
    const viewer = await place.opens({ encodings: all });
    await place.shows(viewer);
    viewer.sends(one(width, height));
    await until(place, "the answer", () => viewer.sizes.length === 2);
    expect(viewer.sizes[1]).toEqual({ reason: 1, status: 3, width: 800, height: 480 });
    await place.shows(viewer);
  });

  it("stays while somebody looks who could not follow", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: all });
    const old = await place.opens({ encodings: [raw] });
    await place.shows(viewer);
    await place.shows(old);
    viewer.sends(one(1000, 600));
    await until(place, "the answer", () => viewer.sizes.length === 2);
    expect(viewer.sizes[1]?.status).toBe(1);
    expect(place.panel.resizes(640, 480)).toBe(false);
    expect(place.panel.screen.frame.width).toBe(800);
  });

  it("may change by itself, and the pointer still meets what is seen", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: all });
    await place.shows(viewer);
    expect(place.panel.resizes(1600, 1200)).toBe(true);
    await place.shows(viewer);
    const { x, y } = layout.button;
    // Twice as large, and 120 pixels lower so that it is in the middle.
    place.panel.screen.pointer(2 * (x + 5), 120 + 2 * (y + 5), 1);
    place.panel.screen.pointer(2 * (x + 5), 120 + 2 * (y + 5), 0);
    expect(place.panel.screen.isRunning).toBe(false);
  });

  it("changes at most ten times a second", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: all });
    await place.shows(viewer);
    for (let width = 900; width < 950; width += 1) viewer.sends(one(width, 600));
    await until(place, "all answers", () => viewer.sizes.length === 51);
    expect(viewer.sizes.filter(({ status }) => status === 0).length).toBeLessThanOrEqual(3);
    await place.shows(viewer);
  });
});

describe("the panel's clipboard", () => {
  it("takes what a viewer has copied and puts what the panel copies there", async () => {
    using place = await scene();
    const viewer = await place.opens();
    await place.shows(viewer);
    viewer.sends(writeClientCutText("B-77"));
    viewer.sends(writeKeyEvent(0xff63, true));
    await until(place, "the pasted order", () => place.panel.screen.entry === "B-77");
    const { order } = layout;
    place.panel.screen.pointer(order.x + 5, order.y + 5, 1);
    place.panel.screen.pointer(order.x + 5, order.y + 5, 0);
    await until(place, "the copied order", () => viewer.texts.at(-1) === "A-1042");
  });

  it("is the extended one, of any letters and only when wanted, where the viewer has it", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, extendedClipboard] });
    await place.shows(viewer);
    expect(viewer.clipboard[0]).toMatchObject({ kind: "capabilities" });
    viewer.sends(writeClipboardMessage(6, { kind: "notify", hasText: true }, clipboardZlib));
    await until(place, "the request", () => viewer.clipboard.at(-1)?.kind === "request");
    viewer.sends(writeClipboardMessage(6, { kind: "provide", text: "Größe 😀\n2" }, clipboardZlib));
    await until(place, "the text", () => place.panel.screen.clipboard === "Größe 😀\n2");
    place.panel.screen.copied("C-1");
    await until(place, "the notice", () => viewer.clipboard.at(-1)?.kind === "notify");
    viewer.sends(writeClipboardMessage(6, { kind: "request", hasText: true }, clipboardZlib));
    await until(place, "the panel's text", () => viewer.clipboard.at(-1)?.kind === "provide");
    expect(viewer.clipboard.at(-1)).toEqual({ kind: "provide", text: "Größe 😀\n2" });
    viewer.sends(writeClipboardMessage(6, { kind: "peek", hasText: true }, clipboardZlib));
    await until(place, "the answer", () => viewer.clipboard.at(-1)?.kind === "notify");
    const actions = clipboardActions.request | clipboardActions.provide;
    viewer.sends(writeClipboardMessage(6, { kind: "capabilities", actions, textBytesMax: 1000 }, clipboardZlib));
    await place.world.clock.advance(100);
    place.panel.screen.copied("C-2");
    await until(place, "the text at once", () => viewer.clipboard.at(-1)?.kind === "provide");
    expect(viewer.texts).toEqual([]);
  });
});

describe("the panel's bell", () => {
  it("rings for each alarm that begins, and when it is told to", async () => {
    using place = await scene();
    const viewer = await place.opens();
    await place.shows(viewer);
    place.panel.rings();
    await until(place, "the bell", () => viewer.bells === 1);
    place.panel.process.setsPoint("oil-cooling", 70);
    await place.world.clock.until(() => viewer.bells === 2, { what: "the alarm's bell", limitMs: 300_000 });
    expect(place.panel.process.alarms.active.map(({ text }) => text)).toEqual(["Oil temperature above 62 °C"]);
  });
});

describe("fences and continuous updates", () => {
  it("are offered to a viewer that has them", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, fence, continuousUpdates] });
    await place.shows(viewer);
    expect(viewer.fences).toEqual([{ flags: fenceFlags.request, payload: Uint8Array.of(0) }]);
    expect(viewer.endsOfContinuousUpdates).toBe(1);
  });

  it("answer a fence with its bytes and the flags that are known", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, fence] });
    await place.shows(viewer);
    const payload = Uint8Array.of(1, 2, 3);
    viewer.sends(writeFence({ flags: 0x80000000 + 0x40 + 3, payload }));
    await until(place, "the answer", () => viewer.fences.length === 2);
    expect(viewer.fences[1]).toEqual({ flags: 3, payload });
    viewer.sends(writeFence({ flags: 3, payload }));
    await place.world.clock.advance(200);
    expect(viewer.fences).toHaveLength(2);
  });

  it("send updates that nobody asked for until they are ended", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, continuousUpdates], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.sends(writeEnableContinuousUpdates(true, { x: 0, y: 0, width: 800, height: 480 }));
    await place.shows(viewer);
    const { updates } = viewer;
    await place.world.clock.advance(3000);
    await place.shows(viewer);
    expect(viewer.updates).toBeGreaterThanOrEqual(updates + 6);
    viewer.sends(writeEnableContinuousUpdates(false, { x: 0, y: 0, width: 0, height: 0 }));
    await until(place, "the end", () => viewer.endsOfContinuousUpdates === 2);
    const { updates: atEnd } = viewer;
    await place.world.clock.advance(3000);
    expect(viewer.updates).toBe(atEnd);
  });

  it("are not for a viewer that did not list them", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    viewer.sends(writeEnableContinuousUpdates(true, { x: 0, y: 0, width: 800, height: 480 }));
    viewer.sends(writeFence({ flags: 0x80000000, payload: Uint8Array.of(1) }));
    await place.world.clock.advance(3000);
    expect([viewer.updates, viewer.fences.length]).toEqual([0, 0]);
  });
});

describe("viewers that mean harm", () => {
  const cut = (length: number) => {
    const bytes = Buffer.alloc(8);
    bytes[0] = 6;
    bytes.writeInt32BE(length, 4);
    return bytes;
  };
  const bomb = () => {
    const packed = deflateSync(Buffer.alloc(40_000_000));
    const head = Buffer.alloc(12);
    head[0] = 6;
    head.writeInt32BE(-(packed.length + 4), 4);
    head.writeUInt32BE(0x10000001, 8);
    return Buffer.concat([head, packed]);
  };

  it.each<[string, () => Uint8Array]>([
    ["a message of an unknown type", () => Uint8Array.of(99)],
    ["a clipboard of 2 GiB", () => cut(0x7fffffff)],
    ["an extended clipboard of 2 GiB", () => cut(-0x7fffffff)],
    ["a clipboard that unpacks to 40 MB", bomb],
    ["a fence of 255 bytes", () => Buffer.from(`f8000000${"80000000"}ff`, "hex")],
    ["257 encodings", () => Buffer.from("02000101", "hex")],
    ["17 screens", () => Buffer.from("fb00032001e01100", "hex")],
    ["another QEMU message", () => Uint8Array.of(255, 1)],
    ["a colour map of 32 bits", () => Buffer.from(`00000000${"20180000"}${"00".repeat(12)}`, "hex")],
    ["a pixel format that cannot be", () => Buffer.from(`00000000${"0c0c0001"}${"00".repeat(12)}`, "hex")],
  ])("are dropped for %s", async (_what, bytes) => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle, extendedClipboard, fence, extendedDesktopSize] });
    await place.shows(viewer);
    viewer.sends(bytes());
    await until(place, "the end of it", () => viewer.isClosed);
    expect(place.panel.connections).toBe(0);
    expect(place.panel.screen.clipboard.length).toBe(0);
  });

  it("cannot set a size without the extension", async () => {
    using place = await scene();
    const viewer = await place.opens();
    await place.shows(viewer);
    viewer.sends(writeSetDesktopSize({ width: 900, height: 600 }, []));
    await until(place, "the end of it", () => viewer.isClosed);
  });

  it("get no more than one update at a time, however often they ask", async () => {
    using place = await scene();
    const viewer = await place.opens({ encodings: [zrle], isQuiet: true });
    await until(place, "ServerInit", () => viewer.frame !== undefined);
    for (let asked = 0; asked < 20_000; asked += 1) viewer.asks(false);
    await place.world.clock.advance(1000);
    expect(viewer.updates).toBeLessThanOrEqual(26);
    expect(viewer.updates).toBeGreaterThan(0);
  });

  it("leave the others alone: a picture area outside, no encodings at all, a megabyte of keys", async () => {
    using place = await scene();
    const good = await place.opens();
    const odd = await place.opens({ encodings: [] });
    await place.shows(good);
    odd.sends(Buffer.from("0300ffffffffffffffff", "hex"));
    odd.sends(writeSetEncodings([]));
    odd.sends(Buffer.alloc(1_000_000, writeKeyEvent(0x61, true)));
    await place.world.clock.advance(2000);
    await place.shows(good);
    expect(place.panel.screen.entry).toBe("a".repeat(16));
  });

  it("who want to be alone end the others", async () => {
    using place = await scene();
    const first = await place.opens();
    await place.shows(first);
    const second = await place.opens({ shared: false });
    await place.shows(second);
    expect(first.isClosed).toBe(true);
  });
});
