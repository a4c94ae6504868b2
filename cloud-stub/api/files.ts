// /inventory/binaries and /event/events/{id}/binaries: files of people and devices, and what is attached to events (protocol.md 7.3).
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Events } from "../devices/events.ts";
import type { FileRefusal, Files, NewFile, StoredFile } from "../devices/files.ts";
import type { PointedFiles } from "../devices/pointed-files.ts";
import { principalOf } from "./access.ts";
import { ApiError, forbidden, notFound, unprocessable } from "./api-error.ts";
import { isAbout, personOf, sourceDocument, sourceOf } from "./device-data.ts";
import { readFormParts } from "./form-parts.ts";
import { baseUrl, collection, readPage, readQuery } from "./paging.ts";
import { countUpload } from "./upload-count.ts";
import { bytesOf, plainFile, readFile } from "./uploaded-file.ts";

const inventory = "inventory";
const event = "event";

/** What a multipart body may have around its file, in bytes. */
const aroundFileBytes = 65_536;

/** Types that a browser only shows or saves; every other one it gets as bytes, so that a page never runs a file. */
const harmlessTypes = /^(text\/(plain|csv)|application\/(json|octet-stream|gzip|zip|toml|x-tar)|image\/(png|jpeg))$/;

export interface FileRouteDeps {
  readonly files: Files;
  readonly events: Events;
  readonly pointedFiles: PointedFiles;
  /** Where a device reaches the address that a person used without encryption. */
  readonly httpsPort?: number;
}

export function registerFileRoutes(app: FastifyInstance, deps: FileRouteDeps): void {
  // Bodies of these routes are bytes whatever their type says.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    const uploads = new Map<string, number>();
    scope.addHook("onRequest", async (request, reply) => countUpload(uploads, request, reply));
    registerBinaries(scope, deps);
    registerAttachments(scope, deps);
  });
}

function registerBinaries(app: FastifyInstance, deps: FileRouteDeps): void {
  const { files } = deps;
  const read = { config: { access: { role: "ROLE_INVENTORY_READ", orDevice: true } as const } };
  const create = {
    bodyLimit: files.limits.fileBytesMax + aroundFileBytes,
    config: { access: { role: "ROLE_INVENTORY_CREATE", orDevice: true } as const },
  };
  const remove = { config: { access: { role: "ROLE_INVENTORY_ADMIN", orDevice: true } as const } };

  async function one(request: FastifyRequest): Promise<StoredFile> {
    const file = await files.get((request.params as { id: string }).id);
    if (file === undefined || file.eventId !== undefined) throw notFound(inventory, "There is no such file.");
    return file;
  }

  app.get("/inventory/binaries", read, async (request) => {
    const query = readQuery(request);
    const page = readPage(query);
    const deviceId = sourceOf(request, query);
    const filter = deviceId === undefined ? page : { ...page, deviceId };
    const { files: found, total } = await files.list(filter);
    const members = found.map((file) => binaryDocument(request, file, deps));
    return collection(request, "managedObjects", members, page, total);
  });

  app.get("/inventory/binaries/:id", read, async (request, reply) => {
    const file = await one(request);
    const { deviceId } = principalOf(request);
    const mayRead =
      isAbout(request, file.deviceId) || (deviceId !== undefined && (await deps.pointedFiles.has(deviceId, file.id)));
    if (!mayRead) throw notFound(inventory, "There is no such file.");
    return sendFile(reply, file, await files.content(file.id));
  });

  app.post("/inventory/binaries", create, async (request, reply) => {
    const parts = readFormParts(bytesOf(request), request.headers["content-type"] ?? "");
    const made = await keep(request, readFile(parts), deps);
    const document = binaryDocument(request, made, deps);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.delete("/inventory/binaries/:id", remove, async (request, reply) => {
    const file = await one(request);
    if (!isAbout(request, file.deviceId)) throw notFound(inventory, "There is no such file.");
    await files.remove(file.id, personOf(request));
    return reply.code(204).send();
  });
}

function registerAttachments(app: FastifyInstance, deps: FileRouteDeps): void {
  const { files } = deps;
  const read = { config: { access: { role: "ROLE_EVENT_READ", orDevice: true } as const } };
  const change = {
    bodyLimit: files.limits.fileBytesMax + aroundFileBytes,
    config: { access: { role: "ROLE_EVENT_ADMIN", orDevice: true } as const },
  };

  async function eventOf(request: FastifyRequest) {
    const found = await deps.events.get((request.params as { id: string }).id);
    if (found === undefined || !isAbout(request, found.deviceId)) throw notFound(event, "There is no such event.");
    return found;
  }

  async function attachment(request: FastifyRequest): Promise<StoredFile> {
    const file = await files.ofEvent((await eventOf(request)).id);
    if (file === undefined) throw notFound(event, "Nothing is attached to this event.");
    return file;
  }

  app.get("/event/events/:id/binaries", read, async (request, reply) => {
    const file = await attachment(request);
    return sendFile(reply, file, await files.content(file.id));
  });

  app.post("/event/events/:id/binaries", change, async (request, reply) => {
    const { id: eventId, deviceId } = await eventOf(request);
    const body = bytesOf(request);
    const contentType = request.headers["content-type"] ?? "application/octet-stream";
    const isForm = /^multipart\/form-data\b/i.test(contentType);
    const file = isForm ? readFile(readFormParts(body, contentType)) : plainFile(request, body, contentType);
    const made = await keep(request, { ...file, eventId, deviceId }, deps);
    const document = attachmentDocument(request, made, deps);
    return reply.code(201).header("location", String(document["self"])).send(document);
  });

  app.delete("/event/events/:id/binaries", change, async (request, reply) => {
    const file = await attachment(request);
    await files.remove(file.id, personOf(request));
    return reply.code(204).send();
  });
}

async function keep(
  request: FastifyRequest,
  file: Omit<NewFile, "owner">,
  { files }: FileRouteDeps,
): Promise<StoredFile> {
  const { userName: owner, kind, deviceId } = principalOf(request);
  // Without its device a file would count as a person's.
  if (kind === "device" && deviceId === undefined) throw forbidden("This device does not exist yet: send 100 first.");
  const ownDevice = deviceId === undefined ? {} : { deviceId };
  const made = await files.create({ ...ownDevice, ...file, owner });
  if (typeof made === "string") throw refusal(made, files);
  return made;
}

function refusal(why: FileRefusal, { limits }: Files): ApiError {
  switch (why) {
    case "too-large":
      return new ApiError(413, "general/tooLarge", `The file is larger than ${limits.fileBytesMax} bytes.`);
    case "exists":
      return new ApiError(409, "event/Conflict", "A file is attached to this event already.");
    case "full":
      return unprocessable(inventory, "There is no room for another file; remove some first");
    default:
      return why satisfies never;
  }
}

function sendFile(reply: FastifyReply, file: StoredFile, content: Buffer | undefined): FastifyReply {
  if (content === undefined) throw notFound(inventory, "There is no such file.");
  const type = file.type.toLowerCase();
  const plainName = file.name.replace(/[^A-Za-z0-9._ -]/g, "_");
  return reply
    .header("content-type", harmlessTypes.test(type) ? type : "application/octet-stream")
    .header(
      "content-disposition",
      `attachment; filename="${plainName}"; filename*=UTF-8''${encodeURIComponent(file.name.toWellFormed()).replace(/['()*]/g, "_")}`,
    )
    .header("content-security-policy", "default-src 'none'; sandbox")
    .send(content);
}

/** The address by which the cloud's devices fetch it: they always come encrypted. */
function deviceUrl(request: FastifyRequest, { httpsPort }: FileRouteDeps): string {
  if (request.peer.isEncrypted || httpsPort === undefined) return baseUrl(request);
  return `https://${new URL(baseUrl(request)).hostname}:${httpsPort}`;
}

function binaryDocument(request: FastifyRequest, file: StoredFile, deps: FileRouteDeps): Record<string, unknown> {
  return {
    id: file.id,
    self: `${deviceUrl(request, deps)}/inventory/binaries/${file.id}`,
    name: file.name,
    type: file.type,
    contentType: file.type,
    length: file.bytes,
    owner: file.owner,
    creationTime: new Date(file.createdAtMs).toISOString(),
    lastUpdated: new Date(file.createdAtMs).toISOString(),
    c8y_IsBinary: "",
    ...(file.deviceId === undefined ? {} : { source: sourceDocument(request, file.deviceId) }),
  };
}

function attachmentDocument(request: FastifyRequest, file: StoredFile, deps: FileRouteDeps): Record<string, unknown> {
  return {
    self: `${deviceUrl(request, deps)}/event/events/${file.eventId}/binaries`,
    source: file.eventId,
    name: file.name,
    type: file.type,
    length: file.bytes,
  };
}
