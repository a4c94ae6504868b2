// Passthrough: bytes as they are, whatever they mean.
import { closeText } from "#protocol/close-reason.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocol-stream.ts";

export class PassthroughStream implements ProtocolStream {
  readonly hasHandshake = false;
  readonly heldBytes = 0;
  readonly isFailureTold = true;
  #ends: StreamEnds | undefined;

  start(ends: StreamEnds): void {
    this.#ends = ends;
  }

  fromPanel(bytes: Uint8Array): void {
    this.#ends?.toClient(bytes);
  }

  fromClient(bytes: Uint8Array): void {
    this.#ends?.toPanel(bytes);
  }

  expired(): StreamFailure {
    return { reason: "panel.timeout", text: closeText("panel.timeout") };
  }

  panelEnded(): undefined {
    return undefined;
  }

  fail(): void {
    // The protocol is not known, so there is nothing to say in it.
  }
}
