// Fails the operations that a device did not finish in time. Those of remote access have their session, which does it.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Store } from "../store/store.ts";
import type { TenantOptions } from "../tenant/tenant-options.ts";
import type { Operations } from "./operations.ts";

/** The tenant option with the limit, in whole seconds. */
export const operationTimeoutOption = { category: "devicecontrol", key: "operation.timeout" } as const;

/** From the creation of an operation, in seconds. */
export const operationTimeoutS = { byDefault: 3_600, min: 10, max: 30 * 24 * 3_600 };

/** Longest wait before it looks again, in ms: the option may have changed through another process. */
const lookAgainMs = 60_000;

export class OperationDeadlines {
  readonly #clock: Clock;
  readonly #store: Store;
  readonly #operations: Operations;
  readonly #options: TenantOptions;
  readonly #log: CloudLog;
  readonly #unwatch: readonly (() => void)[];
  #timer: TimerHandle | undefined;
  #isLooking = false;
  /** Something came while it looked. */
  #isStale = false;
  #isStopped = false;

  constructor(deps: {
    readonly clock: Clock;
    readonly store: Store;
    readonly operations: Operations;
    readonly options: TenantOptions;
    readonly log: CloudLog;
  }) {
    this.#clock = deps.clock;
    this.#store = deps.store;
    this.#operations = deps.operations;
    this.#options = deps.options;
    this.#log = deps.log;
    this.#unwatch = [
      deps.operations.watchCreated(({ fragments }) => {
        if (!(remoteAccessFragment in fragments)) this.#lookSoon();
      }),
      deps.options.watch(({ category }) => {
        if (category === operationTimeoutOption.category) this.#lookSoon();
      }),
    ];
  }

  /** Looks at what an earlier run left behind. */
  async start(): Promise<void> {
    await this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    for (const unwatch of this.#unwatch) unwatch();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookSoon(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    void this.#look();
  }

  /** Never rejects. Waits for the next one that can become due; no timer is left when none is under way. */
  async #look(): Promise<void> {
    this.#isStale = true;
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    let nextMs: number | undefined;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        nextMs = await this.#failOverdue();
      }
    } catch (error) {
      nextMs = lookAgainMs;
      if (!this.#isStopped) this.#log.error("operations.deadline-unknown", { why: errorText(error) });
    } finally {
      this.#isLooking = false;
    }
    if (this.#isStopped || nextMs === undefined || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => this.#lookSoon(), nextMs);
  }

  /** In how many ms it is to be asked again; undefined if nothing is under way. */
  async #failOverdue(): Promise<number | undefined> {
    const limitS = await this.#limitS();
    const dueMs = (createdAtMs: number) => createdAtMs + limitS * 1_000 - this.#clock.nowMs();
    for (const { number, created_at_ms } of await this.#unfinished()) {
      if (dueMs(created_at_ms) > 0 || this.#isStopped) break;
      const reason = `The gateway did not finish this within ${limitS} s.`;
      await this.#operations.setStatus(String(number), "FAILED", reason);
    }
    const [oldest] = await this.#unfinished();
    return oldest === undefined ? undefined : Math.max(0, Math.min(dueMs(oldest.created_at_ms), lookAgainMs));
  }

  /** Oldest first. */
  async #unfinished() {
    return this.#store.db
      .selectFrom("operations")
      .select(["number", "created_at_ms"])
      .where("status", "in", ["PENDING", "EXECUTING"])
      .where("fragment_names", "not like", `%,${remoteAccessFragment},%`)
      .orderBy("created_at_ms")
      .limit(500)
      .execute();
  }

  async #limitS(): Promise<number> {
    const { category, key } = operationTimeoutOption;
    return readOperationTimeout(await this.#options.get(category, key)) ?? operationTimeoutS.byDefault;
  }
}

/** What is wrong with the value of the option; undefined if nothing is, or it is another option. */
export function whyTimeoutRefused(category: string, key: string, value: string): string | undefined {
  if (category !== operationTimeoutOption.category || key !== operationTimeoutOption.key) return undefined;
  const { min, max } = operationTimeoutS;
  return readOperationTimeout(value) === undefined ? `must be a whole number from ${min} to ${max}` : undefined;
}

function readOperationTimeout(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,9}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds >= operationTimeoutS.min && seconds <= operationTimeoutS.max ? seconds : undefined;
}
