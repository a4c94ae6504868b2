// Which interfaces of Linux lead to the internet, and which of them the system prefers; pure functions over the tables' text.

/** A default route's interface and its metric: the lowest is taken. */
export interface DefaultRoute {
  readonly name: string;
  readonly metric: number;
}

const routeIsUp = 0x0001;
const routeRejects = 0x0200;

/** Default routes in the text of /proc/net/route (IPv4). */
export function defaultRoutes4(table: string): readonly DefaultRoute[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [name = "", destination, , flags, , , metric, mask] = line.trim().split(/\s+/);
      if (destination !== "00000000" || mask !== "00000000" || !leads(flags)) return [];
      return [{ name, metric: Number.parseInt(metric ?? "0", 10) }];
    });
}

/** Default routes in the text of /proc/net/ipv6_route. */
export function defaultRoutes6(table: string): readonly DefaultRoute[] {
  return table.split("\n").flatMap((line) => {
    const [destination, prefix, , , , metric, , , flags, name] = line.trim().split(/\s+/);
    if (name === undefined || name === "lo" || prefix !== "00" || !/^0{32}$/.test(destination ?? "")) return [];
    return leads(flags) ? [{ name, metric: Number.parseInt(metric ?? "0", 16) }] : [];
  });
}

function leads(flags: string | undefined): boolean {
  const bits = Number.parseInt(flags ?? "0", 16);
  return (bits & routeIsUp) !== 0 && (bits & routeRejects) === 0;
}
