// The gateway's own log: from the system's journal, which outlives restarts, or else what this run has kept in memory.
import type { Processes } from "#hardware/ports.ts";
import { type LogExcerptRequest, logLinesMax } from "#protocol/device-management.ts";
import { excerptBytesMax, excerptOf } from "./log-excerpt.ts";
import type { LogRing } from "./log-ring.ts";
import type { Redactor } from "./redact.ts";

/** The log's name in the cloud (template 118). */
export const ownLogName = "postern-gateway";
/** Of systemd. */
const unit = "postern-gateway";
const journalLimitMs = 20_000;

export interface OwnLogDeps {
  readonly ring: LogRing;
  readonly processes?: Processes | undefined;
  readonly redact: Redactor;
}

/** Without secrets. */
export async function readOwnLog(deps: OwnLogDeps, request: LogExcerptRequest): Promise<string> {
  const fromJournal = await journalLines(deps.processes, request);
  return deps.redact(excerptOf(fromJournal.length > 0 ? fromJournal : deps.ring.lines(), request));
}

/** Oldest first; none where there is no journal, or where this user may not read it. */
async function journalLines(
  processes: Processes | undefined,
  { fromMs, toMs, searchText, maximumLines }: LogExcerptRequest,
): Promise<readonly string[]> {
  if (processes === undefined) return [];
  const outcome = await processes.run(
    [
      "journalctl",
      `--unit=${unit}`,
      "--output=cat",
      "--no-pager",
      "--quiet",
      // Newest first, so that what the limit cuts off is old.
      "--reverse",
      `--lines=${searchText === "" ? maximumLines : logLinesMax}`,
      ...(fromMs === undefined ? [] : [`--since=@${Math.floor(fromMs / 1000)}`]),
      ...(toMs === undefined ? [] : [`--until=@${Math.ceil(toMs / 1000)}`]),
    ],
    { timeoutMs: journalLimitMs, outputBytesMax: excerptBytesMax },
  );
  if (outcome.kind !== "exited" || outcome.exitCode !== 0) return [];
  const lines = outcome.output.split("\n");
  // The last one is empty, or cut in the middle.
  lines.pop();
  return lines.reverse();
}
