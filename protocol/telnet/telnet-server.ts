// A Telnet server without IO (RFC 854, 855): the panel's end of the connection, for panels that are simulated.
import { options, terminalTypeVerbs, writeSubnegotiation } from "./codes.ts";
import type { Side } from "./option-negotiation.ts";
import { TelnetEnd, type TelnetStep } from "./telnet-end.ts";
import { readWindowSize, type WindowSize } from "./window-size.ts";

/** Longest name of a terminal that is remembered, in characters. */
const terminalTypeLengthMax = 40;

/** Echoes and takes characters one by one, and asks the client for its terminal type and its size. */
export class TelnetServer {
  readonly #end: TelnetEnd;
  #terminalType: string | undefined;
  #windowSize: WindowSize | undefined;

  constructor() {
    const { binary, echo, suppressGoAhead, terminalType, windowSize } = options;
    this.#end = new TelnetEnd({
      performs: [binary, echo, suppressGoAhead],
      accepts: [binary, suppressGoAhead, terminalType, windowSize],
      turnedOn: (side, option) => this.#turnedOn(side, option),
      subnegotiation: (option, parameters) => this.#subnegotiation(option, parameters),
      keepsNewLines: true,
    });
  }

  /** What the client said it is, once it has. */
  get terminalType(): string | undefined {
    return this.#terminalType;
  }

  /** What the client said last, once it has. */
  get windowSize(): WindowSize | undefined {
    return this.#windowSize;
  }

  /** To be sent first. */
  start(): Uint8Array {
    return Buffer.concat([
      this.#end.request("us", options.echo, true),
      this.#end.request("us", options.suppressGoAhead, true),
      this.#end.request("peer", options.terminalType, true),
      this.#end.request("peer", options.windowSize, true),
    ]);
  }

  /** Who shows what is typed: this end, or (off) the client's terminal. */
  setEcho(on: boolean): Uint8Array {
    return this.#end.request("us", options.echo, on);
  }

  /** Asks for eight bits in both directions (RFC 856). */
  askForBinary(): Uint8Array {
    return Buffer.concat([
      this.#end.request("us", options.binary, true),
      this.#end.request("peer", options.binary, true),
    ]);
  }

  /** Takes the client's bytes in any pieces; Return comes as CR. Throws ProtocolError `telnet.too-large`. */
  receive(bytes: Uint8Array): TelnetStep {
    return this.#end.receive(bytes);
  }

  /** Output for the client. */
  write(data: Uint8Array): Uint8Array {
    return this.#end.write(data);
  }

  #turnedOn(side: Side, option: number): Uint8Array | undefined {
    if (side !== "peer" || option !== options.terminalType) return undefined;
    return writeSubnegotiation(option, Uint8Array.of(terminalTypeVerbs.send));
  }

  #subnegotiation(option: number, parameters: Uint8Array): undefined {
    if (option === options.windowSize) this.#windowSize = readWindowSize(parameters) ?? this.#windowSize;
    if (option === options.terminalType && parameters[0] === terminalTypeVerbs.is) {
      this.#terminalType = Buffer.from(parameters.subarray(1, 1 + terminalTypeLengthMax)).toString("latin1");
    }
  }
}
