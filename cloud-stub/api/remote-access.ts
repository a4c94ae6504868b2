// /service/remoteaccess: whether remote access is there, the endpoints of each device (protocol.md 5.6), keys and live sessions.
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Audit } from "../audit/audit.ts";
import type { Device, DeviceRegistry } from "../devices/device-registry.ts";
import type { FieldProblem } from "../remote-access/endpoint-input.ts";
import {
  type Along,
  type Endpoint,
  type EndpointCheck,
  type EndpointOutcome,
  endpointAnswer,
} from "../remote-access/endpoints.ts";
import type { RemoteAccess } from "../remote-access/remote-access.ts";
import { principalOf } from "./access.ts";
import { type ApiError, forbidden, notFound, unprocessable } from "./api-error.ts";
import { registerKeyPairRoute } from "./key-pairs.ts";
import { baseUrl } from "./paging.ts";
import { registerSessionRoutes } from "./sessions.ts";

const area = "remoteaccess";
const base = "/service/remoteaccess";

export interface RemoteAccessRouteDeps {
  readonly remoteAccess: RemoteAccess;
  readonly devices: DeviceRegistry;
  readonly audit: Audit;
}

export function registerRemoteAccessRoutes(app: FastifyInstance, deps: RemoteAccessRouteDeps): void {
  const { endpoints } = deps.remoteAccess;
  const read = { config: { access: { role: "ROLE_REMOTE_ACCESS_READ" } as const } };
  const change = {
    config: { access: { role: "ROLE_REMOTE_ACCESS_ADMIN" } as const },
    // The second of the two roles; the first is checked with the login.
    preHandler: async (request: FastifyRequest) => {
      if (!principalOf(request).hasRole("ROLE_DEVICE_CONTROL_ADMIN")) {
        throw forbidden("This needs the role ROLE_DEVICE_CONTROL_ADMIN.");
      }
    },
  };

  app.get(`${base}/health`, { config: { access: "public" } }, async () => ({ status: "UP" }));

  app.get(`${base}/devices/:deviceId/configurations`, read, async (request) => {
    const device = await deviceOf(request, deps);
    return (await endpoints.list(device.id)).map(endpointAnswer);
  });

  app.get(`${base}/devices/:deviceId/configurations/:id`, read, async (request) => {
    const device = await deviceOf(request, deps);
    const endpoint = await endpoints.get(device.id, endpointIdOf(request));
    if (endpoint === undefined) throw noEndpoint();
    return endpointAnswer(endpoint);
  });

  app.post(`${base}/devices/:deviceId/configurations`, change, async (request, reply) => {
    const device = await deviceOf(request, deps);
    const endpoint = savedOf(await endpoints.create(device.id, request.body, recorder(request, deps, "created")));
    const location = `${baseUrl(request)}${base}/devices/${device.id}/configurations/${endpoint.id}`;
    return reply.code(201).header("location", location).send(endpointAnswer(endpoint));
  });

  app.put(`${base}/devices/:deviceId/configurations/:id`, change, async (request) => {
    const device = await deviceOf(request, deps);
    const recorded = recorder(request, deps, "changed");
    const endpoint = savedOf(await endpoints.update(device.id, endpointIdOf(request), request.body, recorded));
    deps.remoteAccess.endSessions({ deviceId: device.id, endpointId: endpoint.id }, "endpoint.removed");
    return endpointAnswer(endpoint);
  });

  // Not Cumulocity's: what saving would refuse, for a form to say while somebody types. Nothing is stored or recorded.
  const check = async (request: FastifyRequest, reply: FastifyReply, endpointId: string | undefined) => {
    const device = await deviceOf(request, deps);
    mustBeValid(await endpoints.check(device.id, endpointId, request.body));
    return reply.code(204).send();
  };
  app.post(`${base}/devices/:deviceId/configurations/check`, change, (request, reply) =>
    check(request, reply, undefined),
  );
  app.post(`${base}/devices/:deviceId/configurations/:id/check`, change, (request, reply) =>
    check(request, reply, endpointIdOf(request)),
  );

  registerKeyPairRoute(app, change);
  registerSessionRoutes(app, deps);

  app.delete(`${base}/devices/:deviceId/configurations/:id`, change, async (request, reply) => {
    const device = await deviceOf(request, deps);
    const endpoint = await endpoints.remove(device.id, endpointIdOf(request), recorder(request, deps, "removed"));
    if (endpoint === undefined) throw noEndpoint();
    deps.remoteAccess.endSessions({ deviceId: device.id, endpointId: endpoint.id }, "endpoint.removed");
    return reply.code(204).send();
  });
}

async function deviceOf(request: FastifyRequest, deps: RemoteAccessRouteDeps): Promise<Device> {
  const device = await deps.devices.get((request.params as { deviceId: string }).deviceId);
  if (device === undefined) throw notFound(area, "There is no such device.");
  return device;
}

function endpointIdOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

function savedOf(outcome: EndpointOutcome): Endpoint {
  if (outcome.kind === "saved") return outcome.endpoint;
  throw refusal(outcome);
}

function mustBeValid(outcome: EndpointCheck): void {
  if (outcome.kind !== "valid") throw refusal(outcome);
}

/** The same words, whether something is saved or only checked. */
function refusal(outcome: Exclude<EndpointCheck, { readonly kind: "valid" }>): ApiError {
  switch (outcome.kind) {
    case "unknown":
      return noEndpoint();
    case "invalid":
      return unprocessable(area, sentence(outcome.problems));
    default:
      return outcome satisfies never;
  }
}

/** All problems in one sentence, each beginning with its field's name. */
function sentence(problems: readonly FieldProblem[]): string {
  return `${problems.map((problem) => problem.message).join("; ")}.`;
}

function noEndpoint(): ApiError {
  return notFound(area, "There is no such endpoint on this device.");
}

/** Writes the audit record of a change along with it. */
function recorder(
  request: FastifyRequest,
  { audit }: RemoteAccessRouteDeps,
  did: "created" | "changed" | "removed",
): Along {
  const { userName } = principalOf(request);
  return async ({ id, deviceId, name, hostname, port, protocol }, transaction) => {
    const record = {
      type: "Inventory",
      activity: `Remote access endpoint ${did}`,
      text: `Remote access endpoint ${did}: '${name}' (${protocol}, ${hostname}:${port}).`,
      deviceId,
      userName,
      fields: { postern_Endpoint: { endpoint: id, name, hostname, port, protocol } },
    } as const;
    await audit.record(record, transaction);
  };
}
