// The hardware watchdog: petted only after the root has answered, in a turn of its own, that it makes progress.
import { assign, fromCallback, sendParent, sendTo, setup } from "xstate";
import { messageOf } from "../errors.ts";
import type { TimerCommand, TimerFact } from "./watchdog.actor.ts";

export interface WatchdogInput {
  /** Asked for; the hardware takes the nearest that it can do. */
  readonly timeoutMs: number;
}

/** What the root is asked, by whoever wants to know: it calls `answer` in its own turn. */
export interface ProgressQuestion {
  readonly type: "progress.asked";
  readonly answer: () => void;
}

export type WatchdogCommand =
  | { readonly type: "watchdog.answered" }
  /** The gateway ends in order: the board is to stay up. */
  | { readonly type: "watchdog.stop" };

export type WatchdogFact =
  | ProgressQuestion
  | { readonly type: "watchdog.armed"; readonly timeoutMs: number }
  | { readonly type: "watchdog.unusable"; readonly why: string }
  | { readonly type: "watchdog.disarmed" }
  /** The board restarts after the time-out, whatever is done. */
  | { readonly type: "watchdog.kept"; readonly why: string };

interface WatchdogContext extends WatchdogInput {}

/** So many pets fit into a time-out: two may come late before the board restarts. */
const petsPerTimeout = 3;

export const watchdogMachine = setup({
  types: {
    input: {} as WatchdogInput,
    context: {} as WatchdogContext,
    events: {} as WatchdogCommand | TimerFact,
  },
  actors: {
    timer: fromCallback<TimerCommand, WatchdogInput>(() => {}),
  },
  actions: {
    rememberTimeout: assign((_, { timeoutMs }: { timeoutMs: number }) => ({ timeoutMs })),
    pet: sendTo("timer", { type: "timer.pet" } satisfies TimerCommand),
    disarm: sendTo("timer", { type: "timer.disarm" } satisfies TimerCommand),
    tellAsked: sendParent(({ self }): WatchdogFact => {
      return { type: "progress.asked", answer: () => self.send({ type: "watchdog.answered" }) };
    }),
    tellArmed: sendParent((_, { timeoutMs }: { timeoutMs: number }): WatchdogFact => {
      return { type: "watchdog.armed", timeoutMs };
    }),
    tellUnusable: sendParent((_, { why }: { why: string }): WatchdogFact => ({ type: "watchdog.unusable", why })),
    tellDisarmed: sendParent({ type: "watchdog.disarmed" } satisfies WatchdogFact),
    tellKept: sendParent((_, { why }: { why: string }): WatchdogFact => ({ type: "watchdog.kept", why })),
  },
  delays: { untilPet: ({ context }) => context.timeoutMs / petsPerTimeout },
}).createMachine({
  id: "watchdog",
  context: ({ input }) => ({ ...input }),
  invoke: {
    id: "timer",
    src: "timer",
    input: ({ context }) => context,
    onError: {
      target: ".unusable",
      actions: { type: "tellUnusable", params: ({ event }) => ({ why: messageOf(event.error) }) },
    },
  },
  initial: "arming",
  states: {
    arming: {
      on: {
        "timer.armed": {
          target: "armed",
          actions: [
            { type: "rememberTimeout", params: ({ event }) => event },
            { type: "tellArmed", params: ({ event }) => event },
          ],
        },
        "timer.unusable": { target: "unusable", actions: { type: "tellUnusable", params: ({ event }) => event } },
        "watchdog.stop": "disarming",
      },
    },
    armed: {
      on: { "watchdog.stop": "disarming" },
      initial: "resting",
      states: {
        resting: { after: { untilPet: "asking" } },
        asking: {
          description: "A root that does not answer is not petted for, and the board restarts.",
          entry: "tellAsked",
          on: { "watchdog.answered": { target: "resting", actions: "pet" } },
        },
      },
    },
    disarming: {
      entry: "disarm",
      on: {
        "timer.disarmed": { target: "disarmed", actions: "tellDisarmed" },
        "timer.kept": { target: "disarmed", actions: { type: "tellKept", params: ({ event }) => event } },
      },
    },
    disarmed: {},
    unusable: { description: "The gateway works without one." },
  },
});
