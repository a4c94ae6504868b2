// Address translation: hosts behind it dial out under its address, and cannot be dialled but through ports that it forwards.
import { type AddressBytes, formatAddress, isInNetwork, parseAddress } from "./address.ts";

const firstOutsidePort = 61_000;
const lastPort = 65_535;

export interface NatOptions {
  /** Network whose hosts are behind it, such as 10.20.0.0 with a prefix length of 24. */
  readonly inside: { readonly address: string; readonly prefixLength: number };
  /** The address under which all of them are seen outside. */
  readonly outside: string;
  readonly forwards?: readonly PortForward[];
}

/** What is dialled on the outside address and `port` reaches `address` inside. */
export interface PortForward {
  readonly port: number;
  readonly address: string;
  /** The same port inside by default. */
  readonly insidePort?: number;
}

export class Nat {
  readonly outside: string;
  readonly #inside: AddressBytes;
  readonly #prefixLength: number;
  readonly #forwards: readonly PortForward[];
  #nextPort = firstOutsidePort;

  constructor(options: NatOptions) {
    const inside = parseAddress(options.inside.address);
    const outside = parseAddress(options.outside);
    if (inside === undefined || outside === undefined) {
      throw new TypeError(`NAT: ${inside === undefined ? options.inside.address : options.outside} is no address`);
    }
    this.#inside = inside;
    this.#prefixLength = options.inside.prefixLength;
    this.outside = formatAddress(outside);
    this.#forwards = options.forwards ?? [];
  }

  /** Whether the host with this address is behind it. */
  isInside(address: AddressBytes): boolean {
    return isInNetwork(address, this.#inside, this.#prefixLength);
  }

  /** Where an attempt from outside goes; undefined: it is dropped. */
  forward(port: number): PortForward | undefined {
    return this.#forwards.find((forward) => forward.port === port);
  }

  /** The port under which the next connection from inside is seen. */
  takePort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === lastPort ? firstOutsidePort : port + 1;
    return port;
  }
}
