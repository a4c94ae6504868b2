// The panel's first words behind the handshake: size, pixel format and name, and Tight's lists where that was chosen.
import { desktopNameBytesMax } from "#protocol/rfb/messages.ts";
import { concatenate, writeU16s, writeU32 } from "#protocol/rfb/numbers.ts";
import { writePixelFormat } from "#protocol/rfb/pixel-format.ts";
import { writeTightInteraction } from "#protocol/rfb/tight.ts";
import type { RfbBehaviour, SecurityOffer } from "./rfb-behaviour.ts";

export function writePanelInit(
  { frame, title }: { readonly frame: { readonly width: number; readonly height: number }; readonly title: string },
  { format, nameEncoding }: RfbBehaviour,
  offer: SecurityOffer,
): Uint8Array {
  const name = Buffer.from(title, nameEncoding).subarray(0, desktopNameBytesMax);
  const size = writeU16s(frame.width, frame.height);
  const init = concatenate(size, writePixelFormat(format), writeU32(name.length), name);
  if (offer.type !== "tight") return init;
  const lists = { serverMessages: [], clientMessages: [], encodings: offer.encodings };
  return concatenate(init, writeTightInteraction(lists));
}
