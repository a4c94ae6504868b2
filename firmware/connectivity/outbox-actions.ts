// What the connectivity machine does when a message comes to its queue: bounds it, has kept ones stored, says what was lost.
import { connectivitySetup } from "./connectivity-setup.ts";
import { droppedEntry, tooLongEntry } from "./connectivity-words.ts";
import type { QueueCommand } from "./kept-queue.actor.ts";
import { behindStored, droppedReport, heartbeatMessage, type QueuedMessage, withMessage } from "./outbox.ts";

export const enqueuePublished = connectivitySetup.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== "connectivity.publish") return;
  const taken = withMessage(context, event);
  for (const action of effectsOf(taken)) enqueue(action);
});

export const enqueueHeartbeat = connectivitySetup.enqueueActions(({ context, enqueue }) => {
  for (const action of effectsOf(withMessage(context, heartbeatMessage))) enqueue(action);
});

export const enqueueDroppedReport = connectivitySetup.enqueueActions(({ context, enqueue }) => {
  const count = context.droppedUntold;
  const taken = withMessage({ ...context, droppedUntold: 0 }, droppedReport(count));
  for (const action of effectsOf(taken)) enqueue(action);
  enqueue({ type: "commandQueue", params: { type: "queue.told", count } });
  enqueue({ type: "tellDropped" });
});

export const takeStored = connectivitySetup.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== "queue.loaded") return;
  const taken = behindStored({ ...context, droppedUntold: context.droppedUntold + event.dropped }, event.messages);
  for (const action of effectsOf({ ...taken, added: "stored" })) enqueue(action);
});

interface Effects extends Omit<ReturnType<typeof withMessage>, "added"> {
  /** `stored`: what is new in the queue is on the disk already. */
  readonly added: QueuedMessage | "stored" | undefined;
}

function effectsOf({ added, dropped, ...box }: Effects) {
  if (added === undefined) return [{ type: "log", params: tooLongEntry() } as const];
  const lost = dropped.filter(({ isKept }) => isKept);
  const last = lost.at(-1);
  return [
    { type: "keepOutbox", params: box } as const,
    ...(added !== "stored" && added.isKept ? [command({ type: "queue.put", id: added.id, text: added.text })] : []),
    ...(dropped.length === 0 ? [] : [{ type: "log", params: droppedEntry(dropped.length) } as const]),
    ...(last === undefined ? [] : [command({ type: "queue.drop", id: last.id, count: lost.length })]),
  ];
}

function command(params: QueueCommand) {
  return { type: "commandQueue", params } as const;
}
