// Tells when the time service has set the clock, or it has jumped: what waits for the right time is tried at once.
import { fromCallback } from "xstate";
import type { Hardware } from "#hardware/ports.ts";

/** All that this actor sends. */
export type ClockFact = { readonly type: "clock.changed" };

export function clockWatch({ timeService }: Pick<Hardware, "timeService">) {
  return fromCallback(({ sendBack }) =>
    timeService?.watch(() => sendBack({ type: "clock.changed" } satisfies ClockFact)),
  );
}
