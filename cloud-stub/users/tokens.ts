// Tokens of cookie and bearer logins: signed JSON web tokens that also need their row in the store, so that a logout ends them.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Clock, Random } from "#hardware/ports.ts";
import type { Store } from "../store/store.ts";
import type { Account, Accounts } from "./accounts.ts";

/** Cumulocity's default (protocol.md 7.2). */
export const tokenLifetimeMs = 14 * 24 * 3_600_000;
/** Tokens of one user that live at a time; the oldest ends first. */
export const tokensPerUserMax = 50;

export interface IssuedToken {
  readonly token: string;
  /** To be sent back as X-XSRF-TOKEN with each unsafe request that logs in by cookie. */
  readonly xsrfToken: string;
}

export interface VerifiedToken {
  readonly id: string;
  readonly account: Account;
  isXsrfToken(value: string): boolean;
}

interface Claims {
  readonly jti: string;
  readonly sub: string;
  readonly ten: string;
  readonly iat: number;
  readonly exp: number;
}

const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: "JWT" })).toString("base64url");

export class Tokens {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #store: Store;
  readonly #accounts: Accounts;
  readonly #key: Uint8Array;
  readonly #endListeners = new Set<(id: string) => void>();

  constructor(deps: {
    readonly clock: Clock;
    readonly random: Random;
    readonly store: Store;
    readonly accounts: Accounts;
    readonly key: Uint8Array;
  }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#store = deps.store;
    this.#accounts = deps.accounts;
    this.#key = deps.key;
  }

  /** `anchorKeyHash`: of a device that showed a certificate, the authority's that vouched for it. */
  async issue(
    account: Account,
    options: { readonly lifetimeMs?: number; readonly anchorKeyHash?: string } = {},
  ): Promise<IssuedToken> {
    const { lifetimeMs = tokenLifetimeMs, anchorKeyHash = null } = options;
    const nowMs = Math.floor(this.#clock.nowMs());
    const id = Buffer.from(this.#random.bytes(16)).toString("base64url");
    const xsrfToken = Buffer.from(this.#random.bytes(16)).toString("base64url");
    await this.#makeRoom(account, nowMs);
    await this.#store.db
      .insertInto("logins")
      .values({
        id,
        tenant_id: account.tenantId,
        user_name: account.name,
        user_stamp: account.stamp,
        xsrf_hash: sha256(xsrfToken),
        created_at_ms: nowMs,
        expires_at_ms: nowMs + lifetimeMs,
        anchor_key_hash: anchorKeyHash,
      })
      .execute();
    const iat = Math.floor(nowMs / 1000);
    const exp = Math.floor((nowMs + lifetimeMs) / 1000);
    const claims: Claims = { jti: id, sub: account.name, ten: account.tenantId, iat, exp };
    const body = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
    return { token: `${body}.${this.#sign(body).toString("base64url")}`, xsrfToken };
  }

  /** Undefined for anything but a token of ours that still stands. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const claims = this.#read(token);
    if (claims === undefined) return undefined;
    const login = await this.#store.db.selectFrom("logins").selectAll().where("id", "=", claims.jti).executeTakeFirst();
    if (login === undefined || login.expires_at_ms <= this.#clock.nowMs()) return undefined;
    const account = await this.#accounts.get(login.tenant_id, login.user_name);
    if (account === undefined || !account.isEnabled || account.stamp !== login.user_stamp) return undefined;
    return {
      id: login.id,
      account,
      isXsrfToken: (value) => timingSafeEqual(Buffer.from(sha256(value)), Buffer.from(login.xsrf_hash)),
    };
  }

  /** Ends a token; fine if it has ended. */
  async end(id: string): Promise<void> {
    await this.#store.db.deleteFrom("logins").where("id", "=", id).execute();
    for (const listener of [...this.#endListeners]) listener(id);
  }

  /** Ends the tokens of devices for which none of these authorities vouches any more. */
  async endWithoutAnchor(keyHashes: readonly string[]): Promise<void> {
    let query = this.#store.db.selectFrom("logins").select("id").where("anchor_key_hash", "is not", null);
    if (keyHashes.length > 0) query = query.where("anchor_key_hash", "not in", keyHashes);
    for (const { id } of await query.execute()) await this.end(id);
  }

  /** Hears of each token that was ended, once that is durable; not of those that expire. Gives back how to stop. */
  watchEnded(listener: (id: string) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Those of these tokens that have been ended or have expired. A new password voids tokens without ending them. */
  async endedOf(ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const nowMs = this.#clock.nowMs();
    const rows = await this.#store.db
      .selectFrom("logins")
      .select(["id", "expires_at_ms"])
      .where("id", "in", ids)
      .execute();
    const standing = new Set(rows.filter((row) => row.expires_at_ms > nowMs).map((row) => row.id));
    return ids.filter((id) => !standing.has(id));
  }

  async #makeRoom(account: Account, nowMs: number): Promise<void> {
    await this.#store.db.deleteFrom("logins").where("expires_at_ms", "<=", nowMs).execute();
    const ofUser = await this.#store.db
      .selectFrom("logins")
      .select("id")
      .where("tenant_id", "=", account.tenantId)
      .where("user_name", "=", account.name)
      .orderBy("created_at_ms", "desc")
      .offset(tokensPerUserMax - 1)
      .limit(tokensPerUserMax)
      .execute();
    for (const { id } of ofUser) await this.end(id);
  }

  #read(token: string): Claims | undefined {
    const [head, body, signature, ...rest] = token.split(".");
    if (head !== header || body === undefined || signature === undefined || rest.length > 0) return undefined;
    const expected = this.#sign(`${head}.${body}`);
    const given = Buffer.from(signature, "base64url");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    return JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as Claims;
  }

  #sign(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
