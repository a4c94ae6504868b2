// Messages after the handshake: golden bytes by RFC 6143, readers fed in any pieces, limits at their borders.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientMessageReader, encodingsMax } from "#protocol/rfb/client-message-reader.ts";
import {
  type ClientMessage,
  cutTextBytesMax,
  encodings,
  type ServerMessage,
  writeBell,
  writeClientCutText,
  writeClientInit,
  writeFramebufferUpdate,
  writeFramebufferUpdateRequest,
  writeKeyEvent,
  writePointerEvent,
  writeServerCutText,
  writeServerInit,
  writeSetColourMapEntries,
  writeSetEncodings,
  writeSetPixelFormat,
} from "#protocol/rfb/messages.ts";
import { type PixelFormat, rgb888 } from "#protocol/rfb/pixel-format.ts";
import { rectangleBytesMax, rectanglesMax, ServerMessageReader } from "#protocol/rfb/server-message-reader.ts";
import { anyPieces, bytes, hex, oneByOne, toHex } from "./transcript.ts";

const rgb565: PixelFormat = {
  bitsPerPixel: 16,
  depth: 16,
  bigEndian: true,
  trueColour: true,
  redMax: 31,
  greenMax: 63,
  blueMax: 31,
  redShift: 11,
  greenShift: 5,
  blueShift: 0,
};
// RFC 6143 section 7.4: bits, depth, big-endian, true-colour, three maxima, three shifts, padding.
const rgb888Bytes = hex("20 18 00 01 00ff 00ff 00ff 10 08 00 000000");
const rgb565Bytes = hex("10 10 01 01 001f 003f 001f 0b 05 00 000000");

// RFC 6143 sections 7.3.1 and 7.5.1 to 7.5.6.
const clientMessages: readonly (readonly [string, Uint8Array, Uint8Array, ClientMessage])[] = [
  [
    "SetPixelFormat",
    writeSetPixelFormat(rgb565),
    bytes(hex("00 000000"), rgb565Bytes),
    { kind: "set-pixel-format", format: rgb565 },
  ],
  [
    "SetEncodings",
    writeSetEncodings([encodings.zrle, encodings.raw, encodings.desktopSize]),
    hex("02 00 0003 00000010 00000000 ffffff21"),
    { kind: "set-encodings", encodings: [16, 0, -223] },
  ],
  ["SetEncodings of none", writeSetEncodings([]), hex("02 00 0000"), { kind: "set-encodings", encodings: [] }],
  [
    "FramebufferUpdateRequest",
    writeFramebufferUpdateRequest({ x: 1, y: 2, width: 1024, height: 768 }, true),
    hex("03 01 0001 0002 0400 0300"),
    { kind: "framebuffer-update-request", incremental: true, x: 1, y: 2, width: 1024, height: 768 },
  ],
  ["KeyEvent", writeKeyEvent(0xff0d, true), hex("04 01 0000 0000ff0d"), { kind: "key", down: true, keysym: 0xff0d }],
  ["KeyEvent, up", writeKeyEvent(0x61, false), hex("04 00 0000 00000061"), { kind: "key", down: false, keysym: 0x61 }],
  [
    "PointerEvent",
    writePointerEvent({ x: 640, y: 400, buttons: 1 }),
    hex("05 01 0280 0190"),
    { kind: "pointer", buttons: 1, x: 640, y: 400 },
  ],
  [
    "ClientCutText in Latin-1",
    writeClientCutText("Prüf🛠"),
    bytes(hex("06 000000 00000005"), "Prüf?"),
    { kind: "cut-text", text: "Prüf?" },
  ],
];

// RFC 6143 sections 7.3.2 and 7.6.1 to 7.6.4.
const serverMessages: readonly (readonly [string, Uint8Array, Uint8Array, ServerMessage])[] = [
  [
    "FramebufferUpdate",
    writeFramebufferUpdate([
      { x: 0, y: 0, width: 1, height: 2, encoding: encodings.raw, payload: hex("0102030405060708") },
      { x: 1, y: 0, width: 1, height: 1, encoding: encodings.copyRectangle, payload: hex("00000001") },
      { x: 2, y: 3, width: 4, height: 5, encoding: encodings.zrle, payload: hex("00000002 abcd") },
      { x: 0, y: 0, width: 9, height: 1, encoding: encodings.cursor, payload: new Uint8Array(9 * 4 + 2) },
      { x: 0, y: 0, width: 640, height: 480, encoding: encodings.desktopSize, payload: hex("") },
    ]),
    bytes(
      hex("00 00 0005"),
      hex("0000 0000 0001 0002 00000000 0102030405060708"),
      hex("0001 0000 0001 0001 00000001 00000001"),
      hex("0002 0003 0004 0005 00000010 00000002 abcd"),
      hex("0000 0000 0009 0001 ffffff11"),
      new Uint8Array(38),
      hex("0000 0000 0280 01e0 ffffff21"),
    ),
    {
      kind: "framebuffer-update",
      rectangles: [
        { x: 0, y: 0, width: 1, height: 2, encoding: 0, payload: Uint8Array.from(hex("0102030405060708")) },
        { x: 1, y: 0, width: 1, height: 1, encoding: 1, payload: Uint8Array.from(hex("00000001")) },
        { x: 2, y: 3, width: 4, height: 5, encoding: 16, payload: Uint8Array.from(hex("00000002abcd")) },
        { x: 0, y: 0, width: 9, height: 1, encoding: -239, payload: new Uint8Array(38) },
        { x: 0, y: 0, width: 640, height: 480, encoding: -223, payload: new Uint8Array(0) },
      ],
    },
  ],
  [
    "an empty FramebufferUpdate",
    writeFramebufferUpdate([]),
    hex("00 00 0000"),
    { kind: "framebuffer-update", rectangles: [] },
  ],
  [
    "SetColourMapEntries",
    writeSetColourMapEntries(7, [[0xffff, 0x8000, 1]]),
    hex("01 00 0007 0001 ffff 8000 0001"),
    { kind: "set-colour-map-entries", first: 7, colours: [[0xffff, 0x8000, 1]] },
  ],
  ["Bell", writeBell(), hex("02"), { kind: "bell" }],
  ["ServerCutText", writeServerCutText("ab"), hex("03 000000 00000002 6162"), { kind: "cut-text", text: "ab" }],
];

describe("messages of a client", () => {
  it.each(clientMessages)("%s is written as in the RFC and read back", (_, written, golden, message) => {
    expect(toHex(written)).toBe(toHex(golden));
    expect(new ClientMessageReader().push(golden)).toEqual([message]);
  });

  it("begin with ClientInit where the reader is told so", () => {
    expect(writeClientInit(true)).toEqual(Uint8Array.of(1));
    expect(writeClientInit(false)).toEqual(Uint8Array.of(0));
    const reader = new ClientMessageReader({ startsWithClientInit: true });
    expect(reader.push(hex("00 04 00 0000 00000061"))).toEqual([
      { kind: "client-init", shared: false },
      { kind: "key", down: false, keysym: 0x61 },
    ]);
  });

  it("come out the same for any pieces", () => {
    const stream = bytes(...clientMessages.map(([, , golden]) => golden));
    const expected = clientMessages.map(([, , , message]) => message);
    const whole = new ClientMessageReader();
    expect(whole.push(stream)).toEqual(expected);
    const slow = new ClientMessageReader();
    expect(oneByOne(stream).flatMap((piece) => slow.push(piece))).toEqual(expected);
    fc.assert(
      fc.property(anyPieces(stream), (pieces) => {
        const reader = new ClientMessageReader();
        expect(pieces.flatMap((piece) => reader.push(piece))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("may hold a clipboard of 262144 bytes and not one more", () => {
    expect(cutTextBytesMax).toBe(262_144);
    const text = "x".repeat(262_144);
    expect(new ClientMessageReader().push(writeClientCutText(text))).toEqual([{ kind: "cut-text", text }]);
    expect(() => new ClientMessageReader().push(hex("06 000000 00040001"))).toThrow(
      expect.objectContaining({ code: "rfb.too-large" }),
    );
  });

  it("may list 256 encodings and not one more", () => {
    expect(encodingsMax).toBe(256);
    expect(new ClientMessageReader().push(writeSetEncodings(new Array(256).fill(0)))).toHaveLength(1);
    expect(() => new ClientMessageReader().push(hex("02 00 0101"))).toThrow(
      expect.objectContaining({ code: "rfb.too-large" }),
    );
  });

  it.each([
    ["an unknown type", hex("fb"), "the client sent message type 251, which was not offered"],
    [
      "24 bits per pixel",
      hex("00 000000 18 18 00 01 00ff 00ff 00ff 10 08 00 000000"),
      "pixel format: bits-per-pixel is 24, not 8, 16 or 32",
    ],
    [
      "a depth above the pixel",
      hex("00 000000 08 18 00 01 00ff 00ff 00ff 10 08 00 000000"),
      "pixel format: depth 24 of 8 bits",
    ],
    [
      "a maximum with holes",
      hex("00 000000 20 18 00 01 00fe 00ff 00ff 10 08 00 000000"),
      "pixel format: red-max 254 is not a power of two minus one",
    ],
    [
      "a shift out of the pixel",
      hex("00 000000 20 18 00 01 00ff 00ff 00ff 19 08 00 000000"),
      "pixel format: red does not fit into a pixel",
    ],
  ])("are refused for %s", (_, stream, message) => {
    expect(() => new ClientMessageReader().push(stream)).toThrow(
      expect.objectContaining({ code: "rfb.malformed", message }),
    );
  });
});

describe("messages of a server", () => {
  it.each(serverMessages)("%s is written as in the RFC and read back", (_, written, golden, message) => {
    expect(toHex(written)).toBe(toHex(golden));
    expect(new ServerMessageReader({ format: rgb888 }).push(golden)).toEqual([message]);
  });

  it("begin with ServerInit where the reader is told so, whose format counts then", () => {
    const golden = bytes(hex("0400 0300"), rgb565Bytes, hex("00000007"), "Press 4");
    expect(toHex(writeServerInit({ width: 1024, height: 768, format: rgb565, name: "Press 4" }))).toBe(toHex(golden));
    const reader = new ServerMessageReader({ format: rgb888, startsWithServerInit: true });
    // One pixel of two bytes.
    const update = hex("00 00 0001 0000 0000 0001 0001 00000000 f800");
    expect(reader.push(bytes(golden, update, 2))).toEqual([
      { kind: "server-init", width: 1024, height: 768, format: rgb565, name: "Press 4" },
      {
        kind: "framebuffer-update",
        rectangles: [{ x: 0, y: 0, width: 1, height: 1, encoding: 0, payload: Uint8Array.of(0xf8, 0) }],
      },
      { kind: "bell" },
    ]);
    reader.setFormat(rgb888);
    expect(reader.push(update)).toEqual([]);
    expect(reader.push(hex("0000"))).toHaveLength(1);
  });

  it("come out the same for any pieces", () => {
    const init = bytes(hex("0400 0300"), rgb888Bytes, hex("00000000"));
    const stream = bytes(init, ...serverMessages.map(([, , golden]) => golden));
    const expected = [
      { kind: "server-init", width: 1024, height: 768, format: rgb888, name: "" },
      ...serverMessages.map(([, , , message]) => message),
    ];
    const readerOf = () => new ServerMessageReader({ format: rgb565, startsWithServerInit: true });
    expect(readerOf().push(stream)).toEqual(expected);
    const slow = readerOf();
    expect(oneByOne(stream).flatMap((piece) => slow.push(piece))).toEqual(expected);
    fc.assert(
      fc.property(anyPieces(stream), (pieces) => {
        const reader = readerOf();
        expect(pieces.flatMap((piece) => reader.push(piece))).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ["a rectangle above the limit", "rfb.too-large", hex("00 00 0001 0000 0000 0001 0001 00000010 03fffffd")],
    ["a raw rectangle above the limit", "rfb.too-large", hex("00 00 0001 0000 0000 1000 1001 00000000")],
    ["too many rectangles", "rfb.too-large", hex("00 00 1001")],
    ["a clipboard above the limit", "rfb.too-large", hex("03 000000 00040001")],
    ["an encoding that nobody asked for", "rfb.unsupported", hex("00 00 0001 0000 0000 0001 0001 00000007")],
    ["an unknown type", "rfb.malformed", hex("96")],
  ])("are refused for %s", (_, code, stream) => {
    expect(() => new ServerMessageReader({ format: rgb888 }).push(stream)).toThrow(expect.objectContaining({ code }));
  });

  it("are awaited at the limits", () => {
    expect([rectangleBytesMax, rectanglesMax]).toEqual([67_108_864, 4096]);
    const reader = () => new ServerMessageReader({ format: rgb888 });
    expect(reader().push(hex("00 00 0001 0000 0000 0001 0001 00000010 03fffffc"))).toEqual([]);
    expect(reader().push(hex("00 00 0001 0000 0000 1000 1000 00000000"))).toEqual([]);
    expect(reader().push(hex("00 00 1000"))).toEqual([]);
  });
});
