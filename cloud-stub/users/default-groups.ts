// The groups that a tenant starts with; people may change and remove them later.
import { readSetting, writeSetting } from "../store/settings.ts";
import type { Store } from "../store/store.ts";
import type { Groups } from "./groups.ts";
import type { People } from "./people.ts";
import { type Role, roles } from "./principal.ts";

const readerRoles: readonly Role[] = [
  "ROLE_ALARM_READ",
  "ROLE_AUDIT_READ",
  "ROLE_DEVICE_CONTROL_READ",
  "ROLE_EVENT_READ",
  "ROLE_INVENTORY_READ",
  "ROLE_MEASUREMENT_READ",
  "ROLE_REMOTE_ACCESS_READ",
  "ROLE_USER_MANAGEMENT_OWN_READ",
];

export const administratorsGroup = "admins";

const defaultGroups: readonly {
  readonly name: string;
  readonly description: string;
  readonly roles: readonly Role[];
}[] = [
  { name: administratorsGroup, description: "May do everything.", roles },
  { name: "readers", description: "See devices and endpoints, and connect to endpoints.", roles: readerRoles },
  {
    name: "technicians",
    description: "Register devices, look after them, set endpoints up, and connect to them.",
    roles: [
      ...readerRoles,
      "ROLE_ALARM_ADMIN",
      "ROLE_DEVICE_CONTROL_ADMIN",
      "ROLE_INVENTORY_CREATE",
      "ROLE_REMOTE_ACCESS_ADMIN",
    ],
  },
];

const settingName = "default-groups";

/** Makes them once in the life of a database, with `administrator`, if there is one, in the first. */
export async function ensureDefaultGroups(
  deps: { readonly store: Store; readonly groups: Groups; readonly people: People },
  administrator: string,
): Promise<void> {
  if ((await readSetting(deps.store, settingName)) !== undefined) return;
  for (const wanted of defaultGroups) {
    const group = (await deps.groups.byName(wanted.name)) ?? (await deps.groups.create(wanted, administrator));
    if (group.name !== administratorsGroup || (await deps.people.get(administrator)) === undefined) continue;
    await deps.groups.addMember(group.id, administrator, administrator);
  }
  await writeSetting(deps.store, settingName, "made");
}
