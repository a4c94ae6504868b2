// What the record says along time: in which state each machine was, which faults were in force, what crossed each link.
import type { StampedEntry } from "../../record/event-log.ts";

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly label: string;
  /** Everything, where the label is short. */
  readonly detail: string;
}

export interface Lane {
  readonly name: string;
  readonly spans: readonly Span[];
}

export interface LinkTraffic {
  readonly link: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly deliveries: number;
  readonly connections: number;
  readonly resets: number;
}

/** Short spans say little; of the operations machine, which has no states, nothing is shown. */
export function machineLanes(entries: readonly StampedEntry[], endMs: number): readonly Lane[] {
  const actors = new Map<string, { atMs: number; state: string; spans: Span[] }>();
  for (const entry of entries) {
    if (entry.kind !== "transition" || entry.to === "") continue;
    const lane = actors.get(entry.actor) ?? { atMs: entry.atMs, state: "", spans: [] };
    actors.set(entry.actor, lane);
    const state = coarseState(entry.to);
    if (state === lane.state) continue;
    close(lane, entry.atMs);
    lane.atMs = entry.atMs;
    lane.state = state;
  }
  for (const lane of actors.values()) close(lane, endMs);
  return [...actors].map(([name, { spans }]) => ({ name: laneName(name), spans }));
}

/** The innermost state of the first of those side by side: "connected.online", "standing.forwarding". */
export function coarseState(path: string): string {
  const [first = ""] = path.split("+");
  const [outer = "", inner] = first.split(".");
  return inner === undefined ? outer : `${outer}.${inner}`;
}

/** "connected.online" is "online", "opening.waitingForGateway" is "waiting for gateway". */
export function stateWords(state: string): string {
  const inner = state.split(".").at(-1) ?? state;
  return inner.replace(
    /([a-z])([A-Z])/g,
    (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
}

function laneName(actor: string): string {
  return actor.replace(/[:#]/, " ");
}

function close(lane: { readonly atMs: number; readonly state: string; readonly spans: Span[] }, toMs: number): void {
  if (lane.state === "" || isEnded(lane.state)) return;
  lane.spans.push({ fromMs: lane.atMs, toMs, label: stateWords(lane.state), detail: lane.state });
}

/** What has ended has no bar. */
function isEnded(state: string): boolean {
  return state === "closed" || state === "stopped";
}

export function faultSpans(
  entries: readonly StampedEntry[],
  endMs: number,
): readonly (Span & { readonly on: string })[] {
  const spans: (Span & { readonly on: string })[] = [];
  const open: { readonly name: string; readonly on: string; readonly fromMs: number }[] = [];
  const add = ({ name, on, fromMs }: (typeof open)[number], toMs: number): void => {
    spans.push({ fromMs, toMs, label: name, on, detail: on === "site" ? "the whole site" : on });
  };
  for (const entry of entries) {
    if (entry.kind !== "fault") continue;
    if (entry.phase === "begin") {
      open.push({ name: entry.name, on: entry.on, fromMs: entry.atMs });
      continue;
    }
    const at = open.findIndex(({ name, on }) => name === entry.name && on === entry.on);
    const [ended] = at < 0 ? [] : open.splice(at, 1);
    if (ended !== undefined) add(ended, entry.atMs);
  }
  for (const each of open) add(each, endMs);
  return spans.sort((one, other) => one.fromMs - other.fromMs);
}

/** Same faults in the same place in one lane, as a storm is. */
export function faultLanes(
  entries: readonly StampedEntry[],
  endMs: number,
): readonly (Lane & { readonly on: string })[] {
  const lanes = new Map<string, { name: string; on: string; spans: Span[] }>();
  for (const span of faultSpans(entries, endMs)) {
    const key = `${span.label} ${span.on}`;
    const lane = lanes.get(key) ?? { name: span.label, on: span.detail, spans: [] };
    lanes.set(key, lane);
    lane.spans.push(span);
  }
  return [...lanes.values()];
}

/** Two rows for each link, one for each direction, in the order of their first bytes. */
export function linkTraffic(entries: readonly StampedEntry[]): readonly LinkTraffic[] {
  const rows = new Map<
    string,
    { link: string; from: string; to: string; bytes: number; deliveries: number; seen: Set<string>; resets: number }
  >();
  for (const entry of entries) {
    if (entry.kind !== "delivery") continue;
    const to = otherHost(entry.link, entry.from, entry.connection);
    const key = `${entry.from}>${to}`;
    const row = rows.get(key) ?? {
      link: entry.link,
      from: entry.from,
      to,
      bytes: 0,
      deliveries: 0,
      seen: new Set(),
      resets: 0,
    };
    rows.set(key, row);
    row.bytes += entry.bytes;
    row.deliveries += 1;
    row.seen.add(entry.connection);
    if (entry.delivery === "reset") row.resets += 1;
  }
  return [...rows.values()].map(({ seen, ...row }) => ({ ...row, connections: seen.size }));
}

/** Bytes that arrived in each of `slots` equal parts of the run. */
export function bytesAlong(
  entries: readonly StampedEntry[],
  where: { readonly from: string; readonly link: string },
  endMs: number,
  slots: number,
): readonly number[] {
  const sums = Array.from({ length: slots }, () => 0);
  for (const entry of entries) {
    if (entry.kind !== "delivery" || entry.bytes === 0 || entry.link !== where.link || entry.from !== where.from)
      continue;
    const slot = Math.min(slots - 1, Math.floor((entry.atMs / Math.max(1, endMs)) * slots));
    sums[slot] = (sums[slot] ?? 0) + entry.bytes;
  }
  return sums;
}

/** The two ends of a connection, dialler first. */
export function endsOf(connection: string): {
  readonly client: string;
  readonly server: string;
  readonly port: number;
} {
  const [, client = "", server = "", port = "0"] = /^(.*):\d+>(.*):(\d+)$/.exec(connection) ?? [];
  return { client, server, port: Number(port) };
}

function otherHost(link: string, from: string, connection: string): string {
  const { client, server } = endsOf(connection);
  if (client !== from && server !== from) return link;
  return client === from ? server : client;
}
