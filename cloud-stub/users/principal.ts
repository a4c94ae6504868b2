// Who is asking: the outcome of a login, with what it may do.

export const roles = [
  "ROLE_ALARM_ADMIN",
  "ROLE_ALARM_READ",
  "ROLE_AUDIT_READ",
  "ROLE_DEVICE_CONTROL_ADMIN",
  "ROLE_DEVICE_CONTROL_READ",
  "ROLE_EVENT_ADMIN",
  "ROLE_EVENT_READ",
  "ROLE_INVENTORY_ADMIN",
  "ROLE_INVENTORY_CREATE",
  "ROLE_INVENTORY_READ",
  "ROLE_MEASUREMENT_ADMIN",
  "ROLE_MEASUREMENT_READ",
  "ROLE_OPTION_MANAGEMENT_ADMIN",
  "ROLE_OPTION_MANAGEMENT_READ",
  "ROLE_REMOTE_ACCESS_ADMIN",
  "ROLE_REMOTE_ACCESS_READ",
  "ROLE_TENANT_ADMIN",
  "ROLE_TENANT_MANAGEMENT_ADMIN",
  "ROLE_TENANT_MANAGEMENT_READ",
  "ROLE_USER_MANAGEMENT_ADMIN",
  "ROLE_USER_MANAGEMENT_OWN_READ",
  "ROLE_USER_MANAGEMENT_READ",
] as const;
export type Role = (typeof roles)[number];

export function isRole(name: string): name is Role {
  return roles.some((role) => role === name);
}

/** What a holder of these roles may do, as a sorted list: the READ and CREATE that an ADMIN implies stand in it as well. */
export function withImplied(held: readonly string[]): readonly string[] {
  const implied = ["_READ", "_CREATE"].flatMap((lesser) =>
    held.map((role) => role.replace(/_ADMIN$/, lesser)).filter(isRole),
  );
  return [...new Set([...held, ...implied])].sort();
}

export interface Principal {
  readonly kind: "user" | "device" | "bootstrap";
  readonly tenantId: string;
  readonly userName: string;
  /** Internal id of the device whose own login this is; undefined until its managed object exists. */
  readonly deviceId?: string;
  /** External id of the device whose own login this is. */
  readonly externalId?: string;
  readonly roles: readonly string[];
  /** ADMIN of an area implies its READ and CREATE. */
  hasRole(role: Role): boolean;
}

export function createPrincipal(facts: {
  readonly kind: Principal["kind"];
  readonly tenantId: string;
  readonly userName: string;
  readonly deviceId?: string | undefined;
  readonly externalId?: string | undefined;
  readonly roles: readonly string[];
}): Principal {
  const { kind, tenantId, userName, deviceId, externalId } = facts;
  const held = new Set(facts.roles);
  return {
    kind,
    tenantId,
    userName,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(externalId === undefined ? {} : { externalId }),
    roles: facts.roles,
    hasRole: (role) => held.has(role) || held.has(role.replace(/_(READ|CREATE)$/, "_ADMIN")),
  };
}
