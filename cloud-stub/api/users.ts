// /user/currentUser and /user/{tenant}/users: who am I, and the accounts of people (protocol.md 7.3).
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Authentication } from "../users/authentication.ts";
import type { People, Person, PersonDetails } from "../users/people.ts";
import { withImplied } from "../users/principal.ts";
import { principalOf, refuseLogin } from "./access.ts";
import { linksOf, refusable, userArea } from "./account-refusals.ts";
import { ApiError, forbidden, notFound, unprocessable } from "./api-error.ts";
import { type Body, optionalTextField, readBody, textField } from "./body.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";
import { groupReference, readReference, roleDocument, roleReference, userDocument } from "./user-documents.ts";

const nameLengthMax = 100;
/** Generous: the right length is checked where the password is. */
const passwordTextMax = 10_000;

export interface UserRouteDeps {
  readonly tenantId: string;
  readonly people: People;
  readonly authentication: Authentication;
}

export function registerUserRoutes(app: FastifyInstance, deps: UserRouteDeps): void {
  registerCurrentUser(app, deps);
  registerUsers(app, deps);
  registerRolesOfUser(app, deps);
}

function registerCurrentUser(app: FastifyInstance, deps: UserRouteDeps): void {
  const login = { config: { access: "login" } as const };

  app.get("/user/currentUser", login, async (request) => {
    const principal = principalOf(request);
    const links = { base: baseUrl(request), tenantId: deps.tenantId };
    const self = `${links.base}/user/currentUser`;
    const person = principal.kind === "user" ? await deps.people.get(principal.userName) : undefined;
    if (person !== undefined) return { ...userDocument(person, links), self };
    return {
      id: principal.userName,
      userName: principal.userName,
      self,
      firstName: principal.userName,
      lastName: "",
      email: "",
      shouldResetPassword: false,
      devicePermissions: {},
      effectiveRoles: withImplied(principal.roles).map((role) => roleDocument(role, links)),
    };
  });

  app.put("/user/currentUser/password", login, async (request, reply) => {
    const { kind, userName } = principalOf(request);
    if (kind !== "user") throw forbidden("Only people change their password here.");
    const body = readBody(request);
    const present = textField(body, userArea, "currentUserPassword", passwordTextMax);
    const password = textField(body, userArea, "newPassword", passwordTextMax);
    const user = `${deps.tenantId}/${userName}`;
    const check = await deps.authentication.checkPassword(user, present, request.peer.address);
    if (!check.ok && check.why !== "wrong") return refuseLogin(request, reply, check.why);
    if (!check.ok) throw unprocessable(userArea, "currentUserPassword: is not the present password");
    await refusable(() => deps.people.change(userName, { password }, userName));
    return reply.code(204).send();
  });
}

function registerUsers(app: FastifyInstance, deps: UserRouteDeps): void {
  const { people } = deps;
  const read = { config: { access: { role: "ROLE_USER_MANAGEMENT_READ" } as const } };
  const change = { config: { access: { role: "ROLE_USER_MANAGEMENT_ADMIN" } as const } };

  app.get("/user/:tenant/users", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const query = readQuery(request);
    const page = readPage(query);
    const { username, groups } = query;
    const found = await people.list({
      ...(username === undefined ? {} : { namePrefix: username }),
      ...(groups === undefined ? {} : { groupId: groups }),
      skip: page.skip,
      take: page.take,
    });
    const members = found.people.map((person) => userDocument(person, links));
    return collection(request, "users", members, page, found.total);
  });

  app.get("/user/:tenant/users/:name", read, async (request) => {
    return userDocument(await one(request, deps), linksOf(request, deps.tenantId));
  });

  app.post("/user/:tenant/users", change, async (request, reply) => {
    const links = linksOf(request, deps.tenantId);
    const body = readBody(request);
    const name = textField(body, userArea, "userName", nameLengthMax);
    const password = textField(body, userArea, "password", passwordTextMax);
    const details = readDetails(body);
    const person = await refusable(() => people.create({ ...details, name, password }, principalOf(request).userName));
    const document = userDocument(person, links);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.put("/user/:tenant/users/:name", change, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const { name } = await one(request, deps);
    const details = readDetails(readBody(request));
    return userDocument(await refusable(() => people.change(name, details, principalOf(request).userName)), links);
  });

  app.put("/user/:tenant/users/:name/password", change, async (request, reply) => {
    const { name } = await one(request, deps);
    const password = textField(readBody(request), userArea, "newPassword", passwordTextMax);
    await refusable(() => people.change(name, { password }, principalOf(request).userName));
    return reply.code(204).send();
  });

  app.delete("/user/:tenant/users/:name", change, async (request, reply) => {
    const { name } = await one(request, deps);
    const { userName } = principalOf(request);
    if (name === userName) throw new ApiError(409, `${userArea}/ownAccount`, "Nobody deletes the account in use.");
    await refusable(() => people.remove(name, userName));
    return reply.code(204).send();
  });

  app.get("/user/:tenant/users/:name/groups", read, async (request) => {
    const links = linksOf(request, deps.tenantId);
    const { groups } = await one(request, deps);
    const page = readPage(readQuery(request));
    const members = groups.slice(page.skip, page.skip + page.take).map((group) => groupReference(group, links));
    return collection(request, "references", members, page, groups.length);
  });
}

function registerRolesOfUser(app: FastifyInstance, deps: UserRouteDeps): void {
  const change = { config: { access: { role: "ROLE_USER_MANAGEMENT_ADMIN" } as const } };

  app.post("/user/:tenant/users/:name/roles", change, async (request, reply) => {
    const links = linksOf(request, deps.tenantId);
    const { name } = await one(request, deps);
    const wanted = readReference(readBody(request), userArea, "role");
    const role = await refusable(() => deps.people.giveRole(name, wanted, principalOf(request).userName));
    const self = `${links.base}/user/${links.tenantId}/users/${encodeURIComponent(name)}/roles/${role}`;
    return reply
      .code(201)
      .header("location", self)
      .send(roleReference(role, self, links));
  });

  app.delete("/user/:tenant/users/:name/roles/:role", change, async (request, reply) => {
    const { name } = await one(request, deps);
    const { role } = request.params as { role: string };
    const isTaken = await refusable(() => deps.people.takeRole(name, role, principalOf(request).userName));
    if (!isTaken) throw notFound(userArea, "The user does not have this role as an own one.");
    return reply.code(204).send();
  });
}

/** The person that the path names. */
async function one(request: FastifyRequest, deps: UserRouteDeps): Promise<Person> {
  linksOf(request, deps.tenantId);
  const person = await deps.people.get((request.params as { name: string }).name);
  if (person === undefined) throw notFound(userArea, "There is no such user.");
  return person;
}

function readDetails(body: Body): PersonDetails {
  const { enabled } = body;
  if (enabled !== undefined && typeof enabled !== "boolean") {
    throw unprocessable(userArea, "enabled: must be true or false");
  }
  return {
    firstName: optionalTextField(body, userArea, "firstName", nameLengthMax),
    lastName: optionalTextField(body, userArea, "lastName", nameLengthMax),
    email: optionalTextField(body, userArea, "email", 254),
    password: optionalTextField(body, userArea, "password", passwordTextMax),
    isEnabled: enabled,
  };
}
