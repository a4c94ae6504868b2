// What one soak run does: hours of calm with spells of trouble in between, drawn from a seed.

import { SeededRandom } from "../seeded-random.ts";
import { byFactors, pick } from "../swarm/draw-numbers.ts";
import { swarmFaultKinds } from "../swarm/fault-table.ts";
import type { FaultEvent, RestartEvent } from "../swarm/swarm-plan.ts";
import { type Doing, drawDoing } from "./soak-doings.ts";
import { drawForm, type SoakForm } from "./soak-form.ts";

/** A spell of trouble; times count from its begin. */
export interface Spell {
  /** Undisturbed time before it, in ms. */
  readonly calmMs: number;
  readonly faults: readonly (FaultEvent | RestartEvent)[];
  /** What a person does before it, while all is well. */
  readonly doing?: Doing;
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
  const spells: Spell[] = [];
  let totalMs = 0;
  while (totalMs < hours * hourMs) {
    const spell = drawSpell(random);
    spells.push(spell);
    totalMs += spell.calmMs + lastsMs(spell);
  }
  return { seed, form: drawForm(seed), spells, hours: totalMs / hourMs };
}

/** Until its last fault is lifted. */
export function lastsMs({ faults }: Spell): number {
  return Math.max(0, ...faults.map(({ atMs, forMs }) => atMs + forMs));
}

function drawSpell(random: SeededRandom): Spell {
  const count = random.integer(1, faultsMax);
  const faults: (FaultEvent | RestartEvent)[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const fault = drawFault(random);
    const isAlone = isOfTheSite(fault) && faults.some(isOfTheSite);
    if (!isAlone) faults.push(fault);
  }
  const doing = drawDoing(random);
  return {
    calmMs: byFactors(random, calmMs.min, calmMs.max),
    faults,
    isVisited: random.integer(1, visitsEvery) === 1,
    ...(doing === undefined ? {} : { doing }),
  };
}

function drawFault(random: SeededRandom): FaultEvent | RestartEvent {
  const time = { atMs: random.integer(0, 30_000), forMs: byFactors(random, troubleMs.min, troubleMs.max) };
  const kind = pick(random, [...soakFaultKinds, "restart" as const]);
  if (kind === "restart") return { kind: "restart", ...time };
  const fault = { kind: "fault", ...time, fault: kind.name, parameters: kind.draw(random) } as const;
  const place = pick(random, kind.places);
  if (place === "site") return fault;
  const wire = { ...fault, between: ["cloud", "gateway"] as const };
  return place === "link" ? wire : { ...wire, from: pick(random, ["cloud", "gateway"]) };
}

/** There is one power, one disk and one clock: two faults of theirs at the same time would undo each other. */
function isOfTheSite(event: FaultEvent | RestartEvent): boolean {
  return event.kind === "restart" || event.between === undefined;
}
