// Reads the operations of a gateway and what became of the sessions they opened.
import { getJson } from "../cloud/api-client.ts";
import type { Operation, SessionRecord } from "./operation-words.ts";

interface AuditRecord {
  readonly postern_Session?: SessionRecord;
}

/** Newest operations shown; older ones stay in the cloud. */
export const operationsMax = 50;
/** Records read to find the sessions of those operations: a session has one at its start and one at its end. */
const recordsMax = 200;

export async function fetchOperations(deviceId: string, signal: AbortSignal): Promise<readonly Operation[]> {
  const answer = await getJson<{ readonly operations: readonly Operation[] }>(
    `/devicecontrol/operations?deviceId=${encodeURIComponent(deviceId)}&pageSize=${operationsMax}&revert=true`,
    signal,
  );
  return answer.operations;
}

/** Sessions that ended, by the id of their operation. */
export async function fetchEndedSessions(
  deviceId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, SessionRecord>> {
  const answer = await getJson<{ readonly auditRecords: readonly AuditRecord[] }>(
    `/audit/auditRecords?source=${encodeURIComponent(deviceId)}&pageSize=${recordsMax}&revert=true`,
    signal,
  );
  const ended = new Map<string, SessionRecord>();
  for (const { postern_Session: session } of answer.auditRecords) {
    if (session?.operation !== undefined && session.reason !== undefined && session.reason !== null) {
      ended.set(session.operation, session);
    }
  }
  return ended;
}
