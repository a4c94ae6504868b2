// Fences and continuous updates (rfbproto): marks in the stream, and updates that need no request.
import { ProtocolError } from "../protocol-error.ts";
import { concatenate, writeU16s, writeU32 } from "./numbers.ts";
import type { Rectangle } from "./pixel-format.ts";
import { clientMessageTypes, serverMessageTypes } from "./pseudo-encodings.ts";

/** Most bytes that a fence carries. */
export const fenceBytesMax = 64;

export const fenceFlags = { blockBefore: 1, blockAfter: 2, syncNext: 4, request: 0x80000000 } as const;
const knownFlags = fenceFlags.blockBefore | fenceFlags.blockAfter | fenceFlags.syncNext;

export interface Fence {
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** Head of a fence: type, three bytes of padding, flags, length. */
export const fenceHeadBytes = 9;

/** The same message in both directions. */
export function writeFence({ flags, payload }: Fence): Uint8Array {
  if (payload.length > fenceBytesMax) throw new RangeError(`a fence carries at most ${fenceBytesMax} bytes`);
  const head = Uint8Array.of(serverMessageTypes.fence, 0, 0, 0);
  return concatenate(head, writeU32(flags), Uint8Array.of(payload.length), payload);
}

/** Length of a fence, once its head is there. Throws ProtocolError `rfb.too-large`. */
export function fenceBytes(head: Uint8Array): number {
  const length = head[fenceHeadBytes - 1] ?? 0;
  if (length > fenceBytesMax) {
    throw new ProtocolError("rfb.too-large", `a fence of ${length} bytes, at most ${fenceBytesMax} are read`);
  }
  return fenceHeadBytes + length;
}

/** What a fence that asks for an answer is answered with: what of its flags is known, and its bytes. */
export function answerToFence({ flags, payload }: Fence): Fence {
  return { flags: flags & knownFlags, payload };
}

export function writeEnableContinuousUpdates(isOn: boolean, area: Rectangle): Uint8Array {
  const head = Uint8Array.of(clientMessageTypes.enableContinuousUpdates, Number(isOn));
  return concatenate(head, writeU16s(area.x, area.y, area.width, area.height));
}

/** Says that the server can do continuous updates, and that those of before are over. */
export function writeEndOfContinuousUpdates(): Uint8Array {
  return Uint8Array.of(serverMessageTypes.endOfContinuousUpdates);
}
