// The status messages of a connect operation: by id where the cloud told it, else by the operation's name.
import type { CloseReason } from "#protocol/close-reason.ts";
import { writeFailureReason } from "#protocol/close-reason.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import {
  setExecuting,
  setExecutingByName,
  setFailed,
  setFailedByName,
  setSuccessful,
  setSuccessfulByName,
} from "#protocol/smartrest/upstream.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";

export function executing(operationId: string | undefined): OutgoingMessage {
  return report(operationId, setExecuting, () => setExecutingByName(remoteAccessFragment));
}

export function successful(operationId: string | undefined): OutgoingMessage {
  return report(operationId, setSuccessful, () => setSuccessfulByName(remoteAccessFragment));
}

export function failed(operationId: string | undefined, reason: CloseReason, detail: string): OutgoingMessage {
  const text = writeFailureReason(reason, detail);
  return report(
    operationId,
    (id) => setFailed(id, text),
    () => setFailedByName(remoteAccessFragment, text),
  );
}

function report(operationId: string | undefined, byId: (id: string) => string, byName: () => string): OutgoingMessage {
  return operationId === undefined
    ? { text: byName(), isRepeatable: false }
    : { text: byId(operationId), isRepeatable: true };
}
