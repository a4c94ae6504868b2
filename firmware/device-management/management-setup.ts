// What the management machine is made of: its actors, actions, guards and delays, by name.
import { assign, enqueueActions, fromPromise, sendParent, setup } from "xstate";
import type { LogEntry } from "../log.ts";
import type { ManagementOutcome } from "../operations/intake.ts";
import {
  aboutToEnd,
  type JudgeInput,
  type JudgeOutput,
  type LoadedRecords,
  leftoverMessages,
  type ManagementContext,
  type ManagementEvent,
  type ManagementFact,
  type ManagementInput,
  type PerformInput,
  type RecordsInput,
  reportMessage,
  type Task,
  waitingMax,
} from "./management-events.ts";
import {
  doneOutcome,
  finished,
  leaveLimitMs,
  performLimitMs,
  quietLimitMs,
  type RestartAnswer,
  restartLimitMs,
  retryMs,
  toldAfterMs,
  trialLimitMs,
} from "./management-steps.ts";
import { hasUntold, type ManagementRecords, withAllTold } from "./records.ts";
import { resume } from "./resume.ts";

const notProvided = (): Promise<never> => Promise.reject(new Error("not provided"));

/** The chart is in management.machine.ts. */
export const managementSetup = setup({
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
    resume: assign((_, loaded: LoadedRecords) => {
      const resumption = resume(loaded);
      return { ...resumption, bootId: loaded.bootId, isTidy: resumption.records === loaded.records };
    }),
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
    report: enqueueActions(({ context, self, enqueue }) => {
      const parent = self._parent;
      if (parent === undefined) return;
      const leftovers = context.start?.isNew ? [] : leftoverMessages(context);
      for (const message of [...context.reports.map(reportMessage), ...leftovers]) {
        enqueue.sendTo(parent, { type: "management.message", message } satisfies ManagementFact);
      }
    }),
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
    isStartedTidy: ({ context }) => context.start !== undefined && context.isTidy,
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
});
