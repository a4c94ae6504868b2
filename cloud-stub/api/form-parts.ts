// Bodies of type multipart/form-data (RFC 7578): the parts, as bytes. For files of a few MiB, which are whole in memory.
import { ApiError } from "./api-error.ts";

export interface Part {
  /** Of the form's field. */
  readonly name: string;
  /** Undefined if the part is no file. */
  readonly fileName: string | undefined;
  readonly type: string | undefined;
  readonly content: Buffer;
}

/** Parts of one body, and the bytes of the headers of each. */
const partsMax = 20;
const headerBytesMax = 4_096;

/** RFC 2046 section 5.1.1: at most 70 characters. */
const boundaryPattern = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;,"]{1,70}))/i;

/** Throws ApiError 400, or 415 if the content type is another one. */
export function readFormParts(body: Buffer, contentType: string): readonly Part[] {
  const found = boundaryPattern.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) {
    throw new ApiError(415, "general/unsupportedMediaType", "Send the file as multipart/form-data with a boundary.");
  }
  const parts: Part[] = [];
  // The first boundary stands at the beginning of a line, as all of them do.
  const text = Buffer.concat([Buffer.from("\r\n"), body]);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let at = text.indexOf(delimiter);
  for (;;) {
    if (at < 0) throw malformed("it ends before its last boundary");
    at += delimiter.length;
    if (text.toString("latin1", at, at + 2) === "--") return parts;
    if (parts.length >= partsMax) throw malformed(`it has more than ${partsMax} parts`);
    const start = text.indexOf("\r\n", at);
    const end = start < 0 ? -1 : text.indexOf(delimiter, start);
    // White space may follow a boundary, and nothing else.
    if (end < 0 || /\S/.test(text.toString("latin1", at, start))) throw malformed("a boundary is not as it must be");
    parts.push(readPart(text.subarray(start, end)));
    at = end;
  }
}

/** `bytes`: a line's end, the headers with theirs, an empty line, the content. */
function readPart(bytes: Buffer): Part {
  const empty = bytes.indexOf("\r\n\r\n");
  if (empty < 0 || empty > headerBytesMax) throw malformed("a part has no end of its headers");
  const headers = bytes.toString("utf8", 0, empty);
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(headers)?.[1] ?? "";
  const name = parameter(disposition, "name");
  if (name === undefined) throw malformed("a part does not say which field it is");
  return {
    name,
    fileName: parameter(disposition, "filename"),
    // So short that looking for its end costs nothing.
    type: /^content-type:[ \t]*(\S[^\r\n]{0,255})$/im.exec(headers)?.[1]?.trim(),
    content: bytes.subarray(empty + 4),
  };
}

/** Browsers write a quote in a name as %22; others with a backslash. */
function parameter(disposition: string, name: string): string | undefined {
  const found = new RegExp(`(?:^|;)\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, "i").exec(disposition);
  return found?.[1]?.replace(/\\(.)/g, "$1").replaceAll("%22", '"') ?? found?.[2];
}

function malformed(what: string): ApiError {
  return new ApiError(400, "general/badRequest", `The multipart body cannot be read: ${what}.`);
}
