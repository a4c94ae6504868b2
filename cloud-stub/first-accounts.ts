// The accounts that a cloud cannot be without: the administrator, and the one with which devices ask for credentials.
import { type Accounts, bootstrapTenantId, bootstrapUserName } from "./users/accounts.ts";
import { roles } from "./users/principal.ts";

export const adminUserName = "admin";

export interface FirstPasswords {
  readonly adminPassword?: string;
  readonly bootstrapPassword?: string;
}

/** An account that is about to be made. */
export interface NewAccount {
  /** As it logs in. */
  readonly user: string;
  /** A secret; undefined if the password was given from outside. */
  readonly madeUpPassword: string | undefined;
}

/**
 * Makes the accounts that are missing; the administrator only where nobody could manage accounts, so that one who was
 * deleted does not come back with an old password. Gives back the passwords that were made up here, and only those. `keep` is told
 * of the accounts before any of them is made, so that no password is lost with the process.
 */
export async function ensureFirstAccounts(
  accounts: Accounts,
  tenantId: string,
  wanted: FirstPasswords,
  keep: (accounts: readonly NewAccount[]) => void = () => {},
): Promise<FirstPasswords> {
  const isAdminMissing =
    (await accounts.get(tenantId, adminUserName)) === undefined && !(await accounts.hasAdministrator(tenantId));
  const isBootstrapMissing = (await accounts.get(bootstrapTenantId, bootstrapUserName)) === undefined;
  const created: FirstPasswords = {
    ...(isAdminMissing && wanted.adminPassword === undefined ? { adminPassword: accounts.newPassword() } : {}),
    ...(isBootstrapMissing && wanted.bootstrapPassword === undefined
      ? { bootstrapPassword: accounts.newPassword() }
      : {}),
  };
  const bootstrapUser = `${bootstrapTenantId}/${bootstrapUserName}`;
  const missing = [
    ...(isAdminMissing ? [{ user: adminUserName, madeUpPassword: created.adminPassword }] : []),
    ...(isBootstrapMissing ? [{ user: bootstrapUser, madeUpPassword: created.bootstrapPassword }] : []),
  ];
  if (missing.length > 0) keep(missing);
  const { adminPassword = "", bootstrapPassword = "" } = { ...wanted, ...created };
  if (isAdminMissing) {
    await accounts.put({ tenantId, name: adminUserName, kind: "user", password: adminPassword, roles });
  }
  if (isBootstrapMissing) {
    await accounts.put({
      tenantId: bootstrapTenantId,
      name: bootstrapUserName,
      kind: "bootstrap",
      password: bootstrapPassword,
      roles: ["ROLE_DEVICE_BOOTSTRAP"],
    });
  }
  return created;
}
