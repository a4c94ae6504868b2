// Finds out who is asking: Basic, bearer, cookie with XSRF token, or `?token=` of foreign websocket clients.
import type { IncomingHttpHeaders } from "node:http";
import type { Clock, Random } from "#hardware/ports.ts";
import { type HostPolicy, portOfHost } from "../api/host-policy.ts";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import { type CloudLog, errorText } from "../log.ts";
import type { Peer } from "../peer.ts";
import { type Account, type Accounts, noPassword } from "./accounts.ts";
import { LoginRateLimit } from "./login-rate-limit.ts";
import { HasherBusyError, type PasswordHasher } from "./password-hasher.ts";
import { createPrincipal, type Principal } from "./principal.ts";
import { RememberedLogins } from "./remembered-logins.ts";
import type { Tokens, VerifiedToken } from "./tokens.ts";

export interface AuthenticationRequest {
  /** Default GET. */
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly peer: Peer;
}

/** `none`: no login at all; `wrong`: not one of ours; `xsrf`: cookie without its token or a foreign page; `too-many`, `busy`: try later. */
export type LoginRefusal = "none" | "wrong" | "xsrf" | "too-many" | "busy";

export type AuthenticationOutcome =
  | { readonly ok: true; readonly principal: Principal; readonly tokenId?: string }
  | { readonly ok: false; readonly why: LoginRefusal };

export type PasswordOutcome =
  | { readonly ok: true; readonly account: Account }
  | { readonly ok: false; readonly why: LoginRefusal };

export class Authentication {
  readonly #tenantId: string;
  readonly #accounts: Accounts;
  readonly #tokens: Tokens;
  readonly #devices: DeviceRegistry;
  readonly #hosts: HostPolicy;
  readonly #hasher: PasswordHasher;
  readonly #log: CloudLog;
  readonly #remembered: RememberedLogins;
  readonly #rateLimit: LoginRateLimit;
  readonly #loginListeners = new Set<(peer: Peer) => void>();
  /** Checks under way, so that many requests with one login cost one hash. */
  readonly #underWay = new Map<string, Promise<boolean>>();

  constructor(deps: {
    readonly clock: Clock;
    readonly random: Random;
    readonly tenantId: string;
    readonly accounts: Accounts;
    readonly tokens: Tokens;
    readonly devices: DeviceRegistry;
    readonly hosts: HostPolicy;
    readonly hasher: PasswordHasher;
    readonly log: CloudLog;
  }) {
    this.#tenantId = deps.tenantId;
    this.#accounts = deps.accounts;
    this.#tokens = deps.tokens;
    this.#devices = deps.devices;
    this.#hosts = deps.hosts;
    this.#hasher = deps.hasher;
    this.#log = deps.log;
    this.#remembered = new RememberedLogins(deps);
    this.#rateLimit = new LoginRateLimit(deps.clock);
  }

  /** Who is asking, or undefined. Never rejects. */
  async authenticate(request: AuthenticationRequest): Promise<Principal | undefined> {
    const outcome = await this.check(request);
    return outcome.ok ? outcome.principal : undefined;
  }

  /** As `authenticate`, but says why not. Never rejects. */
  async check(request: AuthenticationRequest): Promise<AuthenticationOutcome> {
    try {
      const outcome = await this.#check(request);
      if (outcome.ok) for (const listener of this.#loginListeners) listener(request.peer);
      return outcome;
    } catch (error) {
      this.#log.error("login.error", { why: errorText(error) });
      return { ok: false, why: "busy" };
    }
  }

  /** Hears of each request whose login is right, by the peer that came with it. */
  watchLogins(listener: (peer: Peer) => void): void {
    this.#loginListeners.add(listener);
  }

  /** Checks a name and password; the rate limit counts by `address`. `user` is `tenant/name`, or a name of our tenant. */
  async checkPassword(user: string, password: string, address: string): Promise<PasswordOutcome> {
    const { tenantId, name } = splitUser(user, this.#tenantId);
    const userName = `${tenantId}/${name}`;
    const account = await this.#accounts.get(tenantId, name);
    // What somebody types as a name may be a password: only names that we know go into the log.
    const shownName = account === undefined ? "(unknown)" : userName;
    const key = this.#remembered.keyFor(tenantId, name, password);
    if (account?.isEnabled === true && this.#remembered.has(key, account.stamp)) return { ok: true, account };
    // Who waits for the check of the same password learns nothing more by it.
    const isUnderWay = account !== undefined && this.#underWay.has(underWayKey(account, key));
    const attempt = isUnderWay ? undefined : this.#rateLimit.begins(address, userName);
    if (attempt === undefined && !isUnderWay) return this.#refused(shownName, address, "too-many");
    let isRight: boolean;
    try {
      isRight = await this.#verify(key, password, account);
    } catch (error) {
      attempt?.withdrawn();
      if (error instanceof HasherBusyError) return this.#refused(shownName, address, "busy");
      throw error;
    }
    if (!isRight || account === undefined || !account.isEnabled) return this.#refused(shownName, address, "wrong");
    attempt?.succeeded();
    this.#log.info("login.succeeded", { user: userName, address });
    return { ok: true, account };
  }

  async #check(request: AuthenticationRequest): Promise<AuthenticationOutcome> {
    const header = request.headers.authorization;
    if (header !== undefined) return this.#byHeader(header, request.peer);
    const queryToken = isUpgrade(request) ? queryValue(request.url, "token") : undefined;
    if (queryToken !== undefined) return this.#byQuery(queryToken, request.peer);
    return this.#byCookie(request);
  }

  async #byHeader(header: string, peer: Peer): Promise<AuthenticationOutcome> {
    const [scheme = "", credentials = ""] = header.trim().split(/\s+/, 2);
    if (scheme.toLowerCase() === "basic") return this.#byBasic(credentials, peer);
    if (scheme.toLowerCase() === "bearer") return this.#byToken(credentials, peer);
    return { ok: false, why: "wrong" };
  }

  async #byBasic(credentials: string, peer: Peer): Promise<AuthenticationOutcome> {
    const text = Buffer.from(credentials, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 1) return { ok: false, why: "wrong" };
    const outcome = await this.checkPassword(text.slice(0, colon), text.slice(colon + 1), peer.address);
    return outcome.ok ? { ok: true, principal: await this.principalOf(outcome.account) } : outcome;
  }

  async #byToken(token: string, peer: Peer): Promise<AuthenticationOutcome> {
    const verified = await this.#tokens.verify(token);
    if (verified === undefined) return this.#refused("(token)", peer.address, "wrong");
    return this.#accept(verified);
  }

  /** A bearer token, or Basic credentials without their prefix (protocol.md 5.5). */
  async #byQuery(value: string, peer: Peer): Promise<AuthenticationOutcome> {
    const verified = await this.#tokens.verify(value);
    return verified === undefined ? this.#byBasic(value, peer) : this.#accept(verified);
  }

  async #byCookie(request: AuthenticationRequest): Promise<AuthenticationOutcome> {
    const cookies = parseCookies(request.headers.cookie);
    const port = portOfHost(request.headers.host, request.peer.isEncrypted);
    const token = cookies.get(`authorization-${port}`) ?? cookies.get("authorization");
    if (token === undefined) return { ok: false, why: "none" };
    const verified = await this.#tokens.verify(token);
    if (verified === undefined) return { ok: false, why: "wrong" };
    return this.#isOwnPage(request, verified) ? this.#accept(verified) : { ok: false, why: "xsrf" };
  }

  /** Browsers send cookies with requests of any page; this tells our own page's from the others'. */
  #isOwnPage(request: AuthenticationRequest, verified: VerifiedToken): boolean {
    const sent = request.headers["x-xsrf-token"];
    const hasXsrfToken = typeof sent === "string" && verified.isXsrfToken(sent);
    if (isUpgrade(request)) {
      // A browser always names the Origin of a websocket, and its page can set no header on it.
      if (request.headers.origin !== undefined)
        return this.#hosts.hasOwnOrigin(request.headers, request.peer.isEncrypted);
      const inQuery = queryValue(request.url, "XSRF-TOKEN");
      return hasXsrfToken || (inQuery !== undefined && verified.isXsrfToken(inQuery));
    }
    return isSafe(request.method) || hasXsrfToken;
  }

  async #accept(verified: VerifiedToken): Promise<AuthenticationOutcome> {
    return { ok: true, principal: await this.principalOf(verified.account), tokenId: verified.id };
  }

  /** What an account that has logged in may do. */
  async principalOf(account: Account): Promise<Principal> {
    const externalId = account.deviceExternalId;
    const device = externalId === undefined ? undefined : await this.#devices.byExternalId(externalId);
    return createPrincipal({
      kind: account.kind,
      tenantId: account.tenantId,
      userName: account.name,
      deviceId: device?.id,
      externalId,
      roles: account.roles,
    });
  }

  async #verify(key: string, password: string, account: Account | undefined): Promise<boolean> {
    // An unknown name costs as much time as a known one, or names could be guessed by the clock.
    if (account === undefined || account.passwordHash === noPassword) {
      await this.#hasher.hash(password.slice(0, 100));
      return false;
    }
    const name = underWayKey(account, key);
    const underWay = this.#underWay.get(name);
    if (underWay !== undefined) return underWay;
    const check = this.#verifyAndRemember(key, password, account).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, check);
    return check;
  }

  async #verifyAndRemember(key: string, password: string, account: Account): Promise<boolean> {
    if (!(await this.#hasher.verify(password, account.passwordHash))) return false;
    // That took long enough for the account to be changed or removed under it.
    const present = await this.#accounts.get(account.tenantId, account.name);
    if (present?.stamp !== account.stamp) return false;
    this.#remembered.remember(key, account.stamp);
    return true;
  }

  #refused(user: string, address: string, why: LoginRefusal): { readonly ok: false; readonly why: LoginRefusal } {
    this.#log.warn("login.failed", { user, address, why });
    return { ok: false, why };
  }
}

function underWayKey(account: Account, key: string): string {
  return `${account.stamp}.${key}`;
}

/** Splits `tenant/name`; a name alone belongs to `ownTenantId`. */
function splitUser(user: string, ownTenantId: string): { readonly tenantId: string; readonly name: string } {
  const slash = user.indexOf("/");
  if (slash < 0) return { tenantId: ownTenantId, name: user };
  return { tenantId: user.slice(0, slash), name: user.slice(slash + 1) };
}

/** Both headers, as Node asks for them: with one alone it is an ordinary request, which may change something. */
function isUpgrade({ method, headers }: AuthenticationRequest): boolean {
  const isConnection = /(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.connection ?? "");
  return headers.upgrade?.toLowerCase() === "websocket" && isConnection && (method ?? "GET") === "GET";
}

function isSafe(method: string | undefined): boolean {
  return method === undefined || method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function queryValue(url: string | undefined, name: string): string | undefined {
  const question = url?.indexOf("?") ?? -1;
  if (url === undefined || question < 0) return undefined;
  return new URLSearchParams(url.slice(question + 1)).get(name) ?? undefined;
}

/** The first value of each name counts: a second one of the same name was set by somebody else. */
function parseCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of (header ?? "").split(";")) {
    const equals = part.indexOf("=");
    const name = part.slice(0, equals).trim();
    if (equals > 0 && !cookies.has(name)) cookies.set(name, part.slice(equals + 1).trim());
  }
  return cookies;
}
