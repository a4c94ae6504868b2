// Guards a session by the key that its panel shows, of SSH or of TLS: known, to be learnt or asked about, or foreign.
import { createHash } from "node:crypto";
import type { StreamEnds, StreamFailure } from "./protocol-stream.ts";

export interface PanelKey {
  /** Such as `ssh-ed25519`, or `x509`. */
  readonly algorithm: string;
  /** `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
  /** The form in which it is kept; equal for equal keys. */
  readonly line: string;
}

export interface PanelKeyOptions {
  /** What the endpoint knows. */
  readonly known: readonly PanelKey[];
  /** Whether a key seen for the first time is kept without asking, once the panel took the sign-in. */
  readonly saves: boolean;
  /** Keeps a key. Handles its own failures. */
  readonly learn: (key: PanelKey) => void;
}

export class PanelKeyGuard {
  readonly #options: PanelKeyOptions;
  readonly #what: string;
  #known: readonly PanelKey[];
  #accepted: PanelKey | undefined;
  #toLearn: PanelKey | undefined;
  #asked: { readonly key: PanelKey; readonly accept: () => void } | undefined;

  /** `what`: for people, "host key". */
  constructor(options: PanelKeyOptions, what: string) {
    this.#options = options;
    this.#what = what;
    this.#known = options.known;
  }

  /** What the endpoint knows by now. */
  get known(): readonly PanelKey[] {
    return this.#known;
  }

  /** Whether a person is being asked. */
  get isAsking(): boolean {
    return this.#asked !== undefined;
  }

  /** Calls `accept` now or after a person's yes; what is wrong with the key is returned. */
  judge(key: PanelKey, ends: StreamEnds, accept: () => void): StreamFailure | undefined {
    // A new key exchange in mid-session shows the key again (RFC 4253 section 9).
    const known = this.#accepted === undefined ? this.#known : [this.#accepted];
    const take = () => {
      this.#accepted = key;
      accept();
    };
    if (known.some(({ line }) => line === key.line)) take();
    else if (known.length > 0) return this.#foreign(key, known);
    else if (this.#options.saves) {
      this.#toLearn = key;
      take();
    } else if (ends.hasChannel) {
      this.#asked = { key, accept: take };
      ends.asking(true);
      ends.say({ type: "host-key", fingerprint: key.fingerprint, algorithm: key.algorithm });
    } else {
      const text = `The panel's ${this.#what} ${key.fingerprint} (${key.algorithm}) is not known yet; connect once in the console to confirm it.`;
      return { reason: "hostkey.unknown", text };
    }
    return undefined;
  }

  /** A person's yes to a fingerprint. */
  confirmed(fingerprint: string, ends: StreamEnds): StreamFailure | undefined {
    const asked = this.#asked;
    if (asked === undefined) return undefined;
    if (asked.key.fingerprint !== fingerprint) return this.notConfirmed();
    this.#asked = undefined;
    this.#options.learn(asked.key);
    ends.asking(false);
    asked.accept();
    return undefined;
  }

  /** The endpoint knows a key since a session of it, perhaps this one, had it kept; what is wrong with this one's is returned. */
  learnt(key: PanelKey): StreamFailure | undefined {
    this.#known = [key];
    const own = this.#accepted ?? this.#asked?.key;
    return own === undefined || own.line === key.line ? undefined : this.#foreign(own, this.#known);
  }

  /** What it means that nobody said yes in time. */
  notConfirmed(): StreamFailure {
    const { fingerprint, algorithm } = this.#asked?.key ?? { fingerprint: "", algorithm: "" };
    const text = `The panel's ${this.#what} ${fingerprint} (${algorithm}) was not confirmed.`;
    return { reason: "hostkey.unknown", text };
  }

  /** The panel took the sign-in: a key that was seen for the first time is kept now. */
  signedIn(): void {
    if (this.#toLearn !== undefined) this.#options.learn(this.#toLearn);
    this.#toLearn = undefined;
  }

  release(): void {
    this.#asked = undefined;
  }

  #foreign(key: PanelKey, known: readonly PanelKey[]): StreamFailure {
    const stored = known.map(({ fingerprint, algorithm }) => `${fingerprint} (${algorithm})`).join(", ");
    const text = `The panel's ${this.#what} has changed: it showed ${key.fingerprint} (${key.algorithm}), stored is ${stored}.`;
    return { reason: "hostkey.mismatch", text };
  }
}

/** `SHA256:...` as OpenSSH shows it. */
export function fingerprintOf(bytes: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`;
}
