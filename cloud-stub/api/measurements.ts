// /measurement/measurements: what devices measured (protocol.md 7.3).
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import type { Measurement, MeasurementFilter, Measurements } from "../devices/measurements.ts";
import { principalOf } from "./access.ts";
import { ApiError, notFound, unprocessable } from "./api-error.ts";
import { type Body, readBody, textField } from "./body.ts";
import { isAbout, readCustom, readSource, readTimeField, sourceDocument, sourceOf } from "./device-data.ts";
import { baseUrl, collection, type Query, readPage, readQuery, readTime } from "./paging.ts";

const area = "measurement";
const platformProperties = new Set(["id", "self", "source", "time", "type"]);

/** Measurements that one request may bring. */
const batchMax = 500;

export interface MeasurementRouteDeps {
  readonly measurements: Measurements;
  readonly devices: DeviceRegistry;
}

export function registerMeasurementRoutes(app: FastifyInstance, deps: MeasurementRouteDeps): void {
  const read = { config: { access: { role: "ROLE_MEASUREMENT_READ", orDevice: true } as const } };
  const create = { config: { access: { role: "ROLE_MEASUREMENT_ADMIN", orDevice: true } as const } };
  const remove = { config: { access: { role: "ROLE_MEASUREMENT_ADMIN" } as const } };

  async function one(request: FastifyRequest): Promise<Measurement> {
    const found = await deps.measurements.get((request.params as { id: string }).id);
    if (found === undefined || !isAbout(request, found.deviceId)) throw notFound(area, "There is no such measurement.");
    return found;
  }

  app.get("/measurement/measurements", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const deviceId = sourceOf(request, query);
    const { measurements, total } = await deps.measurements.list({
      ...(deviceId === undefined ? {} : { deviceId }),
      ...readFilter(query),
      isNewestFirst: query["revert"] === "true",
      skip: page.skip,
      take: page.take,
    });
    const members = measurements.map((measurement) => document(request, measurement));
    return collection(request, "measurements", members, page, total);
  });

  app.get("/measurement/measurements/:id", read, async (request) => document(request, await one(request)));

  app.post("/measurement/measurements", create, async (request, reply) => {
    const body = readBody(request);
    const { measurements: batch } = body;
    if (batch === undefined) return reply.code(201).send(await make(request, body, deps));
    if (!Array.isArray(batch) || batch.length > batchMax) {
      throw unprocessable(area, `measurements: must be a list of at most ${batchMax}`);
    }
    const wanted = await Promise.all(batch.map((member) => readMeasurement(request, bodyOf(member), deps)));
    const made = [];
    for (const measurement of wanted) {
      // The store answers within the turn: without a break one batch would hold up everybody.
      await new Promise<void>((resolve) => setImmediate(resolve));
      made.push(document(request, await deps.measurements.create(measurement)));
    }
    return reply.code(201).send({ measurements: made });
  });

  app.delete("/measurement/measurements", remove, async (request, reply) => {
    const query = readQuery(request);
    const { source: deviceId } = query;
    if (deviceId === undefined || deviceId === "") {
      throw new ApiError(400, "general/badRequest", "source: say whose measurements are to be removed");
    }
    await deps.measurements.remove({ deviceId, ...readFilter(query) }, principalOf(request).userName);
    return reply.code(204).send();
  });

  app.delete("/measurement/measurements/:id", remove, async (request, reply) => {
    await deps.measurements.removeOne(await one(request), principalOf(request).userName);
    return reply.code(204).send();
  });
}

async function make(request: FastifyRequest, body: Body, deps: MeasurementRouteDeps): Promise<Record<string, unknown>> {
  return document(request, await deps.measurements.create(await readMeasurement(request, body, deps)));
}

async function readMeasurement(request: FastifyRequest, body: Body, { devices }: MeasurementRouteDeps) {
  const deviceId = await readSource(request, body, area, devices);
  const type = textField(body, area, "type", 256);
  const fragments = readCustom(body, area, platformProperties);
  if (Object.keys(fragments).length === 0) {
    throw unprocessable(area, 'A measurement needs a value, such as {"fragment": {"series": {"value": 1}}}');
  }
  return { deviceId, type, fragments, ...readTimeField(body, area) };
}

function readFilter(query: Query): MeasurementFilter {
  const fromMs = readTime(query, "dateFrom");
  const toMs = readTime(query, "dateTo");
  const { type, valueFragmentType: fragment, valueFragmentSeries: series } = query;
  return {
    ...(type === undefined ? {} : { type }),
    ...(fragment === undefined ? {} : { fragment }),
    ...(series === undefined ? {} : { series }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}

function bodyOf(member: unknown): Body {
  if (typeof member === "object" && member !== null && !Array.isArray(member)) return member as Body;
  throw unprocessable(area, "measurements: each member must be an object");
}

function document(request: FastifyRequest, measurement: Measurement): Record<string, unknown> {
  return {
    ...measurement.fragments,
    id: measurement.id,
    self: `${baseUrl(request)}/measurement/measurements/${measurement.id}`,
    type: measurement.type,
    time: new Date(measurement.timeMs).toISOString(),
    source: sourceDocument(request, measurement.deviceId),
  };
}
