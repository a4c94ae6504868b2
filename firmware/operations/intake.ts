// Sorts what the cloud sends into requests for tunnels and for device management. Pure: a state and what happened in, the next state and effects out.
import type { CloseReason } from "#protocol/close-reason.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import type { OperationNotification } from "#protocol/smartrest/operation-notification.ts";
import type { CloudMessage } from "../connectivity/cloud-message.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import { executing, failed, failedInWords, successful } from "./operation-reports.ts";
import { idMark, withMarks } from "./seen-operations.ts";
import { fragmentOf, type Identified, markOf, readWanted, type Wanted } from "./wanted.ts";

export interface IntakeState {
  /** External id of this gateway. */
  readonly deviceId: string;
  /** Fragments of the operations of device management that this gateway does; it says of all others that it does not. */
  readonly taken: readonly string[];
  /** Whether this connection has brought an operation as JSON: then its SmartREST lines are only twins. */
  readonly hasJson: boolean;
  readonly seen: readonly string[];
  /** Marks of what was run by name in this connection, once for each run: the JSON twin may still come. */
  readonly ranByName: readonly string[];
  /** SmartREST lines taken so far, for their names. */
  readonly unnamedCount: number;
  readonly awaitingTwin: readonly UnnamedOperation[];
  /** Had no twin and wait for their turn. */
  readonly queued: readonly UnnamedOperation[];
  /** EXECUTING, and neither SUCCESSFUL nor FAILED yet. */
  readonly running: readonly RunningOperation[];
}

/** From a SmartREST line: the operation's id is not known. */
interface UnnamedOperation {
  readonly name: string;
  readonly mark: string;
  readonly wanted: Wanted;
}

interface RunningOperation extends Identified {
  /** Its id, or a name of ours. */
  readonly operation: string;
  readonly mark: string;
}

export type IntakeEffect =
  | { readonly kind: "request"; readonly operation: string; readonly request: ConnectRequest }
  | ({ readonly kind: "manage"; readonly operation: string; readonly id?: string } & ManageWanted)
  | { readonly kind: "report"; readonly message: OutgoingMessage }
  | { readonly kind: "log"; readonly entry: LogEntry }
  /** Calls back with `twinMissed` or `turnMissed` after the wait, unless `calm` comes first. */
  | { readonly kind: "wait"; readonly name: string; readonly what: "twin" | "turn" | "management-turn" }
  | { readonly kind: "calm"; readonly name: string };

type ManageWanted = Pick<Extract<Wanted, { kind: "manage" }>, "request">;

export interface IntakeStep {
  readonly state: IntakeState;
  readonly effects: readonly IntakeEffect[];
}

/** How a request for device management ended. */
export type ManagementOutcome =
  | { readonly ok: true; readonly parameters?: readonly string[] }
  | { readonly ok: false; readonly why: string };

/** Operations without an id that wait at the same time. */
export const unnamedMax = 16;
/** Runs by name whose JSON twin is waited for. */
const ranByNameMax = 64;

export function initialIntake(deviceId: string, taken: readonly string[] = []): IntakeState {
  return {
    deviceId,
    taken,
    hasJson: false,
    seen: [],
    ranByName: [],
    unnamedCount: 0,
    awaitingTwin: [],
    queued: [],
    running: [],
  };
}

/** Whether the next connection brings JSON is to be seen; what comes in it was not run by name in this one. */
export function disconnected(state: IntakeState): IntakeState {
  return { ...state, hasJson: false, ranByName: [] };
}

export function received(state: IntakeState, message: CloudMessage): IntakeStep {
  switch (message.kind) {
    case "operation":
      return receivedOperation({ ...state, hasJson: true }, message.operation);
    case "connect":
      return receivedLine(state, message.deviceId, { kind: "connect", request: message.request });
    case "manage":
      return receivedLine(state, message.deviceId, { kind: "manage", request: message.request });
    case "unknown-operation":
      return receivedLine(state, message.deviceId, { kind: "unknown", fragment: message.fragment });
    case "refused":
      return { state, effects: [log("warn", "smartrest.refused", { what: message.what })] };
    case "other":
      return ignored(state, undefined, `${message.what} is nothing that this gateway handles`);
    default:
      return message satisfies never;
  }
}

/** The JSON twin of a SmartREST line did not come in time. */
export function twinMissed(state: IntakeState, name: string): IntakeStep {
  const operation = state.awaitingTwin.find((each) => each.name === name);
  if (operation === undefined) return { state, effects: [] };
  const queued = { ...without(state, name), queued: [...state.queued, operation] };
  const what = operation.wanted.kind === "connect" ? "turn" : "management-turn";
  return follow({ state: queued, effects: [{ kind: "wait", name, what }] }, advance);
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
  return over(state, operation, (running) =>
    failure ? failed(running, failure.reason, failure.detail) : successful(running),
  );
}

/** What was asked for by `manage` is over. */
export function managed(state: IntakeState, operation: string, outcome: ManagementOutcome): IntakeStep {
  return over(state, operation, (running) =>
    outcome.ok ? successful(running, outcome.parameters) : failedInWords(running, outcome.why),
  );
}

/** Who does the operations of device management has broken, and knows of none of them any more. */
export function managementLost(state: IntakeState): IntakeStep {
  const outcome: ManagementOutcome = { ok: false, why: "it could not be finished: a part of the gateway broke" };
  const lost = state.running.filter(({ fragment }) => state.taken.includes(fragment));
  return lost.reduce<IntakeStep>((step, { operation }) => follow(step, (next) => managed(next, operation, outcome)), {
    state,
    effects: [],
  });
}

function over(
  state: IntakeState,
  operation: string,
  report: (running: RunningOperation) => OutgoingMessage,
): IntakeStep {
  const running = state.running.find((each) => each.operation === operation);
  if (running === undefined) return { state, effects: [] };
  const rest = { ...state, running: state.running.filter((each) => each !== running) };
  return follow({ state: rest, effects: [{ kind: "report", message: report(running) }] }, advance);
}

function receivedOperation(state: IntakeState, operation: OperationNotification): IntakeStep {
  const { id, externalId, status } = operation;
  if (externalId !== undefined && externalId !== state.deviceId) return ignored(state, id, "for another device");
  if (status !== "PENDING") return ignored(state, id, "not PENDING any more");
  if (state.seen.includes(idMark(id))) return { state, effects: [] };
  const wanted = readWanted(operation.fragments);
  if (wanted === undefined) return ignored(state, id, "it asks for nothing");
  return receivedWanted({ ...state, seen: withMarks(state.seen, [idMark(id)]) }, id, wanted);
}

function receivedWanted(state: IntakeState, id: string, wanted: Wanted): IntakeStep {
  const mark = markOf(wanted);
  const operation = { operation: id, id, fragment: fragmentOf(wanted), mark };
  const twin = [...state.awaitingTwin, ...state.queued].find((each) => each.mark === mark);
  if (twin !== undefined) {
    const started = run(without(state, twin.name), operation, wanted);
    return { state: started.state, effects: [{ kind: "calm", name: twin.name }, ...started.effects] };
  }
  // Running by name already: from now on its id is known, so its end hits the right operation.
  const nameless = state.running.find((each) => each.mark === mark && each.id === undefined);
  const running = state.running.map((each) => (each === nameless ? { ...each, id } : each));
  if (nameless !== undefined || state.ranByName.includes(mark)) {
    return { state: { ...state, running, ranByName: withoutFirst(state.ranByName, mark) }, effects: [] };
  }
  // A connection key opens one tunnel, whatever the id. The same command may be meant twice.
  if (wanted.kind === "connect" && state.seen.includes(mark)) return { state, effects: [] };
  return run(state, operation, wanted);
}

function receivedLine(state: IntakeState, deviceId: string, wanted: Wanted): IntakeStep {
  const mark = markOf(wanted);
  if (deviceId !== state.deviceId) return ignored(state, undefined, "for another device");
  // Its twin comes or came as JSON.
  if (state.hasJson || (wanted.kind === "connect" && state.seen.includes(mark))) return { state, effects: [] };
  if (state.awaitingTwin.length + state.queued.length >= unnamedMax) {
    return ignored(state, undefined, `more than ${unnamedMax} operations without an id at the same time`);
  }
  const unnamedCount = state.unnamedCount + 1;
  const name = `smartrest-${unnamedCount}`;
  return {
    state: {
      ...state,
      unnamedCount,
      seen: wanted.kind === "connect" ? withMarks(state.seen, [mark]) : state.seen,
      awaitingTwin: [...state.awaitingTwin, { name, mark, wanted }],
    },
    effects: [{ kind: "wait", name, what: "twin" }],
  };
}

/**
 * Starts each next operation without an id of whose kind nothing else runs: its statuses go to the oldest operation of
 * the name, which then is this one.
 */
function advance(state: IntakeState): IntakeStep {
  const next = state.queued.find(({ wanted }) => !state.running.some((each) => each.fragment === fragmentOf(wanted)));
  if (next === undefined) return { state, effects: [] };
  const { name, mark, wanted } = next;
  const noted = {
    ...without(state, name),
    ranByName: wanted.kind === "connect" ? state.ranByName : [...state.ranByName, mark].slice(-ranByNameMax),
  };
  const started = run(noted, { operation: name, id: undefined, fragment: fragmentOf(wanted), mark }, wanted);
  return follow({ state: started.state, effects: [{ kind: "calm", name }, ...started.effects] }, advance);
}

function run(state: IntakeState, operation: RunningOperation, wanted: Wanted): IntakeStep {
  const refusal = refusalOf(state, wanted);
  if (refusal !== undefined) return { state, effects: refused(operation, refusal) };
  const noted = wanted.kind === "connect" ? { ...state, seen: withMarks(state.seen, [operation.mark]) } : state;
  return {
    state: { ...noted, running: [...state.running, operation] },
    effects: [{ kind: "report", message: executing(operation) }, effectOf(operation, wanted)],
  };
}

function effectOf({ operation, id }: RunningOperation, wanted: Wanted): IntakeEffect {
  switch (wanted.kind) {
    case "connect":
      return { kind: "request", operation, request: wanted.request };
    case "manage":
      return { kind: "manage", operation, request: wanted.request, ...(id === undefined ? {} : { id }) };
    default:
      throw new Error("must hold: what is not taken was refused");
  }
}

/** Why it is not done; undefined if it is. */
function refusalOf({ taken }: IntakeState, wanted: Wanted): ((operation: Identified) => OutgoingMessage) | undefined {
  switch (wanted.kind) {
    case "connect":
      return undefined;
    case "malformed-connect":
      return (operation) => failed(operation, "policy.refused", wanted.problem);
    case "malformed":
      return (operation) => failedInWords(operation, `the operation cannot be read: ${wanted.problem}`);
    default: {
      const fragment = fragmentOf(wanted);
      if (wanted.kind === "manage" && taken.includes(fragment)) return undefined;
      return (operation) => failedInWords(operation, `this gateway is not set up to do ${fragment}`);
    }
  }
}

/** By name it must be EXECUTING first: only such a one can fail (protocol.md 4.5). */
function refused(operation: Identified, report: (operation: Identified) => OutgoingMessage): readonly IntakeEffect[] {
  const failure: IntakeEffect = { kind: "report", message: report(operation) };
  return operation.id === undefined ? [{ kind: "report", message: executing(operation) }, failure] : [failure];
}

function without(state: IntakeState, name: string): IntakeState {
  return {
    ...state,
    awaitingTwin: state.awaitingTwin.filter((each) => each.name !== name),
    queued: state.queued.filter((each) => each.name !== name),
  };
}

function withoutFirst(marks: readonly string[], mark: string): readonly string[] {
  const at = marks.indexOf(mark);
  return at === -1 ? marks : marks.toSpliced(at, 1);
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
