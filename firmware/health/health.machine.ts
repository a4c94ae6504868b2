// Looks after the board: measures it, tells the cloud, and keeps the gateway's alarms, whoever raises them.
import {
  type ActorRefFrom,
  fromCallback,
  fromPromise,
  raise,
  type SnapshotFrom,
  sendParent,
  setup,
  stateIn,
} from "xstate";
import type { AlarmFact } from "../alarm.ts";
import type { OutgoingMessage } from "../connectivity/outbox.ts";
import type { LogEntry } from "../log.ts";
import type { Alarms } from "./alarms.ts";
import {
  cleared,
  type HealthEffect,
  type HealthState,
  type HealthStep,
  initialHealth,
  looked,
  lookMs,
  raised,
  remembered,
  retold,
  settled,
  settleMs,
  started,
  triesStorage,
} from "./health-state.ts";
import type { HealthLimits, HealthSample } from "./sample.ts";

export interface HealthInput {
  readonly limits: HealthLimits;
}

export type HealthCommand =
  /** The gateway is registered: there is a cloud that can be told. */
  | { readonly type: "health.start" }
  /** Messages for the cloud were lost: what it knows of the alarms may be wrong. */
  | { readonly type: "health.retell" }
  /** What any part of the gateway says of an alarm; again is fine. */
  | AlarmFact;

/** What the parent is told. */
export type HealthFact =
  | { readonly type: "health.message"; readonly message: OutgoingMessage }
  /** From now on no tunnel shall be opened. */
  | { readonly type: "health.hot"; readonly celsius: number }
  | { readonly type: "health.cooled"; readonly celsius: number };

export interface LookInput {
  /** Whether to find out by doing it if the state can be stored. */
  readonly triesStorage: boolean;
}

export type StoreCommand = { readonly type: "store.write"; readonly alarms: Alarms };

/** The store alone says this: the alarms of now are not remembered over a restart. */
export type StoreFact = { readonly type: "store.failed"; readonly why: string };

export const restartDelayMs = 10_000;

/** What happened inside. */
type HealthOwnEvent =
  | { readonly type: "alarms.remembered"; readonly alarms: Alarms }
  | { readonly type: "board.looked"; readonly sample: HealthSample }
  | { readonly type: "alarms.settled" };

type HealthEvent = HealthCommand | HealthOwnEvent | StoreFact;

const parts = setup({
  types: {
    input: {} as HealthInput,
    context: {} as { readonly health: HealthState },
    events: {} as HealthEvent,
  },
  actors: {
    /** The alarms of the run before. */
    load: fromPromise<Alarms>(() => Promise.reject(new Error("not provided"))),
    look: fromPromise<HealthSample, LookInput>(() => Promise.reject(new Error("not provided"))),
    store: fromCallback<StoreCommand>(() => {}),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    tell: sendParent((_, fact: HealthFact) => fact),
  },
  guards: { hasStore: stateIn({ store: "open" }) },
  delays: {
    lookDelay: ({ context }) => lookMs(context.health.limits),
    settleDelay: settleMs,
    restartDelay: restartDelayMs,
  },
});

/** Takes the step that an event asks for, and has done what it brings. */
const follow = parts.enqueueActions(({ context, event, check, enqueue }) => {
  const { state, effects } = step(context.health, event);
  enqueue.assign({ health: state });
  for (const effect of effects) {
    switch (effect.kind) {
      case "log":
        enqueue({ type: "log", params: effect.entry });
        break;
      case "store":
        // While it is broken the alarms are kept in memory only.
        if (check("hasStore")) {
          enqueue.sendTo("store", { type: "store.write", alarms: effect.alarms });
        }
        break;
      default:
        enqueue({ type: "tell", params: factOf(effect) });
    }
  }
});

export const healthMachine = parts.createMachine({
  id: "health",
  context: ({ input }) => ({ health: initialHealth(input.limits) }),
  on: {
    "alarm.raised": { actions: follow },
    "alarm.cleared": { actions: follow },
    "health.start": { actions: follow },
    "health.retell": { actions: follow },
    "alarms.remembered": { actions: follow },
    "board.looked": { actions: follow },
    "alarms.settled": { actions: follow },
    "store.failed": { actions: follow },
  },
  type: "parallel",
  states: {
    board: {
      initial: "remembering",
      states: {
        remembering: {
          invoke: {
            id: "load",
            src: "load",
            onDone: {
              target: "looking",
              actions: raise(({ event }) => ({ type: "alarms.remembered", alarms: event.output })),
            },
            // What was there is lost: what is still wrong is raised anew, which the cloud counts as the same alarm.
            onError: { target: "looking", actions: { type: "log", params: errorEntry("health.load") } },
          },
        },
        looking: {
          invoke: {
            id: "look",
            src: "look",
            input: ({ context }) => ({ triesStorage: triesStorage(context.health) }),
            onDone: {
              target: "waiting",
              actions: raise(({ event }) => ({ type: "board.looked", sample: event.output })),
            },
            onError: { target: "waiting", actions: { type: "log", params: errorEntry("health.look") } },
          },
        },
        waiting: { after: { lookDelay: "looking" } },
      },
    },
    memory: {
      initial: "settling",
      states: {
        settling: { after: { settleDelay: { target: "settled", actions: raise({ type: "alarms.settled" }) } } },
        settled: {},
      },
    },
    store: {
      initial: "open",
      states: {
        open: {
          invoke: {
            id: "store",
            src: "store",
            onError: { target: "broken", actions: { type: "log", params: errorEntry("health.store") } },
          },
        },
        broken: { after: { restartDelay: "open" } },
      },
    },
  },
});

export type HealthRef = ActorRefFrom<typeof healthMachine>;
export type HealthSnapshot = SnapshotFrom<typeof healthMachine>;

function step(health: HealthState, event: HealthEvent): HealthStep {
  switch (event.type) {
    case "alarm.raised":
      return raised(health, event);
    case "alarm.cleared":
      return cleared(health, event.alarmType);
    case "health.start":
      return started(health);
    case "health.retell":
      return retold(health);
    case "alarms.remembered":
      return remembered(health, event.alarms);
    case "board.looked":
      return looked(health, event.sample);
    case "alarms.settled":
      return settled(health);
    case "store.failed": {
      const entry = { level: "warn", event: "health.alarms-not-stored", fields: { why: event.why } } as const;
      return { state: health, effects: [{ kind: "log", entry }] };
    }
    default:
      return event satisfies never;
  }
}

function factOf(effect: Extract<HealthEffect, { kind: "publish" | "temperature" }>): HealthFact {
  if (effect.kind === "publish") return { type: "health.message", message: effect.message };
  return { type: effect.isHot ? "health.hot" : "health.cooled", celsius: effect.celsius };
}

function errorEntry(where: string) {
  return ({ event }: { event: { readonly error: unknown } }): LogEntry => ({
    level: "error",
    event: "internal.error",
    fields: { where, what: event.error instanceof Error ? event.error.message : String(event.error) },
  });
}
