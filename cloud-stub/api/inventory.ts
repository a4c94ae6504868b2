// /inventory/managedObjects: the devices.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Transaction } from "kysely";
import type { Clock } from "#hardware/ports.ts";
import type { Audit } from "../audit/audit.ts";
import { type Device, type DeviceFilter, type DeviceRegistry, fragmentsLengthMax } from "../devices/device-registry.ts";
import type { DeviceRemoval } from "../devices/device-removal.ts";
import type { Database } from "../store/schema.ts";
import type { Principal } from "../users/principal.ts";
import { principalOf } from "./access.ts";
import { notFound, unprocessable } from "./api-error.ts";
import { type Body, isFragmentName, optionalTextField, readBody } from "./body.ts";
import { baseUrl, collection, type Query, readPage, readQuery } from "./paging.ts";

const area = "inventory";

/** Properties that are the platform's: an update leaves them as they are. */
const platformProperties = new Set([
  "id",
  "self",
  "owner",
  "name",
  "type",
  "creationTime",
  "lastUpdated",
  "c8y_IsDevice",
  "com_cumulocity_model_Agent",
  "c8y_Availability",
  "c8y_Connection",
  "c8y_RemoteAccessList",
  "childDevices",
  "childAssets",
  "childAdditions",
  "deviceParents",
  "assetParents",
  "additionParents",
]);

/** Longest name and type, in UTF-16 units, and largest fragment, in UTF-16 units of its JSON. */
const nameLengthMax = 256;
const fragmentLengthMax = 65_536;
/** Names of changed fragments that a record holds. */
const fragmentsNamedMax = 20;

export interface InventoryDeps {
  readonly clock: Clock;
  readonly devices: DeviceRegistry;
  readonly removal: DeviceRemoval;
  readonly audit: Audit;
  /** `c8y_RemoteAccessList`, without secrets. */
  readonly endpointsFragment: (deviceId: string) => Promise<unknown>;
}

export function registerInventoryRoutes(app: FastifyInstance, deps: InventoryDeps): void {
  const read = { config: { access: { role: "ROLE_INVENTORY_READ", orDevice: true } as const } };
  const changing = { config: { access: { role: "ROLE_INVENTORY_ADMIN", orDevice: true } as const } };

  async function one(request: FastifyRequest): Promise<Device> {
    const { id } = request.params as { id: string };
    const principal = principalOf(request);
    const device = isTheirs(principal, id) ? await deps.devices.get(id) : undefined;
    if (device === undefined) throw notFound(area, `Managed object ${shown(id)} not found.`);
    return device;
  }

  app.get("/inventory/managedObjects", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const { devices, total } = await deps.devices.list(readFilter(query, principalOf(request), page));
    const members = await Promise.all(devices.map((device) => managedObject(request, device, deps)));
    return collection(request, "managedObjects", members, page, total);
  });

  app.get("/inventory/managedObjects/:id", read, async (request) => managedObject(request, await one(request), deps));

  app.put("/inventory/managedObjects/:id", changing, async (request) => {
    const device = await one(request);
    const body = readBody(request, { mayBeAbsent: true });
    const name = optionalTextField(body, area, "name", nameLengthMax);
    const type = optionalTextField(body, area, "type", nameLengthMax);
    if (name === "") throw unprocessable(area, "name: must not be empty");
    const fragments = readFragments(body);
    if (JSON.stringify({ ...device.fragments, ...fragments }).length > fragmentsLengthMax) {
      throw unprocessable(area, "The managed object would become too large; remove fragments by setting them to null");
    }
    const change = { ...(name === undefined ? {} : { name }), ...(type === undefined ? {} : { type }), fragments };
    const updated = await deps.devices.update(device.id, change, recorder(request, deps, change));
    if (updated === undefined) throw notFound(area, `Managed object ${device.id} not found.`);
    // An empty update is a sign of life (protocol.md 7.3).
    if (principalOf(request).kind === "device") deps.devices.heardFrom(device.id);
    return managedObject(request, updated, deps);
  });

  // A device cannot remove itself.
  const remove = { config: { access: { role: "ROLE_INVENTORY_ADMIN" } as const } };
  app.delete("/inventory/managedObjects/:id", remove, async (request, reply) => {
    const device = await one(request);
    await deps.removal.remove(device, principalOf(request).userName);
    return reply.code(204).send();
  });
}

/** Writes the audit record of a person's change along with it. What devices say of themselves is no change of anybody's. */
function recorder(
  request: FastifyRequest,
  { audit }: InventoryDeps,
  change: { readonly name?: string; readonly type?: string; readonly fragments: Body },
) {
  const { kind, userName } = principalOf(request);
  return async (transaction: Transaction<Database>, before: Device): Promise<void> => {
    const { id: deviceId, name, type, externalId } = before;
    const isRenamed = change.name !== undefined && change.name !== name;
    const fragments = Object.keys(change.fragments);
    const what = [
      ...(isRenamed ? [`the name is now '${change.name}'`] : []),
      ...(change.type === undefined || change.type === type ? [] : [`the type is now '${change.type}'`]),
      ...(fragments.length === 0 ? [] : [`changed were ${fragments.slice(0, fragmentsNamedMax).join(", ")}`]),
    ];
    if (kind !== "user" || what.length === 0) return;
    const text = `Device changed: '${name}' (${externalId}): ${what.join("; ")}.`;
    await audit.record({ type: "Inventory", activity: "Device changed", text, deviceId, userName }, transaction);
  };
}

async function managedObject(
  request: FastifyRequest,
  device: Device,
  deps: InventoryDeps,
): Promise<Record<string, unknown>> {
  const isOnline = deps.devices.isOnline(device.id);
  const self = `${baseUrl(request)}/inventory/managedObjects/${device.id}`;
  const references = (kind: string) => ({ references: [], self: `${self}/${kind}` });
  return {
    ...device.fragments,
    id: device.id,
    self,
    name: device.name,
    type: device.type,
    owner: device.owner,
    creationTime: new Date(device.createdAtMs).toISOString(),
    lastUpdated: new Date(device.updatedAtMs).toISOString(),
    c8y_Connection: { status: isOnline ? "CONNECTED" : "DISCONNECTED" },
    ...availability(device, isOnline, deps.clock.nowMs()),
    c8y_RemoteAccessList: await deps.endpointsFragment(device.id),
    childDevices: references("childDevices"),
    childAssets: references("childAssets"),
    childAdditions: references("childAdditions"),
  };
}

/** AVAILABLE while the last message is younger than the interval the device promised (protocol.md 7.3). */
function availability(device: Device, isOnline: boolean, nowMs: number): Record<string, unknown> {
  if (device.lastMessageAtMs === undefined) return {};
  const required = device.fragments["c8y_RequiredAvailability"];
  const minutes =
    typeof required === "object" && required !== null && "responseInterval" in required
      ? Number(required.responseInterval)
      : Number.NaN;
  const isFresh = nowMs - device.lastMessageAtMs <= minutes * 60_000;
  const status = minutes <= 0 ? "MAINTENANCE" : isOnline || isFresh ? "AVAILABLE" : "UNAVAILABLE";
  return { c8y_Availability: { lastMessage: new Date(device.lastMessageAtMs).toISOString(), status } };
}

function readFilter(query: Query, principal: Principal, page: { skip: number; take: number }): DeviceFilter {
  const { fragmentType, type, owner, ids } = query;
  // A device sees itself only.
  const own = principal.kind === "device" ? [principal.deviceId ?? ""] : undefined;
  const wanted = ids === undefined ? undefined : ids.split(",").slice(0, page.take);
  const visible = own === undefined ? wanted : own.filter((id) => wanted?.includes(id) !== false);
  if (query["query"] !== undefined || query["q"] !== undefined) {
    return { ...readNameQuery(query["query"] ?? query["q"] ?? ""), ...(visible ? { ids: visible } : {}), ...page };
  }
  return {
    ...(fragmentType === undefined ? {} : { fragmentType }),
    ...(type === undefined ? {} : { type }),
    ...(owner === undefined ? {} : { owner }),
    ...(visible === undefined ? {} : { ids: visible }),
    skip: page.skip,
    take: page.take,
  };
}

/** The one query that real tools need: `(name eq '<name>') and has(c8y_IsDevice)` (protocol.md 7.5). */
function readNameQuery(query: string): { readonly name?: string; readonly fragmentType?: string } {
  const name = /name\s+eq\s+'((?:[^']|'')*)'/.exec(query)?.[1];
  const fragmentType = /has\(\s*([A-Za-z0-9_.:-]{1,128})\s*\)/.exec(query)?.[1];
  if (name === undefined && fragmentType === undefined) {
    throw unprocessable(area, "query: only `name eq '...'` and `has(fragment)` are supported");
  }
  return {
    ...(name === undefined ? {} : { name: name.replaceAll("''", "'") }),
    ...(fragmentType === undefined ? {} : { fragmentType }),
  };
}

function readFragments(body: Body): Record<string, unknown> {
  const fragments = Object.entries(body).filter(([name]) => !platformProperties.has(name));
  for (const [name, value] of fragments) {
    if (!isFragmentName(name)) throw unprocessable(area, "A property has a name that is not allowed");
    if (JSON.stringify(value).length > fragmentLengthMax) throw unprocessable(area, `${name}: too large`);
  }
  return Object.fromEntries(fragments);
}

/** A device may read itself and nothing else. */
function isTheirs(principal: Principal, id: string): boolean {
  return principal.kind === "user" || principal.deviceId === id;
}

function shown(id: string): string {
  return /^[0-9]{1,20}$/.test(id) ? id : "with this id";
}
