// Looks at the first bytes of a panel and says as early as possible that they are not VNC.
import { ProtocolError } from "#protocol/protocol-error.ts";
import { describeGreeting, parseVersion, versionBytes } from "#protocol/rfb/version.ts";
import type { StreamFailure } from "./protocol-stream.ts";

/** Every RFB greeting begins so (RFC 6143 section 7.1.1). */
const start = Buffer.from("RFB ", "latin1");

export class VncGreeting {
  #bytes = Buffer.alloc(0);

  /** Whether a whole greeting was seen. */
  get isComplete(): boolean {
    return this.#bytes.length === versionBytes;
  }

  /** Takes the panel's next bytes; says what is wrong with its greeting as soon as that is certain. */
  see(bytes: Uint8Array): StreamFailure | undefined {
    if (this.isComplete) return undefined;
    this.#bytes = Buffer.concat([this.#bytes, bytes.subarray(0, versionBytes - this.#bytes.length)]);
    const common = Math.min(start.length, this.#bytes.length);
    if (!this.#bytes.subarray(0, common).equals(start.subarray(0, common))) {
      // Of what follows in the same piece some is shown: "an HTTP answer" needs more than one letter.
      return this.#malformed();
    }
    if (!this.isComplete) return undefined;
    try {
      parseVersion(this.#bytes);
      return undefined;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const reason = error.code === "rfb.unsupported" ? "protocol.unsupported" : "protocol.malformed";
      return { reason, text: `The panel does not speak VNC: ${error.message}.` };
    }
  }

  /** The time for the greeting is over. */
  expired(limitMs: number): StreamFailure {
    if (this.#bytes.length > 0) return this.#malformed();
    return {
      reason: "panel.timeout",
      text: `The panel took the connection but sent no VNC greeting within ${Math.round(limitMs / 1000)} s.`,
    };
  }

  /** The panel ended its stream: undefined if it had said nothing wrong so far. */
  ended(): StreamFailure | undefined {
    return this.#bytes.length > 0 && !this.isComplete ? this.#malformed() : undefined;
  }

  #malformed(): StreamFailure {
    return {
      reason: "protocol.malformed",
      text: `The panel does not speak VNC: it began with ${describeGreeting(this.#bytes)}.`,
    };
  }
}
