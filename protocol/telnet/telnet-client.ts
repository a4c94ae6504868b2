// A Telnet client without IO (RFC 854, 855): the terminal of a person in front of a panel's shell.
import { options, terminalTypeVerbs, writeSubnegotiation } from "./codes.ts";
import type { Side } from "./option-negotiation.ts";
import { TelnetEnd, type TelnetStep } from "./telnet-end.ts";
import { type WindowSize, writeWindowSize } from "./window-size.ts";

/** Longest name of a terminal (RFC 1091 section 2). */
export const terminalTypeLengthMax = 40;

/** Most answers to "which terminal are you?" in a connection. */
export const terminalTypeAnswersMax = 64;

export interface TelnetClientOptions extends WindowSize {
  /** As the panel's system knows it, "xterm-256color": 1 to 40 printable characters without blanks. */
  readonly terminalType: string;
  /**
   * Opens the negotiation. Default false: a panel that does not speak Telnet but plain text then gets nothing that it
   * would take for typing, and one that does opens the negotiation itself.
   */
  readonly negotiatesFirst?: boolean;
}

/** Performs BINARY, SUPPRESS-GO-AHEAD, TERMINAL-TYPE and NAWS, lets the panel perform BINARY, ECHO and SUPPRESS-GO-AHEAD. */
export class TelnetClient {
  readonly #end: TelnetEnd;
  readonly #terminalType: string;
  readonly #negotiatesFirst: boolean;
  #size: WindowSize;
  #terminalTypeAnswers = 0;

  /** Throws RangeError for a terminal type or a size that cannot be sent. */
  constructor({ terminalType, columns, rows, negotiatesFirst = false }: TelnetClientOptions) {
    if (terminalType.length > terminalTypeLengthMax || !/^[\x21-\x7e]+$/.test(terminalType)) {
      throw new RangeError(`a terminal type has 1 to ${terminalTypeLengthMax} printable characters`);
    }
    this.#terminalType = terminalType;
    this.#negotiatesFirst = negotiatesFirst;
    this.#size = checked({ columns, rows });
    const { binary, echo, suppressGoAhead, windowSize } = options;
    this.#end = new TelnetEnd({
      performs: [binary, suppressGoAhead, options.terminalType, windowSize],
      accepts: [binary, echo, suppressGoAhead],
      turnedOn: (side, option) => this.#turnedOn(side, option),
      subnegotiation: (option, parameters) => this.#subnegotiation(option, parameters),
    });
  }

  /** Whether the panel shows what is typed; if not, the terminal has to. */
  get echoes(): boolean {
    return this.#end.isOn("peer", options.echo);
  }

  /** Bytes of the panel that are kept until a command is whole, at most some more than 512. */
  get heldBytes(): number {
    return this.#end.heldBytes;
  }

  /** To be sent first, if anything. */
  start(): Uint8Array | undefined {
    if (!this.#negotiatesFirst) return undefined;
    return Buffer.concat([
      this.#end.request("peer", options.suppressGoAhead, true),
      this.#end.request("us", options.terminalType, true),
      this.#end.request("us", options.windowSize, true),
    ]);
  }

  /** Takes the panel's bytes in any pieces. Throws ProtocolError `telnet.too-large`; then the connection is lost. */
  receive(bytes: Uint8Array): TelnetStep {
    return this.#end.receive(bytes);
  }

  /** What was typed, as the panel is to get it: IAC doubled, CR as CR NUL unless BINARY was agreed on. */
  write(data: Uint8Array): Uint8Array {
    return this.#end.write(data);
  }

  /** The window has another size; gives what to send, which is empty if the panel does not care or it is the same. */
  resize(columns: number, rows: number): Uint8Array {
    const before = this.#size;
    this.#size = checked({ columns, rows });
    const isSame = before.columns === columns && before.rows === rows;
    if (isSame || !this.#end.isOn("us", options.windowSize)) return new Uint8Array(0);
    return writeWindowSize(this.#size);
  }

  /** The break key (RFC 854). */
  sendBreak(): Uint8Array {
    return this.#end.writeCommand("break");
  }

  #turnedOn(side: Side, option: number): Uint8Array | undefined {
    return side === "us" && option === options.windowSize ? writeWindowSize(this.#size) : undefined;
  }

  #subnegotiation(option: number, parameters: Uint8Array): Uint8Array | undefined {
    if (option !== options.terminalType || parameters[0] !== terminalTypeVerbs.send) return undefined;
    if (!this.#end.isOn("us", option) || this.#terminalTypeAnswers >= terminalTypeAnswersMax) return undefined;
    this.#terminalTypeAnswers++;
    // There is one name only; hearing it twice tells the panel that the list is at its end (RFC 1091).
    const name = Buffer.from(this.#terminalType, "latin1");
    return writeSubnegotiation(option, Buffer.concat([Uint8Array.of(terminalTypeVerbs.is), name]));
  }
}

function checked(size: WindowSize): WindowSize {
  for (const value of [size.columns, size.rows]) {
    if (!Number.isInteger(value) || value < 0 || value > 65_535) {
      throw new RangeError("columns and rows are whole numbers from 0 to 65535");
    }
  }
  return size;
}
