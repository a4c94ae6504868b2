// Telnet: raw for clients that negotiate themselves; on our own channel the relay negotiates and the browser has the terminal's bytes.
import { closeText } from "#protocol/close-reason.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import type { ClientMessage } from "#protocol/session-channel.ts";
import { TelnetClient } from "#protocol/telnet/telnet-client.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocol-stream.ts";

const notice =
  "Telnet is not encrypted between the gateway and the panel: whoever is on that network can read what you type.";

/** IAC doubling and CR NUL make at most two bytes of one, so pieces of this size stay small. */
const pieceBytesMax = 16 * 1024;

export class TelnetStream implements ProtocolStream {
  readonly hasHandshake = false;
  readonly isFailureTold = true;
  #telnet: TelnetClient | undefined;
  #ends: StreamEnds | undefined;
  #size = { columns: 80, rows: 24 };

  get heldBytes(): number {
    return this.#telnet?.heldBytes ?? 0;
  }

  start(ends: StreamEnds): void {
    this.#ends = ends;
    if (!ends.hasChannel) return;
    this.#telnet = new TelnetClient({ terminalType: "xterm-256color", ...this.#size });
    ends.say({ type: "notice", text: notice });
    this.#send(this.#telnet.start());
  }

  fromPanel(bytes: Uint8Array): void {
    if (this.#telnet === undefined) {
      this.#ends?.toClient(bytes);
      return;
    }
    try {
      const { send, data } = this.#telnet.receive(bytes);
      this.#send(send);
      if (data.length > 0) this.#ends?.toClient(data);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#ends?.ended({
        reason: "protocol.malformed",
        text: `The panel broke the Telnet protocol: ${error.message}.`,
      });
    }
  }

  fromClient(bytes: Uint8Array): void {
    if (this.#telnet === undefined) {
      this.#ends?.toPanel(bytes);
      return;
    }
    for (let start = 0; start < bytes.length; start += pieceBytesMax) {
      this.#send(this.#telnet.write(bytes.subarray(start, start + pieceBytesMax)));
    }
  }

  fromChannel(message: ClientMessage): void {
    if (message.type === "resize") {
      this.#size = { columns: message.columns, rows: message.rows };
      this.#send(this.#telnet?.resize(message.columns, message.rows));
    } else if (message.type === "break") {
      this.#send(this.#telnet?.sendBreak());
    }
  }

  expired(): StreamFailure {
    return { reason: "panel.timeout", text: closeText("panel.timeout") };
  }

  panelEnded(): undefined {
    return undefined;
  }

  fail(): void {
    // A terminal without our channel negotiates by itself; the close frame has the reason.
  }

  #send(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined && bytes.length > 0) this.#ends?.toPanel(bytes);
  }
}
