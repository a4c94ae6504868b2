// A request that is answered when an event of a protocol has happened on a link, or when its time is over.
import { createEvent } from "../triggers/event-kinds.ts";
import type { Asked } from "./api-route.ts";
import type { EventAskBody } from "./api-types.ts";

const defaultWaitMs = 10_000;

/** Resolves with false too when the client has gone. */
export async function waitForEvent({ world, params, body, signal }: Asked): Promise<{ readonly happened: boolean }> {
  const { limitMs = defaultWaitMs, ...ask } = body as EventAskBody;
  const event = createEvent(ask);
  const link = world.link(params["link"] ?? "");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = world.clock.setTimeout(() => resolve(false), limitMs);
  const stop = (): void => resolve(false);
  signal.addEventListener("abort", stop);
  const forget = link.on(event, () => resolve(true));
  try {
    return { happened: await promise };
  } finally {
    forget();
    signal.removeEventListener("abort", stop);
    world.clock.clearTimeout(timer);
  }
}
