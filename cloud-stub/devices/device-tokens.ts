// Tokens of devices that log in by certificate (protocol.md 3.1): what HTTPS and websockets take in the place of a password.
import type { Clock } from "#hardware/ports.ts";
import type { TenantOptions } from "../tenant/tenant-options.ts";
import type { Accounts } from "../users/accounts.ts";
import type { Tokens } from "../users/tokens.ts";

export const lifespanOption = { category: "oauth.internal", key: "device-token.lifespan.seconds" } as const;
/** Life of a token, in seconds. */
export const lifespanSeconds = { usual: 3_600, min: 300, max: 14 * 24 * 3_600 } as const;
/** Tokens remembered, to give the same one again; the oldest is forgotten first. */
const rememberedMax = 10_000;

interface Given {
  readonly token: string;
  readonly atMs: number;
  readonly lifeMs: number;
  readonly stamp: string;
  readonly anchorKeyHash: string;
}

export class DeviceTokens {
  readonly #tenantId: string;
  readonly #clock: Clock;
  readonly #accounts: Accounts;
  readonly #options: TenantOptions;
  readonly #tokens: Tokens;
  readonly #given = new Map<string, Given>();

  constructor(deps: {
    readonly tenantId: string;
    readonly clock: Clock;
    readonly accounts: Accounts;
    readonly options: TenantOptions;
    readonly tokens: Tokens;
  }) {
    this.#tenantId = deps.tenantId;
    this.#clock = deps.clock;
    this.#accounts = deps.accounts;
    this.#options = deps.options;
    this.#tokens = deps.tokens;
  }

  /** The same token until half of its life is over; undefined if the device has no login any more. */
  async give(userName: string, anchorKeyHash: string): Promise<string | undefined> {
    // As it is now: a connection may be older than the last change of its account.
    const account = await this.#accounts.get(this.#tenantId, userName);
    if (account?.kind !== "device" || !account.isEnabled) return undefined;
    const nowMs = this.#clock.nowMs();
    const lifeMs = 1_000 * (await this.#lifespan());
    const last = this.#given.get(account.name);
    if (last !== undefined && fits(last, { nowMs, lifeMs, stamp: account.stamp, anchorKeyHash })) {
      if ((await this.#tokens.verify(last.token)) !== undefined) return last.token;
    }
    const { token } = await this.#tokens.issue(account, { lifetimeMs: lifeMs, anchorKeyHash });
    this.#remember(account.name, { token, atMs: nowMs, lifeMs, stamp: account.stamp, anchorKeyHash });
    return token;
  }

  #remember(name: string, given: Given): void {
    this.#given.delete(name);
    this.#given.set(name, given);
    const [oldest] = this.#given.keys();
    if (this.#given.size > rememberedMax && oldest !== undefined) this.#given.delete(oldest);
  }

  async #lifespan(): Promise<number> {
    const text = await this.#options.get(lifespanOption.category, lifespanOption.key);
    return readLifespan(text) ?? lifespanSeconds.usual;
  }
}

function fits(last: Given, now: { nowMs: number; lifeMs: number; stamp: string; anchorKeyHash: string }): boolean {
  const ageMs = now.nowMs - last.atMs;
  return (
    ageMs >= 0 &&
    ageMs < last.lifeMs / 2 &&
    last.lifeMs === now.lifeMs &&
    last.stamp === now.stamp &&
    last.anchorKeyHash === now.anchorKeyHash
  );
}

/** What is wrong with a value of the option; undefined if nothing is, or it is another one. */
export function whyLifespanRefused(category: string, key: string, value: string): string | undefined {
  if (category !== lifespanOption.category || key !== lifespanOption.key) return undefined;
  if (readLifespan(value) !== undefined) return undefined;
  return `must be a whole number from ${lifespanSeconds.min} to ${lifespanSeconds.max}`;
}

function readLifespan(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,9}$/.test(text)) return undefined;
  const seconds = Number(text);
  return seconds >= lifespanSeconds.min && seconds <= lifespanSeconds.max ? seconds : undefined;
}
