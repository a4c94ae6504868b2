// The kept messages on the disk as an actor of the connectivity machine.
import { fromCallback } from "xstate";
import type { Hardware } from "#hardware/ports.ts";
import { messageOf } from "../errors.ts";
import { KeptQueue } from "./kept-queue.ts";

export type QueueCommand =
  | { readonly type: "queue.put"; readonly id: number; readonly text: string }
  /** All up to this one are acknowledged; answered by `queue.settled`. */
  | { readonly type: "queue.done"; readonly id: number }
  /** All up to this one are dropped, `count` of them. */
  | { readonly type: "queue.drop"; readonly id: number; readonly count: number }
  /** A message tells the cloud of so many that were dropped. */
  | { readonly type: "queue.told"; readonly count: number }
  /** To the disk now, because the gateway stops; answered by `queue.flushed`. */
  | { readonly type: "queue.flush" };

/** All that this actor sends. */
export type QueueFact =
  /** First of all, once. */
  | {
      readonly type: "queue.loaded";
      readonly messages: readonly { readonly id: number; readonly text: string }[];
      readonly dropped: number;
      /** Files that could not be read whole, each with what was wrong. */
      readonly damaged: readonly string[];
    }
  /** A crash from now on does not send this one again. */
  | { readonly type: "queue.settled"; readonly id: number }
  | { readonly type: "queue.flushed" }
  /** The disk takes nothing: what waits is in memory only. */
  | { readonly type: "queue.failed"; readonly why: string };

export function keptQueue(hardware: Pick<Hardware, "clock" | "storage">) {
  return fromCallback<QueueCommand>(({ sendBack, receive }) => {
    const tell = (fact: QueueFact): void => sendBack(fact);
    const queue = new KeptQueue(hardware, { failed: (why) => tell({ type: "queue.failed", why }) });
    const loaded = queue.load().then((found) => tell({ type: "queue.loaded", ...found }));
    receive((command) => {
      // What comes before the disk has answered waits for it, in order.
      loaded
        .then(() => obey(queue, command, tell))
        .catch((error: unknown) => tell({ type: "queue.failed", why: messageOf(error) }));
    });
    return () => queue.close();
  });
}

function obey(queue: KeptQueue, command: QueueCommand, tell: (fact: QueueFact) => void): Promise<void> | undefined {
  switch (command.type) {
    case "queue.put":
      queue.put(command.id, command.text);
      return undefined;
    case "queue.done":
      return queue.done(command.id).then(() => tell({ type: "queue.settled", id: command.id }));
    case "queue.drop":
      return queue.done(command.id, command.count);
    case "queue.told":
      queue.told(command.count);
      return undefined;
    case "queue.flush":
      return queue.flush().then(() => tell({ type: "queue.flushed" }));
    default:
      return command satisfies never;
  }
}
