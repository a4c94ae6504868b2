// Draws what people do beside plain sessions: terminals, steady traffic, wrong endpoints, and the administrator's changes.
import type { SeededRandom } from "../seeded-random.ts";
import { byFactors, pick } from "./draw-numbers.ts";
import {
  doors,
  type EndpointEvent,
  type KnockEvent,
  type RevokeEvent,
  type SessionEvent,
  type TerminalEvent,
} from "./swarm-plan.ts";

export interface PeopleField {
  readonly bytePanels: readonly string[];
  readonly sshPanels: readonly string[];
  readonly telnetPanels: readonly string[];
  readonly lastsMs: number;
}

const terminalsMax = 6;
/** Longer than the cloud waits for an answer. */
const personGivenUpMs = 125_000;
const steadyMs = 60_000;
/** Of the minutes of a run; in the others it is as quiet as people make it. */
const steadyShare = 0.75;

/** A long session with a piece each way several times a second, one after the other through the run. */
export function drawSteady(random: SeededRandom, field: PeopleField, firstId: number): readonly SessionEvent[] {
  const drawn: SessionEvent[] = [];
  for (let atMs = 0; atMs < field.lastsMs; atMs += steadyMs) {
    if (random.fraction() > steadyShare) continue;
    const lastsMs = random.integer(20_000, steadyMs);
    const stream = () => {
      const [everyMs, pieceBytes] = [byFactors(random, 200, 800), random.integer(1, 40)];
      return { bytes: pieceBytes * Math.ceil(lastsMs / everyMs), pieceBytes, everyMs };
    };
    drawn.push({
      kind: "session",
      atMs: Math.min(field.lastsMs, atMs + random.integer(0, steadyMs / 4)),
      id: firstId + drawn.length,
      panel: pick(random, field.bytePanels),
      hasChannel: random.integer(0, 1) === 1,
      up: stream(),
      down: stream(),
      panelThen: pick(random, ["stays", "stays", "ends"] as const),
      lastsMs,
      leaves: pick(random, ["in-order", "in-order", "breaks-off"] as const),
      pausesMs: 0,
    });
  }
  return drawn;
}

export function drawTerminals(random: SeededRandom, field: PeopleField): readonly TerminalEvent[] {
  const panels = [...field.sshPanels, ...field.telnetPanels];
  if (panels.length === 0) return [];
  return Array.from({ length: random.integer(1, terminalsMax) }, (_, at): TerminalEvent => {
    const [lines, everyMs] = [random.integer(0, 40), byFactors(random, 100, 3_000)];
    const answers = pick(random, ["rightly", "rightly", "wrongly", "never"] as const);
    const isPatient = answers === "never" && random.integer(0, 1) === 1;
    const briefMs = random.integer(1, 3) === 1 ? (lines + 4) * everyMs : byFactors(random, 1_000, 150_000);
    return {
      kind: "terminal",
      atMs: random.integer(0, field.lastsMs),
      id: at + 1,
      panel: pick(random, panels),
      lines,
      everyMs,
      resizesEvery: random.integer(0, 4),
      answers,
      lastsMs: isPatient ? personGivenUpMs : briefMs,
      leaves: pick(random, ["in-order", "breaks-off", "logs-out", "logs-out"] as const),
    };
  });
}

export function drawKnocks(random: SeededRandom, { lastsMs }: PeopleField): readonly KnockEvent[] {
  if (random.integer(1, 3) > 1) return [];
  return Array.from({ length: random.integer(1, 4) }, () => ({
    kind: "knock" as const,
    atMs: random.integer(0, lastsMs),
    door: pick(random, doors),
    hasChannel: random.integer(0, 1) === 1,
  }));
}

export function drawEndpoints(random: SeededRandom, { lastsMs, bytePanels }: PeopleField): readonly EndpointEvent[] {
  if (random.integer(1, 3) > 1) return [];
  return Array.from({ length: random.integer(1, 3) }, () => ({
    kind: "endpoint" as const,
    atMs: random.integer(0, lastsMs),
    panel: pick(random, bytePanels),
    does: pick(random, ["change", "replace"] as const),
  }));
}

export function drawRevocations(random: SeededRandom, { lastsMs }: PeopleField): readonly RevokeEvent[] {
  if (random.integer(1, 4) > 1) return [];
  return Array.from({ length: random.integer(1, 2) }, () => {
    const atMs = random.integer(0, lastsMs);
    return { kind: "revoke" as const, atMs, forMs: Math.min(byFactors(random, 500, 20_000), lastsMs - atMs) };
  });
}
