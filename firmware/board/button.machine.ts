// The board's button: settles its contacts, tells a short press, and resets the gateway when it was held for 10 s and let go.
import { fromCallback, raise, sendParent, setup } from "xstate";

/** Told by the contacts as they are, bouncing. */
export type ContactFact = { readonly type: "contact.changed"; readonly isClosed: boolean };

export type ButtonFact =
  | { readonly type: "button.pressed" }
  /** Held on, it will reset the gateway. */
  | { readonly type: "button.reset-warned" }
  /** Let go of now, it does. */
  | { readonly type: "button.reset-armed" }
  | { readonly type: "button.reset-called-off" }
  | { readonly type: "button.reset-confirmed" }
  /** Held for so long that nobody means it. */
  | { readonly type: "button.stuck" };

/** Contacts of push-buttons settle within a few ms. */
export const settleMs = 30;
export const warnAfterMs = 5_000;
export const resetAfterMs = 10_000;
/** Longer than anybody holds a button: something presses on it, or it is stuck, and it does nothing. */
export const stuckAfterMs = 60_000;

type ButtonEvent = ContactFact | { readonly type: "contact.closed" } | { readonly type: "contact.opened" };

export const buttonMachine = setup({
  types: { events: {} as ButtonEvent },
  actors: {
    contact: fromCallback<ContactFact>(() => {}),
  },
  actions: {
    tellPressed: sendParent({ type: "button.pressed" } satisfies ButtonFact),
    tellWarned: sendParent({ type: "button.reset-warned" } satisfies ButtonFact),
    tellArmed: sendParent({ type: "button.reset-armed" } satisfies ButtonFact),
    tellCalledOff: sendParent({ type: "button.reset-called-off" } satisfies ButtonFact),
    tellConfirmed: sendParent({ type: "button.reset-confirmed" } satisfies ButtonFact),
    tellStuck: sendParent({ type: "button.stuck" } satisfies ButtonFact),
  },
  guards: {
    isClosed: (_, { isClosed }: ContactFact) => isClosed,
    isOpen: (_, { isClosed }: ContactFact) => !isClosed,
  },
  delays: {
    settle: settleMs,
    // A press is known only once its contacts have settled; it counts from before.
    untilWarning: warnAfterMs - settleMs,
    untilReset: resetAfterMs - warnAfterMs,
    untilStuck: stuckAfterMs - resetAfterMs,
  },
}).createMachine({
  id: "button",
  invoke: { id: "contact", src: "contact" },
  type: "parallel",
  states: {
    contact: {
      initial: "open",
      states: {
        open: {
          on: { "contact.changed": { guard: { type: "isClosed", params: ({ event }) => event }, target: "closing" } },
        },
        closing: {
          on: { "contact.changed": { guard: { type: "isOpen", params: ({ event }) => event }, target: "open" } },
          after: { settle: { target: "closed", actions: raise({ type: "contact.closed" }) } },
        },
        closed: {
          on: { "contact.changed": { guard: { type: "isOpen", params: ({ event }) => event }, target: "opening" } },
        },
        opening: {
          on: { "contact.changed": { guard: { type: "isClosed", params: ({ event }) => event }, target: "closed" } },
          after: { settle: { target: "open", actions: raise({ type: "contact.opened" }) } },
        },
      },
    },
    hold: {
      initial: "free",
      states: {
        free: { on: { "contact.closed": "held" } },
        held: {
          on: { "contact.opened": { target: "free", actions: "tellPressed" } },
          after: { untilWarning: "warned" },
        },
        warned: {
          entry: "tellWarned",
          on: { "contact.opened": { target: "free", actions: "tellCalledOff" } },
          after: { untilReset: "armed" },
        },
        armed: {
          entry: "tellArmed",
          on: { "contact.opened": "confirmed" },
          after: { untilStuck: "stuck" },
        },
        stuck: { entry: "tellStuck", on: { "contact.opened": "free" } },
        confirmed: {
          description: "The gateway ends and begins anew, and a button with it: nothing that this one says counts.",
          entry: "tellConfirmed",
        },
      },
    },
  },
});
