// Which kinds of faults a run had, read from its record: there each stands by its full name ("latency 200 ms").
import { faultKinds } from "../faults/catalogue.ts";
import type { StampedEntry } from "../record/event-log.ts";

/** How the name of each kind's faults begins. The first that fits counts. */
const beginnings: readonly (readonly [string, string])[] = [
  ["latency ", "latency"],
  ["jitter ", "jitter"],
  ["throttle ", "throttle"],
  ["slice ", "slice"],
  ["slow reader ", "slow-reader"],
  ["loss ", "loss"],
  ["stall", "stall"],
  ["black hole", "black-hole"],
  ["one-way partition", "one-way-partition"],
  ["corrupt", "corrupt"],
  ["duplicate connection", "duplicate"],
  ["duplicate client id", "duplicate-client-id"],
  ["half-open", "half-open"],
  ["refuse", "refuse"],
  ["reset", "reset"],
  ["DNS: no ", "dns-failure"],
  ["DNS: ", "dns-wrong-answer"],
  ["certificate ", "certificate"],
  ["captive portal", "captive-portal"],
  ["proxy refuses", "proxy-refusal"],
  ["clock of ", "clock-jump"],
  ["broker kick", "broker-kick"],
  ["cloud ", "cloud-restart"],
  ["power cut", "power-cut"],
  ["disk full", "disk-full"],
  ["disk read-only", "disk-read-only"],
  ["disk tears", "disk-torn"],
  ["watchdog starved", "watchdog-starvation"],
  ["modem hangs", "modem-hang"],
  ["uplink swap", "uplink-swap"],
];

/** The kind of a fault by the name that it bears in a record; undefined for a fault of a story's own making. */
export function kindOfFault(name: string): string | undefined {
  return beginnings.find(([beginning]) => name.startsWith(beginning))?.[1];
}

/** Names of the kinds that began in this record, in the catalogue's order. */
export function appliedFaults(entries: readonly StampedEntry[]): readonly string[] {
  const begun = new Set<string | undefined>();
  for (const entry of entries)
    if (entry.kind === "fault" && entry.phase === "begin") begun.add(kindOfFault(entry.name));
  return faultKinds.map(({ name }) => name).filter((name) => begun.has(name));
}
