// The ways out of this machine, as Linux shows them in /sys/class/net and its tables of routes.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, TimerHandle, Uplink, Uplinks } from "../ports.ts";
import { Steering } from "./steering.ts";
import { defaultName, readDefaultRoutes } from "./uplink-facts.ts";

/** sysfs tells of no change by itself (no inotify there), so that it is asked now and then. */
const askEveryMs = 2_000;
/** Interfaces listed; containers' many are left out before. */
const interfacesMax = 64;

/** net/if_arp.h */
const ethernetType = "1";
const kindOrder = ["ethernet", "wifi", "cellular", "other"] as const;

export interface UplinkPlaces {
  readonly clock: Clock;
  /** Where `sys` and `proc` are: "/", but in tests. */
  readonly root?: string;
  /** Who chooses among them; without it nobody does. */
  readonly steering?: Steering | undefined;
}

/** Who chooses among the uplinks of this machine; undefined on a system that is no Linux. */
export function openSteering({ clock }: Pick<UplinkPlaces, "clock">): Steering | undefined {
  if (!existsSync("/sys/class/net")) return undefined;
  const upNames = async () => (await listUplinks("/", undefined)).filter(({ isUp }) => isUp).map(({ name }) => name);
  return new Steering({ clock, root: "/", upNames });
}

/** Undefined on a system that is no Linux. Listed is what has a device (a card, a modem), and what a default route goes through. */
export function openLinuxUplinks({ clock, root = "/", steering }: UplinkPlaces): Uplinks | undefined {
  if (!existsSync(join(root, "sys/class/net"))) return undefined;
  const list = (): Promise<readonly Uplink[]> => listUplinks(root, steering);
  return {
    list,
    ...(steering === undefined ? {} : { prefer: steering.prefer }),
    watch: (changed) => {
      let timer: TimerHandle | undefined;
      let known: string | undefined;
      let isOver = false;
      const ask = async (): Promise<void> => {
        const now = JSON.stringify(await list());
        if (isOver) return;
        const isNew = known !== undefined && now !== known;
        known = now;
        timer = clock.setTimeout(() => void ask(), askEveryMs); // never rejects: what cannot be read is not listed
        if (isNew) changed();
      };
      void ask();
      return () => {
        isOver = true;
        clock.clearTimeout(timer);
      };
    },
  };
}

async function listUplinks(root: string, steering: Steering | undefined): Promise<readonly Uplink[]> {
  const byFamily = await readDefaultRoutes(root);
  const routes = [...byFamily[4], ...byFamily[6]];
  const first = (steering === undefined ? undefined : await steering.defaultName()) ?? defaultName(byFamily);
  const folder = join(root, "sys/class/net");
  const routed = new Set(routes.map(({ name }) => name));
  const isWay = (name: string): boolean => routed.has(name) || existsSync(join(folder, name, "device"));
  const names = (await readdir(folder).catch(() => [])).filter((name) => name !== "lo" && isWay(name));
  // What carries traffic is never the one that is too many.
  names.sort((one, other) => Number(routed.has(other)) - Number(routed.has(one)));
  const found = await Promise.all(
    names.slice(0, interfacesMax).map(async (name): Promise<Uplink> => {
      const uplink = await readUplink(folder, name, routed);
      return name === first ? { ...uplink, isDefault: true } : uplink;
    }),
  );
  const metricOf = new Map<string, number>();
  for (const { name, metric } of routes) metricOf.set(name, Math.min(metric, metricOf.get(name) ?? metric));
  const rank = ({ name, isUp }: Uplink): number => (isUp ? (metricOf.get(name) ?? 0) : Number.POSITIVE_INFINITY);
  return found.toSorted((one, other) => {
    if (rank(one) !== rank(other)) return rank(one) - rank(other);
    const byKind = kindOrder.indexOf(one.kind) - kindOrder.indexOf(other.kind);
    return byKind === 0 ? (one.name < other.name ? -1 : 1) : byKind;
  });
}

async function readUplink(folder: string, name: string, routed: ReadonlySet<string>): Promise<Uplink> {
  const read = (fact: string): Promise<string> =>
    readFile(join(folder, name, fact), "latin1").then(
      (text) => text.trim(),
      () => "", // of an interface that is down `carrier` cannot be read
    );
  const [state, carrier, type, uevent] = await Promise.all(["operstate", "carrier", "type", "uevent"].map(read));
  // Modems and PPP often say "unknown": then the carrier counts.
  const hasLink = state === "up" || (state === "unknown" && carrier !== "0");
  return { name, kind: kindOf({ folder, name, type, uevent }), isUp: hasLink && routed.has(name) };
}

function kindOf(facts: {
  readonly folder: string;
  readonly name: string;
  readonly type: string | undefined;
  readonly uevent: string | undefined;
}): Uplink["kind"] {
  const { folder, name, type, uevent = "" } = facts;
  const driver = /^DEVTYPE=(\w+)$/m.exec(uevent)?.[1];
  const hasWireless = ["wireless", "phy80211"].some((entry) => existsSync(join(folder, name, entry)));
  if (hasWireless || driver === "wlan") return "wifi";
  if (driver === "wwan" || /^(wwan|ppp)/.test(name)) return "cellular";
  return type === ethernetType && !/^(veth|docker|virbr)/.test(name) ? "ethernet" : "other";
}
