// Messages for the cloud that wait for a connection: one queue, the kept in their order, bounded by number and size, pure.
import { createEvent, heartbeat } from "#protocol/smartrest/upstream.ts";

export interface OutgoingMessage {
  /** One SmartREST message for the static topic. */
  readonly text: string;
  /**
   * Whether it may be sent again when the connection broke before the cloud acknowledged it. Statuses by name may not:
   * the cloud would apply a second one to another operation.
   */
  readonly isRepeatable: boolean;
  /** An alarm, event or measurement: while it waits it is stored, so that it outlives a power cut. Repeatable ones only. */
  readonly isKept?: boolean;
}

export interface QueuedMessage extends OutgoingMessage {
  /** Ascending in the order in which they came; below 0 for what an earlier run has left. */
  readonly id: number;
  readonly isKept: boolean;
}

/** What waits, the next id, and what was lost of the kept ones and has not been told to the cloud. */
export interface Outbox {
  readonly outbox: readonly QueuedMessage[];
  readonly nextId: number;
  readonly droppedUntold: number;
}

/** Kept messages that wait at most, by number and by bytes of text; beyond them the oldest is dropped. */
export const keptMessagesMax = 1_000;
export const keptBytesMax = 256 * 1024;
/** Of the others: reports of operations, heartbeats. */
export const otherMessagesMax = 100;
/** The platform takes 16184 bytes with the header; agents stay below (protocol.md 1.1). */
export const messageBytesMax = 16_000;

export interface Taken extends Outbox {
  /** As it stands in the queue now; undefined if it is too long to be sent at all. */
  readonly added: QueuedMessage | undefined;
  readonly dropped: readonly QueuedMessage[];
}

/**
 * The queue with one more message. Reports of operations go before what can wait: a person waits for them, and after a long
 * outage there may be a thousand measurements. The first may be under way already and stays the first.
 */
export function withMessage(box: Outbox, message: OutgoingMessage): Taken {
  if (bytesOf(message) > messageBytesMax) return { ...box, added: undefined, dropped: [] };
  const { text, isRepeatable, isKept = false } = message;
  const added: QueuedMessage = { text, isRepeatable, isKept: isKept && isRepeatable, id: box.nextId };
  const firstPatient = box.outbox.findIndex((each, at) => at > 0 && !isUrgent(each));
  const at = isUrgent(added) && firstPatient !== -1 ? firstPatient : box.outbox.length;
  return { ...bounded({ ...box, outbox: box.outbox.toSpliced(at, 0, added), nextId: box.nextId + 1 }), added };
}

/** The queue behind what an earlier run has left; of both the reports first. */
export function behindStored(box: Outbox, stored: readonly { readonly id: number; readonly text: string }[]) {
  const left = stored.map(({ id, text }): QueuedMessage => ({ id, text, isRepeatable: true, isKept: true }));
  const all = [...left, ...box.outbox];
  return bounded({ ...box, outbox: [...all.filter(isUrgent), ...all.filter((message) => !isUrgent(message))] });
}

/** Statuses of operations and the question for pending ones (templates 500 to 507), stored or not, and heartbeats. */
function isUrgent({ text, isKept }: QueuedMessage): boolean {
  return !isKept || /^50[0-7](,|$)/.test(text);
}

function bounded(box: Outbox): Outbox & { readonly dropped: readonly QueuedMessage[] } {
  const kept = box.outbox.filter(({ isKept }) => isKept).toSorted((one, other) => one.id - other.id);
  const others = box.outbox.filter(({ isKept }) => !isKept);
  let bytes = kept.reduce((sum, message) => sum + bytesOf(message), 0);
  let first = 0;
  for (const message of kept) {
    if (kept.length - first <= keptMessagesMax && bytes <= keptBytesMax) break;
    bytes -= bytesOf(message);
    first += 1;
  }
  const dropped = [...kept.slice(0, first), ...others.slice(0, Math.max(0, others.length - otherMessagesMax))];
  if (dropped.length === 0) return { ...box, dropped };
  const gone = new Set(dropped);
  return {
    ...box,
    outbox: box.outbox.filter((message) => !gone.has(message)),
    droppedUntold: box.droppedUntold + first,
    dropped,
  };
}

function bytesOf({ text }: OutgoingMessage): number {
  return Buffer.byteLength(text, "utf8");
}

/** The queue at the moment its first message is handed to the connection. */
export function whileSending(outbox: readonly QueuedMessage[]): readonly QueuedMessage[] {
  return outbox[0]?.isRepeatable === false ? outbox.slice(1) : outbox;
}

/** The queue once the cloud has acknowledged `sent`. */
export function afterSending(
  outbox: readonly QueuedMessage[],
  sent: QueuedMessage | undefined,
): readonly QueuedMessage[] {
  return outbox[0] === sent ? outbox.slice(1) : outbox;
}

/** Not kept: the next one is as good. */
export const heartbeatMessage: OutgoingMessage = { text: heartbeat(), isRepeatable: false };

/** The type of the event that tells how many messages were lost. */
export const droppedEventType = "c8y_MessagesDropped";

/** Sent once the gateway is online again and everything older has been sent. */
export function droppedReport(count: number): OutgoingMessage {
  const text = `${count} alarms, events or measurements were dropped while the cloud could not be reached`;
  return { text: createEvent({ type: droppedEventType, text }), isRepeatable: true, isKept: true };
}
