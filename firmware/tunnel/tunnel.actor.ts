// The IO of a tunnel as actors: the check of its target, and its two legs.
import { fromCallback, fromPromise } from "xstate";
import type { ConnectRequest } from "#protocol/remote-access.ts";
import type { LegsCommand } from "./leg-facts.ts";
import { checkTarget, type TargetCheckDeps, type TargetOutcome } from "./target-check.ts";
import { type LegsDeps, type LegsInput, TunnelLegs } from "./tunnel-legs.ts";

export function targetCheck(deps: TargetCheckDeps) {
  return fromPromise<TargetOutcome, { readonly request: ConnectRequest }>(({ input, signal }) =>
    checkTarget(deps, input.request, signal),
  );
}

/** Stopping the actor resets whatever stands and says nothing. */
export function tunnelLegs(deps: LegsDeps) {
  return fromCallback<LegsCommand, LegsInput>(({ sendBack, receive, input }) => {
    const legs = new TunnelLegs(deps, input, sendBack);
    receive((command) => {
      try {
        legs.obey(command);
      } catch (error) {
        // A callback actor that throws is not stopped by its own function, so its sockets would outlive it.
        legs.abandon();
        throw error;
      }
    });
    return () => legs.abandon();
  });
}
