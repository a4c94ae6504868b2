// The local program's end of a session, and how it is seen out when the other end is over.
import type { Readable, Writable } from "node:stream";

/** The local program's end: two streams, which may be one socket. */
export interface LocalEnd {
  readonly input: Readable;
  readonly output: Writable;
  /** Whether the program that has ended its sending is gone altogether; undefined where that cannot be told. */
  isGone?(): Promise<boolean>;
  /** Lets go of both streams. */
  destroy(): void;
}

/** How long the local program may take nothing of what is left for it after the session's end, in ms. */
const drainMs = 30_000;
/** How long what the program still sends after the session's end is read and dropped, so that no reset takes the last bytes from it, in ms. */
const lingerMs = 2_000;

/** Everything written is delivered, then the end of stream; `input` must flow. Settles within the limits. */
export async function seeOut({ input, output }: LocalEnd): Promise<void> {
  await endOf(output);
  if (!input.readableEnded && !input.destroyed && isSameStream(input, output)) await within(input, lingerMs);
}

/** Ends the stream, and gives up where none of what waits is taken for the limit. */
function endOf(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    let waiting = output.writableLength;
    const done = (): void => {
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(() => {
      if (output.writableLength >= waiting) done();
      waiting = output.writableLength;
    }, drainMs);
    output.once("close", done);
    output.end(done);
  });
}

/** Until there is nothing more to read, or the limit. */
function within(input: Readable, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, limitMs);
    input.once("end", done);
    input.once("close", done);
  });
}

function isSameStream(input: Readable, output: Writable): boolean {
  return Object.is(input, output);
}
