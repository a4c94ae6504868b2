// How the kept messages stand in the gateway's state: segments of some messages, and a mark up to where they are done.
import { crc32 } from "node:zlib";

/** One kept message on the disk. Sequences ascend over all runs. */
export interface StoredMessage {
  readonly sequence: number;
  readonly text: string;
}

/** Everything up to `doneSequence` was acknowledged or dropped; `dropped` of them were and the cloud has not been told. */
export interface QueueMark {
  readonly doneSequence: number;
  readonly dropped: number;
}

/** Of one segment: so much is written anew at most when one message comes. */
export const segmentMessagesMax = 32;
export const segmentBytesMax = 8 * 1024;

export const markFile = "queue-mark";
const segmentPrefix = "queue-";
export const sequenceDigits = 12;

/** Named after its first message, so that names in ascending order are messages in order. */
export function segmentName(firstSequence: number): string {
  return `${segmentPrefix}${String(firstSequence).padStart(sequenceDigits, "0")}`;
}

export function isSegmentName(name: string): boolean {
  return new RegExp(`^${segmentPrefix}\\d{${sequenceDigits}}$`).test(name);
}

/** One line for each message, behind its checksum: a card that lies about a write may keep a part of it only. */
export function writeSegment(messages: readonly StoredMessage[]): Uint8Array {
  const lines = messages.map(({ sequence, text }) => writeLine([sequence, text]));
  return Buffer.from(lines.join(""), "utf8");
}

/** The messages up to the first that is damaged. */
export function parseSegment(contents: Uint8Array): {
  readonly messages: readonly StoredMessage[];
  readonly isDamaged: boolean;
} {
  const text = Buffer.from(contents).toString("utf8");
  const lines = text.split("\n");
  const messages: StoredMessage[] = [];
  let last = 0;
  for (const line of lines.slice(0, -1)) {
    const [sequence, message, ...rest] = parseLine(line);
    if (!isSequence(sequence) || sequence <= last || typeof message !== "string" || rest.length > 0) {
      return { messages, isDamaged: true };
    }
    last = sequence;
    messages.push({ sequence, text: message });
  }
  // Each line has its end, and no segment is empty.
  return { messages, isDamaged: lines.at(-1) !== "" || messages.length === 0 };
}

export function writeMark({ doneSequence, dropped }: QueueMark): Uint8Array {
  return Buffer.from(writeLine([doneSequence, dropped]), "utf8");
}

/** Undefined if it is damaged. */
export function parseMark(contents: Uint8Array): QueueMark | undefined {
  const [doneSequence, dropped, ...rest] = parseLine(Buffer.from(contents).toString("utf8").trimEnd());
  if (!isSequence(doneSequence) || !isSequence(dropped) || rest.length > 0) return undefined;
  return { doneSequence, dropped };
}

function writeLine(values: readonly (number | string)[]): string {
  const body = JSON.stringify(values);
  return `${checksum(body)} ${body}\n`;
}

/** Nothing if the line is not what was written. */
function parseLine(line: string): readonly unknown[] {
  const body = line.slice(9);
  if (line.slice(0, 9) !== `${checksum(body)} `) return [];
  const value: unknown = JSON.parse(body);
  return Array.isArray(value) ? value : [];
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, "0");
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < 10 ** sequenceDigits;
}
