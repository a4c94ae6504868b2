// /devicecontrol/operations. Remote-access operations are made by the session service only (docs/security.md).
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isManagementFragment, parseManagementFragment } from "#protocol/device-management.ts";
import { ProtocolError } from "#protocol/protocol-error.ts";
import { remoteAccessFragment } from "#protocol/remote-access.ts";
import type { DeviceRegistry, Fragments } from "../devices/device-registry.ts";
import { operationDocument } from "../devices/operation-document.ts";
import { fragmentsLengthMax } from "../devices/operation-result.ts";
import {
  type Operation,
  type OperationFilter,
  type OperationStatus,
  type Operations,
  OperationsError,
  operationStatuses,
} from "../devices/operations.ts";
import type { Principal } from "../users/principal.ts";
import { principalOf } from "./access.ts";
import { notFound, unprocessable } from "./api-error.ts";
import { type Body, isFragmentName, optionalTextField, readBody, textField } from "./body.ts";
import { baseUrl, collection, type Page, type Query, readPage, readQuery, readTime } from "./paging.ts";

const area = "devicecontrol";
const platformProperties = new Set(["id", "self", "deviceId", "deviceName", "status", "description", "creationTime"]);

/** Largest fragments of a new operation, in UTF-16 units of their JSON: it has to go to the device in one message. */
const newFragmentsLengthMax = 12_000;

export interface OperationRoutesDeps {
  readonly operations: Operations;
  readonly devices: DeviceRegistry;
}

export function registerOperationRoutes(app: FastifyInstance, deps: OperationRoutesDeps): void {
  const read = { config: { access: { role: "ROLE_DEVICE_CONTROL_READ", orDevice: true } as const } };
  const change = { config: { access: { role: "ROLE_DEVICE_CONTROL_ADMIN", orDevice: true } as const } };
  const create = { config: { access: { role: "ROLE_DEVICE_CONTROL_ADMIN" } as const } };

  async function document(request: FastifyRequest, operation: Operation): Promise<Record<string, unknown>> {
    // The device itself reads its connection key; for everybody else it stays masked.
    const isOwn = principalOf(request).deviceId === operation.deviceId;
    const shown = (isOwn ? await deps.operations.forDevice(operation.id) : undefined) ?? operation;
    const device = await deps.devices.get(operation.deviceId);
    const self = `${baseUrl(request)}/devicecontrol/operations/${operation.id}`;
    return { ...operationDocument(shown, device), self };
  }

  async function one(request: FastifyRequest): Promise<Operation> {
    const operation = await deps.operations.get((request.params as { id: string }).id);
    if (operation === undefined || !isTheirs(principalOf(request), operation)) {
      throw notFound(area, "There is no such operation.");
    }
    return operation;
  }

  app.get("/devicecontrol/operations", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const { operations, total } = await deps.operations.list(readFilter(query, page, principalOf(request)));
    const members = await Promise.all(operations.map((operation) => document(request, operation)));
    return collection(request, "operations", members, page, total);
  });

  app.get("/devicecontrol/operations/:id", read, async (request) => document(request, await one(request)));

  app.post("/devicecontrol/operations", create, async (request, reply) => {
    const made = await createOperation(readBody(request), principalOf(request), deps);
    const body = await document(request, made);
    return reply.code(201).header("location", String(body["self"])).send(body);
  });

  app.put("/devicecontrol/operations/:id", change, async (request) => {
    const operation = await one(request);
    const body = readBody(request);
    const status = operationStatuses.find((known) => known === body["status"]);
    if (status === undefined || status === "PENDING") {
      throw unprocessable(area, "status: must be EXECUTING, SUCCESSFUL or FAILED");
    }
    const failureReason = optionalTextField(body, area, "failureReason", 10_000);
    const { userName } = principalOf(request);
    const by = { userName, ...readResult(body, operation) };
    const outcome = await deps.operations.setStatus(operation.id, status, failureReason, by);
    if (outcome === "ended") throw unprocessable(area, "status: the operation has ended and stays as it is");
    return document(request, await one(request));
  });
}

async function createOperation(body: Body, principal: Principal, deps: OperationRoutesDeps): Promise<Operation> {
  const deviceId = textField(body, area, "deviceId", 20);
  const fragments = Object.fromEntries(Object.entries(body).filter(([name]) => !platformProperties.has(name)));
  if (remoteAccessFragment in fragments) {
    // Or the gateway would be a port scanner for whoever may create operations.
    throw unprocessable(
      area,
      `${remoteAccessFragment}: open the endpoint's websocket instead; only a session makes this`,
    );
  }
  const names = Object.keys(fragments);
  if (names.length === 0 || !names.every(isFragmentName)) {
    throw unprocessable(
      area,
      "An operation needs a fragment that says what to do, with a name of letters, digits, _ . : -",
    );
  }
  checkFragments(fragments);
  if ((await deps.devices.get(deviceId)) === undefined) throw unprocessable(area, "deviceId: there is no such device");
  try {
    return await deps.operations.create({
      deviceId,
      description: optionalTextField(body, area, "description", 1_000) ?? "",
      fragments,
      userName: principal.userName,
    });
  } catch (error) {
    if (error instanceof OperationsError) throw unprocessable(area, error.message);
    throw error;
  }
}

/** What a gateway would refuse is refused here, where somebody reads why. */
function checkFragments(fragments: Fragments): void {
  if (JSON.stringify(fragments).length > newFragmentsLengthMax) {
    throw unprocessable(area, `The operation is too large: at most ${newFragmentsLengthMax} characters as JSON`);
  }
  for (const [name, value] of Object.entries(fragments)) {
    if (!isManagementFragment(name)) continue;
    try {
      parseManagementFragment(name, value);
    } catch (error) {
      if (error instanceof ProtocolError) throw unprocessable(area, error.message);
      throw error;
    }
  }
}

/** What the change puts into the operation's own fragments, such as the output of a command. */
function readResult(body: Body, operation: Operation): { readonly result?: { readonly fragments: Fragments } } {
  const given = Object.entries(body).filter(([name]) => Object.hasOwn(operation.fragments, name));
  if (given.length === 0) return {};
  const fragments = Object.fromEntries(given);
  if (JSON.stringify(fragments).length > fragmentsLengthMax / 2) {
    throw unprocessable(area, `The result is too large: at most ${fragmentsLengthMax / 2} characters as JSON`);
  }
  return { result: { fragments } };
}

function readFilter(query: Query, page: Page, principal: Principal): OperationFilter {
  const { status, fragmentType } = query;
  const wanted = query["deviceId"] ?? query["agentId"];
  const deviceId = principal.kind === "device" ? (principal.deviceId ?? "") : wanted;
  const fromMs = readTime(query, "dateFrom");
  const toMs = readTime(query, "dateTo");
  return {
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(status === undefined ? {} : { status: readStatus(status) }),
    ...(fragmentType === undefined ? {} : { fragmentType }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
    isNewestFirst: query["revert"] === "true",
    skip: page.skip,
    take: page.take,
  };
}

function readStatus(text: string): OperationStatus {
  const status = operationStatuses.find((known) => known === text);
  if (status === undefined) throw unprocessable(area, `status: must be one of ${operationStatuses.join(", ")}`);
  return status;
}

function isTheirs(principal: Principal, operation: Operation): boolean {
  return principal.kind === "user" || principal.deviceId === operation.deviceId;
}
