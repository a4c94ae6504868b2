// Who answers for names: one table that all hosts ask, and entries that a single host has of its own.

export class Names {
  readonly #common = new Map<string, readonly string[]>();
  readonly #own = new Map<string, Map<string, readonly string[]>>();

  /** Enters a name for all hosts, or for one alone, which then sees that entry only; an empty list: no such name. */
  add(name: string, addresses: readonly string[], host?: string): () => void {
    const table = host === undefined ? this.#common : this.#tableOf(host);
    const key = plain(name);
    table.set(key, addresses);
    return () => {
      if (table.get(key) === addresses) table.delete(key);
    };
  }

  /** Undefined: no such name. */
  addressesOf(name: string, host?: string): readonly string[] | undefined {
    const own = host === undefined ? undefined : this.#own.get(host)?.get(plain(name));
    const addresses = own ?? this.#common.get(plain(name));
    return addresses === undefined || addresses.length === 0 ? undefined : addresses;
  }

  #tableOf(host: string): Map<string, readonly string[]> {
    const table = this.#own.get(host) ?? new Map<string, readonly string[]>();
    this.#own.set(host, table);
    return table;
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
