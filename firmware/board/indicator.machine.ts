// What the LEDs show: the most urgent of what the gateway does, is wrong with it, and its button is about to do.
import { assign, fromCallback, sendTo, setup } from "xstate";
import type { LampsCommand } from "./indicator.actor.ts";
import type { PatternName } from "./patterns.ts";

export type IndicatorCommand =
  | { readonly type: "indicator.phase"; readonly phase: Phase }
  | { readonly type: "indicator.tunnels"; readonly open: number }
  | { readonly type: "indicator.faulted"; readonly fault: string }
  | { readonly type: "indicator.mended"; readonly fault: string }
  | { readonly type: "indicator.reset"; readonly reset: ResetStage };

export type Phase = "registering" | "connecting" | "online";
/** How far the button is towards a factory reset. */
export type ResetStage = "none" | "warned" | "confirmed";

interface IndicatorContext {
  readonly phase: Phase;
  readonly openTunnels: number;
  /** Names of what is wrong. */
  readonly faults: readonly string[];
  readonly reset: ResetStage;
}

export const indicatorMachine = setup({
  types: {
    context: {} as IndicatorContext,
    events: {} as IndicatorCommand,
  },
  actors: {
    lamps: fromCallback<LampsCommand>(() => {}),
  },
  actions: {
    show: sendTo(
      "lamps",
      (_, { pattern }: { pattern: PatternName }): LampsCommand => ({ type: "lamps.show", pattern }),
    ),
    rememberPhase: assign((_, { phase }: { phase: Phase }) => ({ phase })),
    rememberTunnels: assign((_, { open }: { open: number }) => ({ openTunnels: open })),
    addFault: assign(({ context }, { fault }: { fault: string }) => ({ faults: [...without(context, fault), fault] })),
    dropFault: assign(({ context }, { fault }: { fault: string }) => ({ faults: without(context, fault) })),
    rememberReset: assign((_, { reset }: { reset: ResetStage }) => ({ reset })),
  },
  guards: {
    isReset: ({ context }, { stage }: { stage: ResetStage }) => context.reset === stage,
    isFaulty: ({ context }) => context.faults.length > 0,
    hasTunnel: ({ context }) => context.openTunnels > 0,
    isIn: ({ context }, { phase }: { phase: Phase }) => context.phase === phase,
  },
}).createMachine({
  id: "indicator",
  context: { phase: "registering", openTunnels: 0, faults: [], reset: "none" },
  invoke: { id: "lamps", src: "lamps" },
  on: {
    "indicator.phase": { target: ".choosing", actions: { type: "rememberPhase", params: ({ event }) => event } },
    "indicator.tunnels": { target: ".choosing", actions: { type: "rememberTunnels", params: ({ event }) => event } },
    "indicator.faulted": { target: ".choosing", actions: { type: "addFault", params: ({ event }) => event } },
    "indicator.mended": { target: ".choosing", actions: { type: "dropFault", params: ({ event }) => event } },
    "indicator.reset": { target: ".choosing", actions: { type: "rememberReset", params: ({ event }) => event } },
  },
  initial: "choosing",
  states: {
    choosing: {
      description: "The most urgent first.",
      always: [
        { guard: { type: "isReset", params: { stage: "confirmed" } }, target: "resetConfirmed" },
        { guard: { type: "isReset", params: { stage: "warned" } }, target: "resetWarned" },
        { guard: "isFaulty", target: "fault" },
        { guard: "hasTunnel", target: "tunnelOpen" },
        { guard: { type: "isIn", params: { phase: "online" } }, target: "online" },
        { guard: { type: "isIn", params: { phase: "connecting" } }, target: "connecting" },
        { target: "registering" },
      ],
    },
    registering: { entry: { type: "show", params: { pattern: "registering" } } },
    connecting: { entry: { type: "show", params: { pattern: "connecting" } } },
    online: { entry: { type: "show", params: { pattern: "online" } } },
    tunnelOpen: { entry: { type: "show", params: { pattern: "tunnelOpen" } } },
    fault: { entry: { type: "show", params: { pattern: "fault" } } },
    resetWarned: { entry: { type: "show", params: { pattern: "resetWarned" } } },
    resetConfirmed: { entry: { type: "show", params: { pattern: "resetConfirmed" } } },
  },
});

function without({ faults }: IndicatorContext, fault: string): readonly string[] {
  return faults.filter((each) => each !== fault);
}
