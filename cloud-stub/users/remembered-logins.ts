// Passwords that were verified a short while ago, under a keyed hash: a memory-hard check of each request would take too long.
import { createHmac } from "node:crypto";
import type { Clock, Random } from "#hardware/ports.ts";

export const rememberedForMs = 300_000;
/** Remembered logins; the oldest is forgotten first. */
const entriesMax = 2_000;

interface Entry {
  readonly stamp: string;
  readonly untilMs: number;
}

export class RememberedLogins {
  readonly #clock: Clock;
  /** Lives only in this process, so the entries say nothing outside of it. */
  readonly #key: Uint8Array;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = deps.clock;
    this.#key = deps.random.bytes(32);
  }

  /** The name of a login in this memory. */
  keyFor(tenantId: string, userName: string, password: string): string {
    const parts = [tenantId, userName, password].map((part) => Buffer.from(part, "utf8").toString("base64"));
    return createHmac("sha256", this.#key).update(parts.join(".")).digest("base64");
  }

  /** Whether the login was verified while the account bore this stamp. */
  has(key: string, stamp: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (entry.stamp === stamp && this.#clock.monotonicMs() < entry.untilMs) return true;
    this.#entries.delete(key);
    return false;
  }

  remember(key: string, stamp: string): void {
    this.#entries.delete(key);
    if (this.#entries.size >= entriesMax) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, { stamp, untilMs: this.#clock.monotonicMs() + rememberedForMs });
  }
}
