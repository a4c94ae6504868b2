// What a signed-in person may do, read from the roles that the cloud names.

export interface CurrentUser {
  readonly userName: string;
  readonly effectiveRoles: readonly { readonly id: string }[];
}

function hasAny(user: CurrentUser, ...roles: readonly string[]): boolean {
  return user.effectiveRoles.some((role) => roles.includes(role.id));
}

export function mayReadDevices(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_INVENTORY_READ", "ROLE_INVENTORY_ADMIN");
}

export function mayReadRegistration(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_DEVICE_CONTROL_READ", "ROLE_DEVICE_CONTROL_ADMIN");
}

/** "Change" on Device control. */
export function mayRegisterDevices(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_DEVICE_CONTROL_ADMIN");
}

/** "Read" on Remote access: see endpoints and connect. */
export function mayConnect(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_REMOTE_ACCESS_READ", "ROLE_REMOTE_ACCESS_ADMIN");
}

/** "Change" on both Remote access and Device control. */
export function mayConfigureEndpoints(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_REMOTE_ACCESS_ADMIN") && hasAny(user, "ROLE_DEVICE_CONTROL_ADMIN");
}

export function mayReadOperations(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_DEVICE_CONTROL_READ", "ROLE_DEVICE_CONTROL_ADMIN");
}

/** "Change" on Device control: restart a gateway, get its logs, and the like. */
export function mayControlDevices(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_DEVICE_CONTROL_ADMIN");
}

/** Put files where gateways fetch them. */
export function maySendFiles(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_INVENTORY_CREATE", "ROLE_INVENTORY_ADMIN");
}

export function mayReadAlarms(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_ALARM_READ", "ROLE_ALARM_ADMIN");
}

export function mayChangeAlarms(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_ALARM_ADMIN");
}

export function mayReadMeasurements(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_MEASUREMENT_READ", "ROLE_MEASUREMENT_ADMIN");
}

export function mayReadAudit(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_AUDIT_READ", "ROLE_AUDIT_ADMIN");
}

/** See who is connected at this moment, and end it. */
export function mayEndSessions(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_REMOTE_ACCESS_ADMIN");
}

export function mayReadTrust(user: CurrentUser): boolean {
  return mayChangeTrust(user) || hasAny(user, "ROLE_TENANT_MANAGEMENT_READ");
}

/** Decide whose gateways may log in by certificate. */
export function mayChangeTrust(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_TENANT_MANAGEMENT_ADMIN", "ROLE_TENANT_ADMIN");
}

export function mayReadUsers(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_USER_MANAGEMENT_READ", "ROLE_USER_MANAGEMENT_ADMIN");
}

export function mayChangeUsers(user: CurrentUser): boolean {
  return hasAny(user, "ROLE_USER_MANAGEMENT_ADMIN");
}
