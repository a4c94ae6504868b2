// The faults that a site on real sockets cannot have.
import { checkMode, faultKinds } from "../faults/catalogue.ts";

/** Their names, each with the table's reason. */
export const notOnLoopback: readonly (readonly [string, string])[] = faultKinds.flatMap((kind) => {
  try {
    checkMode(kind, "loopback");
    return [];
  } catch (error) {
    return [[kind.name, error instanceof Error ? error.message : String(error)] as const];
  }
});
