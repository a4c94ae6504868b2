// The rules and routes by which packets leave through the uplink that is meant (docs/decisions/0013); pure, as arguments of `ip`.

/** Marks what is ours among the rules and routes of the machine, so that it is found again; none of /etc/iproute2/rt_protos. */
export const ourProtocol = "219";

/** Of the routes in our tables: tells them from the system's own where /proc shows routes of all tables (IPv6). */
export const ourMetric = 21_948;

/** Table of an uplink: this and the number that the kernel has given the interface. */
const firstTable = 1_190_000;

/** Just before the system's own table (32766), so that whoever else has rules comes first. */
const preferences = { near: 31_900, source: 31_901, preferred: 31_902 } as const;

export type Family = 4 | 6;

/** One uplink that packets may leave through, as the system has set it up. */
export interface UplinkFacts {
  readonly name: string;
  /** The kernel's number of the interface. */
  readonly index: number;
  /** What else changes whenever the kernel has dropped the interface's routes: how often its carrier has come and gone. */
  readonly carrierChanges: string;
  readonly ways: readonly UplinkWay[];
}

export interface UplinkWay {
  readonly family: Family;
  /** Own addresses, the first one is the source by default. */
  readonly addresses: readonly string[];
  /** Undefined: the other end of the line is the gateway, as with PPP. */
  readonly gateway?: string;
}

/** One rule or route: what makes it, what takes it away, and what it is for comparing. */
export interface Entry {
  readonly key: string;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/**
 * All that must be there: of each uplink a table with its default route, and a rule that sends what has its address there;
 * before them a rule for what is near, which needs no uplink; behind them one for all the rest, where one is preferred.
 */
export function wantedEntries(uplinks: readonly UplinkFacts[], preferred: string | undefined): readonly Entry[] {
  const families = [...new Set(uplinks.flatMap(({ ways }) => ways.map(({ family }) => family)))];
  return [
    ...families.map((family) =>
      rule(family, preferences.near, ["from", "all", "lookup", "main", "suppress_prefixlength", "0"]),
    ),
    ...uplinks.flatMap((uplink) => uplink.ways.flatMap((way) => entriesOf(uplink, way, uplink.name === preferred))),
  ];
}

function entriesOf(uplink: UplinkFacts, way: UplinkWay, isPreferred: boolean): readonly Entry[] {
  const { name, index, carrierChanges } = uplink;
  const { family, addresses, gateway } = way;
  const table = String(firstTable + index);
  const via = gateway === undefined ? [] : ["via", gateway];
  const source = addresses[0] === undefined ? [] : ["src", addresses[0]];
  const mark = ["table", table, "metric", String(ourMetric), "proto", ourProtocol];
  const path = ["default", ...via, "dev", name];
  const route: Entry = {
    key: [family, ...path, ...source, ...mark, carrierChanges].join(" "),
    // The router of a line of its own is on no network that the kernel knows of.
    add: [`-${family}`, "route", "replace", ...path, ...source, ...mark, ...(gateway === undefined ? [] : ["onlink"])],
    remove: [`-${family}`, "route", "del", ...path, ...mark],
  };
  const sources = addresses.map((address) => rule(family, preferences.source, ["from", address, "lookup", table]));
  return [
    route,
    ...sources,
    ...(isPreferred ? [rule(family, preferences.preferred, ["from", "all", "lookup", table])] : []),
  ];
}

function rule(family: Family, preference: number, what: readonly string[]): Entry {
  const words = ["pref", String(preference), ...what, "protocol", ourProtocol];
  return {
    key: [family, "rule", ...words].join(" "),
    add: [`-${family}`, "rule", "add", ...words],
    remove: [`-${family}`, "rule", "del", ...words],
  };
}

/** The commands that take away our rules in what `ip -j rule show` printed. Throws where that is not as `ip` prints it. */
export function removalOfRules(family: Family, json: string): readonly (readonly string[])[] {
  const rules: unknown = JSON.parse(json.trim() === "" ? "[]" : json);
  if (!Array.isArray(rules)) throw new TypeError("the list of rules is no list");
  return rules.flatMap((each: Record<string, unknown>) => {
    if (String(each["protocol"]) !== ourProtocol) return [];
    const { priority, src = "all", srclen, table } = each;
    const from = srclen === undefined ? String(src) : `${String(src)}/${String(srclen)}`;
    const words = ["pref", String(priority), "from", from, "lookup", String(table), "protocol", ourProtocol];
    return [[`-${family}`, "rule", "del", ...words]];
  });
}
