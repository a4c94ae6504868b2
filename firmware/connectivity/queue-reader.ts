// What an earlier run has left of the queue on the disk, as far as it can be read.
import type { Storage } from "#hardware/ports.ts";
import { codeOf, messageOf } from "../errors.ts";
import {
  isSegmentName,
  markFile,
  parseMark,
  parseSegment,
  type QueueMark,
  type StoredMessage,
  segmentMessagesMax,
  sequenceDigits,
} from "./queue-files.ts";

export interface FoundQueue {
  readonly mark: QueueMark;
  /** In order; what the mark says is done may be among their messages. */
  readonly segments: readonly { readonly name: string; readonly messages: readonly StoredMessage[] }[];
  /** Above all that was ever written, so that no name and no message is taken for another. */
  readonly nextSequence: number;
  /** Files of which a part or all could not be read, with what was wrong. */
  readonly damaged: readonly string[];
}

/** Never rejects: what cannot be read is said and left out. */
export async function readQueue(storage: Storage): Promise<FoundQueue> {
  const damaged: string[] = [];
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    try {
      return await storage.read(name);
    } catch (error) {
      damaged.push(`${name}: ${diskProblem(error)}`);
      return undefined;
    }
  };
  const mark = readMark(await read(markFile), damaged);
  const names = await storage.list().catch((error: unknown) => {
    damaged.push(`the list of files: ${diskProblem(error)}`);
    return [];
  });
  const segments: FoundQueue["segments"][number][] = [];
  let nextSequence = mark.doneSequence + 1;
  for (const name of names.filter(isSegmentName)) {
    // Also of a file that cannot be read.
    nextSequence = Math.max(nextSequence, Number(name.slice(-sequenceDigits)) + segmentMessagesMax);
    const contents = await read(name);
    if (contents === undefined) continue;
    const { messages, isDamaged } = parseSegment(contents);
    if (isDamaged) damaged.push(`${name}: damaged after ${messages.length} messages`);
    nextSequence = Math.max(nextSequence, (messages.at(-1)?.sequence ?? 0) + 1);
    segments.push({ name, messages });
  }
  return { mark, segments, nextSequence, damaged };
}

function readMark(contents: Uint8Array | undefined, damaged: string[]): QueueMark {
  const mark = contents === undefined ? undefined : parseMark(contents);
  if (contents !== undefined && mark === undefined) damaged.push(`${markFile}: damaged`);
  return mark ?? { doneSequence: 0, dropped: 0 };
}

/** Node's code and else the words. */
export function diskProblem(error: unknown): string {
  return codeOf(error) ?? messageOf(error);
}
