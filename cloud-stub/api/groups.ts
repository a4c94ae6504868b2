// /user/{tenant}/groups and /user/roles: which groups there are, who is in them and what they may do.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { GroupSummary } from "../users/group-rows.ts";
import { type Groups, groupDescriptionLengthMax, groupNameLengthMax } from "../users/groups.ts";
import type { People } from "../users/people.ts";
import { isRole, roles } from "../users/principal.ts";
import { principalOf } from "./access.ts";
import { linksOf, refusable, userArea } from "./account-refusals.ts";
import { notFound } from "./api-error.ts";
import { optionalTextField, readBody, textField } from "./body.ts";
import { collection, readPage, readQuery } from "./paging.ts";
import { groupDocument, readReference, roleDocument, roleReference, userReference } from "./user-documents.ts";

export interface GroupRouteDeps {
  readonly tenantId: string;
  readonly groups: Groups;
  readonly people: People;
}

const read = { config: { access: { role: "ROLE_USER_MANAGEMENT_READ" } as const } };
const change = { config: { access: { role: "ROLE_USER_MANAGEMENT_ADMIN" } as const } };

export function registerGroupRoutes(app: FastifyInstance, deps: GroupRouteDeps): void {
  registerRoles(app, deps);
  registerGroups(app, deps);
  registerMembers(app, deps);
  registerRolesOfGroup(app, deps);
}

function registerRoles(app: FastifyInstance, deps: GroupRouteDeps): void {
  app.get("/user/roles", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const page = readPage(readQuery(request));
    const members = roles.slice(page.skip, page.skip + page.take).map((role) => roleDocument(role, links));
    return collection(request, "roles", members, page, roles.length);
  });

  app.get("/user/roles/:role", read, async (request) => {
    const { role } = request.params as { role: string };
    if (!isRole(role)) throw notFound(userArea, "There is no such role.");
    return roleDocument(role, linksOf(request, deps.tenantId));
  });
}

function registerGroups(app: FastifyInstance, deps: GroupRouteDeps): void {
  app.get("/user/:tenant/groups", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const page = readPage(readQuery(request));
    const { groups, total } = await deps.groups.list(page);
    return collection(
      request,
      "groups",
      groups.map((group) => groupDocument(group, links)),
      page,
      total,
    );
  });

  app.get("/user/:tenant/groups/:id", read, async (request) => {
    return groupDocument(await one(request, deps), linksOf(request, deps.tenantId));
  });

  app.get("/user/:tenant/groupByName/:name", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const group = await deps.groups.byName((request.params as { name: string }).name);
    if (group === undefined) throw noGroup();
    return groupDocument(group, links);
  });

  app.post("/user/:tenant/groups", change, async (request, reply) => {
    const links = linksOf(request, deps.tenantId);
    const body = readBody(request);
    const name = textField(body, userArea, "name", groupNameLengthMax);
    const description = optionalTextField(body, userArea, "description", groupDescriptionLengthMax) ?? "";
    const group = await refusable(() => deps.groups.create({ name, description }, principalOf(request).userName));
    const document = groupDocument(group, links);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.put("/user/:tenant/groups/:id", change, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const { id } = await one(request, deps);
    const body = readBody(request);
    const details = {
      name: optionalTextField(body, userArea, "name", groupNameLengthMax),
      description: optionalTextField(body, userArea, "description", groupDescriptionLengthMax),
    };
    return groupDocument(await refusable(() => deps.groups.change(id, details, principalOf(request).userName)), links);
  });

  app.delete("/user/:tenant/groups/:id", change, async (request, reply) => {
    const { id } = await one(request, deps);
    await refusable(() => deps.groups.remove(id, principalOf(request).userName));
    return reply.code(204).send();
  });
}

function registerMembers(app: FastifyInstance, deps: GroupRouteDeps): void {
  app.get("/user/:tenant/groups/:id/users", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const { id } = await one(request, deps);
    const page = readPage(readQuery(request));
    const { people, total } = await deps.people.list({ groupId: id, skip: page.skip, take: page.take });
    const members = people.map((person) => userReference(person, id, links));
    return collection(request, "references", members, page, total);
  });

  app.post("/user/:tenant/groups/:id/users", change, async (request, reply) => {
    const links = linksOf(request, deps.tenantId);
    const { id } = await one(request, deps);
    const name = readReference(readBody(request), userArea, "user");
    await refusable(() => deps.groups.addMember(id, name, principalOf(request).userName));
    const person = await deps.people.get(name);
    if (person === undefined) throw notFound(userArea, "There is no such user.");
    const document = userReference(person, id, links);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.delete("/user/:tenant/groups/:id/users/:name", change, async (request, reply) => {
    const { id } = await one(request, deps);
    const { name } = request.params as { name: string };
    const isRemoved = await refusable(() => deps.groups.removeMember(id, name, principalOf(request).userName));
    if (!isRemoved) throw notFound(userArea, "The user is not in this group.");
    return reply.code(204).send();
  });
}

function registerRolesOfGroup(app: FastifyInstance, deps: GroupRouteDeps): void {
  const selfOf = (request: FastifyRequest, id: string, role: string) => {
    const { base, tenantId } = linksOf(request, deps.tenantId);
    return `${base}/user/${tenantId}/groups/${id}/roles/${role}`;
  };

  app.get("/user/:tenant/groups/:id/roles", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const group = await one(request, deps);
    const page = readPage(readQuery(request));
    const members = group.roles
      .slice(page.skip, page.skip + page.take)
      .map((role) => roleReference(role, selfOf(request, group.id, role), links));
    return collection(request, "references", members, page, group.roles.length);
  });

  app.post("/user/:tenant/groups/:id/roles", change, async (request, reply) => {
    const links = linksOf(request, deps.tenantId);
    const { id } = await one(request, deps);
    const wanted = readReference(readBody(request), userArea, "role");
    const role = await refusable(() => deps.groups.giveRole(id, wanted, principalOf(request).userName));
    const self = selfOf(request, id, role);
    return reply
      .code(201)
      .header("location", self)
      .send(roleReference(role, self, links));
  });

  app.delete("/user/:tenant/groups/:id/roles/:role", change, async (request, reply) => {
    const { id } = await one(request, deps);
    const { role } = request.params as { role: string };
    const isTaken = await refusable(() => deps.groups.takeRole(id, role, principalOf(request).userName));
    if (!isTaken) throw notFound(userArea, "The group does not have this role.");
    return reply.code(204).send();
  });
}

/** The group that the path names. */
async function one(request: FastifyRequest, deps: GroupRouteDeps): Promise<GroupSummary> {
  linksOf(request, deps.tenantId);
  const group = await deps.groups.get((request.params as { id: string }).id);
  if (group === undefined) throw noGroup();
  return group;
}

function noGroup() {
  return notFound(userArea, "There is no such group.");
}
