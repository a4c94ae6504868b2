// What the system knows of its uplinks that routes of ours are made from: addresses, routers, numbers of interfaces.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { listInterfaces } from "./interfaces.ts";
import type { Family, UplinkFacts, UplinkWay } from "./policy-routes.ts";
import { type DefaultRoute, defaultRoutes4, defaultRoutes6 } from "./uplinks-routes.ts";

/** Uplinks that get routes of their own, and addresses of each. */
const uplinksMax = 16;
const addressesMax = 8;

/** RFC 4291 section 2.5.6 and RFC 3927: such an address leads no further than the cable. */
const linkLocal = /^(fe[89ab]|169\.254\.)/i;

/** The default routes of the system, ours left out. */
export async function readDefaultRoutes(root: string): Promise<Readonly<Record<Family, readonly DefaultRoute[]>>> {
  const read = (name: string): Promise<string> => readFile(join(root, "proc/net", name), "latin1").catch(() => "");
  const [table4, table6] = await Promise.all([read("route"), read("ipv6_route")]);
  return { 4: defaultRoutes4(table4), 6: defaultRoutes6(table6) };
}

/** Through which interface the system sends what goes to the internet, whether or not anything comes of it. */
export function defaultName(routes: Awaited<ReturnType<typeof readDefaultRoutes>>): string | undefined {
  const best = (family: Family) => routes[family].toSorted((one, other) => one.metric - other.metric)[0]?.name;
  return best(4) ?? best(6);
}

/** Those of the named uplinks that have an address and a default route. */
export async function readUplinkFacts(names: readonly string[], root: string): Promise<readonly UplinkFacts[]> {
  const [routes, interfaces] = await Promise.all([readDefaultRoutes(root), listInterfaces(root)]);
  const found = await Promise.all(
    names.slice(0, uplinksMax).map(async (name): Promise<UplinkFacts | undefined> => {
      const own = interfaces.filter((each) => each.name === name).flatMap(({ addresses }) => addresses);
      const ways = ([4, 6] as const).flatMap((family): UplinkWay[] => {
        const addresses = own.filter((each) => each.family === family && !linkLocal.test(each.address));
        const [best] = routes[family]
          .filter((route) => route.name === name)
          .toSorted((one, other) => one.metric - other.metric);
        if (best === undefined || addresses.length === 0) return [];
        const { gateway } = best;
        const texts = addresses.slice(0, addressesMax).map(({ address }) => address);
        return [{ family, addresses: texts, ...(gateway === undefined ? {} : { gateway }) }];
      });
      const read = (fact: string): Promise<string> =>
        readFile(join(root, "sys/class/net", name, fact), "latin1").then(
          (text) => text.trim(),
          () => "",
        );
      const [index, carrierChanges] = await Promise.all([read("ifindex"), read("carrier_changes")]);
      return index === "" || ways.length === 0 ? undefined : { name, index: Number(index), carrierChanges, ways };
    }),
  );
  return found.filter((each) => each !== undefined);
}
