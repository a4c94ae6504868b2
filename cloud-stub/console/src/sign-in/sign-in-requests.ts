// The cloud's sign-in, sign-out and "who am I".
import { getJson, postForm, postJson } from "../cloud/api-client.ts";
import type { CurrentUser } from "./permissions.ts";

interface LoginOptions {
  readonly loginOptions: readonly { readonly type: string; readonly initRequest?: string }[];
}

export function fetchCurrentUser(signal: AbortSignal): Promise<CurrentUser> {
  return getJson<CurrentUser>("/user/currentUser", signal);
}

/** Signs in with a cookie that scripts cannot read. The password goes into the body of one request and nowhere else. */
export async function signIn(userName: string, password: string): Promise<void> {
  const tenantId = await fetchTenantId();
  await postForm(`/tenant/oauth?tenant_id=${encodeURIComponent(tenantId)}`, {
    grant_type: "PASSWORD",
    username: userName,
    password,
  });
}

export function signOut(): Promise<void> {
  return postJson<void>("/user/logout", {});
}

/** The name of the tenant that this cloud is for. */
export async function fetchTenantId(): Promise<string> {
  const { loginOptions } = await getJson<LoginOptions>("/tenant/loginOptions");
  for (const option of loginOptions) {
    const tenantId = option.initRequest === undefined ? null : readTenantId(option.initRequest);
    if (tenantId !== null) return tenantId;
  }
  return "t1000";
}

function readTenantId(initRequest: string): string | null {
  return new URL(initRequest, location.origin).searchParams.get("tenant_id");
}
