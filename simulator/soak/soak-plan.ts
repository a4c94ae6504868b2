// What one soak run does: hours of calm with spells of trouble in between, drawn from a seed.

import type { FaultKind } from "../faults/fault-kind.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { PartTrouble } from "../site/program-parts.ts";
import { byFactors, pick } from "../swarm/draw-numbers.ts";
import { swarmFaultKinds } from "../swarm/fault-table.ts";
import type { FaultEvent, RestartEvent } from "../swarm/swarm-plan.ts";
import type { EventAsk } from "../triggers/event-kinds.ts";
import { type Doing, drawDoing } from "./soak-doings.ts";
import { drawForm, type SoakForm } from "./soak-form.ts";

/** Moments of a login and of the first things said after it. */
const loginMoments: readonly EventAsk[] = [
  { event: "connection.opened" },
  { event: "mqtt.connect" },
  { event: "mqtt.connack" },
  ...[1, 2, 4, 6].map((nth) => ({ event: "mqtt.suback", nth })),
  ...["100", "114", "500"].flatMap((of) => [
    { event: "mqtt.publish", of },
    { event: "mqtt.puback", of },
  ]),
  { event: "mqtt.publish", topic: "s/ds" },
];
const brokenLoginKinds = swarmFaultKinds.filter(({ name }) => /^(black-hole|half-open|reset|stall)$/.test(name));
/** One spell in so many has a login that breaks in its middle. */
const brokenLoginEvery = 4;

/** Parts of the gateway's program are in trouble. */
export interface PartEvent {
  /** One that runs at that moment; or "next": those that are started until the spell ends, of kinds that are drawn. */
  readonly trouble: PartTrouble | "next";
  readonly atMs: number;
}

/** A spell of trouble; times count from its begin. */
export interface Spell {
  /** Undisturbed time before it, in ms. */
  readonly calmMs: number;
  readonly faults: readonly (FaultEvent | RestartEvent)[];
  readonly parts: readonly PartEvent[];
  /** What a person does before it, while all is well. */
  readonly doing?: Doing;
  /** What a person tries in the middle of it. */
  readonly attempt?: Doing;
  /** Afterwards a person opens a session, to see that it is not only online. */
  readonly isVisited: boolean;
}

export interface SoakPlan {
  readonly seed: number;
  readonly form: SoakForm;
  readonly spells: readonly Spell[];
  /** Simulated hours, calm and trouble together, without the times of recovery. */
  readonly hours: number;
}

const hourMs = 3_600_000;
const calmMs = { min: 60_000, max: 6 * hourMs } as const;
const troubleMs = { min: 500, max: 2 * hourMs } as const;
const faultsMax = 3;
/** One spell in so many has parts in trouble. */
const partsEvery = 3;
const partsMax = 6;
/** One spell in so many has somebody who goes on working in it, with what needs nobody's help to end. */
const attemptsEvery = 2;
const attempts = ["command", "log", "restart", "tunnel", "two-operations"] as const satisfies readonly Doing[];
const attemptsWithFile = ["configure", "configure-wrongly", "tell-configuration"] as const satisfies readonly Doing[];
/** Until the last limit for an answer is over, and what broke has begun anew (performLimitMs, restartDelayMs). */
const partsOverMs = 330_000;
/** One spell in so many is visited. */
const visitsEvery = 4;

/**
 * What is not drawn: another client with the same id is answered by a long back-off on purpose; and what the site's board has
 * not got, or what acts on nothing between the gateway and the cloud.
 */
const leftOut = new Set(["duplicate-client-id", "duplicate", "slow-reader"]);

/** Kinds of faults of cloud, uplink, power, disk and clock. */
export const soakFaultKinds = swarmFaultKinds.filter(({ name }) => !leftOut.has(name));

/** A plan of at least `hours` simulated hours. */
export function drawSoak(seed: number, hours: number): SoakPlan {
  const random = new SeededRandom(seed).child("soak");
  const form = drawForm(seed);
  const spells: Spell[] = [];
  let totalMs = 0;
  while (totalMs < hours * hourMs) {
    const drawn = drawSpell(random, form);
    const spell = spells.length === 0 && form.startsInTrouble ? { ...drawn, ...drawArrival(random, form) } : drawn;
    spells.push(spell);
    totalMs += spell.calmMs + lastsMs(spell);
  }
  return { seed, form, spells, hours: totalMs / hourMs };
}

/** Until its last fault is lifted. */
export function lastsMs({ faults, parts }: Pick<Spell, "faults" | "parts">): number {
  const ends = [...faults.map(({ atMs, forMs }) => atMs + forMs), ...parts.map(({ atMs }) => atMs + partsOverMs)];
  return Math.max(0, ...ends);
}

function drawSpell(random: SeededRandom, form: SoakForm): Spell {
  const count = random.integer(1, faultsMax);
  const faults: (FaultEvent | RestartEvent)[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const fault = drawFault(random, form);
    const isAlone = isOfTheSite(fault) && faults.some(isOfTheSite);
    if (!isAlone) faults.push(fault);
  }
  if (random.integer(1, brokenLoginEvery) === 1) faults.push(...drawBrokenLogin(random));
  const doing = drawDoing(random, form);
  const attempt =
    random.integer(1, attemptsEvery) === 1
      ? pick(random, form.hasFile ? [...attempts, ...attemptsWithFile] : attempts)
      : undefined;
  return {
    calmMs: byFactors(random, calmMs.min, calmMs.max),
    faults,
    parts: drawParts(random),
    isVisited: random.integer(1, visitsEvery) === 1,
    ...(doing === undefined ? {} : { doing }),
    ...(attempt === undefined ? {} : { attempt }),
  };
}

/** What hits a gateway that registers: what it stores, and the one connection that it has. */
const arrivalKinds = soakFaultKinds.filter(({ name }) =>
  /^(disk-|power-cut|black-hole|half-open|reset|stall|broker-kick)/.test(name),
);

function drawArrival(random: SeededRandom, form: SoakForm): Pick<Spell, "faults" | "parts"> {
  const faults: FaultEvent[] = [];
  for (let turn = 0; turn < faultsMax; turn += 1) {
    const time = { atMs: random.integer(0, 15_000), forMs: byFactors(random, 500, 60_000) };
    const fault = drawOf(random, pick(random, arrivalKinds), time);
    if (!isOfTheSite(fault) || !faults.some(isOfTheSite)) faults.push(fault);
  }
  return { faults, parts: form.login === "enrolled" || random.integer(0, 1) === 0 ? drawParts(random) : [] };
}

/** The broker ends the session, and the next one breaks, or falls silent, at a moment of its login. */
function drawBrokenLogin(random: SeededRandom): readonly FaultEvent[] {
  const kind = pick(random, brokenLoginKinds);
  const place = pick(random, kind.places);
  const forMs = byFactors(random, 5_000, 120_000);
  const kick = { kind: "fault", atMs: 500, forMs: 1, fault: "broker-kick", parameters: {} } as const;
  const fault = { kind: "fault", atMs: 0, forMs, fault: kind.name, parameters: kind.draw(random) } as const;
  const between = ["cloud", "gateway"] as const;
  const from = place === "link" ? {} : { from: pick(random, between) };
  return [kick, { ...fault, between, ...from, when: pick(random, loginMoments) }];
}

function drawParts(random: SeededRandom): readonly PartEvent[] {
  if (random.integer(1, partsEvery) > 1) return [];
  return Array.from({ length: random.integer(1, partsMax) }, () => ({
    trouble: pick(random, ["breaks", "hangs", "next"] as const),
    atMs: random.integer(0, 60_000),
  }));
}

function drawFault(random: SeededRandom, { way }: SoakForm): FaultEvent | RestartEvent {
  const time = { atMs: random.integer(0, 30_000), forMs: byFactors(random, troubleMs.min, troubleMs.max) };
  const kind = pick(random, [...kindsFor(way), "restart" as const]);
  if (kind === "restart") return { kind: "restart", ...time };
  return drawOf(random, kind, time);
}

function drawOf(
  random: SeededRandom,
  kind: FaultKind,
  time: { readonly atMs: number; readonly forMs: number },
): FaultEvent {
  const fault = { kind: "fault", ...time, fault: kind.name, parameters: kind.draw(random) } as const;
  const place = pick(random, kind.places);
  if (place === "site") return fault;
  const wire = { ...fault, between: ["cloud", "gateway"] as const };
  return place === "link" ? wire : { ...wire, from: pick(random, ["cloud", "gateway"]) };
}

/**
 * Simulated TLS has no checksum. Bytes altered within websocket frames can make the broker end each session as another
 * client's login would, which is answered by a long back-off on purpose; real TLS would break at the first of them.
 */
function kindsFor(way: SoakForm["way"]): typeof soakFaultKinds {
  return way === "https-only" ? soakFaultKinds.filter(({ name }) => name !== "corrupt") : soakFaultKinds;
}

/** There is one power, one disk and one clock: two faults of theirs at the same time would undo each other. */
function isOfTheSite(event: FaultEvent | RestartEvent): boolean {
  return event.kind === "restart" || event.between === undefined;
}
