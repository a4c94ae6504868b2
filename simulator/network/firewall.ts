// What is let through between hosts: rules in order, the first that fits decides, and what no rule names passes.

/** A connection attempt that a rule is asked about, by the names of its hosts. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

export interface FirewallRule {
  /**
   * "drop": the attempt is not answered. "reject": answered with a RST, as by `reject with tcp reset`. "unreachable":
   * answered with an ICMP message. "accept": passes, whatever rules come later.
   */
  readonly action: "accept" | "drop" | "reject" | "unreachable";
  /** Host that dials; any if left out. */
  readonly from?: string;
  /** Host that is dialled; any if left out. */
  readonly to?: string;
  /** A port, or the first and last of a range; any if left out. */
  readonly port?: number | readonly [first: number, last: number];
}

/** Stateful, as firewalls are: it judges attempts, and what is connected stays so. */
export class Firewall {
  #rules: readonly FirewallRule[] = [];

  get rules(): readonly FirewallRule[] {
    return this.#rules;
  }

  /** Adds a rule behind all others (`first`: before them) until the returned function is called. */
  add(rule: FirewallRule, options: { readonly first?: boolean } = {}): () => void {
    const own = { ...rule };
    this.#rules = options.first === true ? [own, ...this.#rules] : [...this.#rules, own];
    return () => {
      this.#rules = this.#rules.filter((other) => other !== own);
    };
  }

  judge(passage: Passage): FirewallRule["action"] {
    return this.#rules.find((rule) => fits(rule, passage))?.action ?? "accept";
  }
}

function fits({ from, to, port }: FirewallRule, passage: Passage): boolean {
  if (from !== undefined && from !== passage.from) return false;
  if (to !== undefined && to !== passage.to) return false;
  if (port === undefined) return true;
  const [first, last] = typeof port === "number" ? [port, port] : port;
  return passage.port >= first && passage.port <= last;
}
