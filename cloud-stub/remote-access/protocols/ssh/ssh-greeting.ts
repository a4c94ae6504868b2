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
    let start = 0;
    for (let end = this.#bytes.indexOf(0x0a); end >= 0; end = this.#bytes.indexOf(0x0a, start)) {
      const line = this.#bytes.subarray(start, end + 1);
      if (line.toString("latin1").startsWith("SSH-")) return this.#judge(line, start);
      start = end + 1;
    }
    return this.#isHopeless(start) ? this.#malformed() : undefined;
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

  /** Whether no SSH greeting can come of it any more; `start` is where the unfinished line begins. */
  #isHopeless(start: number): boolean {
    const first = this.#bytes[0] ?? 0x20;
    const isBinary = (first < 0x20 && first !== 0x0a && first !== 0x0d && first !== 0x09) || first > 0x7e;
    const text = this.#bytes.toString("latin1", 0, 8);
    const isLineTooLong =
      this.#bytes.toString("latin1", start, start + 4) === "SSH-" &&
      this.#bytes.length - start >= identificationBytesMax;
    return (
      isBinary ||
      isLineTooLong ||
      strangers.some((word) => text.startsWith(word)) ||
      this.#bytes.length > greetingBytesMax
    );
  }

  #malformed(): StreamFailure {
    const isVnc = this.#bytes.toString("latin1", 0, 4) === "RFB ";
    const what = isVnc ? "a VNC greeting" : describeGreeting(this.#bytes);
    return { reason: "protocol.malformed", text: `The panel does not speak SSH: it began with ${what}.` };
  }
}
