// /identity: external ids of type c8y_Serial and the managed objects behind them.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Device, DeviceRegistry } from "../devices/device-registry.ts";
import { principalOf } from "./access.ts";
import { notFound } from "./api-error.ts";
import { baseUrl } from "./paging.ts";

const serialType = "c8y_Serial";

export function registerIdentityRoutes(app: FastifyInstance, deps: { readonly devices: DeviceRegistry }): void {
  const read = { config: { access: { role: "ROLE_INVENTORY_READ", orDevice: true } as const } };

  app.get("/identity/globalIds/:id/externalIds", read, async (request) => {
    const { id } = request.params as { id: string };
    const device = await deps.devices.get(id);
    if (device === undefined || !isTheirs(request, device)) throw notFound("identity", "Managed object not found.");
    const self = `${baseUrl(request)}/identity/globalIds/${device.id}/externalIds`;
    return { externalIds: [externalIdDocument(request, device)], self };
  });

  app.get("/identity/externalIds/:type/:externalId", read, async (request) => {
    const { type, externalId } = request.params as { type: string; externalId: string };
    const device = type === serialType ? await deps.devices.byExternalId(externalId) : undefined;
    if (device === undefined || !isTheirs(request, device)) {
      throw notFound("identity", "External id not found; check its type and spelling.");
    }
    return externalIdDocument(request, device);
  });
}

function externalIdDocument(request: FastifyRequest, device: Device): Record<string, unknown> {
  const base = baseUrl(request);
  return {
    externalId: device.externalId,
    type: serialType,
    self: `${base}/identity/externalIds/${serialType}/${encodeURIComponent(device.externalId)}`,
    managedObject: { id: device.id, self: `${base}/inventory/managedObjects/${device.id}` },
  };
}

function isTheirs(request: FastifyRequest, device: Device): boolean {
  const principal = principalOf(request);
  return principal.kind === "user" || principal.deviceId === device.id;
}
