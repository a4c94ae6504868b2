// Counts connections that have not shown yet who they are, altogether and for each remote address.
import { networkOf } from "./peer.ts";

export interface ArrivalLimits {
  readonly max: number;
  readonly perAddressMax: number;
}

/** A place among the counted. */
export interface Arrival {
  /** It is known now, or gone. Fine to call twice. */
  leave(): void;
}

/** `isFirst`: not another one of a flood that the log has already. */
export interface ArrivalRefusal {
  readonly why: "too-many-connections" | "too-many-connections-of-address";
  readonly isFirst: boolean;
}

export class ArrivalCount {
  readonly #limits: ArrivalLimits;
  readonly #ofAddress = new Map<string, number>();
  /** Of whom a refusal was told since the last one left. */
  readonly #told = new Set<string>();
  #count = 0;

  constructor(limits: ArrivalLimits) {
    this.#limits = limits;
  }

  enter(from: string): Arrival | ArrivalRefusal {
    const address = networkOf(from);
    if (this.#count >= this.#limits.max) return this.#refuse("too-many-connections", "");
    const ofAddress = this.#ofAddress.get(address) ?? 0;
    if (ofAddress >= this.#limits.perAddressMax) return this.#refuse("too-many-connections-of-address", address);
    this.#count += 1;
    this.#ofAddress.set(address, ofAddress + 1);
    let isCounted = true;
    return {
      leave: () => {
        if (isCounted) this.#leave(address);
        isCounted = false;
      },
    };
  }

  #refuse(why: ArrivalRefusal["why"], who: string): ArrivalRefusal {
    const isFirst = !this.#told.has(who);
    this.#told.add(who);
    return { why, isFirst };
  }

  #leave(address: string): void {
    this.#count -= 1;
    const left = (this.#ofAddress.get(address) ?? 0) - 1;
    if (left > 0) this.#ofAddress.set(address, left);
    else this.#ofAddress.delete(address);
    this.#told.delete(address);
    this.#told.delete("");
  }
}
