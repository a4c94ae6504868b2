// The panel's end of Telnet without IO (RFC 854): what comes as letters and keys, and what is shown as bytes.
import { StringDecoder } from "node:string_decoder";
import { commands, doubleIac, options, terminalTypeVerbs, writeSubnegotiation } from "#protocol/telnet/codes.ts";
import { OptionNegotiation } from "#protocol/telnet/option-negotiation.ts";
import { TelnetDecoder } from "#protocol/telnet/telnet-decoder.ts";
import { readWindowSize, type WindowSize } from "#protocol/telnet/window-size.ts";

/** Longest name of a terminal that is remembered, in characters. */
const terminalTypeLengthMax = 40;

export type TelnetInput =
  | { readonly kind: "text"; readonly text: string }
  /** To be sent at once. */
  | { readonly kind: "send"; readonly bytes: Uint8Array }
  /** The client's window has another size. */
  | { readonly kind: "size" }
  | { readonly kind: "interrupt" | "break" | "are-you-there" | "erase-character" | "erase-line" };

const keys: Readonly<Record<number, Exclude<TelnetInput["kind"], "text" | "send" | "size">>> = {
  [commands.break]: "break",
  [commands.interruptProcess]: "interrupt",
  [commands.areYouThere]: "are-you-there",
  [commands.eraseCharacter]: "erase-character",
  [commands.eraseLine]: "erase-line",
};

const carriageReturn = 13;
const lineFeed = 10;

export class TelnetTerminal {
  readonly #decoder = new TelnetDecoder();
  readonly #letters = new StringDecoder("utf8");
  readonly #negotiation: OptionNegotiation;
  #isAfterReturn = false;
  #terminalType: string | undefined;
  #size: WindowSize = { columns: 80, rows: 24 };

  constructor() {
    const { binary, echo, suppressGoAhead, terminalType, windowSize } = options;
    this.#negotiation = new OptionNegotiation({
      performs: [binary, echo, suppressGoAhead],
      accepts: [binary, suppressGoAhead, terminalType, windowSize],
    });
  }

  /** Whether this end shows what is typed. */
  get echoes(): boolean {
    return this.#negotiation.isOn("us", options.echo);
  }

  /** Eight bits as they are in the direction to the client. */
  get isBinary(): boolean {
    return this.#negotiation.isOn("us", options.binary);
  }

  /** 80 by 24 until the client has said something else. */
  get size(): WindowSize {
    return this.#size;
  }

  get terminalType(): string | undefined {
    return this.#terminalType;
  }

  /** Offers to echo and to take letters one by one, asks for the terminal's name and size; with `binary` for eight bits too. */
  open(wishes: { readonly binary: boolean }): Uint8Array {
    const { binary, echo, suppressGoAhead, terminalType, windowSize } = options;
    const both = wishes.binary ? [this.#wish("us", binary), this.#wish("peer", binary)] : [];
    return Buffer.concat([
      this.#wish("us", echo),
      this.#wish("us", suppressGoAhead),
      this.#wish("peer", suppressGoAhead),
      this.#wish("peer", terminalType),
      this.#wish("peer", windowSize),
      ...both,
    ]);
  }

  /** One thing after the other, in whatever pieces the bytes come. Throws ProtocolError `telnet.too-large`. */
  *receive(bytes: Uint8Array): Generator<TelnetInput, void> {
    for (const event of this.#decoder.decode(bytes)) {
      switch (event.kind) {
        case "data": {
          const text = this.#letters.write(Buffer.from(this.#withoutPadding(event.bytes)));
          if (text !== "") yield { kind: "text", text };
          break;
        }
        case "negotiation": {
          const { send, turnedOn } = this.#negotiation.receive(event.verb, event.option);
          if (send.length > 0) yield { kind: "send", bytes: send };
          if (turnedOn?.side === "peer" && turnedOn.option === options.terminalType) {
            const ask = Uint8Array.of(terminalTypeVerbs.send);
            yield { kind: "send", bytes: writeSubnegotiation(options.terminalType, ask) };
          }
          break;
        }
        case "subnegotiation":
          if (this.#learns(event.option, event.parameters)) yield { kind: "size" };
          break;
        case "command": {
          const kind = keys[event.code];
          if (kind !== undefined) yield { kind };
          break;
        }
        default:
          event satisfies never;
      }
    }
  }

  /** What is shown, as the client is to get it: IAC doubled, and a CR that begins no new line as CR NUL. */
  write(text: string): Uint8Array {
    const bytes = Buffer.from(text, "utf8");
    if (this.isBinary) return doubleIac(bytes);
    const padded: number[] = [];
    for (const [at, byte] of bytes.entries()) {
      padded.push(byte);
      if (byte === carriageReturn && bytes[at + 1] !== lineFeed) padded.push(0);
    }
    return doubleIac(Uint8Array.from(padded));
  }

  #wish(side: "us" | "peer", option: number): Uint8Array {
    return this.#negotiation.request(side, option, true);
  }

  /** True if it was a new size. */
  #learns(option: number, parameters: Uint8Array): boolean {
    if (option === options.terminalType && parameters[0] === terminalTypeVerbs.is) {
      this.#terminalType = Buffer.from(parameters.subarray(1, 1 + terminalTypeLengthMax)).toString("latin1");
    }
    const size = option === options.windowSize ? readWindowSize(parameters) : undefined;
    if (size === undefined) return false;
    this.#size = size;
    return true;
  }

  /** Drops the NUL that makes a CR a lone one (RFC 854); in binary mode it is a byte like any other. */
  #withoutPadding(bytes: Uint8Array): Uint8Array {
    const isBinary = this.#negotiation.isOn("peer", options.binary);
    const kept: number[] = [];
    for (const byte of bytes) {
      if (!(byte === 0 && this.#isAfterReturn && !isBinary)) kept.push(byte);
      this.#isAfterReturn = byte === carriageReturn;
    }
    return Uint8Array.from(kept);
  }
}
