// Messages for the cloud that wait for a connection: a queue of its own, bounded, in order.

export interface OutgoingMessage {
  /** One SmartREST message for the static topic. */
  readonly text: string;
  /**
   * Whether it may be sent again when the connection broke before the cloud acknowledged it. Statuses by name may not:
   * the cloud would apply a second one to another operation.
   */
  readonly isRepeatable: boolean;
}

/** Messages kept; beyond them the oldest is dropped. */
export const outboxMessagesMax = 100;

export function withMessage(outbox: readonly OutgoingMessage[], message: OutgoingMessage): readonly OutgoingMessage[] {
  return [...outbox, message].slice(-outboxMessagesMax);
}

/** The queue at the moment its first message is handed to the connection. */
export function whileSending(outbox: readonly OutgoingMessage[]): readonly OutgoingMessage[] {
  return outbox[0]?.isRepeatable === false ? outbox.slice(1) : outbox;
}

/** The queue once the cloud has acknowledged `sent`. */
export function afterSending(
  outbox: readonly OutgoingMessage[],
  sent: OutgoingMessage | undefined,
): readonly OutgoingMessage[] {
  return outbox[0] === sent ? outbox.slice(1) : outbox;
}
