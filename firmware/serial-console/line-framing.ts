// What stands between a serial line and a tunnel: nothing, or a Telnet server that has the line's bytes as its data.
import { options } from "#protocol/telnet/codes.ts";
import { TelnetEnd } from "#protocol/telnet/telnet-end.ts";

export interface LineFraming {
  /** Said to the client first; may be empty. */
  start(): Uint8Array;
  /** Takes the client's bytes apart. Throws ProtocolError for what cannot be read on. */
  fromClient(bytes: Uint8Array): { readonly toLine: Uint8Array; readonly toClient: Uint8Array };
  fromLine(bytes: Uint8Array): Uint8Array;
  /** Bytes that are kept until more have come. */
  readonly heldBytes: number;
}

const nothing = new Uint8Array(0);

export function rawFraming(): LineFraming {
  return {
    start: () => nothing,
    fromClient: (bytes) => ({ toLine: bytes, toClient: nothing }),
    fromLine: (bytes) => bytes,
    heldBytes: 0,
  };
}

/**
 * Offers to echo, which the device at the line does, and to suppress GO AHEAD, and asks for eight bits both ways; every other
 * option is refused. A client that agrees to nothing is served too.
 */
export function telnetFraming(): LineFraming {
  const { binary, echo, suppressGoAhead } = options;
  const end = new TelnetEnd({
    performs: [binary, echo, suppressGoAhead],
    accepts: [binary, suppressGoAhead],
    keepsNewLines: true,
  });
  return {
    start: () =>
      Buffer.concat([
        end.request("us", echo, true),
        end.request("us", suppressGoAhead, true),
        end.request("us", binary, true),
        end.request("peer", binary, true),
      ]),
    fromClient: (bytes) => {
      const { data, send } = end.receive(bytes);
      return { toLine: data, toClient: send };
    },
    fromLine: (bytes) => end.write(bytes),
    get heldBytes() {
      return end.heldBytes;
    },
  };
}
