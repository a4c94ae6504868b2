// The grammar of SmartREST 2.0 (protocol.md 4.1): payloads into messages and fields, and fields back into a message.
import { ProtocolError } from "../protocol-error.ts";

/** Largest payload the platform takes or sends, in bytes (protocol.md 1.1). */
export const messageBytesMax = 16184;

/** Largest message written here, in bytes: the platform counts the MQTT header too, so room is left for it (protocol.md 1.1). */
export const writtenBytesMax = 16000;

/**
 * Splits a payload into messages and these into fields; an LF inside quotes belongs to its field. Both escapes of a
 * quote are read, `""` and `\"`, and `\\` inside quotes is one backslash. White space around unquoted fields is
 * dropped, as are blank lines and a CR at the end of a line. Throws ProtocolError `smartrest.malformed` with the
 * position, or `smartrest.too-large` above `messageBytesMax`.
 */
export function parseMessages(payload: Uint8Array | string): string[][] {
  const { messages, fault } = parseMessagesUpToFault(payload);
  if (fault !== undefined) throw fault;
  return messages;
}

/** As `parseMessages`, but keeps the messages before the first one that is malformed. Never throws. */
export function parseMessagesUpToFault(payload: Uint8Array | string): {
  readonly messages: string[][];
  readonly fault?: ProtocolError;
} {
  const messages: string[][] = [];
  try {
    readMessages(readText(payload), messages);
    return { messages };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { messages, fault: error };
  }
}

function readText(payload: Uint8Array | string): string {
  const bytes = typeof payload === "string" ? Buffer.byteLength(payload, "utf8") : payload.length;
  if (bytes > messageBytesMax) {
    throw new ProtocolError("smartrest.too-large", `SmartREST: ${bytes} bytes, at most ${messageBytesMax} are allowed`);
  }
  return typeof payload === "string" ? payload : decodeUtf8(payload);
}

/**
 * Reading ends at a malformed message and does not go on at the next LF: once a quote is left open or stands where none
 * may stand, nothing tells an LF between messages from one inside a text, and a text (a log line, a name that somebody
 * chose) would be run as a message, such as a 530 that opens a tunnel or a 506 that ends an operation.
 */
function readMessages(text: string, messages: string[][]): void {
  let fields: string[] = [];
  let at = 0;
  for (;;) {
    const field = readField(text, at);
    fields.push(field.value);
    at = field.end;
    if (text[at] === ",") {
      at++;
      continue;
    }
    // A line with nothing in it is no message; `""` alone is one.
    if (fields.length > 1 || field.value !== "" || field.isQuoted) messages.push(fields);
    if (at >= text.length) return;
    fields = [];
    at++;
  }
}

/** One message as a device writes it: inner quotes doubled (protocol.md 4.1). Throws `smartrest.too-large` above `writtenBytesMax`. */
export function writeUpstream(fields: readonly string[]): string {
  return writeMessage(fields, '""');
}

/** One message as the cloud writes it: inner quotes after a backslash (protocol.md 4.1). Throws `smartrest.too-large` above `writtenBytesMax`. */
export function writeDownstream(fields: readonly string[]): string {
  return writeMessage(fields, '\\"');
}

interface Field {
  readonly value: string;
  /** Index of the comma or LF after the field, or the text's length. */
  readonly end: number;
  readonly isQuoted: boolean;
}

function readField(text: string, start: number): Field {
  const first = skipBlanks(text, start);
  return text[first] === '"' ? readQuotedField(text, first) : readPlainField(text, first);
}

function readPlainField(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n") end++;
  return { value: text.slice(start, end).replace(/[ \t\r]+$/, ""), end, isQuoted: false };
}

function readQuotedField(text: string, start: number): Field {
  let value = "";
  let at = start + 1;
  for (;;) {
    const character = text[at];
    if (character === undefined) throw malformed(text, start, "the quote that opens here is never closed");
    const next = text[at + 1];
    if (character === "\\" && (next === '"' || next === "\\")) {
      value += next;
      at += 2;
    } else if (character === '"' && next === '"') {
      value += '"';
      at += 2;
    } else if (character === '"') {
      break;
    } else {
      value += character;
      at++;
    }
  }
  let end = skipBlanks(text, at + 1);
  if (text[end] === "\r" && (text[end + 1] === "\n" || end + 1 === text.length)) end++;
  if (end < text.length && text[end] !== "," && text[end] !== "\n") {
    throw malformed(text, end, "after a closing quote only a comma or the end of the line may come");
  }
  return { value, end, isQuoted: true };
}

function skipBlanks(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\t") at++;
  return at;
}

function writeMessage(fields: readonly string[], escapedQuote: string): string {
  const text = fields.map((field) => (needsQuotes(field, fields) ? quote(field, escapedQuote) : field)).join(",");
  const bytes = Buffer.byteLength(text, "utf8");
  if (bytes > writtenBytesMax) {
    throw new ProtocolError(
      "smartrest.too-large",
      `SmartREST ${fields[0] ?? ""}: ${bytes} bytes to be written, at most ${writtenBytesMax} are allowed`,
    );
  }
  return text;
}

function needsQuotes(field: string, fields: readonly string[]): boolean {
  // A message that is one empty field would be read as a blank line.
  if (field === "") return fields.length === 1;
  return /[",\n\r\t]/.test(field) || field !== field.trim();
}

function quote(field: string, escapedQuote: string): string {
  // Readers take \" for a quote whatever the writer meant, so a backslash inside quotes must not stand for itself.
  return `"${field.replaceAll("\\", "\\\\").replaceAll('"', escapedQuote)}"`;
}

function decodeUtf8(payload: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(payload);
  } catch {
    // The decoder does not say where: the first byte that does not survive a round trip is the place.
    const again = Buffer.from(Buffer.from(payload).toString("utf8"), "utf8");
    const at = payload.findIndex((byte, index) => byte !== again[index]);
    throw new ProtocolError("smartrest.malformed", `SmartREST: not UTF-8 at byte ${at + 1}`);
  }
}

function malformed(text: string, at: number, what: string): ProtocolError {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  return new ProtocolError("smartrest.malformed", `SmartREST line ${line}, character ${column}: ${what}`);
}
