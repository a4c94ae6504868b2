// Users, groups and roles as Cumulocity's REST interface shows them, and the references between them that bodies hold.
import type { GroupSummary } from "../users/group-rows.ts";
import type { Person } from "../users/people.ts";
import { unprocessable } from "./api-error.ts";
import type { Body } from "./body.ts";

/** Where the documents' links begin: scheme, host and tenant as the caller sees them. */
export interface LinkBase {
  readonly base: string;
  readonly tenantId: string;
}

type Document = Readonly<Record<string, unknown>>;

export function userDocument(person: Person, links: LinkBase): Document {
  const self = userSelf(person.name, links);
  return {
    id: person.name,
    self,
    userName: person.name,
    firstName: person.firstName,
    lastName: person.lastName,
    displayName: person.name,
    email: person.email,
    enabled: person.isEnabled,
    shouldResetPassword: false,
    ...(person.passwordChangedAtMs === undefined
      ? {}
      : { lastPasswordChange: new Date(person.passwordChangedAtMs).toISOString() }),
    creationTime: new Date(person.createdAtMs).toISOString(),
    customProperties: {},
    devicePermissions: {},
    roles: references(
      person.ownRoles.map((role) => roleReference(role, `${self}/roles/${role}`, links)),
      `${self}/roles`,
    ),
    groups: references(
      person.groups.map((group) => groupReference(group, links)),
      `${self}/groups`,
    ),
    effectiveRoles: person.effectiveRoles.map((role) => roleDocument(role, links)),
  };
}

export function groupDocument(group: GroupSummary, links: LinkBase): Document {
  const self = groupSelf(group.id, links);
  return {
    id: Number(group.id),
    self,
    name: group.name,
    description: group.description,
    customProperties: {},
    roles: references(
      group.roles.map((role) => roleReference(role, `${self}/roles/${role}`, links)),
      `${self}/roles`,
    ),
  };
}

export function roleDocument(role: string, links: LinkBase): Document {
  return { id: role, name: role, self: `${links.base}/user/roles/${role}` };
}

export function roleReference(role: string, self: string, links: LinkBase): Document {
  return { self, role: roleDocument(role, links) };
}

export function groupReference(group: GroupSummary, links: LinkBase): Document {
  return { self: groupSelf(group.id, links), group: groupDocument(group, links) };
}

export function userReference(person: Person, groupId: string, links: LinkBase): Document {
  const self = `${groupSelf(groupId, links)}/users/${encodeURIComponent(person.name)}`;
  return { self, user: userDocument(person, links) };
}

/** What `{"<name>": {"self": ".../<id>"}}` or `{"<name>": {"id": "<id>"}}` points to; 422 if it points nowhere. */
export function readReference(body: Body, area: string, name: string): string {
  const reference = body[name];
  if (typeof reference === "object" && reference !== null) {
    const { id, self } = reference as Readonly<Record<string, unknown>>;
    if (typeof id === "string" && id !== "") return id;
    if (typeof id === "number") return String(id);
    const last = typeof self === "string" ? self.split("/").at(-1) : undefined;
    if (last !== undefined && last !== "") return decode(last);
  }
  throw unprocessable(area, `${name}: must be an object with an id, or with a self link to it`);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A stray % is no escape: then nothing has that id, and the caller says so.
    return part;
  }
}

function references(members: readonly Document[], self: string): Document {
  return { references: members, self };
}

function userSelf(name: string, { base, tenantId }: LinkBase): string {
  return `${base}/user/${tenantId}/users/${encodeURIComponent(name)}`;
}

function groupSelf(id: string, { base, tenantId }: LinkBase): string {
  return `${base}/user/${tenantId}/groups/${id}`;
}
