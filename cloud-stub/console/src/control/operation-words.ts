// Operations and the sessions they opened, in words.
import { closeText, isCloseReason, readFailureReason } from "#protocol/close-reason.ts";
import { readBytes, readDuration } from "../frame/readable.ts";

export interface Operation {
  readonly id: string;
  readonly status: string;
  readonly description?: string;
  readonly creationTime?: string;
  readonly failureReason?: string;
  readonly c8y_RemoteAccessConnect?: { readonly hostname?: string; readonly port?: number };
  readonly c8y_Command?: { readonly text?: string; readonly result?: string };
  readonly c8y_LogfileRequest?: { readonly logFile?: string; readonly file?: string };
  readonly c8y_UploadConfigFile?: { readonly type?: string; readonly file?: string };
  /** Who asked for it. */
  readonly postern_User?: string;
  readonly postern_LastUpdated?: string;
}

/** The audit record's account of a session. */
export interface SessionRecord {
  readonly operation?: string;
  readonly endpointName?: string;
  readonly clientAddress?: string;
  readonly reason?: string;
  readonly bytesUp?: number;
  readonly bytesDown?: number;
  readonly durationMs?: number;
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

/** The file that the gateway sent for it, as a path of this cloud; an address elsewhere is none. */
export function resultFile(operation: Operation): { readonly path: string; readonly name: string } | undefined {
  const { c8y_LogfileRequest: log, c8y_UploadConfigFile: configuration } = operation;
  const address = log?.file ?? configuration?.file ?? "";
  const path = /^https?:\/\/[^/\s]+(\/(?:event\/events\/[0-9]{1,20}\/binaries|inventory\/binaries\/[0-9]{1,20}))$/.exec(
    address,
  )?.[1];
  if (path === undefined) return undefined;
  return { path, name: log?.logFile ?? configuration?.type ?? "file" };
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
