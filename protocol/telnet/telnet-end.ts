// One end of a Telnet connection without IO: data, options and subnegotiations, the same for client and server.
import { commands, doubleIac, iac, options } from "./codes.ts";
import { OptionNegotiation, type Side } from "./option-negotiation.ts";
import { TelnetDecoder } from "./telnet-decoder.ts";

/** What bytes of the other end lead to. */
export interface TelnetStep {
  /** To be sent to the other end; may be empty. */
  readonly send: Uint8Array;
  /** What the other end said apart from Telnet's commands; may be empty. */
  readonly data: Uint8Array;
}

export interface TelnetEndOptions {
  /** Options that this end performs if asked, and those that the other end may. */
  readonly performs: Iterable<number>;
  readonly accepts: Iterable<number>;
  /** What to send behind the command that turned an option on. */
  readonly turnedOn?: (side: Side, option: number) => Uint8Array | undefined;
  /** What to answer to a subnegotiation. */
  readonly subnegotiation?: (option: number, parameters: Uint8Array) => Uint8Array | undefined;
  /** Leaves a CR that has its LF in the same `write` as it is (a new line, RFC 854); every other CR becomes CR NUL. */
  readonly keepsNewLines?: boolean;
}

const cr = 13;
const lf = 10;

export class TelnetEnd {
  readonly #options: TelnetEndOptions;
  readonly #negotiation: OptionNegotiation;
  readonly #decoder = new TelnetDecoder();
  #isAfterReturn = false;

  constructor(options: TelnetEndOptions) {
    this.#options = options;
    this.#negotiation = new OptionNegotiation(options);
  }

  /** Bytes of a command that is not whole yet. */
  get heldBytes(): number {
    return this.#decoder.heldBytes;
  }

  isOn(side: Side, option: number): boolean {
    return this.#negotiation.isOn(side, option);
  }

  /** Wishes an option on or off. */
  request(side: Side, option: number, on: boolean): Uint8Array {
    return this.#negotiation.request(side, option, on);
  }

  /** Takes bytes in any pieces. Throws ProtocolError `telnet.too-large`; then the connection is lost. */
  receive(bytes: Uint8Array): TelnetStep {
    const send: Uint8Array[] = [];
    const data: Uint8Array[] = [];
    for (const event of this.#decoder.decode(bytes)) {
      switch (event.kind) {
        case "data":
          data.push(this.isOn("peer", options.binary) ? this.#binary(event.bytes) : this.#withoutPadding(event.bytes));
          break;
        case "negotiation": {
          const { send: answer, turnedOn } = this.#negotiation.receive(event.verb, event.option);
          send.push(answer);
          if (turnedOn !== undefined) push(send, this.#options.turnedOn?.(turnedOn.side, turnedOn.option));
          break;
        }
        case "subnegotiation":
          push(send, this.#options.subnegotiation?.(event.option, event.parameters));
          break;
        case "command":
          // NOP, GO AHEAD, DATA MARK and the like ask for nothing at a terminal.
          break;
        default:
          event satisfies never;
      }
    }
    return { send: Buffer.concat(send), data: Buffer.concat(data) };
  }

  /** Data on its way to the other end. */
  write(data: Uint8Array): Uint8Array {
    if (this.isOn("us", options.binary)) return doubleIac(data);
    const bytes: number[] = [];
    for (const [index, byte] of data.entries()) {
      bytes.push(byte);
      if (byte === iac) bytes.push(iac);
      if (byte === cr && !(this.#options.keepsNewLines === true && data[index + 1] === lf)) bytes.push(0);
    }
    return Uint8Array.from(bytes);
  }

  /** `IAC <command>`, one without an option. */
  writeCommand(command: keyof typeof commands): Uint8Array {
    return Uint8Array.of(iac, commands[command]);
  }

  #binary(bytes: Uint8Array): Uint8Array {
    this.#isAfterReturn = false;
    return bytes;
  }

  /** Drops the NUL that makes a CR a lone one (RFC 854). */
  #withoutPadding(bytes: Uint8Array): Uint8Array {
    if (!bytes.includes(0)) {
      this.#isAfterReturn = bytes.at(-1) === cr;
      return bytes;
    }
    const kept = bytes.filter((byte, index) => {
      const isAfterReturn = index === 0 ? this.#isAfterReturn : bytes[index - 1] === cr;
      return !(byte === 0 && isAfterReturn);
    });
    this.#isAfterReturn = bytes.at(-1) === cr;
    return kept;
  }
}

function push(list: Uint8Array[], bytes: Uint8Array | undefined): void {
  if (bytes !== undefined) list.push(bytes);
}
