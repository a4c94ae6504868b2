// Sorts what the cloud sends into requests for tunnels. Pure: a state and what happened in, the next state and effects out.
import type { CloseReason } from "#protocol/close-reason.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { type ConnectRequest, parseConnectRequest, remoteAccessFragment } from "#protocol/remote-access.ts";
import type { OperationNotification } from "#protocol/smartrest/operation-notification.ts";
import type { CloudMessage } from "../connectivity/cloud-message.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import { executing, failed, successful } from "./operation-reports.ts";
import { idMark, keyMark, withMarks } from "./seen-operations.ts";

export interface IntakeState {
  /** External id of this gateway. */
  readonly deviceId: string;
  /** Whether this connection has brought an operation as JSON: then its 530 lines are only twins. */
  readonly hasJson: boolean;
  readonly seen: readonly string[];
  /** 530 lines taken so far, for their names. */
  readonly unnamedCount: number;
  readonly awaitingTwin: readonly UnnamedOperation[];
  /** Had no twin and wait for their turn. */
  readonly queued: readonly UnnamedOperation[];
  /** EXECUTING, and neither SUCCESSFUL nor FAILED yet. */
  readonly running: readonly RunningOperation[];
}

/** From a `530` line: the operation's id is not known. */
interface UnnamedOperation {
  readonly name: string;
  readonly mark: string;
  readonly request: ConnectRequest;
}

interface RunningOperation {
  /** Its id, or a name of ours. */
  readonly operation: string;
  /** Where the cloud told it. */
  readonly id: string | undefined;
  readonly mark: string;
}

export type IntakeEffect =
  | { readonly kind: "request"; readonly operation: string; readonly request: ConnectRequest }
  | { readonly kind: "report"; readonly message: OutgoingMessage }
  | { readonly kind: "log"; readonly entry: LogEntry }
  /** Calls back with `twinMissed` or `turnMissed` after the wait, unless `calm` comes first. */
  | { readonly kind: "wait"; readonly name: string; readonly what: "twin" | "turn" }
  | { readonly kind: "calm"; readonly name: string };

export interface IntakeStep {
  readonly state: IntakeState;
  readonly effects: readonly IntakeEffect[];
}

/** Operations without an id that wait at the same time. */
export const unnamedMax = 16;

export function initialIntake(deviceId: string): IntakeState {
  return { deviceId, hasJson: false, seen: [], unnamedCount: 0, awaitingTwin: [], queued: [], running: [] };
}

/** Whether the next connection brings JSON is to be seen. */
export function disconnected(state: IntakeState): IntakeState {
  return { ...state, hasJson: false };
}

export function received(state: IntakeState, message: CloudMessage): IntakeStep {
  switch (message.kind) {
    case "operation":
      return receivedOperation({ ...state, hasJson: true }, message.operation);
    case "connect":
      return receivedLine(state, message.deviceId, message.request);
    case "refused":
      return { state, effects: [log("warn", "smartrest.refused", { what: message.what })] };
    case "other":
      return ignored(state, undefined, `${message.what} is nothing that this gateway handles`);
    default:
      return message satisfies never;
  }
}

/** The JSON twin of a 530 line did not come in time. */
export function twinMissed(state: IntakeState, name: string): IntakeStep {
  const operation = state.awaitingTwin.find((each) => each.name === name);
  if (operation === undefined) return { state, effects: [] };
  const queued = { ...without(state, name), queued: [...state.queued, operation] };
  return follow({ state: queued, effects: [{ kind: "wait", name, what: "turn" }] }, advance);
}

/** The turn of an operation did not come before the cloud gave it up. */
export function turnMissed(state: IntakeState, name: string): IntakeStep {
  if (!state.queued.some((each) => each.name === name)) return { state, effects: [] };
  return ignored(without(state, name), name, "its turn came too late: the cloud has given it up");
}

/** A tunnel stands, or could not be opened for the given reason. */
export function ended(
  state: IntakeState,
  operation: string,
  failure?: { readonly reason: CloseReason; readonly detail: string },
): IntakeStep {
  const running = state.running.find((each) => each.operation === operation);
  if (running === undefined) return { state, effects: [] };
  const message = failure ? failed(running.id, failure.reason, failure.detail) : successful(running.id);
  const rest = { ...state, running: state.running.filter((each) => each !== running) };
  return follow({ state: rest, effects: [{ kind: "report", message }] }, advance);
}

function receivedOperation(state: IntakeState, operation: OperationNotification): IntakeStep {
  const { id, externalId, status } = operation;
  if (!Object.hasOwn(operation.fragments, remoteAccessFragment)) {
    return ignored(state, id, "not a remote access operation");
  }
  if (externalId !== undefined && externalId !== state.deviceId) return ignored(state, id, "for another device");
  if (status !== "PENDING") return ignored(state, id, "not PENDING any more");
  const request = requestOf(operation);
  if ("problem" in request) {
    const seen = withMarks(state.seen, [idMark(id)]);
    if (state.seen.includes(idMark(id))) return { state, effects: [] };
    const message = failed(id, "policy.refused", request.problem);
    return { state: { ...state, seen }, effects: [{ kind: "report", message }] };
  }
  return receivedRequest(state, id, request);
}

function receivedRequest(state: IntakeState, id: string, request: ConnectRequest): IntakeStep {
  const mark = keyMark(request);
  const isKnown = state.seen.includes(idMark(id));
  const twin = [...state.awaitingTwin, ...state.queued].find((each) => each.mark === mark);
  const noted = { ...state, seen: withMarks(state.seen, [idMark(id), mark]) };
  if (isKnown) return { state: noted, effects: [] };
  if (twin !== undefined) {
    const started = run(without(noted, twin.name), { operation: id, id, mark }, request);
    return { state: started.state, effects: [{ kind: "calm", name: twin.name }, ...started.effects] };
  }
  // Running by name already: from now on its id is known, so its end hits the right operation.
  const running = noted.running.map((each) => (each.mark === mark ? { ...each, id } : each));
  if (state.seen.includes(mark)) return { state: { ...noted, running }, effects: [] };
  return run(noted, { operation: id, id, mark }, request);
}

function receivedLine(state: IntakeState, deviceId: string, request: ConnectRequest): IntakeStep {
  const mark = keyMark(request);
  if (deviceId !== state.deviceId) return ignored(state, undefined, "for another device");
  // Its twin comes or came as JSON.
  if (state.hasJson || state.seen.includes(mark)) return { state, effects: [] };
  if (state.awaitingTwin.length + state.queued.length >= unnamedMax) {
    return ignored(state, undefined, `more than ${unnamedMax} operations without an id at the same time`);
  }
  const unnamedCount = state.unnamedCount + 1;
  const name = `smartrest-${unnamedCount}`;
  return {
    state: {
      ...state,
      unnamedCount,
      seen: withMarks(state.seen, [mark]),
      awaitingTwin: [...state.awaitingTwin, { name, mark, request }],
    },
    effects: [{ kind: "wait", name, what: "twin" }],
  };
}

/**
 * Starts the next operation without an id once nothing else is being opened: its statuses go to the oldest operation
 * of the name, which then is this one.
 */
function advance(state: IntakeState): IntakeStep {
  const [next, ...queued] = state.queued;
  if (next === undefined || state.running.length > 0) return { state, effects: [] };
  const { name, mark, request } = next;
  const started = run({ ...state, queued }, { operation: name, id: undefined, mark }, request);
  return { state: started.state, effects: [{ kind: "calm", name }, ...started.effects] };
}

function run(state: IntakeState, operation: RunningOperation, request: ConnectRequest): IntakeStep {
  return {
    state: { ...state, running: [...state.running, operation] },
    effects: [
      { kind: "report", message: executing(operation.id) },
      { kind: "request", operation: operation.operation, request },
    ],
  };
}

function requestOf({ fragments }: OperationNotification): ConnectRequest | { readonly problem: string } {
  const fragment = fragments[remoteAccessFragment];
  if (typeof fragment !== "object" || fragment === null)
    return { problem: `${remoteAccessFragment} must be an object` };
  const { hostname, port, connectionKey } = fragment as Readonly<Record<string, unknown>>;
  try {
    return parseConnectRequest({ hostname, port, connectionKey });
  } catch (error) {
    if (error instanceof ProtocolError) return { problem: error.message };
    throw error;
  }
}

function without(state: IntakeState, name: string): IntakeState {
  return {
    ...state,
    awaitingTwin: state.awaitingTwin.filter((each) => each.name !== name),
    queued: state.queued.filter((each) => each.name !== name),
  };
}

function follow(step: IntakeStep, next: (state: IntakeState) => IntakeStep): IntakeStep {
  const following = next(step.state);
  return { state: following.state, effects: [...step.effects, ...following.effects] };
}

function ignored(state: IntakeState, operation: string | undefined, why: string): IntakeStep {
  return { state, effects: [log("info", "operation.ignored", { operation, why })] };
}

function log(level: LogEntry["level"], event: string, fields: NonNullable<LogEntry["fields"]>): IntakeEffect {
  return { kind: "log", entry: { level, event, fields } };
}
