// The status messages of an operation: by id where the cloud told it, else by the operation's name.
import type { CloseReason } from "#protocol/close-reason.ts";
import { writeFailureReason } from "#protocol/close-reason.ts";
import {
  setExecuting,
  setExecutingByName,
  setFailed,
  setFailedByName,
  setSuccessful,
  setSuccessfulByName,
} from "#protocol/smartrest/upstream.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { Identified } from "./wanted.ts";

export function executing(operation: Identified): OutgoingMessage {
  return report(operation, setExecuting, setExecutingByName);
}

/** `parameters`: what the operation gave, short enough for one message. */
export function successful(operation: Identified, parameters: readonly string[] = []): OutgoingMessage {
  return report(
    operation,
    (id) => setSuccessful(id, parameters),
    (fragment) => setSuccessfulByName(fragment, parameters),
  );
}

/** A tunnel that was not opened: the reason is one of the closed list. */
export function failed(operation: Identified, reason: CloseReason, detail: string): OutgoingMessage {
  return failedInWords(operation, writeFailureReason(reason, detail));
}

/** Anything else that was not done, and why in words for people. */
export function failedInWords(operation: Identified, why: string): OutgoingMessage {
  return report(
    operation,
    (id) => setFailed(id, why),
    (fragment) => setFailedByName(fragment, why),
  );
}

function report(
  { id, fragment }: Identified,
  byId: (id: string) => string,
  byName: (fragment: string) => string,
): OutgoingMessage {
  return id === undefined ? { text: byName(fragment), isRepeatable: false } : { text: byId(id), isRepeatable: true };
}
