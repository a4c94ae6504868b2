// One tunnel, from the request to its one reason for ending: policy, both dials, forwarding, and the order of closing.
import { assign, fromCallback, fromPromise, sendParent, sendTo, setup, stateIn } from "xstate";
import type { CloseReason } from "#protocol/close-reason.ts";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import { messageOf } from "../errors.ts";
import type { LegsCommand, LegsFact, TunnelCounts } from "./leg-facts.ts";
import type { PanelTarget } from "./panel-target.ts";
import type { TargetOutcome } from "./target-check.ts";
import type { LegsInput } from "./tunnel-legs.ts";

export interface TunnelInput {
  readonly operation: string;
  readonly request: ConnectRequest;
  readonly limits: TunnelLimits;
}

export interface TunnelLimits {
  /** For both sides to stand, from the moment the target is allowed. */
  readonly dialTimeoutMs: number;
  /** For the far end to close, and again for the panel to end. */
  readonly drainMs: number;
}

export type TunnelCommand =
  | { readonly type: "tunnel.stop"; readonly reason: CloseReason }
  /** Resets what is still there; the reason stays. */
  | { readonly type: "tunnel.cut" };

/** What the parent is told: opened or failed, then closed. */
export type TunnelFact =
  | { readonly type: "tunnel.opened"; readonly operation: string }
  | {
      readonly type: "tunnel.failed";
      readonly operation: string;
      readonly reason: CloseReason;
      /** Why, for people, without a secret; may be empty. */
      readonly detail: string;
    }
  | ({
      readonly type: "tunnel.closed";
      readonly operation: string;
      readonly reason: CloseReason;
      readonly detail: string;
      readonly wasOpen: boolean;
    } & TunnelCounts);

interface TunnelContext extends TunnelInput {
  readonly target: PanelTarget;
  /** The first cause; later ones are its consequences. */
  readonly reason: CloseReason;
  readonly detail: string;
  readonly wasOpen: boolean;
  readonly counts: TunnelCounts;
}

type TunnelEvent = TunnelCommand | LegsFact;

interface Cause {
  readonly reason: CloseReason;
  readonly detail: string;
}

/** The ports' own limits come first and know more; this one holds if they do not. */
const dialSlackMs = 500;

export const tunnelMachine = setup({
  types: {
    input: {} as TunnelInput,
    context: {} as TunnelContext,
    events: {} as TunnelEvent,
  },
  actors: {
    targetCheck: fromPromise<TargetOutcome, { readonly request: ConnectRequest }>(() =>
      Promise.reject(new Error("not provided")),
    ),
    legs: fromCallback<LegsCommand, LegsInput>(() => {}),
  },
  actions: {
    rememberTarget: assign((_, outcome: TargetOutcome) =>
      outcome.kind === "allowed" ? { target: outcome.target } : {},
    ),
    rememberRefusal: assign((_, outcome: TargetOutcome) =>
      outcome.kind === "refused" ? { reason: outcome.reason, detail: outcome.detail } : {},
    ),
    rememberCause: assign((_, { reason, detail }: Cause) => ({ reason, detail })),
    rememberOpen: assign({ wasOpen: true }),
    rememberCounts: assign(({ event }) => {
      if (event.type !== "legs.closed") return {};
      const { bytesUp, bytesDown, durationMs } = event;
      return { counts: { bytesUp, bytesDown, durationMs } };
    }),
    forward: sendTo("legs", { type: "legs.forward" } satisfies LegsCommand),
    finish: sendTo("legs", ({ context }): LegsCommand => ({ type: "legs.finish", reason: context.reason })),
    cut: sendTo("legs", { type: "legs.cut" } satisfies LegsCommand),
    tellOpened: sendParent(({ context }): TunnelFact => ({ type: "tunnel.opened", operation: context.operation })),
    tellFailed: sendParent(({ context }): TunnelFact => {
      const { operation, reason, detail } = context;
      return { type: "tunnel.failed", operation, reason, detail };
    }),
    tellClosed: sendParent(({ context }): TunnelFact => {
      const { operation, reason, detail, wasOpen, counts } = context;
      return { type: "tunnel.closed", operation, reason, detail, wasOpen, ...counts };
    }),
  },
  guards: {
    isAllowed: (_, outcome: TargetOutcome) => outcome.kind === "allowed",
  },
  delays: {
    dialLimit: ({ context }) => context.limits.dialTimeoutMs + dialSlackMs,
    drainLimit: ({ context }) => context.limits.drainMs,
  },
}).createMachine({
  id: "tunnel",
  context: ({ input }) => ({
    ...input,
    target: { address: "", port: input.request.port },
    reason: "internal.error",
    detail: "",
    wasOpen: false,
    counts: { bytesUp: 0, bytesDown: 0, durationMs: 0 },
  }),
  initial: "checking",
  states: {
    checking: {
      description: "The gateway's own policy comes before any socket.",
      invoke: {
        src: "targetCheck",
        input: ({ context }) => ({ request: context.request }),
        onDone: [
          {
            guard: { type: "isAllowed", params: ({ event }) => event.output },
            target: "standing",
            actions: { type: "rememberTarget", params: ({ event }) => event.output },
          },
          { target: "refused", actions: { type: "rememberRefusal", params: ({ event }) => event.output } },
        ],
        onError: {
          target: "refused",
          actions: { type: "rememberCause", params: ({ event }) => internalError(event.error) },
        },
      },
      on: {
        "tunnel.stop": {
          target: "refused",
          actions: { type: "rememberCause", params: ({ event }) => ({ reason: event.reason, detail: "" }) },
        },
      },
    },
    refused: { always: { target: "closed", actions: "tellFailed" } },
    standing: {
      description: "There are legs, being dialled, forwarding or closing.",
      invoke: {
        id: "legs",
        src: "legs",
        input: ({ context }) => ({
          operation: context.operation,
          request: context.request,
          target: context.target,
        }),
        onError: [
          {
            guard: stateIn({ standing: "opening" }),
            target: "refused",
            actions: { type: "rememberCause", params: ({ event }) => internalError(event.error) },
          },
          {
            guard: stateIn({ standing: "forwarding" }),
            target: "closed",
            actions: { type: "rememberCause", params: ({ event }) => internalError(event.error) },
          },
          { target: "closed" },
        ],
      },
      on: {
        "legs.closed": { target: "closed", actions: "rememberCounts" },
        "tunnel.cut": { actions: "cut" },
      },
      initial: "opening",
      states: {
        opening: {
          on: {
            "panel.failed": { target: "failing", actions: { type: "rememberCause", params: ({ event }) => event } },
            "cloud.failed": { target: "failing", actions: { type: "rememberCause", params: ({ event }) => event } },
            "tunnel.stop": {
              target: "failing",
              actions: { type: "rememberCause", params: ({ event }) => ({ reason: event.reason, detail: "" }) },
            },
          },
          after: {
            dialLimit: [
              {
                guard: stateIn("#awaitingCloud"),
                target: "failing",
                actions: { type: "rememberCause", params: cloudTimeout },
              },
              { target: "failing", actions: { type: "rememberCause", params: panelTimeout } },
            ],
          },
          initial: "dialing",
          states: {
            dialing: { on: { "panel.connected": "awaitingCloud", "cloud.connected": "awaitingPanel" } },
            awaitingPanel: { on: { "panel.connected": "#tunnel.standing.forwarding" } },
            awaitingCloud: { id: "awaitingCloud", on: { "cloud.connected": "#tunnel.standing.forwarding" } },
          },
        },
        failing: { entry: "tellFailed", always: "finishing" },
        forwarding: {
          entry: ["rememberOpen", "tellOpened", "forward"],
          on: {
            "panel.ended": { target: "finishing", actions: { type: "rememberCause", params: panelClosed } },
            "panel.broke": { target: "finishing", actions: { type: "rememberCause", params: ({ event }) => event } },
            "cloud.ended": { target: "finishing", actions: { type: "rememberCause", params: ({ event }) => event } },
            "tunnel.stop": {
              target: "finishing",
              actions: { type: "rememberCause", params: ({ event }) => ({ reason: event.reason, detail: "" }) },
            },
          },
        },
        finishing: {
          entry: "finish",
          on: { "cloud.gone": ".draining" },
          initial: "flushing",
          states: {
            flushing: {
              description:
                "What was read from the panel is on its way; as long as the cloud takes some of it, it gets time.",
              on: { "cloud.flushed": "awaitingCloud" },
            },
            awaitingCloud: { after: { drainLimit: { actions: "cut" } } },
            draining: { after: { drainLimit: { actions: "cut" } } },
          },
        },
      },
    },
    closed: { type: "final", entry: "tellClosed" },
  },
});

function panelClosed(): Cause {
  return { reason: "panel.closed", detail: "" };
}

function panelTimeout(): Cause {
  return { reason: "panel.timeout", detail: "" };
}

function cloudTimeout(): Cause {
  return { reason: "cloud.lost", detail: "device websocket: it did not answer in time" };
}

function internalError(error: unknown): Cause {
  return { reason: "internal.error", detail: messageOf(error) };
}
