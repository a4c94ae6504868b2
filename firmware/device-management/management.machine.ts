// Does what the cloud asks of the gateway as a device, one operation after the other, over restarts and power cuts.
import { assign, enqueueActions, fromPromise, type SnapshotFrom, sendParent, setup } from "xstate";
import { messageOf } from "../errors.ts";
import type { LogEntry } from "../log.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import {
  aboutToEnd,
  brokenOutcome,
  configurationFragment,
  finishedEntry,
  initialManagement,
  type JudgeInput,
  type JudgeOutput,
  type LoadedRecords,
  leftoverMessage,
  leftoverMessages,
  type ManagementContext,
  type ManagementEvent,
  type ManagementFact,
  type ManagementInput,
  type PerformInput,
  type RecordsInput,
  reportMessage,
  requestedEntry,
  type Task,
  tooManyWaiting,
  waitingMax,
} from "./management-events.ts";
import { hasUntold, type ManagementRecords, withAllTold, withDone, withoutRestart, withoutTrial } from "./records.ts";
import { resume } from "./resume.ts";

/** For tunnels to close before the machine restarts. */
export const quietLimitMs = 4_000;
/** From the system's yes to a restart until it must have come. */
export const restartLimitMs = 5 * 60_000;
/** For anything else that an operation asks for: the longest is a file over a slow link. */
export const performLimitMs = 5 * 60_000;
/** A gateway with a new configuration is online by then, or it gets the old one back. */
export const trialLimitMs = 5 * 60_000;
const retryMs = 10_000;
/** The parent stops within 5 s. */
const leaveLimitMs = 10_000;

/** What was reported at the start of a connection that has lasted so long has arrived. */
export const toldAfterMs = 60_000;

type RestartAnswer = { readonly ok: true } | { readonly ok: false; readonly why: string };

const notProvided = (): Promise<never> => Promise.reject(new Error("not provided"));

export const managementMachine = setup({
  types: {
    input: {} as ManagementInput,
    context: {} as ManagementContext,
    events: {} as ManagementEvent,
  },
  actors: {
    load: fromPromise<LoadedRecords>(notProvided),
    store: fromPromise<void, RecordsInput>(notProvided),
    perform: fromPromise<ManagementOutcome, PerformInput>(notProvided),
    restart: fromPromise<RestartAnswer>(notProvided),
    judge: fromPromise<JudgeOutput, JudgeInput>(notProvided),
    /** Stores, then writes the new configuration file. */
    replace: fromPromise<void, RecordsInput & { readonly text: string }>(notProvided),
    /** Stores that the new file is good, then removes the old one. */
    keep: fromPromise<void, RecordsInput>(notProvided),
    /** Stores that the new file is not, then puts the old one back. */
    undo: fromPromise<void, RecordsInput>(notProvided),
  },
  actions: {
    log: (_, _entry: LogEntry) => {},
    tell: sendParent((_, fact: ManagementFact) => fact),
    tellMessages: enqueueActions(({ self, enqueue }, messages: ReturnType<typeof leftoverMessages>) => {
      const parent = self._parent;
      if (parent === undefined) return;
      for (const message of messages) {
        enqueue.sendTo(parent, { type: "management.message", message } satisfies ManagementFact);
      }
    }),
    resume: assign((_, loaded: LoadedRecords) => ({ ...resume(loaded), bootId: loaded.bootId })),
    noteStart: assign((_, { isNew }: { isNew: boolean }) => ({ start: { isNew } })),
    noteOnline: assign({ isOnline: true, whyOffline: undefined }),
    noteOffline: assign((_, { why }: { why: string }) => ({ isOnline: false, whyOffline: why })),
    queue: assign(({ context }, task: Task) => ({ waiting: [...context.waiting, task] })),
    takeNext: assign(({ context }) => ({
      current: context.waiting[0],
      waiting: context.waiting.slice(1),
      outcome: undefined,
    })),
    noteOutcome: assign((_, outcome: ManagementOutcome) => ({ outcome })),
    noteText: assign((_, { text }: { text: string }) => ({ newText: text })),
    keepRecords: assign((_, records: ManagementRecords) => ({ records })),
    /** Nobody will do them. */
    refuseWaiting: enqueueActions(({ context, self, enqueue }) => {
      for (const task of context.waiting) {
        if (self._parent !== undefined) enqueue.sendTo(self._parent, finished(task, aboutToEnd));
      }
      enqueue.assign({ waiting: [] });
    }),
    markTold: assign(({ context }) => ({ records: withAllTold(context.records) })),
    forgetCurrent: assign({ current: undefined, newText: "" }),
    endTrial: assign({ trial: "none" }),
    beginTrial: assign({ trial: "ended" }),
  },
  guards: {
    isStarted: ({ context }) => context.start !== undefined,
    isFull: ({ context }) => context.waiting.length >= waitingMax,
    hasTask: ({ context }) => context.waiting.length > 0,
    isDone: ({ context }) => doneOutcome(context) !== undefined,
    isRestart: ({ context }) => context.current?.request.fragment === "c8y_Restart",
    isNewConfiguration: ({ context }) => context.current?.request.fragment === "c8y_DownloadConfigFile",
    isTrying: ({ context }) => context.trial !== "none",
    isOk: (_, answer: { readonly ok: boolean }) => answer.ok,
    isUsable: (_, { kind }: JudgeOutput) => kind === "usable",
    isProving: ({ context }) => context.trial === "proving",
    isKeeping: ({ context }) => context.trial === "keeping",
    isUndoing: ({ context }) => context.trial === "undoing",
    hasEnded: ({ context }) => context.trial === "ended",
    isOnline: ({ context }) => context.isOnline,
    hasNewsForCloud: ({ context }) => context.isOnline && hasUntold(context.records),
  },
  delays: {
    quietLimit: quietLimitMs,
    restartLimit: restartLimitMs,
    performLimit: performLimitMs,
    trialLimit: trialLimitMs,
    retryDelay: retryMs,
    leaveLimit: leaveLimitMs,
    toldDelay: toldAfterMs,
  },
}).createMachine({
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
      always: {
        guard: "isStarted",
        target: "tidying",
        actions: [
          { type: "tellMessages", params: ({ context }) => context.reports.map(reportMessage) },
          { type: "tellMessages", params: ({ context }) => (context.start?.isNew ? [] : leftoverMessages(context)) },
        ],
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

function doneOutcome({ records, current }: ManagementContext): ManagementOutcome | undefined {
  return records.done.find(({ id }) => id === current?.id)?.outcome;
}

function taskOf({ operation, id, request }: Task): Task {
  return { operation, request, ...(id === undefined ? {} : { id }) };
}

function operationOf({ current }: ManagementContext): string {
  return current?.operation ?? "";
}

function outcomeIn({ outcome }: ManagementContext): ManagementOutcome {
  return outcome ?? { ok: false, why: "nothing is known of it" };
}

function finishedCurrent(context: ManagementContext): ManagementFact {
  return finished({ operation: operationOf(context) }, outcomeIn(context));
}

function finished({ operation }: Pick<Task, "operation">, outcome: ManagementOutcome): ManagementFact {
  return { type: "management.finished", operation, outcome };
}

function requestOf({ current }: ManagementContext): PerformInput["request"] {
  const request = current?.request;
  if (request === undefined || request.fragment === "c8y_Restart" || request.fragment === "c8y_DownloadConfigFile") {
    throw new Error("must hold: only what can be done at once is performed");
  }
  return request;
}

function newConfigurationOf({ current }: ManagementContext): JudgeInput["request"] {
  const request = current?.request;
  if (request?.fragment !== "c8y_DownloadConfigFile") throw new Error("must hold: a new configuration is asked for");
  return request;
}

function usableOf(verdict: JudgeOutput): Extract<JudgeOutput, { kind: "usable" }> {
  if (verdict.kind !== "usable") throw new Error("must hold: the verdict was usable");
  return verdict;
}

function outcomeOf(verdict: JudgeOutput): ManagementOutcome {
  return verdict.kind === "refused" ? { ok: false, why: verdict.why } : { ok: true };
}

function nameOf({ current }: ManagementContext): { readonly id?: string } {
  return current?.id === undefined ? {} : { id: current.id };
}

function withRestart(context: ManagementContext): ManagementRecords {
  return { ...context.records, restart: { ...nameOf(context), bootId: context.bootId ?? "unknown" } };
}

function withTrial(context: ManagementContext, newHash: string): ManagementRecords {
  return { ...context.records, trial: { ...nameOf(context), newHash, phase: "trying", starts: 0 } };
}

function withOutcome(context: ManagementContext): ManagementRecords {
  return withDone(context.records, nameOf(context), outcomeIn(context));
}

function withPhase(records: ManagementRecords, phase: "kept" | "undoing"): ManagementRecords {
  return records.trial === undefined ? records : { ...records, trial: { ...records.trial, phase } };
}

function withKeptTrial(records: ManagementRecords): ManagementRecords {
  return withDone(withoutTrial(records), records.trial ?? {}, { ok: true });
}

function undoing({ records, whyOffline }: ManagementContext): ManagementRecords {
  if (records.trial === undefined) return records;
  const why =
    `the gateway did not come online with it within ${trialLimitMs / 60_000} minutes` +
    `${whyOffline === undefined ? "" : ` (${whyOffline})`}: the old configuration is used again`;
  return { ...records, trial: { ...records.trial, phase: "undoing", why } };
}

function keptMessage({ trial }: ManagementRecords): ReturnType<typeof reportMessage> {
  const id = trial?.id;
  const fragment = "c8y_DownloadConfigFile";
  return reportMessage({ fragment, outcome: { ok: true }, ...(id === undefined ? {} : { id }) });
}

function undoneEntry({ trial }: ManagementRecords): LogEntry {
  return { level: "warn", event: "management.configuration-undone", fields: { why: trial?.why } };
}

/** Of what comes when the gateway is about to end. */
function refusal() {
  return {
    actions: [
      { type: "log", params: ({ event }: { event: Task }) => requestedEntry(event) },
      { type: "log", params: ({ event }: { event: Task }) => finishedEntry(event.operation, aboutToEnd) },
      { type: "tell", params: ({ event }: { event: Task }) => finished(event, aboutToEnd) },
    ],
  } as const;
}

function refusedBy(answer: RestartAnswer): ManagementOutcome {
  return answer.ok ? { ok: true } : { ok: false, why: answer.why };
}

function tooLong(): ManagementOutcome {
  return { ok: false, why: `it took longer than ${performLimitMs / 60_000} minutes` };
}

function notRestarted(): ManagementOutcome {
  return { ok: false, why: `the machine said yes and did not restart within ${restartLimitMs / 60_000} minutes` };
}

function unwritable(error: unknown): ManagementOutcome {
  return { ok: false, why: `the new configuration cannot be written: ${messageOf(error)}` };
}

function errorEntry(where: string) {
  return ({ event }: { event: { readonly error: unknown } }): LogEntry => {
    return { level: "error", event: "internal.error", fields: { where, what: messageOf(event.error) } };
  };
}
