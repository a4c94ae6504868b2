// A terminal session as a person sees it: the text that is shown, a keyboard, a window with a size, and what the panel asks.
import { StringDecoder } from "node:string_decoder";
import type { CloudMessage, SessionStep } from "#protocol/session-channel.ts";
import type { ClientSession, Closed } from "./client-session.ts";

/** The last characters that were shown, for looking at; what came before is forgotten. */
const keptLettersMax = 1024 * 1024;

export interface TerminalSize {
  /** In characters, 1 to 1000. */
  readonly columns: number;
  readonly rows: number;
}

export type TerminalPrompt = Extract<CloudMessage, { readonly type: "prompt" }>;
export type TerminalHostKey = Extract<CloudMessage, { readonly type: "host-key" }>;

export class TerminalSession {
  readonly session: ClientSession;
  readonly #decoder = new StringDecoder("utf8");
  #shown = "";
  #lookedAt = 0;
  #answered = 0;
  #accepted = 0;

  constructor(session: ClientSession, size: TerminalSize) {
    this.session = session;
    // What came between the upgrade and now has been kept.
    if (session.bytesReceived > 0) this.#receive(session.received);
    session.onBytes = (bytes) => this.#receive(bytes);
    this.resizes(size);
  }

  get steps(): readonly SessionStep[] {
    return this.session.steps;
  }

  get closed(): Promise<Closed> {
    return this.session.closed;
  }

  /** Everything that was shown, with the terminal's control sequences. */
  get shown(): string {
    return this.#shown;
  }

  /** What was told that asks for nothing. */
  get notices(): readonly string[] {
    return this.session.messages.flatMap((message) => (message.type === "notice" ? [message.text] : []));
  }

  /** Waits for the terminal to be open: signed in, with a shell. */
  async isOpen(limitMs = 60_000): Promise<void> {
    await this.session.reaches("open", limitMs);
  }

  /** Waits until a text is shown behind what an earlier `shows` has seen; fails with the reason if the session ends before. */
  async shows(text: string, limitMs = 60_000): Promise<void> {
    await this.session.sees(() => this.#shown.includes(text, this.#lookedAt), `"${text}" on the terminal`, limitMs);
    this.#lookedAt = this.#shown.indexOf(text, this.#lookedAt) + text.length;
  }

  /** A line feed is the Enter key. */
  types(text: string): void {
    this.session.says(Buffer.from(text.replaceAll("\n", "\r"), "utf8"));
  }

  resizes({ columns, rows }: TerminalSize): void {
    this.session.tells({ type: "resize", columns, rows });
  }

  /** The break key. */
  breaks(): void {
    this.session.tells({ type: "break" });
  }

  /** Waits to be asked something for the sign-in that has not been answered. */
  async isAsked(limitMs = 60_000): Promise<TerminalPrompt> {
    await this.session.sees(() => this.#prompts().length > this.#answered, "a question of the panel", limitMs);
    return this.#prompts()[this.#answered] as TerminalPrompt;
  }

  /** Waits to be asked and answers each of the prompts. */
  async answers(...answers: readonly string[]): Promise<TerminalPrompt> {
    const prompt = await this.isAsked();
    this.#answered += 1;
    this.session.tells({ type: "answer", id: prompt.id, answers });
    return prompt;
  }

  /** Waits to be shown the panel's key and says that it is the right one. */
  async acceptsHostKey(limitMs = 60_000): Promise<TerminalHostKey> {
    await this.session.sees(() => this.#hostKeys().length > this.#accepted, "the panel's host key", limitMs);
    const key = this.#hostKeys()[this.#accepted] as TerminalHostKey;
    this.#accepted += 1;
    this.session.tells({ type: "accept-host-key", fingerprint: key.fingerprint });
    return key;
  }

  /** Waits for the end and tells it. */
  ends(limitMs?: number): Promise<Closed> {
    return this.session.ends(limitMs);
  }

  /** The person is done. */
  disconnects(): Promise<Closed> {
    return this.session.disconnects();
  }

  #prompts(): readonly TerminalPrompt[] {
    return this.session.messages.filter((message) => message.type === "prompt");
  }

  #hostKeys(): readonly TerminalHostKey[] {
    return this.session.messages.filter((message) => message.type === "host-key");
  }

  #receive(bytes: Uint8Array): void {
    const shown = this.#shown + this.#decoder.write(Buffer.from(bytes));
    const dropped = Math.max(0, shown.length - keptLettersMax);
    this.#shown = shown.slice(dropped);
    this.#lookedAt = Math.max(0, this.#lookedAt - dropped);
  }
}
