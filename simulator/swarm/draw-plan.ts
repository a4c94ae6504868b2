// Draws a swarm run from a seed: which faults exist at all, how strong they are, where and when, and what operators do.
import type { FaultKind } from "../faults/fault-kind.ts";
import { SeededRandom } from "../seeded-random.ts";
import { calmStartMs, drawFaults, drawWeather, excludes, type Field } from "./draw-faults.ts";
import { byFactors, pick } from "./draw-numbers.ts";
import { drawEndpoints, drawKnocks, drawRevocations, drawSteady, drawTerminals } from "./draw-people.ts";
import { drawSession, drawSessions, type FieldWithFaults } from "./draw-sessions.ts";
import { swarmFaultKinds } from "./fault-table.ts";
import {
  type FaultEvent,
  type PlanEvent,
  type RestartEvent,
  type SessionEvent,
  type SwarmPlan,
  usualSite,
  withEvents,
} from "./swarm-plan.ts";

/** How long things happen in a run, in simulated ms. */
export const runMs = 600_000;
/** The shortest run: a calm start, and as much again. */
const runMsMin = 2 * calmStartMs;
/** One run in so many has a panel with a picture: its drawing takes most of the real time. */
const runsPerView = 8;
/** The same of SSH, whose key exchange takes real time too, and of Telnet. */
const runsPerTerminal = 4;
const runsPerLimit = 6;
const runsPerNew = 6;

export interface DrawOptions {
  /** Kinds to draw from; all that a site in memory can have by default. */
  readonly kinds?: readonly FaultKind[];
  readonly lastsMs?: number;
}

/** The same plan for the same seed, whatever was drawn before. Throws a RangeError for a run that is too short. */
export function drawPlan(seed: number, options: DrawOptions = {}): SwarmPlan {
  const random = new SeededRandom(`swarm/${seed}`);
  const lastsMs = options.lastsMs ?? runMs;
  if (!(lastsMs >= runMsMin)) throw new RangeError(`a run lasts at least ${runMsMin} ms, not ${lastsMs}`);
  const bytePanels = ["plc", "mixer2", "press4"].slice(0, random.integer(1, 3));
  const vncPanels = random.integer(1, runsPerView) === 1 ? ["hmi1"] : [];
  const luck = random.child("terminals");
  const sshPanels = luck.integer(1, runsPerTerminal) === 1 ? ["pc1", "pc2"].slice(0, luck.integer(1, 2)) : [];
  const telnetPanels = luck.integer(1, runsPerTerminal) === 1 ? ["menu1"] : [];
  const panels = { bytePanels, vncPanels, sshPanels, telnetPanels };
  const weather = drawWeather(random.child("weather"), { ...panels, lastsMs });
  const kinds = options.kinds ?? swarmFaultKinds;
  const isNew = random.child("new").integer(1, runsPerNew) === 1;
  const faults = drawFaults(random.child("faults"), { kinds, ...panels, lastsMs, isNew });
  const sessions = drawSessions(random.child("sessions"), { ...panels, lastsMs, faults });
  const people = drawPeople(random.child("people"), { ...panels, lastsMs });
  const stop = drawStop(random.child("stop"), { kinds, ...panels, lastsMs, faults });
  const events = [...weather, ...faults, ...sessions, ...people, ...stop];
  const limits = { ...drawLimits(random.child("limits")), isNew };
  return withEvents({ format: "postern-swarm-plan-1", seed, lastsMs, ...panels, ...limits, events }, events);
}

/** Most runs have the product's own; in the others it is soon too much, or too long. */
function drawLimits(random: SeededRandom): Pick<SwarmPlan, "tunnelsMax" | "sessionLifeMs"> {
  return {
    tunnelsMax: random.integer(1, runsPerLimit) === 1 ? random.integer(1, 3) : usualSite.tunnelsMax,
    sessionLifeMs: random.integer(1, runsPerLimit) === 1 ? byFactors(random, 20_000, 120_000) : usualSite.sessionLifeMs,
  };
}

/** After the sessions that `drawSessions` has numbered. */
const steadyIds = 100;

function drawPeople(random: SeededRandom, field: Field): readonly PlanEvent[] {
  return [
    ...drawSteady(random.child("steady"), field, steadyIds),
    ...drawTerminals(random.child("terminals"), field),
    ...drawKnocks(random.child("knocks"), field),
    ...drawEndpoints(random.child("endpoints"), field),
    ...drawRevocations(random.child("revocations"), field),
  ];
}

const runsPerStop = 8;

/**
 * The gateway is stopped in order while one of its wires is dead: at once, so that what it waits for does not come, or
 * when it has found out. Sessions come shortly before, and while it stops.
 */
function drawStop(
  random: SeededRandom,
  field: FieldWithFaults & { readonly kinds: readonly FaultKind[] },
): readonly PlanEvent[] {
  const kind = field.kinds.find(({ name }) => name === "black-hole");
  if (kind === undefined || random.integer(1, runsPerStop) > 1 || field.lastsMs < 180_000) return [];
  const atMs = random.integer(calmStartMs, field.lastsMs - 120_000);
  const panel = pick(random, field.bytePanels);
  const between = pick(random, [["cloud", "gateway"] as const, ["gateway", panel] as const]);
  const waitMs = random.integer(1, 3) === 1 ? random.integer(19_000, 45_000) : random.integer(100, 3_000);
  const parameters = kind.draw(random);
  const dead: FaultEvent = { kind: "fault", atMs, forMs: waitMs + 15_000, fault: kind.name, parameters, between };
  const restart: RestartEvent = { kind: "restart", atMs: atMs + waitMs, forMs: 10_000 };
  if (field.faults.some((other) => excludes(other, restart))) return [];
  const sessions = [
    atMs - random.integer(200, 4_000),
    restart.atMs - random.integer(50, 2_000),
    restart.atMs + random.integer(0, 4_000),
  ];
  return [
    ...sessions.map((beginsMs, at): SessionEvent => {
      const session = drawSession(random, stopId + at, { ...field, atMs: Math.max(0, beginsMs) });
      return { ...session, panel, lastsMs: 30_000, panelThen: "stays" };
    }),
    dead,
    restart,
  ];
}

const stopId = 200;
