// The filter for panels that cannot stand what a client says: encodings taken out, red and blue exchanged, all else untouched.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ClientMessageFilter, ServerInitExchanger } from "#protocol/rfb/client-message-filter.ts";
import { writeSetDesktopSize } from "#protocol/rfb/desktop-size.ts";
import { writeClipboardMessage } from "#protocol/rfb/extended-clipboard.ts";
import { writeEnableContinuousUpdates, writeFence } from "#protocol/rfb/fence.ts";
import {
  writeClientCutText,
  writeClientInit,
  writeFramebufferUpdateRequest,
  writeKeyEvent,
  writePointerEvent,
  writeServerInit,
  writeSetEncodings,
  writeSetPixelFormat,
} from "#protocol/rfb/messages.ts";
import { rgb888 } from "#protocol/rfb/pixel-format.ts";
import { clipboardZlib } from "#simulator/panels/rfb/clipboard-zlib.ts";

const area = { x: 1, y: 2, width: 3, height: 4 };
const untouched = [
  writeClientInit(true),
  writeFramebufferUpdateRequest(area, true),
  writeKeyEvent(2, true),
  writePointerEvent({ x: 2, y: 2, buttons: 2 }),
  writeClientCutText("\u0002\u0000 text"),
  writeFence({ flags: 0x80000000, payload: Uint8Array.of(0, 2, 0) }),
  writeEnableContinuousUpdates(true, area),
  writeSetDesktopSize({ width: 640, height: 480 }, [{ id: 1, x: 0, y: 0, width: 640, height: 480, flags: 0 }]),
  writeClipboardMessage(6, { kind: "provide", text: "any text" }, clipboardZlib),
  Buffer.from("ff000001000000610000001e", "hex"), // QEMU's key event
];
const bgr = { ...rgb888, redShift: 0, blueShift: 16 };

/** The bytes in pieces of those lengths, again and again. */
function inPieces(filter: ClientMessageFilter, bytes: Uint8Array, lengths: readonly number[]): Buffer {
  const passed: Uint8Array[] = [];
  let at = 0;
  for (let turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    passed.push(filter.receive(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat(passed);
}

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

describe("the filter of a client's messages", () => {
  it("changes the list of encodings and the pixel format, whatever stands around them and however they are cut", () => {
    const before = Buffer.concat([
      ...untouched,
      writeSetPixelFormat(rgb888),
      writeSetEncodings([7, 16, 5, 0, -239, -260]),
      ...untouched.slice(1),
    ]);
    const after = Buffer.concat([
      ...untouched,
      writeSetPixelFormat(bgr),
      writeSetEncodings([5, 0]),
      ...untouched.slice(1),
    ]);
    fc.assert(
      fc.property(pieces, (lengths) => {
        const filter = new ClientMessageFilter({ encodings: [7, 5], swapsRedAndBlue: true });
        expect(inPieces(filter, before, lengths).equals(after)).toBe(true);
        expect(filter.heldBytes).toBe(0);
      }),
    );
  });

  it("leaves encodings alone that do not carry pixels of their own colours", () => {
    const filter = new ClientMessageFilter({ swapsRedAndBlue: true });
    filter.receive(writeClientInit(true));
    expect(filter.receive(writeSetEncodings([7, 21, -260, 16, 5, -223])).toString()).toBe(
      Buffer.from(writeSetEncodings([16, 5, -223])).toString(),
    );
  });

  it("lets everything pass once it meets what it does not know, and never holds more than one message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), pieces, (bytes, lengths) => {
        const filter = new ClientMessageFilter({});
        const passed = inPieces(filter, Buffer.concat([writeClientInit(true), Uint8Array.of(99), bytes]), lengths);
        expect(passed).toHaveLength(bytes.length + 2);
      }),
    );
    const filter = new ClientMessageFilter({ encodings: [] });
    filter.receive(writeClientInit(true));
    const cut = Buffer.alloc(8);
    cut[0] = 6;
    cut.writeInt32BE(0x7fffffff, 4);
    expect(filter.receive(cut)).toHaveLength(8);
    expect(filter.receive(writeSetEncodings([7]))).toHaveLength(8);
  });
});

describe("the exchange in ServerInit", () => {
  it("names blue's place for red's, however it is cut, and touches nothing else", () => {
    const name = { width: 800, height: 480, name: "Press 4" };
    const before = Buffer.concat([writeServerInit({ ...name, format: rgb888 }), Buffer.from("picture")]);
    const after = Buffer.concat([writeServerInit({ ...name, format: bgr }), Buffer.from("picture")]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (length) => {
        const exchanger = new ServerInitExchanger();
        const passed: Uint8Array[] = [];
        for (let at = 0; at < before.length; at += length)
          passed.push(exchanger.receive(before.subarray(at, at + length)));
        expect(Buffer.concat(passed).equals(after)).toBe(true);
        expect(exchanger.isThrough).toBe(true);
      }),
    );
  });
});
