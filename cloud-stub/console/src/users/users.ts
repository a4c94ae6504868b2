// The accounts of people and the groups that give them their roles, as the cloud's user interface speaks of them.

import { getJson, postJson, putJson, remove } from "../cloud/api-client.ts";
import { ApiError, errorText } from "../cloud/api-error.ts";
import { fetchTenantId } from "../sign-in/sign-in-requests.ts";

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface User {
  readonly userName: string;
  readonly isEnabled: boolean;
  /** Ids. */
  readonly groups: readonly string[];
}

export interface Accounts {
  readonly tenantId: string;
  readonly users: readonly User[];
  readonly groups: readonly Group[];
  /** There are more than `usersMax`. */
  readonly isCutOff: boolean;
}

export const usersMax = 500;
const groupsMax = 200;

interface GroupDocument {
  readonly id: number;
  readonly name: string;
  readonly description?: string;
}

interface UserDocument {
  readonly userName: string;
  readonly enabled?: boolean;
  readonly groups?: { readonly references?: readonly { readonly group: GroupDocument }[] };
}

export async function fetchAccounts(signal: AbortSignal): Promise<Accounts> {
  const tenantId = await fetchTenantId();
  const [users, groups] = await Promise.all([
    getJson<{ readonly users: readonly UserDocument[]; readonly next?: string }>(
      `${base(tenantId)}/users?pageSize=${usersMax}`,
      signal,
    ),
    getJson<{ readonly groups: readonly GroupDocument[] }>(`${base(tenantId)}/groups?pageSize=${groupsMax}`, signal),
  ]);
  return {
    tenantId,
    users: users.users.map(readUser),
    groups: groups.groups.map(({ id, name, description }) => ({
      id: String(id),
      name,
      description: description ?? "",
    })),
    isCutOff: users.next !== undefined,
  };
}

/** The password goes into the body of one request and nowhere else. */
export async function addUser(
  tenantId: string,
  user: { readonly userName: string; readonly password: string; readonly groupId: string },
): Promise<void> {
  const userName = user.userName.trim();
  await postJson(`${base(tenantId)}/users`, { userName, password: user.password });
  if (user.groupId === "") return;
  try {
    await addToGroup(tenantId, userName, user.groupId);
  } catch (failure) {
    // Trying again would only say that the user exists.
    throw new ApiError("api.failed", `The user was added, but is in no group yet: ${errorText(failure)}`, 0);
  }
}

export async function setEnabled(tenantId: string, userName: string, enabled: boolean): Promise<void> {
  await putJson(userPath(tenantId, userName), { enabled });
}

export async function setPassword(tenantId: string, userName: string, newPassword: string): Promise<void> {
  await putJson(`${userPath(tenantId, userName)}/password`, { newPassword });
}

export function removeUser(tenantId: string, userName: string): Promise<void> {
  return remove(userPath(tenantId, userName));
}

export async function addToGroup(tenantId: string, userName: string, groupId: string): Promise<void> {
  await postJson(`${groupPath(tenantId, groupId)}/users`, { user: { id: userName } });
}

export function removeFromGroup(tenantId: string, userName: string, groupId: string): Promise<void> {
  return remove(`${groupPath(tenantId, groupId)}/users/${encodeURIComponent(userName)}`);
}

function readUser(document: UserDocument): User {
  const references = document.groups?.references ?? [];
  return {
    userName: document.userName,
    isEnabled: document.enabled !== false,
    groups: references.map(({ group }) => String(group.id)),
  };
}

function base(tenantId: string): string {
  return `/user/${encodeURIComponent(tenantId)}`;
}

function userPath(tenantId: string, userName: string): string {
  return `${base(tenantId)}/users/${encodeURIComponent(userName)}`;
}

function groupPath(tenantId: string, groupId: string): string {
  return `${base(tenantId)}/groups/${encodeURIComponent(groupId)}`;
}
