// Remembers who set which timer, so that one left behind can be named.

/** Where a timer was set, as Error.captureStackTrace writes it. */
export interface StackHolder {
  readonly stack?: string;
}

const origin = Symbol("where the timer was set");

/** A timer that carries its origin, so that the two are forgotten together. */
interface MarkedTimer {
  [origin]?: string | StackHolder;
}

/** `from` is a name, or the stack of where the timer was set. */
export function rememberOrigin(timer: object | undefined, from: string | StackHolder): void {
  if (timer !== undefined) (timer as MarkedTimer)[origin] = from;
}

export function originOf(timer: object): string {
  const from = (timer as MarkedTimer)[origin];
  if (from === undefined) return "unknown";
  return typeof from === "string" ? from : placeOf(from);
}

/** The first two lines of a stack that are not Node's own: "ws/lib/websocket.js:290 < firmware/tunnel/tunnel.ts:31". */
function placeOf(where: StackHolder | undefined): string {
  const places = (where?.stack ?? "")
    .split("\n")
    .slice(1)
    .map((line) => /(?:node_modules\/|\/)((?:[^/():]+\/){0,3}[^/():]+:\d+):\d+\)?$/.exec(line.trim())?.[1])
    .filter((place) => place !== undefined && !place.includes("node:"));
  return places.slice(0, 2).join(" < ") || "unknown";
}
