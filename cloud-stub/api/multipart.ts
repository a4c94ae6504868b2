// Takes a form with files apart (multipart/form-data, RFC 7578): its parts with their names, as bytes.
import { ApiError } from "./api-error.ts";

export interface Part {
  /** Of the field. */
  readonly name: string;
  readonly fileName: string | undefined;
  /** The part's own content type. */
  readonly type: string | undefined;
  readonly content: Buffer;
}

/** Longest header of a part, in bytes. */
const partHeaderMax = 4_096;
const partsMax = 20;

/** `contentType`: of the request. Throws ApiError. */
export function parseMultipart(body: Buffer, contentType: string): readonly Part[] {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  // The first delimiter may stand at the very beginning.
  const bytes = Buffer.concat([Buffer.from("\r\n"), body]);
  const parts: Part[] = [];
  let at = bytes.indexOf(delimiter);
  for (;;) {
    if (at < 0) throw malformed("it ends before its last boundary, or a boundary is not as it must be");
    const start = at + delimiter.length;
    const mark = bytes.toString("latin1", start, start + 2);
    if (mark === "--") return parts;
    if (parts.length === partsMax) throw malformed(`it has more than ${partsMax} parts`);
    at = bytes.indexOf(delimiter, start);
    if (at < 0) continue;
    parts.push(readPart(bytes.subarray(start, at)));
  }
}

function boundaryOf(contentType: string): string {
  const match = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary !== undefined) return boundary;
  throw new ApiError(415, "general/unsupportedMediaType", "Send a form as multipart/form-data with a boundary.");
}

/** `bytes`: what follows a boundary, its line break included. */
function readPart(bytes: Buffer): Part {
  const headerEnd = bytes.indexOf("\r\n\r\n");
  if (headerEnd < 0 || headerEnd > partHeaderMax) throw malformed("a part has no end of its headers");
  const headers = bytes.toString("utf8", 0, headerEnd);
  const disposition = /^content-disposition:\s*form-data\b(.*)$/im.exec(headers)?.[1] ?? "";
  const name = parameterOf(disposition, "name");
  if (name === undefined) throw malformed("a part does not say which field it is");
  return {
    name,
    fileName: parameterOf(disposition, "filename"),
    type: /^content-type:\s*(\S[^\r\n]{0,255})$/im.exec(headers)?.[1]?.trim(),
    content: bytes.subarray(headerEnd + 4),
  };
}

/** Browsers write a quote in a name as `%22`, other programs as `\"`. */
function parameterOf(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`, "i").exec(disposition);
  const quoted = match?.[1]?.replaceAll(/\\(.)/g, "$1").replaceAll("%22", '"');
  return quoted ?? match?.[2];
}

function malformed(why: string): ApiError {
  return new ApiError(400, "general/badRequest", `The form cannot be read: ${why}.`);
}
