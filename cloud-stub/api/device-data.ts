// What the routes of measurements, alarms, events and files have in common: whose data it is, and its own properties.
import type { FastifyRequest } from "fastify";
import type { DeviceRegistry, Fragments } from "../devices/device-registry.ts";
import { principalOf } from "./access.ts";
import { forbidden, unprocessable } from "./api-error.ts";
import { type Body, isFragmentName, optionalTextField } from "./body.ts";
import { baseUrl, type Query } from "./paging.ts";

/** Largest properties of one document beside the platform's own, in UTF-16 units of their JSON. */
export const customLengthMax = 16_384;

/** The device that a new document is about: a device's own, or any there is for a person. */
export async function readSource(
  request: FastifyRequest,
  body: Body,
  area: string,
  devices: DeviceRegistry,
): Promise<string> {
  const source = body["source"];
  const id = typeof source === "object" && source !== null && "id" in source ? source.id : undefined;
  if (typeof id !== "string" || id === "")
    throw unprocessable(area, "source: must be an object with the id of a device");
  const principal = principalOf(request);
  if (principal.kind === "device") {
    if (principal.deviceId !== id) throw forbidden("A device tells of itself only.");
    devices.heardFrom(id);
  } else if ((await devices.get(id)) === undefined) {
    throw unprocessable(area, "source: there is no such device");
  }
  return id;
}

/** The device whose documents are asked for: a device gets its own whatever it asks for. */
export function sourceOf(request: FastifyRequest, query: Query): string | undefined {
  const principal = principalOf(request);
  return principal.kind === "device" ? (principal.deviceId ?? "") : query["source"];
}

/** Whether the caller may see what is about that device. */
export function isAbout(request: FastifyRequest, deviceId: string | undefined): boolean {
  const principal = principalOf(request);
  return principal.kind === "user" || (deviceId !== undefined && principal.deviceId === deviceId);
}

/** The caller, if it is a person: whose changes leave an audit record. */
export function personOf(request: FastifyRequest): string | undefined {
  const { kind, userName } = principalOf(request);
  return kind === "user" ? userName : undefined;
}

/** When it happened, in ms; undefined where the body does not say. */
export function readTimeField(body: Body, area: string): { readonly timeMs?: number } {
  const time = optionalTextField(body, area, "time", 40);
  if (time === undefined) return {};
  const timeMs = Date.parse(time);
  if (Number.isNaN(timeMs)) throw unprocessable(area, "time: not a date in ISO 8601");
  return { timeMs };
}

/** The properties that are not the platform's. */
export function readCustom(body: Body, area: string, platformProperties: ReadonlySet<string>): Fragments {
  const custom = Object.entries(body).filter(([name]) => !platformProperties.has(name));
  for (const [name] of custom) {
    if (!isFragmentName(name)) throw unprocessable(area, "A property has a name that is not allowed");
  }
  const fragments = Object.fromEntries(custom);
  if (JSON.stringify(fragments).length > customLengthMax) {
    throw unprocessable(area, `Its own properties are too large: at most ${customLengthMax} characters as JSON`);
  }
  return fragments;
}

/** The device as documents name it. */
export function sourceDocument(request: FastifyRequest, deviceId: string): Record<string, unknown> {
  return { id: deviceId, self: `${baseUrl(request)}/inventory/managedObjects/${deviceId}` };
}

/** The members of a list of words in a query, such as `status=ACTIVE,CLEARED`; undefined where it is not given. */
export function readWords<Word extends string>(
  query: Query,
  name: string,
  area: string,
  known: readonly Word[],
): readonly Word[] | undefined {
  const text = query[name];
  if (text === undefined || text === "") return undefined;
  return text.split(",").map((wanted) => {
    const word = known.find((one) => one === wanted.trim());
    if (word === undefined) throw unprocessable(area, `${name}: must be of ${known.join(", ")}`);
    return word;
  });
}
