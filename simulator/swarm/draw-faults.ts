// Draws what breaks in a swarm run: which kinds of faults exist at all, how strong they are, where and when.
import type { FaultKind } from "../faults/fault-kind.ts";
import type { SeededRandom } from "../seeded-random.ts";
import type { EventAsk } from "../triggers/event-kinds.ts";
import { byFactors, pick } from "./draw-numbers.ts";
import type { PeopleField } from "./draw-people.ts";
import { mildMs } from "./fault-table.ts";
import type { FaultEvent, RestartEvent } from "./swarm-plan.ts";

/** Nothing breaks before this. */
export const calmStartMs = 5_000;
const faultsMax = 14;
/** Within this a new gateway is let in, if nothing breaks. */
const arrivalMs = 60_000;
/** Kinds of which one alone may be in force at a time, because the world has one of what they take away. */
const exclusive = /^(power-cut|cloud-restart|restart|disk-|watchdog|modem|uplink|duplicate-client-id|clock-jump)/;

export interface Field extends PeopleField {
  readonly vncPanels: readonly string[];
}

export function drawFaults(
  random: SeededRandom,
  field: Field & { readonly kinds: readonly FaultKind[]; readonly isNew: boolean },
): readonly (FaultEvent | RestartEvent)[] {
  // Swarm testing: a run with few kinds goes deeper into them than one in which everything always happens.
  const share = [0.08, 0.2, 0.5][random.integer(0, 2)] ?? 0.2;
  const names = [...field.kinds, "restart" as const].filter(() => random.fraction() < share);
  const drawn: (FaultEvent | RestartEvent)[] = field.isNew ? [...drawArrival(random.child("arrival"), field)] : [];
  if (names.length === 0) return drawn;
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

/** What breaks where a gateway that is let in can be hit: what it stores, and the one connection that it has. */
const askingMs = 8_000;
const arrivalKinds = /^(disk-|power-cut|black-hole|half-open|reset|stall|broker-kick|corrupt)/;

function drawArrival(
  random: SeededRandom,
  field: Field & { readonly kinds: readonly FaultKind[] },
): readonly FaultEvent[] {
  const kinds = field.kinds.filter(({ name }) => arrivalKinds.test(name));
  if (kinds.length === 0 || random.integer(1, 3) === 1) return [];
  const atMs = Math.min(random.integer(0, askingMs), field.lastsMs);
  const time = { atMs, forMs: Math.min(byFactors(random, 1_000, 40_000), field.lastsMs - atMs) };
  const { when: _, ...event } = drawFault(random, pick(random, kinds), time, field);
  return [
    {
      ...event,
      ...(event.between === undefined ? {} : { between: ["cloud", "gateway"] as const }),
      ...(event.from === undefined ? {} : { from: "cloud" }),
    },
  ];
}

/** Slow wires for the whole run, with which everything must still work: what lies in queues then is what gets lost. */
export function drawWeather(random: SeededRandom, { bytePanels, lastsMs }: Field): readonly FaultEvent[] {
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

export function excludes(one: FaultEvent | RestartEvent, other: FaultEvent | RestartEvent): boolean {
  const name = (event: FaultEvent | RestartEvent): string => (event.kind === "fault" ? event.fault : "restart");
  if (!exclusive.test(name(one)) || !exclusive.test(name(other))) return false;
  const spaceMs = 15_000;
  return one.atMs < other.atMs + other.forMs + spaceMs && other.atMs < one.atMs + one.forMs + spaceMs;
}
