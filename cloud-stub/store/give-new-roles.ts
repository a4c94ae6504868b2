// Part of migration 5: the groups that every tenant starts with get the roles that came with alarms, measurements and files.
import type { Database } from "better-sqlite3";

const readerRoles = ["ROLE_ALARM_READ", "ROLE_MEASUREMENT_READ"];
const newRolesOf: Readonly<Record<string, readonly string[]>> = {
  admins: ["ROLE_ALARM_ADMIN", "ROLE_EVENT_ADMIN", "ROLE_INVENTORY_CREATE", "ROLE_MEASUREMENT_ADMIN", ...readerRoles],
  readers: readerRoles,
  technicians: ["ROLE_ALARM_ADMIN", "ROLE_INVENTORY_CREATE", ...readerRoles],
};

/** A group that somebody made, or took the right to see events from, keeps what it has. */
export function giveNewRoles(database: Database): void {
  const update = database.prepare("update groups set roles = ? where tenant_id = ? and number = ?");
  for (const row of database.prepare("select tenant_id, number, name, roles from groups").all()) {
    const group = row as { tenant_id: string; number: number; name: string; roles: string };
    const held = JSON.parse(group.roles) as readonly string[];
    const added = newRolesOf[group.name];
    if (added === undefined || !held.includes("ROLE_EVENT_READ")) continue;
    update.run(JSON.stringify([...new Set([...held, ...added])].sort()), group.tenant_id, group.number);
  }
}
