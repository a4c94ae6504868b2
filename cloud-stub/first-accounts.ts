// The accounts that a cloud cannot be without: the administrator, and the one with which devices ask for credentials.
import { type Accounts, bootstrapTenantId, bootstrapUserName } from "./users/accounts.ts";
import { roles } from "./users/principal.ts";

export const adminUserName = "admin";

export interface FirstPasswords {
  readonly adminPassword?: string;
  readonly bootstrapPassword?: string;
}

/** Makes the accounts that are missing. Gives back the passwords that were made up here, and only those. */
export async function ensureFirstAccounts(
  accounts: Accounts,
  tenantId: string,
  wanted: FirstPasswords,
): Promise<FirstPasswords> {
  const created: { adminPassword?: string; bootstrapPassword?: string } = {};
  if ((await accounts.get(tenantId, adminUserName)) === undefined) {
    const password = wanted.adminPassword ?? accounts.newPassword();
    if (wanted.adminPassword === undefined) created.adminPassword = password;
    await accounts.put({ tenantId, name: adminUserName, kind: "user", password, roles });
  }
  if ((await accounts.get(bootstrapTenantId, bootstrapUserName)) === undefined) {
    const password = wanted.bootstrapPassword ?? accounts.newPassword();
    if (wanted.bootstrapPassword === undefined) created.bootstrapPassword = password;
    await accounts.put({
      tenantId: bootstrapTenantId,
      name: bootstrapUserName,
      kind: "bootstrap",
      password,
      roles: ["ROLE_DEVICE_BOOTSTRAP"],
    });
  }
  return created;
}
