// Waits for the whole identification line of an SSH panel (RFC 4253 section 4.2) and says early what is not one.
import { printable } from "#protocol/printable.ts";
import { describeGreeting } from "#protocol/rfb/version.ts";
import type { StreamFailure } from "../protocol-stream.ts";

/** Lines that a server may send before it, and the line itself, in bytes. */
const greetingBytesMax = 8 * 1024;
/** RFC 4253 section 4.2, with CR and LF. */
const identificationBytesMax = 255;
/** First words of other protocols that are text too. */
const strangers = ["HTTP/", "RFB ", "220 ", "+OK"];

export class SshGreeting {
  #bytes = Buffer.alloc(0);
  #isComplete = false;

  /** Whether the identification line was seen. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get heldBytes(): number {
    return this.#isComplete ? 0 : this.#bytes.length;
  }

  /** Takes the panel's next bytes; gives the line with all that follows it, or what is wrong. */
  see(bytes: Uint8Array): StreamFailure | Uint8Array | undefined {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    // In this order, so that the same is said whatever the pieces were.
    if (this.#isStranger()) return this.#malformed();
    let start = 0;
    for (let end = this.#bytes.indexOf(0x0a); end >= 0; end = this.#bytes.indexOf(0x0a, start)) {
      if (end >= greetingBytesMax) return this.#malformed();
      const line = this.#bytes.subarray(start, end + 1);
      if (line.toString("latin1", 0, 4) === "SSH-") return this.#judge(line, start);
      start = end + 1;
    }
    return this.#isEndless(start) ? this.#malformed() : undefined;
  }

  /** The time for the greeting is over. */
  expired(limitMs: number): StreamFailure {
    if (this.#bytes.length > 0) return this.#malformed();
    const text = `The panel took the connection but sent no SSH greeting within ${Math.round(limitMs / 1000)} s.`;
    return { reason: "panel.timeout", text };
  }

  /** The panel ended its stream: undefined if it had said nothing. */
  ended(): StreamFailure | undefined {
    return this.#bytes.length > 0 ? this.#malformed() : undefined;
  }

  #judge(line: Buffer, start: number): StreamFailure | Uint8Array {
    const text = line.toString("latin1");
    if (line.length > identificationBytesMax) return this.#malformed();
    if (!/^SSH-(2\.0|1\.99)-/.test(text)) {
      const reason = "protocol.unsupported";
      return { reason, text: `The panel speaks only an SSH version that is too old: ${printable(text, 60)}.` };
    }
    this.#isComplete = true;
    const rest = this.#bytes.subarray(start);
    this.#bytes = Buffer.alloc(0);
    return rest;
  }

  /** Whether the first bytes are those of something else. */
  #isStranger(): boolean {
    const first = this.#bytes[0] ?? 0x20;
    const isBinary = (first < 0x20 && first !== 0x0a && first !== 0x0d && first !== 0x09) || first > 0x7e;
    const text = this.#bytes.toString("latin1", 0, 8);
    return isBinary || strangers.some((word) => text.startsWith(word));
  }

  /** Whether the line that begins at `start`, or all of it, is longer than a greeting may be. */
  #isEndless(start: number): boolean {
    const isIdentification = this.#bytes.toString("latin1", start, start + 4) === "SSH-";
    const isLineTooLong = isIdentification && this.#bytes.length - start >= identificationBytesMax;
    return isLineTooLong || this.#bytes.length >= greetingBytesMax;
  }

  #malformed(): StreamFailure {
    const isVnc = this.#bytes.toString("latin1", 0, 4) === "RFB ";
    const what = isVnc ? "a VNC greeting" : describeGreeting(this.#bytes);
    return { reason: "protocol.malformed", text: `The panel does not speak SSH: it began with ${what}.` };
  }
}
