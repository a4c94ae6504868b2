// Turns what the cloud sends into requests for tunnels, each once, and into status reports that hit the right operation.
import { enqueueActions, sendParent, setup } from "xstate";
import type { CloseReason } from "#protocol/close-reason.ts";
import type { ManagementRequest } from "#protocol/device-management.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import type { CloudMessage } from "../connectivity/cloud-message.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import {
  disconnected,
  ended,
  type IntakeEffect,
  type IntakeState,
  type IntakeStep,
  initialIntake,
  type ManagementOutcome,
  managed,
  managementLost,
  received,
  turnMissed,
  twinMissed,
} from "./intake.ts";

export interface OperationsInput {
  /** External id of this gateway. */
  readonly deviceId: string;
  /** Fragments of the operations of device management that this gateway does; none where absent. */
  readonly taken?: readonly string[];
}

export type OperationsCommand =
  /** The connection to the cloud is gone. */
  | { readonly type: "operations.disconnected" }
  | { readonly type: "operations.received"; readonly message: CloudMessage }
  | { readonly type: "operation.succeeded"; readonly operation: string }
  | {
      readonly type: "operation.failed";
      readonly operation: string;
      readonly reason: CloseReason;
      readonly detail: string;
    }
  /** Nobody will finish the operations of device management that run. */
  | { readonly type: "operations.management-lost" }
  /** An operation of device management is over. */
  | { readonly type: "operation.managed"; readonly operation: string; readonly outcome: ManagementOutcome };

/** What the parent is told. */
export type OperationsFact =
  /** `operation` names it from now on, in logs too: its id, or a name of ours where the cloud told none. */
  | { readonly type: "operation.requested"; readonly operation: string; readonly request: ConnectRequest }
  | {
      readonly type: "management.requested";
      readonly operation: string;
      /** Where the cloud told it. */
      readonly id?: string;
      readonly request: ManagementRequest;
    }
  | ({ readonly type: "operation.reported" } & OutgoingMessage);

type OperationsEvent =
  | OperationsCommand
  | { readonly type: "twin.missed"; readonly name: string }
  | { readonly type: "turn.missed"; readonly name: string };

/** How long a SmartREST line waits for the same operation as JSON. */
export const twinWaitMs = 2_000;
/** How long it then waits for its turn. The cloud fails an operation that nobody finished in 30 s, and a later status would hit another. */
export const turnWaitMs = 20_000;
/** An operation of device management has no such limit in the cloud; what still waits then waits for something that hangs. */
export const managementTurnWaitMs = 600_000;
const waitsMs = { twin: twinWaitMs, turn: turnWaitMs, "management-turn": managementTurnWaitMs } as const;

export const operationsMachine = setup({
  types: {
    input: {} as OperationsInput,
    context: {} as { readonly intake: IntakeState },
    events: {} as OperationsEvent,
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    tell: sendParent((_, fact: OperationsFact) => fact),
  },
}).createMachine({
  id: "operations",
  description: "One state: what it knows is in the intake.",
  context: ({ input }) => ({ intake: initialIntake(input.deviceId, input.taken) }),
  on: {
    "*": {
      actions: enqueueActions(({ context, event, enqueue }) => {
        const { state, effects } = step(context.intake, event);
        enqueue.assign({ intake: state });
        for (const effect of effects) {
          switch (effect.kind) {
            case "request":
            case "manage":
            case "report":
              enqueue({ type: "tell", params: factOf(effect) });
              break;
            case "log":
              enqueue({ type: "log", params: effect.entry });
              break;
            case "wait":
              // The timer bears the operation's name, so that it can be cancelled.
              enqueue.raise(eventAfter(effect), { id: effect.name, delay: waitsMs[effect.what] });
              break;
            case "calm":
              enqueue.cancel(effect.name);
              break;
            default:
              effect satisfies never;
          }
        }
      }),
    },
  },
});

function step(state: IntakeState, event: OperationsEvent): IntakeStep {
  switch (event.type) {
    case "operations.disconnected":
      return { state: disconnected(state), effects: [] };
    case "operations.management-lost":
      return managementLost(state);
    case "operations.received":
      return received(state, event.message);
    case "operation.succeeded":
      return ended(state, event.operation);
    case "operation.failed":
      return ended(state, event.operation, event);
    case "operation.managed":
      return managed(state, event.operation, event.outcome);
    case "twin.missed":
      return twinMissed(state, event.name);
    case "turn.missed":
      return turnMissed(state, event.name);
    default:
      return event satisfies never;
  }
}

function factOf(effect: Extract<IntakeEffect, { kind: "request" | "manage" | "report" }>): OperationsFact {
  switch (effect.kind) {
    case "request":
      return { type: "operation.requested", operation: effect.operation, request: effect.request };
    case "manage": {
      const { operation, id, request } = effect;
      return { type: "management.requested", operation, request, ...(id === undefined ? {} : { id }) };
    }
    case "report":
      return { type: "operation.reported", ...effect.message };
    default:
      return effect satisfies never;
  }
}

function eventAfter({ name, what }: Extract<IntakeEffect, { kind: "wait" }>): OperationsEvent {
  return what === "twin" ? { type: "twin.missed", name } : { type: "turn.missed", name };
}
