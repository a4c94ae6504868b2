// /devicecontrol/newDeviceRequests and /devicecontrol/deviceCredentials: how a device comes in (protocol.md 2.1, 2.4).
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type AcceptRefusal, type DeviceRequest, isDeviceId, type Registration } from "../devices/registration.ts";
import { tokenLengthMax } from "../devices/security-token.ts";
import { principalOf } from "./access.ts";
import { type ApiError, notFound, unprocessable } from "./api-error.ts";
import { optionalTextField, readBody, textField } from "./body.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";

const area = "devicecontrol";
const idLengthMax = 100;

export function registerDeviceRegistrationRoutes(
  app: FastifyInstance,
  deps: { readonly registration: Registration },
): void {
  const { registration } = deps;
  const read = { config: { access: { role: "ROLE_DEVICE_CONTROL_READ" } as const } };
  const admin = { config: { access: { role: "ROLE_DEVICE_CONTROL_ADMIN" } as const } };

  app.get("/devicecontrol/newDeviceRequests", read, async (request) => {
    const page = readPage(readQuery(request));
    const { requests, total } = await registration.list(page);
    const members = requests.map((one) => requestDocument(request, one));
    return collection(request, "newDeviceRequests", members, page, total);
  });

  app.post("/devicecontrol/newDeviceRequests", admin, async (request, reply) => {
    const body = readBody(request);
    const id = readDeviceId(textField(body, area, "id", idLengthMax));
    const type = optionalTextField(body, area, "type", 256);
    const groupId = optionalTextField(body, area, "groupId", 20);
    const made = await registration.create({
      id,
      ...(type === undefined ? {} : { type }),
      ...(groupId === undefined ? {} : { groupId }),
      owner: principalOf(request).userName,
    });
    if (made === "exists") throw unprocessable(area, `id: there is a request for '${id}' already`);
    if (made === "full") throw unprocessable(area, "There are too many requests; remove some first");
    const document = requestDocument(request, made);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.post("/devicecontrol/newDeviceRequests/acceptAll", admin, async (request) => {
    const accepted = await registration.acceptAll(principalOf(request).userName);
    return { newDeviceRequests: accepted.map((one) => requestDocument(request, one)) };
  });

  app.get("/devicecontrol/newDeviceRequests/:id", read, async (request) => {
    const found = await registration.get((request.params as { id: string }).id);
    if (found === undefined) throw noSuchRequest();
    return requestDocument(request, found);
  });

  app.put("/devicecontrol/newDeviceRequests/:id", admin, async (request) => {
    const { id } = request.params as { id: string };
    const body = readBody(request);
    if (body["status"] !== "ACCEPTED") {
      throw unprocessable(area, "status: the only change of a request is to ACCEPTED");
    }
    const token = optionalTextField(body, area, "securityToken", tokenLengthMax);
    const outcome = await registration.accept(id, principalOf(request).userName, token);
    if (outcome.ok) return requestDocument(request, outcome.request);
    if (outcome.why === "unknown") throw noSuchRequest();
    throw unprocessable(area, acceptRefusals[outcome.why]);
  });

  app.delete("/devicecontrol/newDeviceRequests/:id", admin, async (request, reply) => {
    const { id } = request.params as { id: string };
    if (!(await registration.remove(id, principalOf(request).userName))) throw noSuchRequest();
    return reply.code(204).send();
  });

  app.post("/devicecontrol/deviceCredentials", { config: { access: "bootstrap" } }, async (request, reply) => {
    const body = readBody(request);
    const id = readDeviceId(textField(body, area, "id", idLengthMax));
    const token = optionalTextField(body, area, "securityToken", tokenLengthMax);
    const credentials = await registration.poll(id, token);
    if (credentials === undefined) {
      throw notFound(area, "There is no accepted request for this device yet; ask again.");
    }
    return reply.code(201).send({
      id,
      self: `${baseUrl(request)}/devicecontrol/deviceCredentials/${encodeURIComponent(id)}`,
      tenantId: credentials.tenantId,
      username: credentials.userName,
      password: credentials.password,
    });
  });
}

const acceptRefusals: Readonly<Record<Exclude<AcceptRefusal, "unknown">, string>> = {
  blocked: "status: the request is blocked; remove it and make a new one",
  "not-seen-yet": "status: the device has not connected yet, so it cannot be accepted",
  "wrong-token": "securityToken: this is not the token that the device sent",
  "missing-token": "securityToken: this tenant requires one, and the device has sent none",
};

function requestDocument(request: FastifyRequest, one: DeviceRequest): Record<string, unknown> {
  return {
    id: one.id,
    status: one.status,
    owner: one.owner,
    creationTime: new Date(one.createdAtMs).toISOString(),
    ...(one.type === undefined ? {} : { type: one.type }),
    ...(one.groupId === undefined ? {} : { groupId: one.groupId }),
    self: `${baseUrl(request)}/devicecontrol/newDeviceRequests/${encodeURIComponent(one.id)}`,
  };
}

function readDeviceId(id: string): string {
  if (isDeviceId(id)) return id;
  throw unprocessable(area, `id: must be 1 to ${idLengthMax} letters, digits or one of . _ ~ @ = -`);
}

function noSuchRequest(): ApiError {
  return notFound(area, "There is no such request.");
}
