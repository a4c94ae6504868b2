// Draws the sessions of a swarm run: when they begin, how much they carry in which pieces, and how they end.
import type { SeededRandom } from "../seeded-random.ts";
import type { Field } from "./draw-faults.ts";
import { byFactors, pick } from "./draw-numbers.ts";
import type { FaultEvent, RestartEvent, SessionEvent, Stream, ViewEvent } from "./swarm-plan.ts";

const sessionsMax = 26;

export type FieldWithFaults = Field & { readonly faults: readonly (FaultEvent | RestartEvent)[] };

export function drawSessions(random: SeededRandom, field: FieldWithFaults): readonly (SessionEvent | ViewEvent)[] {
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

export function drawSession(random: SeededRandom, id: number, field: Field & { readonly atMs: number }): SessionEvent {
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
