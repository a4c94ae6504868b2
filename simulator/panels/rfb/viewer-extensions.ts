// What a viewer says beyond RFC 6143: clipboard, fences, continuous updates and sizes, each only where it has been agreed on.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { resizeReasons } from "#protocol/rfb/desktop-size.ts";
import { answerToFence, fenceFlags, writeEndOfContinuousUpdates, writeFence } from "#protocol/rfb/fence.ts";
import { pseudoEncodings } from "#protocol/rfb/pseudo-encodings.ts";
import type { ViewerMessage } from "#protocol/rfb/viewer-message-reader.ts";
import type { ClipboardExchange } from "./clipboard-exchange.ts";
import type { UpdatePump } from "./update-pump.ts";

export type ExtensionMessage = Extract<
  ViewerMessage,
  { kind: "clipboard" | "fence" | "continuous-updates" | "set-desktop-size" }
>;

export interface ExtensionEnds {
  /** Pseudo-encodings that both ends know. */
  readonly pseudo: ReadonlySet<number>;
  readonly clipboard: ClipboardExchange;
  readonly updates: UpdatePump;
  readonly write: (bytes: Uint8Array) => void;
  /** Gives the picture another size; one of `resizeStatuses`. */
  readonly resize: (width: number, height: number) => number;
  readonly resized: (reason: number, status: number) => void;
}

/** Throws ProtocolError for a size from who has not been told of the extension; the others are passed over. */
export function obeyExtension(message: ExtensionMessage, ends: ExtensionEnds): void {
  const { pseudo, updates, write } = ends;
  switch (message.kind) {
    case "clipboard":
      if (pseudo.has(pseudoEncodings.extendedClipboard)) ends.clipboard.receive(message.message);
      return;
    case "fence": {
      const asks = (message.fence.flags & fenceFlags.request) !== 0;
      if (asks && pseudo.has(pseudoEncodings.fence)) write(writeFence(answerToFence(message.fence)));
      return;
    }
    case "continuous-updates":
      if (!pseudo.has(pseudoEncodings.continuousUpdates)) return;
      updates.continues(message.isOn ? message : undefined);
      if (!message.isOn) write(writeEndOfContinuousUpdates());
      return;
    case "set-desktop-size":
      if (!pseudo.has(pseudoEncodings.extendedDesktopSize)) throw new ProtocolError("rfb.malformed", "SetDesktopSize");
      ends.resized(resizeReasons.thisClient, ends.resize(message.width, message.height));
      return;
    default:
      message satisfies never;
  }
}
