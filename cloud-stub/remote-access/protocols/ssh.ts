// SSH: the relay is the client; the browser has the bytes of the terminal only.
import { Client, type ClientChannel, type ConnectConfig } from "ssh2";
import type { Clock } from "#hardware/ports.ts";
import { printable } from "#protocol/printable.ts";
import type { ClientMessage } from "#protocol/session-channel.ts";
import { type PanelKey, PanelKeyGuard, type PanelKeyOptions } from "./panel-key.ts";
import { PanelWire } from "./panel-wire.ts";
import type { ProtocolStream, StreamEnds, StreamFailure } from "./protocol-stream.ts";
import { sshAlgorithms } from "./ssh/ssh-algorithms.ts";
import { type SshError, SshOffer, sshFailure } from "./ssh/ssh-failure.ts";
import { SshGreeting } from "./ssh/ssh-greeting.ts";
import { readHostKey } from "./ssh/ssh-host-key.ts";
import { type SshKey, sshKey } from "./ssh/ssh-keys.ts";
import { type Question, SshSignIn } from "./ssh/ssh-sign-in.ts";
import { SshUplink } from "./ssh/ssh-uplink.ts";

export interface SshOptions {
  readonly username: string;
  readonly password?: string | undefined;
  /** PEM or OpenSSH text without passphrase. */
  readonly privateKey?: string | undefined;
  readonly certificate?: string | undefined;
  readonly hostKeys: PanelKeyOptions;
  readonly allowsLegacy: boolean;
  readonly handshakeMs: number;
  readonly clock: Pick<Clock, "monotonicMs">;
}

/** Key exchanges that a panel may have in a minute. One costs the cloud more than the panel, and nobody else is served meanwhile. */
const exchangesMax = 20;
const exchangesWithinMs = 60_000;

/** Longest text that is shown before the shell, in characters. */
const bannerLengthMax = 4096;

const noBreak = "SSH sessions of Postern have no break signal.";

type Phase = "greeting" | "handshake" | "sign-in" | "open" | "over";

export class SshStream implements ProtocolStream {
  readonly hasHandshake = true;
  readonly isFailureTold = true;
  readonly #options: SshOptions;
  readonly #client = new Client();
  readonly #greeting = new SshGreeting();
  readonly #offer = new SshOffer();
  readonly #wire: PanelWire;
  readonly #uplink: SshUplink;
  readonly #keyGuard: PanelKeyGuard;
  #ends: StreamEnds | undefined;
  #phase: Phase = "greeting";
  #size = { columns: 80, rows: 24 };
  /** What the panel was told. */
  #saidSize = this.#size;
  /** When the last key exchanges were over, on the clock's monotonic time. */
  #exchangesAtMs: number[] = [];
  /** ssh2 has a size that it keeps until a key exchange is over: it is not given another one before. */
  #isSizeKept = false;
  #hasSaidNoBreak = false;
  #channel: ClientChannel | undefined;
  #banner = "";
  /** What the person is asked for the sign-in; a promise would outlive the session. */
  #asked:
    | {
        readonly id: number;
        readonly count: number;
        readonly answered: (answers: readonly string[]) => void;
      }
    | undefined;
  #questions = 0;
  #exitText: string | undefined;

  constructor(options: SshOptions) {
    this.#options = options;
    this.#keyGuard = new PanelKeyGuard(options.hostKeys, "host key");
    this.#wire = new PanelWire((bytes) => {
      this.#ends?.toPanel(bytes);
      this.#uplink.wireMoved();
      this.#isSizeKept = false;
      this.#tellSize();
    });
    this.#uplink = new SshUplink(this.#wire, () => this.#ends?.regulate());
  }

  get heldBytes(): number {
    const channelBytes = this.#channel?.readableLength ?? 0;
    return this.#greeting.heldBytes + this.#wire.readableLength + this.#uplink.heldBytes + channelBytes;
  }

  get holdsClient(): boolean {
    return this.#uplink.isFull;
  }

  start(ends: StreamEnds): void {
    this.#ends = ends;
    this.#listen(ends);
    try {
      const { privateKey, certificate, allowsLegacy } = this.#options;
      const key = privateKey === undefined ? undefined : sshKey({ privateKey, certificate, allowsLegacy });
      this.#client.connect(this.#config(ends, key));
      key?.attach(this.#client);
    } catch (error) {
      const why = error instanceof Error ? printable(error.message, 200) : "unknown";
      this.#fail({ reason: "auth.required", text: `The sign-in could not be prepared: ${why}.` });
    }
  }

  fromPanel(bytes: Uint8Array): void {
    if (this.#phase === "over") return;
    if (this.#phase !== "greeting") {
      this.#wire.push(bytes);
      return;
    }
    const seen = this.#greeting.see(bytes);
    if (seen === undefined) return;
    if (!(seen instanceof Uint8Array)) {
      this.#fail(seen);
      return;
    }
    this.#phase = "handshake";
    this.#wire.push(seen);
  }

  fromClient(bytes: Uint8Array): void {
    if (this.#phase !== "over") this.#uplink.write(bytes);
  }

  fromChannel(message: ClientMessage): void {
    switch (message.type) {
      case "resize":
        this.#resize(message.columns, message.rows);
        return;
      case "accept-host-key":
        this.#confirmed(message.fingerprint);
        return;
      case "answer":
        this.#answered(message.id, message.answers);
        return;
      case "break":
        // Once: whoever asks without end must not be answered without end.
        if (!this.#hasSaidNoBreak) this.#ends?.say({ type: "notice", text: noBreak });
        this.#hasSaidNoBreak = true;
        return;
      default:
        message satisfies never;
    }
  }

  keyLearnt(key: PanelKey): void {
    const failure = this.#keyGuard.learnt(key);
    if (failure !== undefined) this.#fail(failure);
  }

  expired(): StreamFailure {
    if (this.#keyGuard.isAsking) return this.#keyGuard.notConfirmed();
    if (this.#asked !== undefined) {
      return { reason: "auth.required", text: "The panel's questions for signing in were not answered in time." };
    }
    if (this.#phase === "greeting") return this.#greeting.expired(this.#options.handshakeMs);
    const what = this.#phase === "sign-in" ? "the sign-in" : "the SSH handshake";
    return { reason: "panel.timeout", text: `The panel did not finish ${what} in time.` };
  }

  panelEnded(): StreamFailure | undefined {
    switch (this.#phase) {
      case "greeting":
        return this.#greeting.ended();
      case "handshake":
        return { reason: "panel.closed", text: "The panel closed the connection in the middle of the SSH handshake." };
      case "sign-in":
        return { reason: "panel.closed", text: "The panel closed the connection during the sign-in." };
      default:
        return this.#exitText === undefined ? undefined : { reason: "panel.closed", text: this.#exitText };
    }
  }

  /** A terminal shows what it gets, so a client without our channel is told in it. */
  fail(ends: StreamEnds, text: string): void {
    ends.toClient(Buffer.from(`\r\nPostern: ${printable(text, 500)}\r\n`, "utf8"));
  }

  close(): void {
    if (this.#phase === "over") return;
    this.#uplink.flush();
    this.#phase = "over";
    this.#asked = undefined;
    this.#keyGuard.release();
    try {
      this.#client.end();
    } catch {
      // A connection that has not begun has nothing to say goodbye with.
    }
    this.#wire.destroy();
  }

  #config(ends: StreamEnds, key: SshKey | undefined): ConnectConfig {
    const { hostKeys, allowsLegacy, username, password } = this.#options;
    const signIn = new SshSignIn({
      credentials: { username, password, key: key?.key },
      ask: ends.hasChannel ? (question, answered) => this.#ask(question, answered) : undefined,
      fail: (failure) => this.#fail(failure),
    });
    return {
      sock: this.#wire as unknown as NonNullable<ConnectConfig["sock"]>,
      ident: "Postern",
      username,
      algorithms: sshAlgorithms({ allowsLegacy, knownKeyTypes: hostKeys.known.map(({ algorithm }) => algorithm) }),
      // The session's machine has the limits, on the given clock.
      readyTimeout: 0,
      keepaliveInterval: 0,
      // ssh2 waits for `verify` where nothing is returned.
      hostVerifier: (blob: Buffer, verify: (isAccepted: boolean) => void): undefined =>
        void ends.attempt(() => this.#judgeKey(readHostKey(blob), verify)),
      authHandler: ((offered: string[] | null, isHalfAccepted: boolean | null, take: (method: unknown) => void) => {
        this.#phase = "sign-in";
        ends.attempt(() =>
          signIn.next(offered, isHalfAccepted === true, (method) => {
            if (this.#phase === "over") return;
            if (method === false) this.#fail(signIn.failure());
            else take(method);
          }),
        );
      }) as unknown as NonNullable<ConnectConfig["authHandler"]>,
      debug: (line: string) => {
        if (this.#phase === "handshake") this.#offer.note(line);
      },
    };
  }

  #listen(ends: StreamEnds): void {
    this.#wire.on("error", () => {});
    this.#client.on("error", (error) => ends.attempt(() => this.#failed(error as SshError)));
    this.#client.on("handshake", () => ends.attempt(() => this.#exchanged()));
    this.#client.on("banner", (text) => {
      if (this.#banner.length < bannerLengthMax) this.#banner += text.slice(0, bannerLengthMax);
    });
    this.#client.on("change password", (prompt) => ends.attempt(() => this.#fail(passwordExpired(prompt))));
    this.#client.on("ready", () => ends.attempt(() => this.#signedIn(ends)));
  }

  #exchanged(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#exchangesAtMs = [...this.#exchangesAtMs, nowMs].filter((atMs) => nowMs - atMs < exchangesWithinMs);
    if (this.#exchangesAtMs.length <= exchangesMax) return;
    const text = `The panel renews its SSH keys again and again: more than ${exchangesMax} times in a minute.`;
    this.#fail({ reason: "protocol.too-large", text });
  }

  #failed(error: SshError): void {
    const { allowsLegacy } = this.#options;
    const phase = this.#phase === "open" || this.#phase === "sign-in" ? this.#phase : "handshake";
    this.#fail(sshFailure(error, { offer: this.#offer, allowsLegacy, phase }));
  }

  /** The first failure counts: what ssh2 says after it is only its echo. */
  #fail(failure: StreamFailure): void {
    if (this.#phase === "over") return;
    const wasOpen = this.#phase === "open";
    this.close();
    if (wasOpen) this.#ends?.ended(failure);
    else this.#ends?.handshakeFailed(failure);
  }

  #judgeKey(key: PanelKey, verify: (isAccepted: boolean) => void): void {
    if (this.#ends === undefined) return;
    const failure = this.#keyGuard.judge(key, this.#ends, () => verify(true));
    if (failure !== undefined) this.#fail(failure);
  }

  #confirmed(fingerprint: string): void {
    if (this.#ends === undefined) return;
    const failure = this.#keyGuard.confirmed(fingerprint, this.#ends);
    if (failure !== undefined) this.#fail(failure);
  }

  #ask(question: Question, answered: (answers: readonly string[]) => void): void {
    if (this.#phase === "over") return;
    const id = ++this.#questions;
    this.#asked = { id, count: question.prompts.length, answered };
    this.#ends?.asking(true);
    this.#ends?.say({ type: "prompt", id, ...question });
  }

  #answered(id: number, answers: readonly string[]): void {
    const asked = this.#asked;
    if (asked === undefined || asked.id !== id) return;
    if (answers.length !== asked.count) {
      this.#fail({ reason: "protocol.malformed", text: "The client's answers do not fit the questions." });
      return;
    }
    this.#asked = undefined;
    this.#ends?.asking(false);
    asked.answered(answers);
  }

  #signedIn(ends: StreamEnds): void {
    this.#keyGuard.signedIn();
    this.#saidSize = this.#size;
    const { columns, rows } = this.#size;
    const pty = { term: "xterm-256color", cols: columns, rows, width: 0, height: 0 };
    this.#client.shell(pty, (error, channel) =>
      ends.attempt(() => {
        if (this.#phase === "over") return;
        if (error === undefined) this.#opened(channel, ends);
        else
          this.#fail({
            reason: "protocol.unsupported",
            text: `The panel gives no terminal over SSH: ${printable(error.message, 200)}.`,
          });
      }),
    );
  }

  #opened(channel: ClientChannel, ends: StreamEnds): void {
    this.#channel = channel;
    this.#phase = "open";
    ends.handshakeDone();
    if (this.#banner !== "") ends.toClient(Buffer.from(terminalText(this.#banner), "utf8"));
    channel.on("data", (bytes: Uint8Array) => ends.toClient(bytes));
    channel.stderr.on("data", (bytes: Uint8Array) => ends.toClient(bytes));
    channel.on("error", () => {});
    channel.on("exit", (status: number | null, signal?: string) => {
      this.#exitText =
        typeof status === "number"
          ? `The shell ended with exit status ${status}.`
          : `The shell was ended by the signal ${printable(String(signal), 40)}.`;
    });
    channel.on("close", () => ends.attempt(() => this.#shellClosed()));
    // The size may have changed while the shell was being opened.
    this.#tellSize();
    this.#uplink.open(channel);
  }

  #shellClosed(): void {
    this.#fail({ reason: "panel.closed", text: this.#exitText ?? "The panel closed the shell." });
  }

  #resize(columns: number, rows: number): void {
    this.#size = { columns, rows };
    this.#tellSize();
  }

  #tellSize(): void {
    const { columns, rows } = this.#size;
    const isSaid = columns === this.#saidSize.columns && rows === this.#saidSize.rows;
    if (isSaid || this.#isSizeKept || this.#channel === undefined || this.#phase !== "open") return;
    this.#saidSize = this.#size;
    const sentBefore = this.#wire.sentBytes;
    this.#channel.setWindow(rows, columns, 0, 0);
    this.#isSizeKept = this.#wire.sentBytes === sentBefore;
  }
}

/** A new password is for a person to choose, at the panel. */
function passwordExpired(prompt: string): StreamFailure {
  const words = printable(prompt, 200);
  const said = words === "" ? "" : `: "${words}"`;
  return { reason: "auth.failed", text: `The panel wants a new password before it lets anybody in${said}.` };
}

/** A notice of the panel as a terminal in raw mode shows it; control characters have no business in it. */
function terminalText(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .slice(0, bannerLengthMax)
    .replaceAll("\n", "\r\n");
}
