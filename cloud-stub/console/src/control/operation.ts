// Operations of a gateway and what became of the sessions they opened.
import { closeText, isCloseReason, readFailureReason } from "#protocol/close-reason.ts";
import { getJson } from "../cloud/api-client.ts";
import { readBytes, readDuration } from "../frame/readable.ts";

export interface Operation {
  readonly id: string;
  readonly status: string;
  readonly description?: string;
  readonly creationTime?: string;
  readonly failureReason?: string;
  readonly c8y_RemoteAccessConnect?: { readonly hostname?: string; readonly port?: number };
  /** Who asked for it. */
  readonly postern_User?: string;
  readonly postern_LastUpdated?: string;
}

/** The audit record's account of a session. */
export interface SessionRecord {
  readonly operation?: string;
  readonly endpointName?: string;
  readonly reason?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  readonly durationMs?: number;
}

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

export type OperationLook = "waiting" | "busy" | "good" | "bad";

export function operationStatus(status: string): { readonly text: string; readonly look: OperationLook } {
  switch (status) {
    case "PENDING":
      return { text: "Pending", look: "waiting" };
    case "EXECUTING":
      return { text: "Executing", look: "busy" };
    case "SUCCESSFUL":
      return { text: "Successful", look: "good" };
    case "FAILED":
      return { text: "Failed", look: "bad" };
    default:
      return { text: status, look: "waiting" };
  }
}

/** What the operation asked for, in words. */
export function operationText(operation: Operation): string {
  const target = operation.c8y_RemoteAccessConnect;
  if (operation.description !== undefined && operation.description !== "") return operation.description;
  return target?.hostname === undefined ? "Operation" : `Remote access to ${target.hostname}:${target.port}`;
}

/** Why it failed, in plain words; undefined unless it did. */
export function failureText(operation: Operation): string | undefined {
  if (operation.status !== "FAILED") return undefined;
  if (operation.failureReason === undefined || operation.failureReason === "") return "The gateway gave no reason.";
  return readFailureReason(operation.failureReason).text;
}

/** How the session ended, in plain words with its length and its bytes. */
export function sessionText(session: SessionRecord): string {
  const reason = session.reason ?? "";
  const words = isCloseReason(reason) ? closeText(reason) : reason;
  const facts = [
    session.durationMs === undefined ? undefined : readDuration(session.durationMs),
    session.bytesDown === undefined ? undefined : `${readBytes(session.bytesDown)} received`,
    session.bytesUp === undefined ? undefined : `${readBytes(session.bytesUp)} sent`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? words : `${words} ${facts.join(", ")}.`;
}
