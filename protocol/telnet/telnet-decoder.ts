// Takes a Telnet stream apart into data and commands (RFC 854, RFC 855), in whatever pieces it comes.
import { ProtocolError } from "../protocol-error.ts";
import { commands, iac, type Verb } from "./codes.ts";

/** Longest subnegotiation that is read, option number included, in bytes. */
export const subnegotiationBytesMax = 512;

export type TelnetEvent =
  /** Without IAC doubling; CR NUL is still in it. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "negotiation"; readonly verb: Verb; readonly option: number }
  | { readonly kind: "subnegotiation"; readonly option: number; readonly parameters: Uint8Array }
  /** One of the other commands, by its number. */
  | { readonly kind: "command"; readonly code: number };

const verbs: Readonly<Record<number, Verb>> = {
  [commands.will]: "will",
  [commands.wont]: "wont",
  [commands.do]: "do",
  [commands.dont]: "dont",
};

const literalIac: TelnetEvent = { kind: "data", bytes: Uint8Array.of(iac) };

/** Holds at most one command; data is never kept back. */
export class TelnetDecoder {
  #state: "data" | "command" | "negotiation" | "subnegotiation" | "subnegotiation-command" = "data";
  #verb: Verb = "wont";
  readonly #parameters: number[] = [];

  /** Bytes of a command that is not whole yet. */
  get heldBytes(): number {
    switch (this.#state) {
      case "data":
        return 0;
      case "command":
        return 1;
      case "negotiation":
        return 2;
      case "subnegotiation":
        return 2 + this.#parameters.length;
      case "subnegotiation-command":
        return 3 + this.#parameters.length;
      default:
        return this.#state satisfies never;
    }
  }

  /** One event after the other, so that its reader may change how it reads what follows. Throws ProtocolError `telnet.too-large`. */
  *decode(bytes: Uint8Array): Generator<TelnetEvent, void> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === "data") {
        const next = bytes.indexOf(iac, at);
        const end = next < 0 ? bytes.length : next;
        if (end > at) yield { kind: "data", bytes: bytes.subarray(at, end) };
        if (next >= 0) this.#state = "command";
        at = end + 1;
      } else {
        const event = this.#take(bytes[at] ?? 0);
        at++;
        if (event !== undefined) yield event;
      }
    }
  }

  #take(byte: number): TelnetEvent | undefined {
    switch (this.#state) {
      case "negotiation":
        this.#state = "data";
        return { kind: "negotiation", verb: this.#verb, option: byte };
      case "subnegotiation":
        if (byte === iac) this.#state = "subnegotiation-command";
        else this.#keep(byte);
        return undefined;
      case "subnegotiation-command":
        return this.#subnegotiationCommand(byte);
      default:
        return this.#command(byte);
    }
  }

  #command(byte: number): TelnetEvent | undefined {
    this.#state = "data";
    const verb = verbs[byte];
    if (verb !== undefined) {
      this.#verb = verb;
      this.#state = "negotiation";
      return undefined;
    }
    if (byte === commands.sb) {
      this.#parameters.length = 0;
      this.#state = "subnegotiation";
      return undefined;
    }
    return byte === iac ? literalIac : { kind: "command", code: byte };
  }

  #subnegotiationCommand(byte: number): TelnetEvent | undefined {
    if (byte === iac) {
      this.#keep(iac);
      this.#state = "subnegotiation";
      return undefined;
    }
    // Any other command ends it; only IAC SE ends it well, and what has no end is not believed.
    const [option, ...parameters] = this.#parameters.splice(0);
    if (byte !== commands.se) return this.#command(byte);
    this.#state = "data";
    return option === undefined
      ? undefined
      : { kind: "subnegotiation", option, parameters: Uint8Array.from(parameters) };
  }

  #keep(byte: number): void {
    if (this.#parameters.length >= subnegotiationBytesMax) {
      throw new ProtocolError(
        "telnet.too-large",
        `a Telnet subnegotiation of more than ${subnegotiationBytesMax} bytes; no more are read`,
      );
    }
    this.#parameters.push(byte);
  }
}
