// /event/events: what devices said happened.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DeviceEvent, Events } from "../devices/events.ts";
import type { Operations } from "../devices/operations.ts";
import { principalOf } from "./access.ts";
import { forbidden, notFound } from "./api-error.ts";
import { readBody, textField } from "./body.ts";
import { isAbout, readCustom, readTimeField, sourceDocument, sourceOf } from "./device-data.ts";
import { baseUrl, collection, readPage, readQuery, readTime } from "./paging.ts";

const area = "event";
const platformProperties = new Set(["id", "self", "source", "time", "creationTime", "lastUpdated", "text", "type"]);

export function registerEventRoutes(
  app: FastifyInstance,
  deps: { readonly events: Events; readonly operations: Operations },
): void {
  const read = { config: { access: { role: "ROLE_EVENT_READ", orDevice: true } as const } };

  app.get("/event/events", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const deviceId = sourceOf(request, query);
    const fromMs = readTime(query, "dateFrom");
    const toMs = readTime(query, "dateTo");
    const { type } = query;
    const { events, total } = await deps.events.list({
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(type === undefined ? {} : { type }),
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(toMs === undefined ? {} : { toMs }),
      // Events come newest first; `revert` turns that round (Cumulocity's own rule for events).
      isOldestFirst: query["revert"] === "true",
      skip: page.skip,
      take: page.take,
    });
    const members = events.map((event) => eventDocument(request, event));
    return collection(request, "events", members, page, total);
  });

  app.get("/event/events/:id", read, async (request) => {
    const event = await deps.events.get((request.params as { id: string }).id);
    if (event === undefined || !isAbout(request, event.deviceId)) {
      throw notFound(area, "There is no such event.");
    }
    return eventDocument(request, event);
  });

  app.post("/event/events", { config: { access: { deviceOnly: true } } }, async (request, reply) => {
    const body = readBody(request);
    const source = body["source"];
    const sourceId = typeof source === "object" && source !== null && "id" in source ? source.id : undefined;
    const { deviceId } = principalOf(request);
    if (deviceId === undefined || sourceId !== deviceId) throw forbidden("A device makes events about itself only.");
    const event = await deps.events.create({
      deviceId,
      type: await deps.operations.withoutKeys(deviceId, textField(body, area, "type", 256)),
      text: await deps.operations.withoutKeys(deviceId, textField(body, area, "text", 2_000)),
      fragments: readCustom(body, area, platformProperties),
      ...readTimeField(body, area),
    });
    return reply.code(201).send(eventDocument(request, event));
  });
}

function eventDocument(request: FastifyRequest, event: DeviceEvent): Record<string, unknown> {
  const base = baseUrl(request);
  return {
    ...event.fragments,
    id: event.id,
    self: `${base}/event/events/${event.id}`,
    type: event.type,
    text: event.text,
    time: new Date(event.timeMs).toISOString(),
    creationTime: new Date(event.createdAtMs).toISOString(),
    source: sourceDocument(request, event.deviceId),
  };
}
