// What a shell says on its channel: both of its streams and the end, in a way that ssh2 loses nothing of it.
import "../../deterministic-random.ts"; // First: libraries take the functions of node:crypto when they are loaded.
import type { ServerChannel } from "ssh2";

/** What ssh2's channel keeps of a write that waited for the peer's window. */
interface Leftovers {
  _chunk: unknown;
  _chunkcb: unknown;
}

/**
 * ssh2 1.17, when the peer's window opens, goes on with one of both streams only, and takes what it once kept of the first
 * for something that still waits. So `stderr` is written while nothing of the first is under way, and nothing else until it
 * is out.
 */
export class ChannelOutput {
  readonly #channel: ServerChannel;
  readonly #roomAgain: () => void;
  /** Behind what is being written. */
  #waiting: (() => void)[] = [];
  #isHeld = false;

  /** `roomAgain` is called when `hasRoom` may have become true. */
  constructor(channel: ServerChannel, roomAgain: () => void) {
    this.#channel = channel;
    this.#roomAgain = roomAgain;
    channel.on("drain", roomAgain);
  }

  get hasRoom(): boolean {
    return !this.#isHeld && !this.#channel.writableNeedDrain;
  }

  out(bytes: Uint8Array): void {
    this.#inTurn(() => void (this.#channel.writable && this.#channel.write(bytes)));
  }

  err(bytes: Uint8Array): void {
    this.#inTurn(() => {
      const channel = this.#channel;
      if (channel.writableLength === 0) this.#writeError(bytes);
      else
        this.#hold(
          (done) => channel.write(Buffer.alloc(0), done),
          () => this.#writeError(bytes),
        );
    });
  }

  /** Runs when all that was said is out. */
  atEnd(run: () => void): void {
    this.#inTurn(run);
  }

  #writeError(bytes: Uint8Array): void {
    const channel = this.#channel;
    if (!channel.writable) return;
    Object.assign(channel as unknown as Leftovers, { _chunk: undefined, _chunkcb: undefined } satisfies Leftovers);
    let written = (): void => undefined;
    channel.stderr.write(bytes, () => written());
    if (channel.stderr.writableLength === 0) return;
    this.#hold(
      (done) => {
        written = done;
      },
      () => undefined,
    );
  }

  #inTurn(run: () => void): void {
    if (this.#isHeld) this.#waiting.push(run);
    else run();
  }

  /** Nothing else is written until `begin` calls back; then `next` comes first. */
  #hold(begin: (done: () => void) => void, next: () => void): void {
    this.#isHeld = true;
    begin(() => {
      this.#isHeld = false;
      next();
      while (!this.#isHeld) {
        const run = this.#waiting.shift();
        if (run === undefined) {
          this.#roomAgain();
          return;
        }
        run();
      }
    });
  }
}
