// What must hold when everything has healed: the gateway is back, everything that began has ended, and no byte is wrong.
import { watchdogStarvation } from "../faults/watchdog-starvation.ts";
import type { Site } from "../site.ts";
import type { PanelAccount } from "./checked-panel.ts";
import type { CheckedSession } from "./checked-session.ts";
import { Disturbances } from "./disturbances.ts";
import { altersBytes } from "./fault-table.ts";
import {
  aftermathMs,
  endingWords,
  hadEndpointChange,
  hadNoRights,
  isAskedFor,
  judgePeople,
  reasonOf,
  travelMs,
} from "./oracle-people.ts";
import type { SwarmRun } from "./run-plan.ts";
import { SwarmError } from "./swarm-failure.ts";
import { faultsOf, type SessionEvent } from "./swarm-plan.ts";

/** Longest back-off and all limits of a connection's steps, twice. */
const onlineLimitMs = 300_000;
const endLimitMs = 240_000;
/** The cloud fails an operation that nobody finished within 30 s. */
const operationLimitMs = 60_000;
/** A client that takes nothing for less than this must not be given up. */
const patientMs = 10_000;
/** What ends a session although nobody wanted it to: with nothing wrong it must not be any other. */
const ownReasons = ["client.closed", "panel.closed", "panel.reset"];

/** Throws a SwarmError for the first thing that does not hold. */
export async function judgeRun(run: SwarmRun, views: readonly Promise<void>[]): Promise<void> {
  const { site, watch } = run;
  await holds("gateway-online", () => site.gatewayIsOnline(onlineLimitMs));
  await holds("session-works", () => Promise.all([run.endpoints.heal(), run.rights.heal()]));
  for (const person of [...run.sessions, ...run.terminals, ...run.knocks]) person.leave();
  await holds("session-ends", () => everyoneHasLeft(run, views));
  await sessionWorks(run);
  await holds("operation-ends-once", () =>
    site.until(() => watch.operations().every(({ status }) => status === "SUCCESSFUL" || status === "FAILED"), {
      what: "every operation to be SUCCESSFUL or FAILED",
      limitMs: operationLimitMs,
    }),
  );
  watch.look();
  watch.check();
  judgeLogs(run);
  judgeWatchdog(site);
  const disturbances = new Disturbances(run.plan, site.record.entries);
  judgeWaits(run, disturbances);
  for (const session of run.sessions) judgeSession(run, session, disturbances);
  judgePeople(run, disturbances);
}

async function everyoneHasLeft(run: SwarmRun, views: readonly Promise<void>[]): Promise<void> {
  const { site, sessions, terminals, knocks } = run;
  const all = Promise.all([...[...sessions, ...terminals, ...knocks].map(({ finished }) => finished), ...views]);
  await site.until(all, { what: "every session to end after its operator has left", limitMs: endLimitMs });
  await site.until(() => site.gateway.status().tunnels.length === 0 && site.cloud.status().sessions === 0, {
    what: "every tunnel and session to end",
    limitMs: endLimitMs,
  });
}

/** Proof of life: a session on each panel carries bytes both ways, and its operation is SUCCESSFUL. */
async function sessionWorks(run: SwarmRun): Promise<void> {
  const { plan, site, watch } = run;
  for (const [at, panel] of plan.bytePanels.entries()) {
    const before = watch.operations().length;
    const event: SessionEvent = {
      kind: "session",
      atMs: plan.lastsMs,
      id: 1_000_000 + at,
      panel,
      hasChannel: at % 2 === 0,
      up: { bytes: 5000, pieceBytes: 1000, everyMs: 5 },
      down: { bytes: 70_000, pieceBytes: 8000, everyMs: 2 },
      panelThen: "stays",
      lastsMs: 3_600_000,
      leaves: "in-order",
      pausesMs: 0,
    };
    const session = run.opens(event);
    await holds("session-works", async () => {
      await site.until(() => session.received.count >= event.down.bytes || session.endedAtMs !== undefined, {
        what: `a session with ${panel} to carry bytes after everything has healed`,
        limitMs: 60_000,
      });
      if (session.endedAtMs !== undefined) throw new Error(`a session with ${panel} ended: ${endingWords(session)}`);
      await site.passes(2_000);
      session.leave();
      await site.until(session.finished, { what: "the last session to end", limitMs: 60_000 });
      await site.until(() => site.gateway.status().tunnels.length === 0, { what: "its tunnel to end" });
      const [operation] = watch.operations().slice(before);
      if (operation?.status !== "SUCCESSFUL") throw new Error(`its operation is ${operation?.status ?? "not there"}`);
    });
  }
}

/** Runs a wait; what fails there is a failure of this check. */
async function holds(check: SwarmError["check"], wait: () => Promise<unknown>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    if (error instanceof SwarmError) throw error;
    throw new SwarmError(check, error instanceof Error ? error.message : String(error));
  }
}

function judgeLogs({ site }: SwarmRun): void {
  for (const line of [...site.gatewayLog, ...site.cloudLog]) {
    if (line.event !== "internal.error" && line["reason"] !== "internal.error") continue;
    throw new SwarmError("internal-error", `a program says: ${JSON.stringify(line)}`);
  }
}

/** Who arms the watchdog pets it: it may bite only a program that was made to hang. */
export function judgeWatchdog({ board, record }: Pick<Site, "board" | "record">): void {
  const wasStarved = record.entries.some(
    ({ kind, ...entry }) => kind === "fault" && "name" in entry && entry.name === starved,
  );
  if (board.watchdog.bitten === 0 || wasStarved) return;
  throw new SwarmError(
    "watchdog",
    `the watchdog rebooted the board ${board.watchdog.bitten} times and nobody starved it`,
  );
}

const starved = watchdogStarvation().name;

/** Nobody waits in vain: a gateway that is online, with nothing wrong, must not have been given up as too slow. */
function judgeWaits({ site }: SwarmRun, disturbances: Disturbances): void {
  let onlineSinceMs = Number.POSITIVE_INFINITY;
  for (const entry of site.record.entries) {
    if (entry.kind === "transition" && entry.machine === "connectivity") {
      const isOnline = entry.to.startsWith("connected.online");
      if (!isOnline) onlineSinceMs = Number.POSITIVE_INFINITY;
      else if (!entry.from.startsWith("connected.online")) onlineSinceMs = entry.atMs;
    }
    if (entry.kind !== "log" || entry.event !== "session.closed") continue;
    if (entry.fields["reason"] !== "gateway.timeout" && entry.fields["reason"] !== "gateway.offline") continue;
    const couldServeForMs = entry.atMs - onlineSinceMs;
    if (couldServeForMs < serveLimitMs || disturbances.areBetween(entry.atMs - serveLimitMs, entry.atMs)) continue;
    const what = `the gateway was online for ${couldServeForMs} ms with nothing wrong`;
    throw new SwarmError("session-works", `a session ended with ${entry.fields["reason"]} although ${what}`);
  }
}

/** With nothing but mild faults, what waits for an online gateway is served long before. */
const serveLimitMs = 8_000;

function judgeSession(run: SwarmRun, session: CheckedSession, disturbances: Disturbances): void {
  const { id, panel } = session.plan;
  const isAltered = faultsOf(run.plan).some(
    (event) => event.kind === "fault" && altersBytes(event) && (event.between?.includes(panel) ?? true),
  );
  if (isAltered) return;
  const accounts = run.panels[panel]?.accounts.filter((account) => account.id === id) ?? [];
  if (accounts.length > 1) {
    throw new SwarmError(
      "key-used-once",
      `the panel ${panel} was connected ${accounts.length} times for session ${id}`,
    );
  }
  const [account] = accounts;
  judgePrefix(session, account);
  const { askedAtMs, endedAtMs = Number.POSITIVE_INFINITY } = session;
  if (!disturbances.areBetween(askedAtMs, endedAtMs + travelMs)) judgeWhole(session, account);
  if (!disturbances.areBetween(askedAtMs - aftermathMs, endedAtMs)) judgeEnding(run, session);
}

function judgePrefix(session: CheckedSession, account: PanelAccount | undefined): void {
  const { id } = session.plan;
  const { received } = session;
  const rows = [
    { what: "down", arrived: received, sent: account?.sent ?? 0 },
    ...(account === undefined ? [] : [{ what: "up", arrived: account.received, sent: session.sent }]),
  ];
  for (const { what, arrived, sent } of rows) {
    if (arrived.wrongAt !== undefined) {
      throw new SwarmError("bytes-are-prefix", `session ${id}, ${what}: byte ${arrived.wrongAt} is not the one sent`);
    }
    if (arrived.count > sent) {
      throw new SwarmError("bytes-are-prefix", `session ${id}, ${what}: ${arrived.count} bytes came of ${sent} sent`);
    }
  }
}

/** Whoever ended it in order must find that everything sent before has arrived. */
function judgeWhole(session: CheckedSession, account: PanelAccount | undefined): void {
  const { id, panelThen, down } = session.plan;
  if (account === undefined || session.ending?.code !== 1000) return;
  const reason = reasonOf(session);
  // A panel that resets takes away what it has not read itself.
  if (reason === "client.closed" && panelThen !== "resets" && account.received.count < session.sent) {
    const what = `${account.received.count} of ${session.sent} bytes reached the panel before its end`;
    throw new SwarmError("bytes-complete", `session ${id}: the operator left in order, and ${what}`);
  }
  const isPanelFirst = session.leftAtMs === undefined && panelThen === "ends";
  if (reason === "panel.closed" && isPanelFirst && session.received.count < down.bytes) {
    const what = `${session.received.count} of ${down.bytes} bytes reached the operator`;
    throw new SwarmError("bytes-complete", `session ${id}: the panel ended in order, and ${what}`);
  }
}

function judgeEnding(run: SwarmRun, session: CheckedSession): void {
  const { id, leaves, pausesMs, panel } = session.plan;
  if (session.refusal !== undefined) {
    if (hadEndpointChange(run, panel, session) || hadNoRights(run, session)) return;
    throw new SwarmError("session-works", `session ${id} was refused although nothing was wrong: ${session.refusal}`);
  }
  if (leaves === "breaks-off" && session.leftAtMs !== undefined) return;
  const reason = reasonOf(session);
  if (ownReasons.includes(reason) || isAskedFor(run, panel, session)) return;
  // Whoever takes nothing for long answers no ping either.
  if (pausesMs >= patientMs && (reason === "client.lost" || reason === "client.stalled")) return;
  throw new SwarmError("session-works", `session ${id} ended although nothing was wrong: ${endingWords(session)}`);
}
