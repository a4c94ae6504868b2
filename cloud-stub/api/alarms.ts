// /alarm/alarms: what is wrong with devices, and what people do about it (protocol.md 7.3).
import type { FastifyInstance, FastifyRequest } from "fastify";
import { alarmSeverities } from "#protocol/smartrest/parse-data.ts";
import { type Alarm, type AlarmChange, type AlarmFilter, type Alarms, alarmStatuses } from "../devices/alarms.ts";
import type { DeviceRegistry } from "../devices/device-registry.ts";
import type { Operations } from "../devices/operations.ts";
import { notFound, unprocessable } from "./api-error.ts";
import { type Body, optionalTextField, readBody, textField } from "./body.ts";
import {
  isAbout,
  personOf,
  readCustom,
  readSource,
  readTimeField,
  readWords,
  sourceDocument,
  sourceOf,
} from "./device-data.ts";
import { baseUrl, collection, readPage, readQuery, readTime } from "./paging.ts";

const area = "alarm";
const platformProperties = new Set([
  "id",
  "self",
  "source",
  "time",
  "creationTime",
  "firstOccurrenceTime",
  "lastUpdated",
  "count",
  "severity",
  "status",
  "text",
  "type",
  "history",
]);

/** Longest type and text, in UTF-16 units. */
const typeLengthMax = 256;
const textLengthMax = 2_000;

export interface AlarmRouteDeps {
  readonly alarms: Alarms;
  readonly devices: DeviceRegistry;
  readonly operations: Operations;
}

export function registerAlarmRoutes(app: FastifyInstance, deps: AlarmRouteDeps): void {
  const read = { config: { access: { role: "ROLE_ALARM_READ", orDevice: true } as const } };
  const change = { config: { access: { role: "ROLE_ALARM_ADMIN", orDevice: true } as const } };
  const withoutKeys = (deviceId: string, text: string) => deps.operations.withoutKeys(deviceId, text);

  async function one(request: FastifyRequest): Promise<Alarm> {
    const found = await deps.alarms.get((request.params as { id: string }).id);
    if (found === undefined || !isAbout(request, found.deviceId)) throw notFound(area, "There is no such alarm.");
    return found;
  }

  app.get("/alarm/alarms", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const { alarms, total } = await deps.alarms.list({
      ...readFilter(request),
      // As events: newest first, and `revert` turns that round.
      isOldestFirst: query["revert"] === "true",
      skip: page.skip,
      take: page.take,
    });
    const members = alarms.map((alarm) => document(request, alarm));
    return collection(request, "alarms", members, page, total);
  });

  // Cumulocity answers with the bare number.
  app.get("/alarm/alarms/count", read, async (request) => deps.alarms.count(readFilter(request)));

  app.get("/alarm/alarms/:id", read, async (request) => document(request, await one(request)));

  app.post("/alarm/alarms", change, async (request, reply) => {
    const raised = await raise(request, readBody(request), deps);
    return reply.code(201).send(document(request, raised));
  });

  app.put("/alarm/alarms/:id", change, async (request) => {
    const alarm = await one(request);
    const wanted = readChange(readBody(request));
    const text = wanted.text === undefined ? {} : { text: await withoutKeys(alarm.deviceId, wanted.text) };
    const outcome = await deps.alarms.change(alarm.id, { ...wanted, ...text }, personOf(request));
    if (outcome === "exists") {
      throw unprocessable(area, "status: another alarm of this type stands already, so this one stays cleared");
    }
    return document(request, await one(request));
  });
}

async function raise(request: FastifyRequest, body: Body, deps: AlarmRouteDeps): Promise<Alarm> {
  const deviceId = await readSource(request, body, area, deps.devices);
  const severity = alarmSeverities.find((known) => known === body["severity"]);
  if (severity === undefined) throw unprocessable(area, `severity: must be one of ${alarmSeverities.join(", ")}`);
  const { status = "ACTIVE" } = body;
  if (status !== "ACTIVE" && status !== "ACKNOWLEDGED") {
    throw unprocessable(area, "status: a new alarm is ACTIVE or ACKNOWLEDGED");
  }
  const raised = await deps.alarms.raise({
    deviceId,
    severity,
    status,
    type: await deps.operations.withoutKeys(deviceId, textField(body, area, "type", typeLengthMax)),
    text: await deps.operations.withoutKeys(deviceId, textField(body, area, "text", textLengthMax)),
    fragments: readCustom(body, area, platformProperties),
    ...readTimeField(body, area),
  });
  if (raised === "full") throw unprocessable(area, "Too many alarms of this device stand; clear some first");
  return raised;
}

function readChange(body: Body): AlarmChange {
  const status = body["status"] === undefined ? undefined : alarmStatuses.find((known) => known === body["status"]);
  const severity =
    body["severity"] === undefined ? undefined : alarmSeverities.find((known) => known === body["severity"]);
  const text = optionalTextField(body, area, "text", textLengthMax);
  if (body["status"] !== undefined && status === undefined) {
    throw unprocessable(area, `status: must be one of ${alarmStatuses.join(", ")}`);
  }
  if (body["severity"] !== undefined && severity === undefined) {
    throw unprocessable(area, `severity: must be one of ${alarmSeverities.join(", ")}`);
  }
  if (text === "") throw unprocessable(area, "text: must not be empty");
  return {
    ...(status === undefined ? {} : { status }),
    ...(severity === undefined ? {} : { severity }),
    ...(text === undefined ? {} : { text }),
  };
}

function readFilter(request: FastifyRequest): AlarmFilter {
  const query = readQuery(request);
  const deviceId = sourceOf(request, query);
  const statuses = readWords(query, "status", area, alarmStatuses);
  const severities = readWords(query, "severity", area, alarmSeverities);
  const fromMs = readTime(query, "dateFrom");
  const toMs = readTime(query, "dateTo");
  const { type } = query;
  return {
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(type === undefined ? {} : { type }),
    ...(statuses === undefined ? {} : { statuses }),
    ...(severities === undefined ? {} : { severities }),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(toMs === undefined ? {} : { toMs }),
  };
}

function document(request: FastifyRequest, alarm: Alarm): Record<string, unknown> {
  return {
    ...alarm.fragments,
    id: alarm.id,
    self: `${baseUrl(request)}/alarm/alarms/${alarm.id}`,
    type: alarm.type,
    text: alarm.text,
    severity: alarm.severity,
    status: alarm.status,
    count: alarm.count,
    time: new Date(alarm.timeMs).toISOString(),
    firstOccurrenceTime: new Date(alarm.firstTimeMs).toISOString(),
    creationTime: new Date(alarm.createdAtMs).toISOString(),
    lastUpdated: new Date(alarm.updatedAtMs).toISOString(),
    source: sourceDocument(request, alarm.deviceId),
  };
}
