// Runs a handshake that is written as a generator: it yields how many bytes it needs next and is handed exactly these.
import { ByteReader } from "../byte-reader.ts";
import { ProtocolError } from "../protocol-error.ts";

/** What a handshake waits for: that many bytes, or `"hold"`: its owner's word, by `resume`. */
export type Wait = number | "hold";

export type Steps<Outcome> = Generator<Wait, Outcome, Uint8Array>;

/** Most bytes that one step may need or that may come early while it is held. */
export const conversationBytesMax = 8192;

const noBytes = new Uint8Array(0);

/** The same bytes lead to the same steps, in whatever pieces they come. */
export class Conversation<Outcome> {
  readonly #steps: Steps<Outcome>;
  readonly #reader = new ByteReader(
    conversationBytesMax,
    () => new ProtocolError("rfb.too-large", `more than ${conversationBytesMax} bytes came before they were asked for`),
  );
  #wait: Wait = 0;
  #end: { readonly outcome: Outcome; readonly leftover: Uint8Array } | undefined;

  /** Runs to the first wait, so the steps must not end before one. */
  constructor(steps: Steps<Outcome>) {
    this.#steps = steps;
    this.#advance(noBytes);
  }

  /** How it ended and what came behind it, once it has. */
  get end(): { readonly outcome: Outcome; readonly leftover: Uint8Array } | undefined {
    return this.#end;
  }

  get isHeld(): boolean {
    return this.#end === undefined && this.#wait === "hold";
  }

  /** Bytes that came for the step that is still short of some, as a copy. */
  get pending(): Uint8Array {
    return this.#reader.peek(this.#reader.available) ?? noBytes;
  }

  /** Hands bytes in. After the end they are dropped. Throws ProtocolError `rfb.too-large` if too many come while held. */
  receive(bytes: Uint8Array): void {
    if (this.#end !== undefined) return;
    let rest = bytes;
    while (rest.length > 0 && this.#wait !== "hold") {
      const piece = rest.subarray(0, Math.max(this.#wait - this.#reader.available, 0));
      this.#reader.push(piece);
      rest = rest.subarray(piece.length);
      this.#run();
      const { end } = this;
      if (end !== undefined) {
        this.#end = { outcome: end.outcome, leftover: Buffer.concat([end.leftover, rest]) };
        return;
      }
    }
    this.#reader.push(rest);
  }

  /** Goes on after a hold. */
  resume(): void {
    if (!this.isHeld) return;
    this.#advance(noBytes);
    this.#run();
  }

  #run(): void {
    while (this.#end === undefined && this.#wait !== "hold") {
      const part = this.#reader.take(this.#wait);
      if (part === undefined) return;
      this.#advance(part);
    }
  }

  #advance(part: Uint8Array): void {
    const step = this.#steps.next(part);
    if (step.done) this.#end = { outcome: step.value, leftover: this.#reader.takeAll() };
    else this.#wait = step.value;
  }
}
