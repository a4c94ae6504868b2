// Does what the cloud asks of the gateway as a device, one operation after the other, over restarts and power cuts.
import type { SnapshotFrom } from "xstate";
import {
  brokenOutcome,
  configurationFragment,
  finishedEntry,
  initialManagement,
  leftoverMessage,
  requestedEntry,
  tooManyWaiting,
} from "./management-events.ts";
import { managementSetup } from "./management-setup.ts";
import {
  doneOutcome,
  errorEntry,
  finished,
  finishedCurrent,
  keptMessage,
  newConfigurationOf,
  notRestarted,
  operationOf,
  outcomeIn,
  outcomeOf,
  refusal,
  refusedBy,
  requestOf,
  taskOf,
  tooLong,
  undoing,
  undoneEntry,
  unwritable,
  usableOf,
  withKeptTrial,
  withOutcome,
  withPhase,
  withRestart,
  withTrial,
} from "./management-steps.ts";
import { withoutRestart, withoutTrial } from "./records.ts";

export const managementMachine = managementSetup.createMachine({
  id: "management",
  context: ({ input }) => initialManagement(input),
  on: {
    "management.start": { actions: { type: "noteStart", params: ({ event }) => event } },
    "management.online": { actions: "noteOnline" },
    "management.offline": { actions: { type: "noteOffline", params: ({ event }) => event } },
    "management.requested": [
      {
        guard: "isFull",
        actions: [
          { type: "log", params: ({ event }) => requestedEntry(event) },
          { type: "log", params: ({ event }) => finishedEntry(event.operation, tooManyWaiting) },
          { type: "tell", params: ({ event }) => finished(event, tooManyWaiting) },
        ],
      },
      {
        actions: [
          { type: "log", params: ({ event }) => requestedEntry(event) },
          { type: "queue", params: ({ event }) => taskOf(event) },
        ],
      },
    ],
  },
  initial: "remembering",
  states: {
    remembering: {
      invoke: {
        id: "load",
        src: "load",
        onDone: { target: "reporting", actions: { type: "resume", params: ({ event }) => event.output } },
        onError: { target: "reporting", actions: { type: "log", params: errorEntry("management.load") } },
      },
    },
    reporting: {
      description: "The cloud hears how operations ended that restarted the gateway, and which were cut off.",
      always: [
        { guard: "isStartedTidy", target: "running", actions: "report" },
        { guard: "isStarted", target: "tidying", actions: "report" },
      ],
      after: {
        trialLimit: [
          {
            guard: "isProving",
            target: "withdrawing",
            actions: { type: "keepRecords", params: ({ context }) => undoing(context) },
          },
          { guard: "isUndoing", target: "withdrawing" },
        ],
      },
    },
    withdrawing: {
      description: "A new configuration with which the gateway is not even registered goes: nobody could send another.",
      initial: "undoing",
      states: {
        undoing: {
          invoke: {
            id: "undo",
            src: "undo",
            input: ({ context }) => ({ records: context.records }),
            onDone: {
              target: "leaving",
              actions: { type: "log", params: ({ context }) => undoneEntry(context.records) },
            },
            onError: { target: "undoingAgain", actions: { type: "log", params: errorEntry("management.undo") } },
          },
        },
        undoingAgain: { after: { retryDelay: "undoing" } },
        leaving: {
          entry: { type: "tell", params: { type: "management.reconfigured" } },
          after: { leaveLimit: { target: "leaving", reenter: true } },
        },
      },
    },
    tidying: {
      invoke: {
        id: "store",
        src: "store",
        input: ({ context }) => ({ records: context.records }),
        onDone: "running",
        onError: { target: "running", actions: { type: "log", params: errorEntry("management.store") } },
      },
    },
    running: {
      type: "parallel",
      states: {
        trial: {
          initial: "deciding",
          states: {
            deciding: {
              always: [
                { guard: "isProving", target: "proving" },
                { guard: "isKeeping", target: "keeping" },
                { guard: "isUndoing", target: "undoing" },
                { guard: "hasEnded", target: "ending" },
                { target: "none" },
              ],
            },
            none: {},
            proving: {
              description: "The gateway runs with a new configuration: it is good if it brings it online.",
              always: { guard: "isOnline", target: "keeping" },
              after: {
                trialLimit: {
                  target: "undoing",
                  actions: { type: "keepRecords", params: ({ context }) => undoing(context) },
                },
              },
            },
            keeping: {
              entry: { type: "keepRecords", params: ({ context }) => withPhase(context.records, "kept") },
              invoke: {
                id: "keep",
                src: "keep",
                input: ({ context }) => ({ records: context.records }),
                onDone: {
                  target: "ended",
                  actions: [
                    { type: "log", params: { level: "info", event: "management.configuration-kept" } },
                    {
                      type: "tellMessages",
                      params: ({ context }) => [keptMessage(context.records), leftoverMessage(configurationFragment)],
                    },
                    { type: "keepRecords", params: ({ context }) => withKeptTrial(context.records) },
                  ],
                },
                onError: { target: "keepingAgain", actions: { type: "log", params: errorEntry("management.keep") } },
              },
            },
            keepingAgain: { after: { retryDelay: "keeping" } },
            ended: {
              invoke: {
                id: "storeEnded",
                src: "store",
                input: ({ context }) => ({ records: context.records }),
                onDone: { target: "none", actions: "endTrial" },
                onError: {
                  target: "none",
                  actions: ["endTrial", { type: "log", params: errorEntry("management.store") }],
                },
              },
            },
            undoing: {
              invoke: {
                id: "undo",
                src: "undo",
                input: ({ context }) => ({ records: context.records }),
                onDone: {
                  target: "leaving",
                  actions: { type: "log", params: ({ context }) => undoneEntry(context.records) },
                },
                onError: { target: "undoingAgain", actions: { type: "log", params: errorEntry("management.undo") } },
              },
            },
            undoingAgain: { after: { retryDelay: "undoing" } },
            leaving: {
              entry: { type: "tell", params: { type: "management.reconfigured" } },
              after: { leaveLimit: { target: "leaving", reenter: true } },
            },
            ending: {
              description: "Only the copy of the old file may be left.",
              invoke: {
                id: "keepEnded",
                src: "keep",
                input: ({ context }) => ({ records: context.records }),
                onDone: { target: "none", actions: "endTrial" },
                onError: {
                  target: "none",
                  actions: ["endTrial", { type: "log", params: errorEntry("management.keep") }],
                },
              },
            },
          },
        },
        news: {
          initial: "settled",
          states: {
            settled: { always: { guard: "hasNewsForCloud", target: "telling" } },
            telling: {
              description: "What was reported is on its way.",
              on: {
                "management.offline": {
                  target: "settled",
                  actions: { type: "noteOffline", params: ({ event }) => event },
                },
              },
              after: { toldDelay: { target: "storing", actions: "markTold" } },
            },
            storing: {
              invoke: {
                id: "storeTold",
                src: "store",
                input: ({ context }) => ({ records: context.records }),
                onDone: "settled",
                onError: { target: "settled", actions: { type: "log", params: errorEntry("management.store") } },
              },
            },
          },
        },
        work: {
          initial: "idle",
          states: {
            idle: { always: { guard: "hasTask", target: "deciding", actions: "takeNext" } },
            deciding: {
              always: [
                {
                  guard: "isDone",
                  target: "finishing",
                  actions: { type: "noteOutcome", params: ({ context }) => doneOutcome(context) ?? { ok: true } },
                },
                { guard: "isRestart", target: "restarting" },
                { guard: "isNewConfiguration", target: "configuring" },
                { target: "performing" },
              ],
            },
            performing: {
              invoke: {
                id: "perform",
                src: "perform",
                input: ({ context }) => ({ request: requestOf(context) }),
                onDone: {
                  target: "finishing",
                  actions: { type: "noteOutcome", params: ({ event }) => event.output },
                },
                onError: {
                  target: "finishing",
                  actions: { type: "noteOutcome", params: ({ event }) => brokenOutcome(event.error) },
                },
              },
              after: { performLimit: { target: "finishing", actions: { type: "noteOutcome", params: tooLong() } } },
            },
            restarting: {
              initial: "remembering",
              states: {
                remembering: {
                  description: "Before anything is done: whatever comes, the next start can tell how it ended.",
                  entry: { type: "keepRecords", params: ({ context }) => withRestart(context) },
                  invoke: {
                    id: "storeRestart",
                    src: "store",
                    input: ({ context }) => ({ records: context.records }),
                    onDone: "quieting",
                    onError: {
                      target: "failing",
                      actions: { type: "noteOutcome", params: ({ event }) => brokenOutcome(event.error) },
                    },
                  },
                },
                quieting: {
                  entry: { type: "tell", params: { type: "management.quiet-wanted" } },
                  on: { "management.quiet": "asking" },
                  after: { quietLimit: "asking" },
                },
                asking: {
                  invoke: {
                    id: "restart",
                    src: "restart",
                    onDone: [
                      { guard: { type: "isOk", params: ({ event }) => event.output }, target: "awaiting" },
                      {
                        target: "failing",
                        actions: { type: "noteOutcome", params: ({ event }) => refusedBy(event.output) },
                      },
                    ],
                    onError: {
                      target: "failing",
                      actions: { type: "noteOutcome", params: ({ event }) => brokenOutcome(event.error) },
                    },
                  },
                  after: { performLimit: { target: "failing", actions: { type: "noteOutcome", params: tooLong() } } },
                },
                awaiting: {
                  description: "The machine ends this program, in order or not.",
                  entry: "refuseWaiting",
                  on: { "management.requested": refusal() },
                  after: {
                    restartLimit: {
                      target: "failing",
                      actions: { type: "noteOutcome", params: notRestarted() },
                    },
                  },
                },
                failing: {
                  entry: [
                    { type: "tell", params: { type: "management.quiet-over" } },
                    { type: "keepRecords", params: ({ context }) => withoutRestart(withOutcome(context)) },
                  ],
                  invoke: {
                    id: "storeFailure",
                    src: "store",
                    input: ({ context }) => ({ records: context.records }),
                    onDone: "#management.running.work.finishing",
                    onError: {
                      target: "#management.running.work.finishing",
                      actions: { type: "log", params: errorEntry("management.store") },
                    },
                  },
                },
              },
            },
            configuring: {
              initial: "deciding",
              states: {
                deciding: {
                  always: [
                    {
                      guard: "isTrying",
                      target: "#management.running.work.finishing",
                      actions: {
                        type: "noteOutcome",
                        params: { ok: false, why: "another configuration is being tried: wait until that is over" },
                      },
                    },
                    { target: "judging" },
                  ],
                },
                judging: {
                  invoke: {
                    id: "judge",
                    src: "judge",
                    input: ({ context }) => ({ request: newConfigurationOf(context) }),
                    onDone: [
                      {
                        guard: { type: "isUsable", params: ({ event }) => event.output },
                        target: "replacing",
                        actions: [
                          { type: "noteText", params: ({ event }) => usableOf(event.output) },
                          {
                            type: "keepRecords",
                            params: ({ context, event }) => withTrial(context, usableOf(event.output).hash),
                          },
                          "beginTrial",
                        ],
                      },
                      {
                        target: "#management.running.work.finishing",
                        actions: { type: "noteOutcome", params: ({ event }) => outcomeOf(event.output) },
                      },
                    ],
                    onError: {
                      target: "#management.running.work.finishing",
                      actions: { type: "noteOutcome", params: ({ event }) => brokenOutcome(event.error) },
                    },
                  },
                  after: {
                    performLimit: {
                      target: "#management.running.work.finishing",
                      actions: { type: "noteOutcome", params: tooLong() },
                    },
                  },
                },
                replacing: {
                  invoke: {
                    id: "replace",
                    src: "replace",
                    input: ({ context }) => ({ records: context.records, text: context.newText }),
                    onDone: {
                      target: "leaving",
                      actions: { type: "log", params: { level: "info", event: "management.configuration-replaced" } },
                    },
                    onError: {
                      target: "failing",
                      actions: { type: "noteOutcome", params: ({ event }) => unwritable(event.error) },
                    },
                  },
                },
                leaving: {
                  entry: ["refuseWaiting", { type: "tell", params: { type: "management.reconfigured" } }],
                  on: { "management.requested": refusal() },
                  after: { leaveLimit: { target: "leaving", reenter: true } },
                },
                failing: {
                  description: "Whatever of it was written is put back.",
                  entry: { type: "keepRecords", params: ({ context }) => withoutTrial(withOutcome(context)) },
                  invoke: {
                    id: "putBack",
                    src: "undo",
                    input: ({ context }) => ({ records: context.records }),
                    onDone: { target: "#management.running.work.finishing", actions: "endTrial" },
                    onError: {
                      target: "#management.running.work.finishing",
                      actions: ["endTrial", { type: "log", params: errorEntry("management.undo") }],
                    },
                  },
                },
              },
            },
            finishing: {
              always: {
                target: "idle",
                actions: [
                  { type: "log", params: ({ context }) => finishedEntry(operationOf(context), outcomeIn(context)) },
                  { type: "tell", params: ({ context }) => finishedCurrent(context) },
                  "forgetCurrent",
                ],
              },
            },
          },
        },
      },
    },
  },
});

export type ManagementSnapshot = SnapshotFrom<typeof managementMachine>;
