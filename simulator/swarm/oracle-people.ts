// What must hold of people at terminals, of those who ask for what cannot be had, and of sessions whose endpoint was changed.
import type { RunningSshPanel } from "../panels/ssh/ssh-panel.ts";
import type { RunningTelnetPanel } from "../panels/telnet/telnet-panel.ts";
import type { CheckedTerminal } from "./checked-terminal.ts";
import type { Disturbances } from "./disturbances.ts";
import { altersBytes } from "./fault-table.ts";
import type { SwarmRun } from "./run-plan.ts";
import { SwarmError } from "./swarm-failure.ts";
import { faultsOf, usualSite } from "./swarm-plan.ts";
import { fileOf, wordOf } from "./terminal-transcript.ts";
import { doorReasons, type Knock } from "./visitors.ts";

/** How long after a fault its consequences may still be felt: back-offs, keep-alives, limits of connections. */
export const aftermathMs = 200_000;
/** Who has left is told so at once: what was sent before is still on its way to the panel for so long. */
export const travelMs = 10_000;
/** A change of an endpoint has ended its sessions so long after the cloud's answer, at the latest. */
const removalMs = 8_000;
/** So long after a refused login the next may be refused for it. */
const guessingMs = 120_000;
/** A tunnel whose session is over may still be there for so long. */
const tunnelRestMs = 90_000;
/** What was typed has arrived, been answered and shown, and a window's size has arrived, with nothing but mild faults. */
const roundTripMs = 5_000;

/** Somebody's time with a panel. */
interface Visit {
  readonly askedAtMs: number;
  readonly endedAtMs: number | undefined;
  readonly openedAtMs?: number | undefined;
  readonly ending:
    | { readonly code: number; readonly reason: string; readonly said?: { reason: string; text: string } }
    | undefined;
  readonly refusal: string | undefined;
}

export function judgePeople(run: SwarmRun, disturbances: Disturbances): void {
  for (const terminal of run.terminals) judgeTerminal(run, terminal, disturbances);
  for (const knock of run.knocks) judgeKnock(run, knock, disturbances);
  judgeEndpoints(run, disturbances);
  judgeRights(run, disturbances);
}

/** On our own channel the cloud says it; otherwise the close frame does. */
export function reasonOf({ ending }: Pick<Visit, "ending">): string {
  return ending?.said?.reason ?? ending?.reason ?? "";
}

export function endingWords({ ending, refusal }: Pick<Visit, "ending" | "refusal">): string {
  if (ending === undefined) return refusal ?? "not yet";
  return `${ending.code} ${reasonOf({ ending })} ${ending.said?.text ?? ""}`.trim();
}

export function hadEndpointChange({ endpoints }: SwarmRun, panel: string, visit: Visit): boolean {
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY } = visit;
  return endpoints.changes.some(
    (change) => change.panel === panel && change.fromMs <= endedAtMs && change.toMs + removalMs >= askedAtMs,
  );
}

/** Whether it is the visitor's, at a time at which it may have had no account; refused logins are remembered a while. */
export function hadNoRights({ rights, sessions }: SwarmRun, visit: Visit): boolean {
  const session = sessions.find((other) => other === visit);
  if (session === undefined || !rights.isVisitors(session.plan)) return false;
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY } = visit;
  return rights.changes.some(({ fromMs, toMs }) => fromMs <= endedAtMs && toMs + guessingMs >= askedAtMs);
}

/** Whether a session's end follows from what the plan's people did, or from the limits that the plan has set. */
export function isAskedFor(run: SwarmRun, panel: string, visit: Visit): boolean {
  switch (reasonOf(visit)) {
    case "endpoint.removed":
      return hadEndpointChange(run, panel, visit);
    case "permission.revoked":
      return hadNoRights(run, visit);
    case "session.expired": {
      const { sessionLifeMs } = run.plan;
      const livedMs = (visit.endedAtMs ?? 0) - visit.askedAtMs;
      return sessionLifeMs < usualSite.sessionLifeMs && livedMs >= sessionLifeMs;
    }
    case "gateway.busy":
      return run.plan.tunnelsMax <= othersAtTheTimeOf(run, visit);
    default:
      return false;
  }
}

function othersAtTheTimeOf({ sessions, terminals, knocks, plan }: SwarmRun, visit: Visit): number {
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY } = visit;
  const people: readonly Visit[] = [...sessions, ...terminals, ...knocks];
  const others = people.filter(
    (other) =>
      other !== visit &&
      other.askedAtMs <= endedAtMs &&
      (other.endedAtMs ?? Number.POSITIVE_INFINITY) + tunnelRestMs >= askedAtMs,
  );
  return others.length + plan.vncPanels.length;
}

function judgeTerminal(run: SwarmRun, terminal: CheckedTerminal, disturbances: Disturbances): void {
  const { panel } = terminal.plan;
  const isSsh = run.plan.sshPanels.includes(panel);
  // SSH finds bytes that were altered; nothing in Telnet does.
  const isAltered = faultsOf(run.plan).some(
    (event) => event.kind === "fault" && altersBytes(event) && (event.between?.includes(panel) ?? true),
  );
  if (isAltered && !isSsh) return;
  judgeShown(terminal);
  if (isSsh) judgeFile(run, terminal);
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY } = terminal;
  if (disturbances.areBetween(askedAtMs, endedAtMs + travelMs)) return;
  judgeWholeTerminal(run, terminal, isSsh);
  if (!isSsh) judgeSize(run, terminal);
  if (!disturbances.areBetween(askedAtMs - aftermathMs, endedAtMs)) judgeTerminalEnding(run, terminal);
}

/** Each letter is shown once, in order, with the panel's answers to it. */
function judgeShown(terminal: CheckedTerminal): void {
  const { expected, plan } = terminal;
  const shown = terminal.shown ?? "";
  const length = Math.min(shown.length, expected.length);
  if (shown === expected.slice(0, shown.length)) return;
  let at = 0;
  while (at < length && shown[at] === expected[at]) at += 1;
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 20), at + 40));
  const what = `shows ${around(shown)} instead of ${around(expected)}`;
  throw new SwarmError("bytes-are-prefix", `terminal ${plan.id} at ${plan.panel}, letter ${at}: ${what}`);
}

/** The panel keeps what it was told: each line once, in order, none left out. */
function judgeFile(run: SwarmRun, terminal: CheckedTerminal): void {
  const kept = keptLines(run, terminal);
  const wrong = kept.findIndex((word, at) => word !== wordOf(terminal.plan.id, at));
  if (wrong < 0 && kept.length <= typedWords(terminal)) return;
  const { id, panel } = terminal.plan;
  const what = `line ${wrong} of ${kept.length} is "${kept[wrong]}", and ${typedWords(terminal)} were typed`;
  throw new SwarmError("bytes-are-prefix", `terminal ${id} at ${panel}: of what the panel kept, ${what}`);
}

function judgeWholeTerminal(run: SwarmRun, terminal: CheckedTerminal, isSsh: boolean): void {
  const { plan, shown, expected, ending } = terminal;
  if (ending?.code !== 1000 || shown === undefined) return;
  const who = `terminal ${plan.id} at ${plan.panel}`;
  if (isSsh && keptLines(run, terminal).length < typedWords(terminal)) {
    const what = `${keptLines(run, terminal).length} of ${typedWords(terminal)} lines reached the panel`;
    throw new SwarmError("bytes-complete", `${who}: it ended in order, and ${what}`);
  }
  if (terminal.hasLoggedOut && reasonOf(terminal) === "panel.closed" && shown !== expected) {
    throw new SwarmError(
      "bytes-complete",
      `${who}: the panel hung up, and ${shown.length} of ${expected.length} letters were shown`,
    );
  }
}

/** A Telnet panel has no other words for its window's size. */
function judgeSize({ site, terminals }: SwarmRun, terminal: CheckedTerminal): void {
  const { plan, size, sizedAtMs, shown, leftAtMs = terminal.endedAtMs ?? 0 } = terminal;
  const isNewest =
    terminals.findLast((other) => other.plan.panel === plan.panel && other.openedAtMs !== undefined) === terminal;
  if (!isNewest || shown === undefined || leftAtMs - sizedAtMs < roundTripMs) return;
  const running = site.panels as unknown as Readonly<Record<string, RunningTelnetPanel>>;
  const seen = running[plan.panel]?.terminal;
  if (seen?.columns === size.columns && seen.rows === size.rows) return;
  const what = `${size.columns} x ${size.rows}, and the panel has ${seen?.columns} x ${seen?.rows}`;
  throw new SwarmError("bytes-complete", `terminal ${plan.id} at ${plan.panel}: the window is ${what}`);
}

function judgeTerminalEnding(run: SwarmRun, terminal: CheckedTerminal): void {
  const { plan, refusal, leftAtMs, shown } = terminal;
  const reason = reasonOf(terminal);
  if (plan.leaves === "breaks-off" && leftAtMs !== undefined) return;
  const isPersonsFault = run.plan.sshPanels.indexOf(plan.panel) > 0 && plan.answers !== "rightly";
  const mayEnd = ["client.closed", "panel.closed", ...(isPersonsFault ? personsFault : [])];
  const wasShown = shown !== undefined || isPersonsFault || (leftAtMs ?? 0) - terminal.askedAtMs < 4 * roundTripMs;
  if (refusal === undefined && mayEnd.includes(reason) && wasShown) return;
  if (isAskedFor(run, plan.panel, terminal)) return;
  const what = `ended although nothing was wrong: ${endingWords(terminal)}`;
  throw new SwarmError("session-works", `terminal ${plan.id} at ${plan.panel} ${what}`);
}

const personsFault = ["auth.failed", "auth.required", "hostkey.unknown"];

function judgeKnock(run: SwarmRun, knock: Knock, disturbances: Disturbances): void {
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY, plan } = knock;
  if (knock.hasLeft || disturbances.areBetween(askedAtMs - aftermathMs, endedAtMs)) return;
  const reason = reasonOf(knock);
  if (doorReasons[plan.door].includes(reason) || isAskedFor(run, plan.door, knock)) return;
  const told = `was told ${endingWords(knock)} and not ${doorReasons[plan.door].join(" or ")}`;
  throw new SwarmError("session-works", `who asked for ${plan.door} ${told}`);
}

/** Nobody goes on working through an endpoint that is not there any more. */
function judgeEndpoints({ endpoints, sessions }: SwarmRun, disturbances: Disturbances): void {
  for (const { panel, fromMs, toMs, isDone } of endpoints.changes) {
    if (!isDone || disturbances.areBetween(fromMs, toMs + removalMs)) continue;
    const survivor = sessions.find(
      ({ plan, openedAtMs = Number.POSITIVE_INFINITY, endedAtMs = Number.POSITIVE_INFINITY }) =>
        plan.panel === panel && openedAtMs < fromMs && endedAtMs > toMs + removalMs && plan.pausesMs === 0,
    );
    if (survivor === undefined) continue;
    const what = `outlived the change of its endpoint by ${(survivor.endedAtMs ?? Number.POSITIVE_INFINITY) - toMs} ms`;
    throw new SwarmError("session-ends", `session ${survivor.plan.id} ${what}`);
  }
}

/** Nobody goes on working who may not any more. */
function judgeRights({ rights, sessions }: SwarmRun, disturbances: Disturbances): void {
  for (const { fromMs, doneAtMs } of rights.changes) {
    if (doneAtMs === undefined || disturbances.areBetween(fromMs, doneAtMs + removalMs)) continue;
    const survivor = sessions.find(
      ({ plan, openedAtMs = Number.POSITIVE_INFINITY, endedAtMs = Number.POSITIVE_INFINITY }) =>
        rights.isVisitors(plan) && openedAtMs < fromMs && endedAtMs > doneAtMs + removalMs && plan.pausesMs === 0,
    );
    if (survivor === undefined) continue;
    throw new SwarmError("session-ends", `session ${survivor.plan.id} outlived the rights of its person`);
  }
}

function typedWords({ typed, plan }: CheckedTerminal): number {
  return typed.filter(({ text }) => text.startsWith("echo ") && text.includes(`>> ${fileOf(plan.id)}`)).length;
}

function keptLines({ site }: SwarmRun, { plan }: CheckedTerminal): readonly string[] {
  const running = site.panels as unknown as Readonly<Record<string, RunningSshPanel>>;
  const files = running[plan.panel]?.files;
  if (files?.find(fileOf(plan.id))?.kind !== "file") return [];
  return Buffer.from(files.read(fileOf(plan.id)))
    .toString()
    .split("\n")
    .slice(0, -1);
}
