// Ends the sessions of people who may no longer connect or have signed out, at once: whoever changed it, through this process or another one.
import type { Clock, TimerHandle } from "#hardware/ports.ts";
import type { CloseReason } from "#protocol/close-reason.ts";
import { type CloudLog, errorText } from "../log.ts";
import { remoteAccessApplication, type Subscriptions } from "../tenant/subscriptions.ts";
import type { AccountChanges } from "./account-changes.ts";
import type { Accounts } from "./accounts.ts";
import { withImplied } from "./principal.ts";
import type { Tokens } from "./tokens.ts";

/** How often the rights of those who are connected are looked up, in ms: the command line writes past this process. */
export const lookEveryMs = 1_000;

/** What it needs of remote access. */
export interface LiveSessions {
  userNames(): readonly string[];
  loginIds(): readonly string[];
  endSessions(
    filter: { readonly userName?: string; readonly loginId?: string },
    reason: CloseReason,
    text?: string,
  ): number;
  judgeAnew(): void;
}

export class ConnectRights {
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #accounts: Accounts;
  readonly #subscriptions: Subscriptions;
  readonly #tokens: Tokens;
  readonly #remoteAccess: LiveSessions;
  readonly #log: CloudLog;
  readonly #unwatch: readonly (() => void)[];
  #timer: TimerHandle | undefined;
  #isStopped = false;

  constructor(deps: {
    readonly tenantId: string;
    readonly clock: Clock;
    readonly accounts: Accounts;
    readonly subscriptions: Subscriptions;
    readonly tokens: Tokens;
    readonly accountChanges: AccountChanges;
    readonly remoteAccess: LiveSessions;
    readonly log: CloudLog;
  }) {
    this.#tenantId = deps.tenantId;
    this.#clock = deps.clock;
    this.#accounts = deps.accounts;
    this.#subscriptions = deps.subscriptions;
    this.#tokens = deps.tokens;
    this.#remoteAccess = deps.remoteAccess;
    this.#log = deps.log;
    this.#unwatch = [
      deps.accountChanges.watch(() => this.#changed()),
      deps.subscriptions.watch(() => void this.#changed()),
      deps.tokens.watchEnded((id) => this.#loginEnded(id, "The login that opened the session was signed out.")),
    ];
  }

  /** Keeps looking as long as there are sessions. */
  sessionBegan(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    this.#timer = this.#clock.setTimeout(() => void this.#lookAgain(), lookEveryMs);
  }

  stop(): void {
    this.#isStopped = true;
    for (const unwatch of this.#unwatch) unwatch();
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #changed(): Promise<void> {
    this.#remoteAccess.judgeAnew();
    await this.#check();
  }

  async #lookAgain(): Promise<void> {
    await this.#check();
    this.#timer = undefined;
    if (this.#remoteAccess.userNames().length > 0) this.sessionBegan();
  }

  /** Never rejects: a change that was made is answered as made, and the next look comes soon. */
  async #check(): Promise<void> {
    try {
      const isSubscribed = await this.#subscriptions.has(remoteAccessApplication);
      for (const userName of this.#remoteAccess.userNames()) {
        if (isSubscribed && (await this.#mayConnect(userName))) continue;
        if (this.#isStopped) return;
        const sessions = this.#remoteAccess.endSessions({ userName }, "permission.revoked");
        this.#log.info("sessions.revoked", { user: userName, sessions });
      }
      for (const id of await this.#tokens.endedOf(this.#remoteAccess.loginIds())) {
        if (this.#isStopped) return;
        this.#loginEnded(id, "The login that opened the session has expired.");
      }
    } catch (error) {
      if (!this.#isStopped) this.#log.error("sessions.rights-unknown", { why: errorText(error) });
    }
  }

  #loginEnded(loginId: string, text: string): void {
    const sessions = this.#remoteAccess.endSessions({ loginId }, "permission.revoked", text);
    if (sessions > 0) this.#log.info("sessions.revoked", { why: "login-ended", sessions });
  }

  async #mayConnect(userName: string): Promise<boolean> {
    const account = await this.#accounts.get(this.#tenantId, userName);
    return account?.isEnabled === true && withImplied(account.roles).includes("ROLE_REMOTE_ACCESS_READ");
  }
}
