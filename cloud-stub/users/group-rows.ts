// The groups in the store, and the groups of one person.
import type { Kysely } from "kysely";
import type { Database } from "../store/schema.ts";

export interface GroupSummary {
  /** Decimal. */
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly roles: readonly string[];
}

/** By id. */
export async function groupsOf(
  db: Kysely<Database>,
  tenantId: string,
  userName: string,
): Promise<readonly GroupSummary[]> {
  const rows = await db
    .selectFrom("groups")
    .innerJoin("group_members", (join) =>
      join
        .onRef("groups.tenant_id", "=", "group_members.tenant_id")
        .onRef("groups.number", "=", "group_members.group_number"),
    )
    .select(["groups.number", "groups.name", "groups.description", "groups.roles"])
    .where("group_members.tenant_id", "=", tenantId)
    .where("group_members.user_name", "=", userName)
    .orderBy("groups.number")
    .execute();
  return rows.map(toGroup);
}

export function toGroup(row: {
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly roles: string;
}): GroupSummary {
  return {
    id: String(row.number),
    name: row.name,
    description: row.description,
    roles: JSON.parse(row.roles) as string[],
  };
}
