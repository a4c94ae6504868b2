// Draws a swarm run from a seed: which faults exist at all, how strong they are, where and when, and what operators do.
import type { FaultKind } from "../faults/fault-kind.ts";
import { SeededRandom } from "../seeded-random.ts";
import type { EventAsk } from "../triggers/event-kinds.ts";
import { byFactors, pick } from "./draw-numbers.ts";
import { drawEndpoints, drawKnocks, drawSteady, drawTerminals, type PeopleField } from "./draw-people.ts";
import { mildMs, swarmFaultKinds } from "./fault-table.ts";
import {
  type FaultEvent,
  type PlanEvent,
  type RestartEvent,
  type SessionEvent,
  type Stream,
  type SwarmPlan,
  usualSite,
  type ViewEvent,
  withEvents,
} from "./swarm-plan.ts";

/** How long things happen in a run, in simulated ms. */
export const runMs = 600_000;
/** Nothing breaks before this. */
const calmStartMs = 5_000;
const faultsMax = 14;
const sessionsMax = 26;
/** One run in so many has a panel with a picture: its drawing takes most of the real time. */
const runsPerView = 8;
/** The same of SSH, whose key exchange takes real time too, and of Telnet. */
const runsPerTerminal = 4;
const runsPerLimit = 6;
const runsPerNew = 6;
/** Within this a new gateway is let in, if nothing breaks. */
const arrivalMs = 60_000;
/** Kinds of which one alone may be in force at a time, because the world has one of what they take away. */
const exclusive = /^(power-cut|cloud-restart|restart|disk-|watchdog|modem|uplink|duplicate-client-id|clock-jump)/;

export interface DrawOptions {
  /** Kinds to draw from; all that a site in memory can have by default. */
  readonly kinds?: readonly FaultKind[];
  readonly lastsMs?: number;
}

/** The same plan for the same seed, whatever was drawn before. */
export function drawPlan(seed: number, options: DrawOptions = {}): SwarmPlan {
  const random = new SeededRandom(`swarm/${seed}`);
  const lastsMs = options.lastsMs ?? runMs;
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

interface Field extends PeopleField {
  readonly vncPanels: readonly string[];
}

function drawFaults(
  random: SeededRandom,
  field: Field & { readonly kinds: readonly FaultKind[]; readonly isNew: boolean },
): readonly (FaultEvent | RestartEvent)[] {
  // Swarm testing: a run with few kinds goes deeper into them than one in which everything always happens.
  const share = [0.08, 0.2, 0.5][random.integer(0, 2)] ?? 0.2;
  const names = [...field.kinds, "restart" as const].filter(() => random.fraction() < share);
  if (names.length === 0) return [];
  const drawn: (FaultEvent | RestartEvent)[] = [];
  const count = random.integer(1, faultsMax);
  for (let turn = 0; turn < count; turn += 1) {
    const kind = pick(random, names);
    const isEarly = field.isNew && random.integer(1, 2) === 1;
    const atMs = isEarly
      ? random.integer(0, Math.min(arrivalMs, field.lastsMs))
      : random.integer(calmStartMs, field.lastsMs);
    const forMs = Math.min(byFactors(random, 200, 120_000), field.lastsMs - atMs);
    const event: FaultEvent | RestartEvent =
      kind === "restart" ? { kind: "restart", atMs, forMs } : drawFault(random, kind, { atMs, forMs }, field);
    if (!drawn.some((other) => excludes(other, event))) drawn.push(event);
  }
  return drawn;
}

/** Slow wires for the whole run, with which everything must still work: what lies in queues then is what gets lost. */
function drawWeather(random: SeededRandom, { bytePanels, lastsMs }: Field): readonly FaultEvent[] {
  const wires = [["operator", "cloud"], ["cloud", "gateway"], ...bytePanels.map((panel) => ["gateway", panel])];
  return wires.flatMap((between): readonly FaultEvent[] => {
    if (random.integer(1, 3) > 1) return [];
    const event = {
      kind: "fault",
      atMs: 0,
      forMs: lastsMs,
      ...mildFault(random),
      between: between as [string, string],
    } as const;
    return [event];
  });
}

function mildFault(random: SeededRandom): Pick<FaultEvent, "fault" | "parameters"> {
  if (random.integer(1, 3) === 1)
    return { fault: "slice", parameters: { bytes: byFactors(random, 100, 8000), gapMs: 0 } };
  return { fault: "latency", parameters: { ms: byFactors(random, 5, mildMs), jitterMs: 0 } };
}

function drawFault(
  random: SeededRandom,
  kind: FaultKind,
  time: { readonly atMs: number; readonly forMs: number },
  field: Field,
): FaultEvent {
  const plain = { kind: "fault", ...time, fault: kind.name, parameters: kind.draw(random) } as const;
  const place = pick(random, kind.places);
  const when = drawMoment(random, kind.name);
  const fault = { ...plain, ...(when === undefined ? {} : { when }) };
  if (place === "site") return fault;
  const panels = [...field.bytePanels, ...field.vncPanels, ...field.sshPanels, ...field.telnetPanels];
  const wires = [
    ["operator", "cloud"],
    ["cloud", "gateway"],
    ["cloud", "gateway"],
    ["gateway", pick(random, panels)],
  ];
  const between = pick(random, wires) as [string, string];
  return place === "link" ? { ...fault, between } : { ...fault, between, from: pick(random, between) };
}

/** Moments at which something is half done: what breaks then breaks more than at any other time. */
const moments: readonly EventAsk[] = [
  // Where the gateway has been told and the cloud does not know yet what it makes of it, most can go wrong.
  ...[1, 2, 3, 4].map(() => ({ event: "mqtt.publish", topic: "devicecontrol/notifications" })),
  { event: "mqtt.publish", topic: "s/ds" },
  ...["504", "505", "506", "500", "400"].map((of) => ({ event: "mqtt.publish", of })),
  ...["504", "505", "500"].map((of) => ({ event: "mqtt.puback", of })),
  { event: "mqtt.connack" },
  { event: "mqtt.suback" },
  { event: "http.upgrade" },
  { event: "websocket.frame", opcode: 8 },
  { event: "websocket.frame", opcode: 2 },
  { event: "connection.opened", port: 8443 },
  { event: "connection.opened", port: 8883 },
];
const momentShare = 0.4;
const nthMax = 6;

function drawMoment(random: SeededRandom, name: string): EventAsk | undefined {
  const isWanted = random.fraction() < momentShare;
  const ask = { ...pick(random, moments), nth: random.integer(1, nthMax) };
  // What there is one of in the world is kept apart by time, which is not known here.
  return isWanted && (name === "power-cut" || !exclusive.test(name)) ? ask : undefined;
}

function excludes(one: FaultEvent | RestartEvent, other: FaultEvent | RestartEvent): boolean {
  const name = (event: FaultEvent | RestartEvent): string => (event.kind === "fault" ? event.fault : "restart");
  if (!exclusive.test(name(one)) || !exclusive.test(name(other))) return false;
  const spaceMs = 15_000;
  return one.atMs < other.atMs + other.forMs + spaceMs && other.atMs < one.atMs + one.forMs + spaceMs;
}

type FieldWithFaults = Field & { readonly faults: readonly (FaultEvent | RestartEvent)[] };

function drawSessions(random: SeededRandom, field: FieldWithFaults): readonly (SessionEvent | ViewEvent)[] {
  const count = random.integer(4, sessionsMax);
  const sessions: (SessionEvent | ViewEvent)[] = [];
  for (let id = 1; id <= count; id += 1) {
    const atMs = Math.min(Math.max(0, drawBeginning(random, field, sessions.at(-1)?.atMs)), field.lastsMs);
    sessions.push(drawSession(random, id, { ...field, atMs }));
  }
  for (const panel of field.vncPanels) {
    sessions.push({ kind: "view", atMs: drawTime(random, field), panel, lastsMs: byFactors(random, 2_000, 30_000) });
  }
  return sessions;
}

const rushMs = 1_500;
const beforeFaultMs = 8_000;
/** A session waits no longer for its gateway. */
const waitMs = 28_000;

/** At any time, on the heels of the session before, or about a fault: from shortly before it to its end. */
function drawBeginning(random: SeededRandom, field: FieldWithFaults, beforeMs: number | undefined): number {
  const way = random.integer(1, 3);
  if (way === 1 && beforeMs !== undefined) return beforeMs + random.integer(0, rushMs);
  if (way === 2 && field.faults.length > 0) {
    const { atMs, forMs } = pick(random, field.faults);
    return atMs + random.integer(-beforeFaultMs, Math.min(forMs, waitMs));
  }
  return drawTime(random, field);
}

function drawSession(random: SeededRandom, id: number, field: Field & { readonly atMs: number }): SessionEvent {
  const up = drawStream(random);
  // Whoever leaves on the last byte leaves with most of them under way.
  const lastByteMs = (Math.ceil(up.bytes / up.pieceBytes) + 1) * up.everyMs + random.integer(0, 20);
  const isLeavingOnLastByte = random.integer(1, 3) === 1;
  return {
    kind: "session",
    atMs: field.atMs,
    id,
    panel: pick(random, field.bytePanels),
    hasChannel: random.integer(0, 1) === 1,
    up,
    down: drawStream(random),
    panelThen: pick(random, ["stays", "stays", "ends", "ends", "resets"] as const),
    lastsMs: isLeavingOnLastByte ? lastByteMs : byFactors(random, 300, 120_000),
    leaves: pick(random, ["in-order", "in-order", "in-order", "breaks-off"] as const),
    pausesMs: random.integer(1, 6) === 1 ? byFactors(random, 500, 20_000) : 0,
  };
}

/** A few bytes as typed, a page, or as much as goes. */
function drawStream(random: SeededRandom): Stream {
  const shapes: readonly Stream[] = [
    { bytes: random.integer(0, 60), pieceBytes: random.integer(1, 8), everyMs: byFactors(random, 20, 3_000) },
    { bytes: random.integer(1, 20_000), pieceBytes: 1460, everyMs: byFactors(random, 1, 200) },
    { bytes: random.integer(20_000, 400_000), pieceBytes: 16_384, everyMs: byFactors(random, 1, 50) },
  ];
  return shapes[random.integer(0, 9) < 4 ? 0 : random.integer(1, 3) === 3 ? 2 : 1] ?? shapes[0] ?? emptyStream;
}

const emptyStream: Stream = { bytes: 0, pieceBytes: 1, everyMs: 1000 };

function drawTime(random: SeededRandom, { lastsMs }: Field): number {
  return random.integer(0, lastsMs);
}
