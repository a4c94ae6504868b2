// Looks after the cellular modem: asks it again and again, restarts one that is stuck, and comes back after it was pulled out.
import { type ActorRefFrom, assign, fromCallback, type SnapshotFrom, sendParent, sendTo, setup } from "xstate";
import type { ModemFacts, ModemReading } from "#hardware/modem/read-modem.ts";
import type { AlarmFact } from "../alarm.ts";
import type { ModemSettings } from "../config/gateway-config.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import {
  healthyEntry,
  isResetAfter,
  isToldAfter,
  type ModemTrouble,
  mobileKey,
  mobileMessage,
  modemTroubles,
  signalMessage,
  troubleCleared,
  troubleEntry,
  troubleOf,
  troubleRaised,
} from "./modem-words.ts";

export interface ModemInput {
  readonly settings: ModemSettings;
  /** Between two looks. */
  readonly intervalMs: number;
}

/** What the parent is told. */
export type ModemFact = { readonly type: "modem.message"; readonly message: OutgoingMessage } | AlarmFact;

export interface LineInput {
  readonly settings: ModemSettings;
}

export type LineCommand = { readonly type: "line.look" } | { readonly type: "line.reset"; readonly maker?: string };

export type LineFact =
  | { readonly type: "line.opened" }
  | { readonly type: "line.read"; readonly reading: Exclude<ModemReading, { kind: "gone" }> }
  /** The modem said by itself that something has changed. */
  | { readonly type: "line.stirred" }
  /** What it answered to the restart, if it did. */
  | { readonly type: "line.reset-asked"; readonly answer: string }
  /** It could not be opened, or is gone. Nothing more comes. */
  | { readonly type: "line.closed"; readonly why: string };

interface ModemContext extends ModemInput {
  readonly facts: ModemFacts | undefined;
  readonly trouble: ModemTrouble | undefined;
  /** Looks in a row that have found this trouble. */
  readonly looks: number;
  readonly detail: string | undefined;
  /** Of which an alarm is active; unknown is what an earlier run has left. */
  readonly told: ModemTrouble | "unknown" | undefined;
  readonly resets: number;
}

/** Before the port is tried again: a modem that was pulled out, or restarts. */
export const reopenMs = 10_000;
/** Longest time for the port to open, for a look, and for the answer to a restart. */
export const openLimitMs = 20_000;
export const lookLimitMs = 120_000;
export const resetLimitMs = 45_000;
/** After the modem has said something by itself; more of it comes mostly. */
export const stirredMs = 2_000;
/** While a modem that has just been opened is searching, it is asked more often than for measurements. */
export const firstLooksMs = 10_000;

const parts = setup({
  types: {
    input: {} as ModemInput,
    context: {} as ModemContext,
    events: {} as LineFact,
  },
  actors: {
    /** Opens the port at its start and closes it at its end. */
    line: fromCallback<LineCommand, LineInput>(() => {}),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    tell: sendParent((_, fact: ModemFact) => fact),
    look: sendTo("line", { type: "line.look" } satisfies LineCommand),
    reset: sendTo("line", ({ context }): LineCommand => {
      const maker = context.facts?.maker;
      return { type: "line.reset", ...(maker === undefined ? {} : { maker }) };
    }),
    noteReset: assign(({ context }) => ({ resets: context.resets + 1 })),
  },
  guards: {
    isStuck: ({ context }) =>
      context.trouble !== undefined &&
      isResetAfter(context.trouble, context.looks, context.settings.resetAfterFailures),
    isTroubled: ({ context }) => context.trouble !== undefined,
  },
  delays: {
    lookDelay: ({ context }) => context.intervalMs,
    troubledDelay: ({ context }) => Math.min(context.intervalMs, firstLooksMs * 2 ** Math.min(context.looks - 1, 10)),
    stirredDelay: stirredMs,
    reopenDelay: reopenMs,
    openLimit: openLimitMs,
    lookLimit: lookLimitMs,
    resetLimit: resetLimitMs,
  },
});

/** Takes what a look, or what came in its place, says of the modem, and has it told. */
function follow(judging: (context: ModemContext, event: LineFact) => Judgement) {
  return parts.enqueueActions(({ context, event, enqueue }) => {
    const { change, entries, facts } = judging(context, event);
    enqueue.assign(change);
    for (const entry of entries) enqueue({ type: "log", params: entry });
    for (const fact of facts) enqueue({ type: "tell", params: fact });
  });
}

const judgeRead = follow((context, event) =>
  judge(context, event.type === "line.read" ? event.reading : { kind: "silent" }),
);
const judgeEndless = follow((context) => judge(context, { kind: "silent" }, "no end of a look"));
const judgeClosed = follow((context, event) => lost(context, event.type === "line.closed" ? event.why : ""));
const judgeUnopened = follow((context) => lost(context, "the port did not open in time"));
const judgeBroken = follow((context) => lost(context, "our own error, see the log"));

export const modemMachine = parts.createMachine({
  id: "modem",
  context: ({ input }) => ({
    ...input,
    facts: undefined,
    trouble: undefined,
    looks: 0,
    detail: undefined,
    told: "unknown",
    resets: 0,
  }),
  initial: "present",
  states: {
    present: {
      invoke: {
        id: "line",
        src: "line",
        input: ({ context }) => ({ settings: context.settings }),
        onError: { target: "broken", actions: { type: "log", params: errorEntry } },
      },
      on: {
        "line.closed": {
          target: "absent",
          actions: judgeClosed,
        },
      },
      initial: "opening",
      states: {
        opening: {
          after: {
            openLimit: {
              target: "#modem.absent",
              actions: judgeUnopened,
            },
          },
          on: { "line.opened": "looking" },
        },
        looking: {
          entry: "look",
          after: {
            lookLimit: {
              target: "judging",
              actions: judgeEndless,
            },
          },
          on: {
            "line.read": {
              target: "judging",
              actions: judgeRead,
            },
          },
        },
        judging: {
          always: [
            { guard: "isStuck", target: "resetting" },
            { guard: "isTroubled", target: "troubled" },
            { target: "healthy" },
          ],
        },
        healthy: {
          after: { lookDelay: "looking" },
          on: { "line.stirred": "stirred" },
        },
        troubled: {
          description: "It is asked again soon at first, then with the measurements.",
          after: { troubledDelay: "looking" },
          on: { "line.stirred": "stirred" },
        },
        stirred: { after: { stirredDelay: "looking" } },
        resetting: {
          entry: [
            "noteReset",
            {
              type: "log",
              params: ({ context }) => ({
                level: "warn",
                event: "modem.restarted",
                fields: { trouble: context.trouble, looks: context.looks },
              }),
            },
            "reset",
          ],
          // Its port goes with it, or is opened anew: what hangs may be that.
          after: { resetLimit: "#modem.absent" },
          on: { "line.reset-asked": "#modem.absent" },
        },
      },
    },
    broken: { entry: judgeBroken, always: "absent" },
    absent: {
      description: "The port is closed: it was pulled out, it restarts, or somebody else has it.",
      after: { reopenDelay: "present" },
    },
  },
});

export type ModemRef = ActorRefFrom<typeof modemMachine>;
export type ModemSnapshot = SnapshotFrom<typeof modemMachine>;

/** What comes of a look. */
interface Judgement {
  readonly change: Partial<ModemContext>;
  readonly entries: readonly LogEntry[];
  readonly facts: readonly ModemFact[];
}

function judge(context: ModemContext, reading: ModemReading, detail?: string): Judgement {
  const trouble = troubleOf(reading);
  const looks = trouble === context.trouble ? context.looks + 1 : 1;
  const isNews = trouble === undefined || isToldAfter(trouble, looks);
  const read = reading.kind === "facts" ? reading.facts : undefined;
  const entry =
    trouble !== undefined ? troubleEntry(trouble, detail) : read === undefined ? undefined : healthyEntry(read);
  return {
    change: { trouble, looks, facts: read ?? context.facts, detail, told: isNews ? trouble : context.told },
    entries: entry === undefined || looks > 1 ? [] : [entry],
    facts: [
      ...(isNews ? alarmFacts(context.told, trouble) : []),
      ...messagesOf(context.facts, read).map((message): ModemFact => ({ type: "modem.message", message })),
    ],
  };
}

function lost(context: ModemContext, why: string): Judgement {
  return judge(context, { kind: "gone", why }, why);
}

/** At most one of the modem's alarms is active, until there is no trouble or another that lasts. */
function alarmFacts(told: ModemContext["told"], now: ModemTrouble | undefined): readonly AlarmFact[] {
  const before = told === "unknown" ? modemTroubles : told === undefined ? [] : [told];
  return [
    ...before.filter((each) => each !== now).map(troubleCleared),
    ...(now === undefined || now === told ? [] : [troubleRaised(now)]),
  ];
}

function messagesOf(before: ModemFacts | undefined, facts: ModemFacts | undefined): readonly OutgoingMessage[] {
  if (facts === undefined) return [];
  const isNew = facts.imei !== undefined && (before === undefined || mobileKey(before) !== mobileKey(facts));
  return [
    ...(isNew ? [mobileMessage(facts)] : []),
    ...(facts.signalDbm === undefined ? [] : [signalMessage(facts.signalDbm)]),
  ];
}

function errorEntry({ event }: { readonly event: { readonly error: unknown } }): LogEntry {
  return { level: "error", event: "internal.error", fields: { where: "modem", what: messageOf(event.error) } };
}
