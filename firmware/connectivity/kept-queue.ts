// Keeps alarms, events and measurements that wait for the cloud on the disk: little is written, nothing twice without need.
import type { Clock, Storage, TimerHandle } from "#hardware/ports.ts";
import {
  markFile,
  type QueueMark,
  type StoredMessage,
  segmentBytesMax,
  segmentMessagesMax,
  segmentName,
  writeMark,
  writeSegment,
} from "./queue-files.ts";
import { diskProblem, readQueue } from "./queue-reader.ts";

/**
 * A message that the cloud acknowledges before this is never written, and one that came less than this before the power
 * fails is lost: flash wears out, and while the gateway is online nearly every message is acknowledged within it.
 */
export const persistAfterMs = 2_000;
/** Between two tries while the disk takes nothing. */
export const persistRetryMs = 30_000;

export interface LoadedQueue {
  /** In order, with ids below 0. */
  readonly messages: readonly { readonly id: number; readonly text: string }[];
  /** Messages that were dropped and the cloud has not been told. */
  readonly dropped: number;
  /** Files of which a part or all could not be read, with what was wrong. */
  readonly damaged: readonly string[];
}

export interface KeptQueueEvents {
  /** The disk took nothing, and why; told again only after it has taken something. */
  failed(why: string): void;
}

interface Entry extends StoredMessage {
  readonly id: number;
}

/** Entries in a file of its own; the last segment takes more until it is full. */
interface Segment {
  readonly name: string;
  readonly entries: Entry[];
  bytes: number;
}

/** Order of calls is order of effects; nothing rejects: a disk that fails keeps the messages in memory. */
export class KeptQueue {
  readonly #clock: Clock;
  readonly #storage: Storage;
  readonly #events: KeptQueueEvents;
  readonly #segments: Segment[] = [];
  /** Not written yet, in order. */
  #waiting: Entry[] = [];
  #nextSequence = 1;
  #mark: QueueMark = { doneSequence: 0, dropped: 0 };
  #isMarkChanged = false;
  /** As the mark on the disk has it. */
  #storedDropped = 0;
  #isFailing = false;
  #timer: TimerHandle | undefined;
  /** The last piece of work with the disk: one at a time, in turn. */
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(ports: { readonly clock: Clock; readonly storage: Storage }, events: KeptQueueEvents) {
    this.#clock = ports.clock;
    this.#storage = ports.storage;
    this.#events = events;
  }

  /** Once, before anything else. */
  async load(): Promise<LoadedQueue> {
    const { mark, segments, nextSequence, damaged } = await readQueue(this.#storage);
    this.#mark = mark;
    this.#storedDropped = mark.dropped;
    this.#nextSequence = nextSequence;
    const live = segments.flatMap(({ messages }) => messages.filter((message) => this.#isLive(message)));
    const idOf = new Map(live.map((message, index) => [message, index - live.length]));
    for (const { name, messages } of segments) {
      const entries = messages.flatMap((message) => {
        const id = idOf.get(message);
        return id === undefined ? [] : [{ ...message, id }];
      });
      // Full: what it has is never written again, so that a damaged one takes nothing along.
      this.#segments.push({ name, entries, bytes: segmentBytesMax });
    }
    if (this.#deadSegment() !== undefined) this.#schedule(persistAfterMs);
    return {
      messages: live.map((message, index) => ({ id: index - live.length, text: message.text })),
      dropped: mark.dropped,
      damaged,
    };
  }

  /** One more at the end. `id` is above all before. */
  put(id: number, text: string): void {
    this.#waiting.push({ id, text, sequence: this.#nextSequence });
    this.#nextSequence += 1;
    this.#schedule(persistAfterMs);
  }

  /**
   * All up to `id` are done: acknowledged, or dropped (`dropped` of them). Resolves once a crash would not bring them
   * back; at once for those that were never written.
   */
  async done(id: number, dropped = 0): Promise<void> {
    const isDone = (entry: Entry): boolean => entry.id <= id;
    const written = this.#segments.flatMap(({ entries }) => entries).filter(isDone);
    this.#waiting = this.#waiting.filter((entry) => !isDone(entry));
    const doneSequence = Math.max(this.#mark.doneSequence, ...written.map(({ sequence }) => sequence));
    if (doneSequence === this.#mark.doneSequence && dropped === 0) return;
    this.#mark = { doneSequence, dropped: this.#mark.dropped + dropped };
    this.#isMarkChanged = true;
    // What was dropped nobody waits for: it goes with the message that took its place.
    if (dropped > 0) this.#schedule(persistAfterMs);
    else await this.#inTurn(() => this.#writeDone());
  }

  /** The cloud will be told of so many that were dropped, by a message that was put before. */
  told(dropped: number): void {
    this.#mark = { ...this.#mark, dropped: Math.max(0, this.#mark.dropped - dropped) };
    this.#isMarkChanged = true;
    this.#schedule(persistAfterMs);
  }

  /** Everything to the disk now. */
  async flush(): Promise<void> {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#inTurn(() => this.#writeAll());
  }

  /** No timer and no new work; what is being written may end. */
  close(): void {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #isLive({ sequence }: StoredMessage): boolean {
    return sequence > this.#mark.doneSequence;
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed || this.#timer !== undefined) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting.length > 0 || this.#isMarkChanged || this.#deadSegment() !== undefined) {
        void this.#inTurn(() => this.#writeAll()); // never rejects
      }
    }, delayMs);
  }

  /** One that has nothing to send any more. */
  #deadSegment(): Segment | undefined {
    return this.#segments.find(({ entries }) => !entries.some((entry) => this.#isLive(entry)));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(async () => {
      try {
        await work();
        this.#isFailing = false;
      } catch (error) {
        if (!this.#isFailing) this.#events.failed(diskProblem(error));
        this.#isFailing = true;
        this.#schedule(persistRetryMs);
      }
    });
    return this.#work;
  }

  /** In this order a power cut between any two writes loses no message and brings none back that was marked. */
  async #writeAll(): Promise<void> {
    await this.#writeWaiting();
    await this.#writeDone();
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting[0] !== undefined) {
      const segment = this.#openSegment(this.#waiting[0]);
      const added = this.#takeWaiting(segment);
      const live = segment.entries.filter((entry) => this.#isLive(entry));
      segment.entries.splice(0, segment.entries.length, ...live);
      try {
        await this.#storage.write(segment.name, writeSegment(live));
      } catch (error) {
        this.#giveBack(segment, added);
        throw error;
      }
    }
  }

  #takeWaiting(segment: Segment): readonly Entry[] {
    const added: Entry[] = [];
    for (const entry of this.#waiting) {
      if (segment.entries.length >= segmentMessagesMax || segment.bytes >= segmentBytesMax) break;
      segment.entries.push(entry);
      segment.bytes += Buffer.byteLength(entry.text, "utf8");
      added.push(entry);
    }
    this.#waiting = this.#waiting.slice(added.length);
    return added;
  }

  #giveBack(segment: Segment, added: readonly Entry[]): void {
    segment.entries.splice(segment.entries.length - added.length, added.length);
    segment.bytes -= added.reduce((sum, { text }) => sum + Buffer.byteLength(text, "utf8"), 0);
    this.#waiting = [...added.filter((entry) => this.#isLive(entry)), ...this.#waiting];
  }

  #openSegment(first: Entry): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.entries.length < segmentMessagesMax && last.bytes < segmentBytesMax) return last;
    const segment: Segment = { name: segmentName(first.sequence), entries: [], bytes: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Where one file is left and all of it is done, taking it away says all: that spares a write for each short outage. */
  async #writeDone(): Promise<void> {
    const [only, ...others] = this.#segments;
    const isGoneWithFile = others.length === 0 && !only?.entries.some((entry) => this.#isLive(entry));
    if (this.#isMarkChanged && !(isGoneWithFile && this.#mark.dropped === this.#storedDropped)) {
      const mark = this.#mark;
      await this.#storage.write(markFile, writeMark(mark));
      this.#storedDropped = mark.dropped;
    }
    this.#isMarkChanged = false;
    for (let dead = this.#deadSegment(); dead !== undefined; dead = this.#deadSegment()) {
      await this.#storage.remove(dead.name);
      this.#segments.splice(this.#segments.indexOf(dead), 1);
    }
  }
}
