// How long the message is that a viewer begins: enough to tell messages apart without reading them.
import { ProtocolError } from "../protocol-error.ts";
import { encodingsMax } from "./client-message-reader.ts";
import { setDesktopSizeBytes } from "./desktop-size.ts";
import { clipboardMessageBytes } from "./extended-clipboard.ts";
import { fenceBytes, fenceHeadBytes } from "./fence.ts";
import { cutTextBytesMax } from "./messages.ts";
import { readU16, readU32 } from "./numbers.ts";
import { clientMessageTypes } from "./pseudo-encodings.ts";

/** Bytes of a message that are needed to tell its length. */
export const viewerHeadBytes = fenceHeadBytes;

/**
 * Length of the message behind `head`, which has at most `viewerHeadBytes`; undefined while it is too short to tell.
 * Throws ProtocolError `rfb.malformed` for an unknown type and `rfb.too-large` above a limit.
 */
export function viewerMessageBytes(head: Uint8Array): number | undefined {
  const withHead = (headBytes: number, length: () => number): number | undefined =>
    head.length < headBytes ? undefined : length();
  switch (head[0]) {
    case undefined:
      return undefined;
    case 0:
      return 20;
    case 2:
      return withHead(4, () => encodingsBytes(readU16(head, 2)));
    case 3:
    case clientMessageTypes.enableContinuousUpdates:
      return 10;
    case 4:
      return 8;
    case 5:
      return 6;
    case 6:
      return withHead(8, () => clipboardMessageBytes(head) ?? cutBytes(readU32(head, 4)));
    case clientMessageTypes.fence:
      return withHead(fenceHeadBytes, () => fenceBytes(head));
    case clientMessageTypes.setDesktopSize:
      return withHead(8, () => setDesktopSizeBytes(head));
    case clientMessageTypes.qemu:
      return withHead(2, () => qemuBytes(head[1] ?? 0));
    default:
      throw new ProtocolError("rfb.malformed", `the viewer sent message type ${head[0]}, which was not offered`);
  }
}

function encodingsBytes(count: number): number {
  if (count > encodingsMax) {
    throw new ProtocolError("rfb.too-large", `the viewer lists ${count} encodings, at most ${encodingsMax} are read`);
  }
  return 4 + 4 * count;
}

function cutBytes(length: number): number {
  if (length > cutTextBytesMax) {
    throw new ProtocolError("rfb.too-large", `the clipboard has ${length} bytes, at most ${cutTextBytesMax} are read`);
  }
  return 8 + length;
}

/** QEMU's extended key event: subtype, down, key symbol, key code. */
function qemuBytes(subtype: number): number {
  if (subtype !== 0) throw new ProtocolError("rfb.malformed", `QEMU message ${subtype}, which was not offered`);
  return 12;
}
