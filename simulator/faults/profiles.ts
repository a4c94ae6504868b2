// Bad networks that everybody knows, by name: each a list of faults between the two ends of one wire.
import { FaultError } from "./fault-error.ts";
import type { FaultSpec } from "./fault-spec.ts";
import { unknownWord } from "./nearest-word.ts";

export interface LinkProfile {
  /** Kebab-case, as on the command line and in the API. */
  readonly name: string;
  readonly summary: string;
  /** Laid in this order. */
  readonly faults: readonly FaultSpec[];
}

const uplink = ["gateway", "cloud"] as const;

export const linkProfiles: readonly LinkProfile[] = [
  {
    name: "lte-bad",
    summary: "LTE at the edge of its cell: 128 kbit/s up, slow and uneven, 3 % loss, and gone for 8 s every 2 minutes.",
    faults: [
      { fault: "throttle", parameters: { bytesPerSecond: 16_000 }, between: uplink, from: "gateway" },
      { fault: "throttle", parameters: { bytesPerSecond: 128_000 }, between: uplink, from: "cloud" },
      { fault: "latency", parameters: { ms: 90, jitterMs: 60 }, between: uplink },
      { fault: "jitter", parameters: { ms: 800 }, between: uplink },
      { fault: "loss", parameters: { share: 0.03, retransmitMs: 400 }, between: uplink },
      {
        fault: "black-hole",
        between: uplink,
        schedule: { afterMs: 45_000, forMs: 8000, everyMs: 120_000 },
      },
    ],
  },
  {
    name: "satellite",
    summary: "A geostationary satellite: 300 ms each way, 1 Mbit/s down and 128 kbit/s up, little loss.",
    faults: [
      { fault: "throttle", parameters: { bytesPerSecond: 16_000 }, between: uplink, from: "gateway" },
      { fault: "throttle", parameters: { bytesPerSecond: 128_000 }, between: uplink, from: "cloud" },
      { fault: "latency", parameters: { ms: 280, jitterMs: 20 }, between: uplink },
      { fault: "loss", parameters: { share: 0.005, retransmitMs: 1200 }, between: uplink },
    ],
  },
  {
    name: "factory-wifi",
    summary: "Wi-Fi between machines and forklifts: fast, then bunched and lossy while something drives by.",
    faults: [
      { fault: "jitter", parameters: { ms: 60 }, between: uplink },
      { fault: "loss", parameters: { share: 0.01 }, between: uplink },
      {
        fault: "loss",
        parameters: { share: 0.3 },
        between: uplink,
        schedule: { afterMs: 10_000, forMs: 4000, everyMs: 30_000 },
      },
      {
        fault: "black-hole",
        between: uplink,
        schedule: { afterMs: 70_000, forMs: 2500, everyMs: 180_000 },
      },
    ],
  },
  {
    name: "captive-portal",
    summary: "A guest network that wants a click first: names resolve, and a portal answers in place of the cloud.",
    faults: [
      { fault: "captive-portal", between: uplink },
      { fault: "latency", parameters: { ms: 15, jitterMs: 10 }, between: uplink },
    ],
  },
  {
    name: "flaky-dsl",
    summary: "DSL on an old wire: 1 Mbit/s up, fine for minutes, then a resync of 25 s that resets what was open.",
    faults: [
      { fault: "throttle", parameters: { bytesPerSecond: 128_000 }, between: uplink, from: "gateway" },
      { fault: "throttle", parameters: { bytesPerSecond: 750_000 }, between: uplink, from: "cloud" },
      { fault: "latency", parameters: { ms: 25, jitterMs: 10 }, between: uplink },
      {
        fault: "black-hole",
        between: uplink,
        schedule: { afterMs: 90_000, forMs: 25_000, everyMs: 300_000 },
      },
      {
        fault: "reset",
        parameters: { spareNew: true },
        between: uplink,
        schedule: { afterMs: 115_000, forMs: 1000, everyMs: 300_000 },
      },
    ],
  },
];

/** Throws a FaultError that names the nearest known name. */
export function findLinkProfile(name: string): LinkProfile {
  const profile = linkProfiles.find((candidate) => candidate.name === name);
  if (profile !== undefined) return profile;
  const names = linkProfiles.map((candidate) => candidate.name);
  throw new FaultError("fault.unknown-name", unknownWord("link profile", name, names));
}

/** The faults of a profile on another wire; "gateway" stands for the first host and "cloud" for the second. */
export function profileFaults(name: string, between: readonly [string, string] = uplink): readonly FaultSpec[] {
  const [near, far] = between;
  const place = (host: string): string => (host === "gateway" ? near : far);
  return findLinkProfile(name).faults.map(({ from, ...spec }) => ({
    ...spec,
    between,
    ...(from === undefined ? {} : { from: place(from) }),
  }));
}
