// Remembers who set which timer, so that one left behind can be named.

/** Where a timer was set, as Error.captureStackTrace writes it. */
export interface StackHolder {
  readonly stack?: string;
}

/** Entries kept before those of timers that are gone are swept. */
const entriesMax = 4096;

export class TimerOrigins {
  readonly #origins = new Map<number, string | StackHolder>();

  /** `origin` is a name, or the stack of where the timer was set. */
  remember(id: number, origin: string | StackHolder, living: { has(id: number): boolean }): void {
    this.#origins.set(id, origin);
    if (this.#origins.size <= entriesMax) return;
    for (const known of this.#origins.keys()) if (!living.has(known)) this.#origins.delete(known);
  }

  nameOf(id: number): string {
    const origin = this.#origins.get(id);
    if (origin === undefined) return "unknown";
    return typeof origin === "string" ? origin : placeOf(origin);
  }
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
