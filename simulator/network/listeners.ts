// What listens on a simulated host, and who takes a connection that arrives.
import type { Connection, Listener, ListenOptions, ListenOutcome } from "#hardware/ports.ts";
import { type AddressBytes, parseAddress } from "./address.ts";
import { connectionOf } from "./connection.ts";
import type { Conversation } from "./conversation.ts";
import type { Endpoint } from "./endpoint.ts";

const firstFreePort = 40_000;

type Accept = (connection: Connection, conversation: Conversation) => void;

interface OpenListener {
  readonly address: AddressBytes;
  readonly port: number;
  readonly accept: Accept;
  readonly open: Set<Endpoint>;
}

export class Listeners {
  readonly #isOwn: (address: AddressBytes) => boolean;
  #listeners: readonly OpenListener[] = [];

  /** `isOwn`: whether an address belongs to the host, its loopback included. */
  constructor(isOwn: (address: AddressBytes) => boolean) {
    this.#isOwn = isOwn;
  }

  /** Ascending. */
  get ports(): readonly number[] {
    return [...new Set(this.#listeners.map((listener) => listener.port))].sort((one, other) => one - other);
  }

  open(options: ListenOptions, accept: Accept): ListenOutcome {
    const address = parseAddress(options.address);
    if (address === undefined || !(isWildcard(address) || this.#isOwn(address))) {
      return { ok: false, reason: "address-unavailable", detail: `${options.address} is no address of this machine` };
    }
    const port = options.port === 0 ? this.#freePort() : options.port;
    if (this.#listeners.some((listener) => listener.port === port && overlap(listener.address, address))) {
      return { ok: false, reason: "port-taken", detail: `something already listens on port ${port}` };
    }
    const opened: OpenListener = { address, port, accept, open: new Set() };
    this.#listeners = [...this.#listeners, opened];
    const listener: Listener = {
      address: options.address,
      port,
      close: async () => {
        this.#listeners = this.#listeners.filter((other) => other !== opened);
        for (const endpoint of opened.open) endpoint.reset();
      },
    };
    return { ok: true, listener };
  }

  /** Hands an arrived connection to whoever listens for it; false if nobody does. */
  take(conversation: Conversation): boolean {
    const address = parseAddress(conversation.server.address) ?? [];
    const listener = this.#listeners.find(
      (candidate) => candidate.port === conversation.server.port && overlap(candidate.address, address),
    );
    if (listener === undefined) return false;
    const endpoint = conversation.accept();
    listener.open.add(endpoint);
    endpoint.once("close", () => listener.open.delete(endpoint));
    listener.accept(connectionOf(conversation, "server", endpoint), conversation);
    return true;
  }

  /** As when the power fails: nothing listens any more, and nobody is told. */
  forgetAll(): void {
    this.#listeners = [];
  }

  #freePort(): number {
    const taken = this.ports;
    let port = firstFreePort;
    while (taken.includes(port)) port += 1;
    return port;
  }
}

function isWildcard(address: AddressBytes): boolean {
  return address.every((byte) => byte === 0);
}

function overlap(one: AddressBytes, other: AddressBytes): boolean {
  if (one.length !== other.length) return false;
  return isWildcard(one) || isWildcard(other) || one.every((byte, at) => byte === other[at]);
}
