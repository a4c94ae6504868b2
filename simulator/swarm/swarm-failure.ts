// What a swarm run can be found guilty of.

/** The name of a check, which is what two failures have in common: a smaller run must fail by the same. */
export type CheckName =
  | "gateway-online"
  | "session-works"
  | "session-ends"
  | "operation-ends-once"
  | "operation-order"
  | "bytes-are-prefix"
  | "bytes-complete"
  | "key-used-once"
  | "held-bytes"
  | "internal-error"
  | "watchdog"
  | "left-behind"
  | "crash"
  | "planted";

export interface SwarmFailure {
  readonly check: CheckName;
  /** What was seen, for a person. */
  readonly message: string;
  /** Simulated time since the site's start at which it was seen. */
  readonly atMs: number;
}

/** Ends a run at once. */
export class SwarmError extends Error {
  readonly check: CheckName;

  constructor(check: CheckName, message: string) {
    super(message);
    this.name = "SwarmError";
    this.check = check;
  }
}

/**
 * What two failures have in common if they are the same one: the check, and what it says without its numbers. What a site
 * leaves behind has too many forms for that.
 */
export function sortOfFailure({ check, message }: Pick<SwarmFailure, "check" | "message">): string {
  if (check === "left-behind") return check;
  return `${check}: ${(message.split("\n")[0] ?? "").replace(/\d+/g, "#")}`;
}
