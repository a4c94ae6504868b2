// The file in the body of a request: as a part of a form, or as the whole of the body.
import type { FastifyRequest } from "fastify";
import { unprocessable } from "./api-error.ts";
import type { Part } from "./form-parts.ts";

const area = "inventory";

export interface UploadedFile {
  readonly name: string;
  /** Media type, as the sender said. */
  readonly type: string;
  readonly content: Buffer;
}

/** The part `file`; the part `object` may give another name and type. Throws ApiError. */
export function readFile(parts: readonly Part[]): UploadedFile {
  const file = parts.find(({ name }) => name === "file");
  if (file === undefined) throw unprocessable(area, "file: this part of the form is missing");
  const about = readObject(parts.find(({ name }) => name === "object"));
  const text = (name: string) => {
    const value = about[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    name: text("name") ?? file.fileName ?? "file",
    type: text("type") ?? file.type ?? "application/octet-stream",
    content: file.content,
  };
}

function readObject(part: Part | undefined): Readonly<Record<string, unknown>> {
  if (part === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(part.content.toString("utf8"));
  } catch {
    throw unprocessable(area, "object: this part of the form is not JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw unprocessable(area, "object: this part of the form must be a JSON object");
}

/** A body that is the file itself, as thin-edge.io sends it. */
export function plainFile(request: FastifyRequest, content: Buffer, type: string): UploadedFile {
  const disposition = String(request.headers["content-disposition"] ?? "");
  const name = /filename="?([^";]{1,256})/i.exec(disposition)?.[1] ?? "attachment";
  return { name, type: type.split(";")[0]?.trim() ?? "", content };
}

/** Empty if there is no body. */
export function bytesOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}
