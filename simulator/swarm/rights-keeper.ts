// The visitor of a swarm run, whose account is disabled for a while: sessions of it end at once, and nobody else's.
import type { CloudHttp } from "../operator/cloud-http.ts";
import type { Site } from "../site.ts";
import type { RevokeEvent, SessionEvent, SwarmPlan } from "./swarm-plan.ts";

const visitor = { name: "visitor", password: "visitor-Pa55-word" } as const;
/** Whoever is in it may connect to panels. */
const operatorsGroup = 2;
/** Every so many sessions of a plan with a visitor are the visitor's. */
const sessionsPerVisit = 3;

/** A time within which the visitor had no rights, or may have had none. */
export interface RightsChange {
  readonly fromMs: number;
  /** The cloud has said that the account is disabled. */
  doneAtMs: number | undefined;
  toMs: number;
}

export class RightsKeeper {
  readonly changes: RightsChange[] = [];
  /** For the visitor's sessions; undefined in a plan without a visitor. */
  readonly http: CloudHttp | undefined;
  readonly #site: Site;
  #work: Promise<void> = Promise.resolve();

  private constructor(site: Site, http: CloudHttp | undefined) {
    this.#site = site;
    this.http = http;
  }

  /** Before anything breaks the visitor gets an account, if the plan needs one. */
  static async gather(site: Site, plan: SwarmPlan): Promise<RightsKeeper> {
    if (!plan.events.some(({ kind }) => kind === "revoke")) return new RightsKeeper(site, undefined);
    const { operator } = site;
    const { name, password } = visitor;
    const made = await operator.asks("POST", "/user/t1000/users", { userName: name, password });
    const joined = await operator.asks("POST", `/user/t1000/groups/${operatorsGroup}/users`, { user: { id: name } });
    if (made.status >= 300 || joined.status >= 300) throw new Error(`No account: ${made.text} ${joined.text}`);
    return new RightsKeeper(site, operator.http.as(`t1000/${name}`, password));
  }

  isVisitors({ id }: SessionEvent): boolean {
    return this.http !== undefined && id < 1_000_000 && id % sessionsPerVisit === 0;
  }

  begin(_event: RevokeEvent): void {
    const change: RightsChange = {
      fromMs: this.#site.clock.monotonicMs(),
      doneAtMs: undefined,
      toMs: Number.POSITIVE_INFINITY,
    };
    this.changes.push(change);
    this.#then(async () => {
      if (await this.#sets(false)) change.doneAtMs = this.#site.clock.monotonicMs();
    });
  }

  end(_event: RevokeEvent): void {
    this.#then(() => this.#restores());
  }

  /** The visitor may do again what it could. */
  async heal(): Promise<void> {
    if (this.http === undefined) return;
    this.#then(() => this.#restores());
    await this.#site.until(this.#work, { what: "the visitor to get its rights back", limitMs: 300_000 });
  }

  async #restores(): Promise<void> {
    if (!(await this.#sets(true))) return;
    const nowMs = this.#site.clock.monotonicMs();
    for (const change of this.changes) change.toMs = Math.min(change.toMs, nowMs);
  }

  /** One after the other: what is asked for last is what holds. */
  #then(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  /** False if the network broke it: it may have been done or not. */
  async #sets(enabled: boolean): Promise<boolean> {
    this.#site.says(`the visitor is ${enabled ? "enabled" : "disabled"}`);
    try {
      const { status } = await this.#site.operator.asks("PUT", `/user/t1000/users/${visitor.name}`, { enabled });
      return status < 300;
    } catch {
      return false;
    }
  }
}
