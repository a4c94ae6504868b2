// Who answers for names: one table that all hosts ask, and entries that a single host has of its own.

interface Entry {
  readonly addresses: readonly string[];
}

/** The newest entry of a name comes first and is the one that counts; one that is taken back leaves the others. */
type Table = Map<string, readonly Entry[]>;

export class Names {
  readonly #common: Table = new Map();
  readonly #own = new Map<string, Table>();

  /** Enters a name for all hosts, or for one alone, which then sees that entry only; an empty list: no such name. */
  add(name: string, addresses: readonly string[], host?: string): () => void {
    const table = host === undefined ? this.#common : this.#tableOf(host);
    const key = plainName(name);
    const entry: Entry = { addresses };
    table.set(key, [entry, ...(table.get(key) ?? [])]);
    return () => {
      table.set(
        key,
        (table.get(key) ?? []).filter((other) => other !== entry),
      );
    };
  }

  /** Undefined: no such name. */
  addressesOf(name: string, host?: string): readonly string[] | undefined {
    const key = plainName(name);
    const [own] = (host === undefined ? undefined : this.#own.get(host)?.get(key)) ?? [];
    const [common] = this.#common.get(key) ?? [];
    const addresses = (own ?? common)?.addresses ?? [];
    return addresses.length === 0 ? undefined : addresses;
  }

  #tableOf(host: string): Table {
    const table: Table = this.#own.get(host) ?? new Map();
    this.#own.set(host, table);
    return table;
  }
}

/** As names are compared: small letters, without the root's dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
