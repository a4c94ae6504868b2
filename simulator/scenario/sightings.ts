// What stories look at: the words that each place has for how something ended, and the time that it is.

import type { Operator } from "../operator.ts";
import type { EventLog } from "../record/event-log.ts";
import type { LogLine } from "../site/programs.ts";

/** Time of the last thing that happened, in ms since the site's start. */
export function lastMoment(site: { readonly record: EventLog }): number {
  return site.record.entries.at(-1)?.atMs ?? 0;
}

/** The reasons in a program's log lines of one event, oldest first. */
export function reasonsIn(log: readonly LogLine[], event: string): readonly string[] {
  return log.filter((line) => line.event === event).map((line) => String(line["reason"]));
}

export function countOf(log: readonly LogLine[], event: string): number {
  return log.filter((line) => line.event === event).length;
}

/** With which word each session of the device ended, by the audit trail, oldest first. */
export async function auditedReasons(operator: Operator): Promise<readonly string[]> {
  const records = await operator.auditRecords();
  return records
    .flatMap((record) => {
      const session = record["postern_Session"] as { readonly reason?: string } | undefined;
      return session?.reason === undefined ? [] : [session.reason];
    })
    .reverse();
}

/** Status of the newest operation, and the first word of why it failed. */
export async function newestOperation(operator: Operator): Promise<string> {
  const [operation] = await operator.operations();
  const [word] = String(operation?.["failureReason"] ?? "").split(":");
  return [operation?.["status"] ?? "none", word].filter(Boolean).join(" ");
}
