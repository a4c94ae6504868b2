// The line that is being typed at a terminal: echo, rubbing out, control keys and the lines of before, one letter at a time.
import { letterWidth } from "./letters.ts";

/** Longest line, in code points; more is answered by the bell. */
export const lineLengthMax = 4096;
/** Lines that the arrow keys bring back. */
const historyMax = 100;
/** Longest control sequence that is skipped as a whole. */
const sequenceLengthMax = 32;

export type LineEvent =
  | { readonly kind: "line"; readonly text: string }
  /** Ctrl-C; what was typed of the line is gone. */
  | { readonly kind: "interrupt" }
  /** Ctrl-D on an empty line. */
  | { readonly kind: "end" };

export interface LineEditorOptions {
  /** Shows something on the terminal. */
  readonly show: (text: string) => void;
  /** Brings earlier lines back by the arrow keys. */
  readonly hasHistory?: boolean;
}

type Echo = "on" | "off" | "stars";

export class LineEditor {
  /** Off for secrets, and where the terminal itself shows what is typed. */
  echo: Echo = "on";
  readonly #options: LineEditorOptions;
  #letters: string[] = [];
  #isAfterReturn = false;
  /** A control sequence that is not whole. */
  #sequence: string | undefined;
  readonly #history: string[] = [];
  #looksAt = 0;

  constructor(options: LineEditorOptions) {
    this.#options = options;
  }

  /** What stands in the line now. */
  get text(): string {
    return this.#letters.join("");
  }

  /** Takes one code point. */
  take(letter: string): LineEvent | undefined {
    if (this.#sequence !== undefined) {
      this.#continueSequence(letter);
      return undefined;
    }
    const isSecondOfReturn = this.#isAfterReturn && letter === "\n";
    this.#isAfterReturn = letter === "\r";
    return isSecondOfReturn ? undefined : this.#key(letter);
  }

  #key(letter: string): LineEvent | undefined {
    switch (letter) {
      case "\r":
      case "\n":
        return this.#finished();
      case "\x03":
        this.#letters = [];
        this.#show("^C\r\n");
        return { kind: "interrupt" };
      case "\x04":
        return this.#letters.length === 0 ? { kind: "end" } : undefined;
      case "\x7f":
      case "\b":
        this.#rubOut();
        return undefined;
      case "\x15":
        this.#clear();
        return undefined;
      case "\x17":
        this.#rubOutWord();
        return undefined;
      case "\x1b":
        this.#sequence = "";
        return undefined;
      default:
        if (letter >= " ") this.#typed(letter);
        return undefined;
    }
  }

  #typed(letter: string): void {
    if (this.#letters.length >= lineLengthMax) {
      this.#show("\x07");
      return;
    }
    this.#letters.push(letter);
    this.#showLetter(letter);
  }

  #finished(): LineEvent {
    const { text } = this;
    this.#letters = [];
    this.#show("\r\n");
    if (this.#options.hasHistory === true && text.trim() !== "" && this.#history.at(-1) !== text) {
      this.#history.push(text);
      if (this.#history.length > historyMax) this.#history.shift();
    }
    this.#looksAt = this.#history.length;
    return { kind: "line", text };
  }

  #rubOut(): void {
    let letter = this.#letters.pop();
    // The marks on a letter go with it.
    while (letter !== undefined && letterWidth(letter) === 0) letter = this.#letters.pop();
    if (letter !== undefined) this.#showRubOut(letter);
  }

  #rubOutWord(): void {
    while (this.#letters.at(-1) === " ") this.#rubOut();
    while (this.#letters.length > 0 && this.#letters.at(-1) !== " ") this.#rubOut();
  }

  #clear(): void {
    while (this.#letters.length > 0) this.#rubOut();
  }

  #continueSequence(letter: string): void {
    const sequence = `${this.#sequence ?? ""}${letter}`;
    // ECMA-48 5.4: "[", parameters, and a final byte from @ to ~; "O" and one letter are keys too.
    const isOpen = sequence === "[" || sequence === "O" || (sequence.startsWith("[") && /^[\x20-\x3f]$/.test(letter));
    if (isOpen && sequence.length < sequenceLengthMax) {
      this.#sequence = sequence;
      return;
    }
    this.#sequence = undefined;
    if (/^[[O][AB]$/.test(sequence)) this.#bringBack(sequence.endsWith("A") ? -1 : 1);
  }

  #bringBack(step: -1 | 1): void {
    const place = this.#looksAt + step;
    if (place < 0 || place > this.#history.length) return;
    this.#looksAt = place;
    this.#clear();
    for (const letter of this.#history[place] ?? "") this.#typed(letter);
  }

  #showLetter(letter: string): void {
    if (this.echo === "stars") this.#options.show("*");
    else this.#show(letter);
  }

  #showRubOut(letter: string): void {
    const width = this.echo === "stars" ? 1 : letterWidth(letter);
    if (this.echo !== "off") this.#options.show("\b \b".repeat(width));
  }

  #show(text: string): void {
    // The new line behind a secret is shown, so that what follows stands in a line of its own.
    if (this.echo !== "off" || text === "\r\n" || text === "^C\r\n") this.#options.show(text);
  }
}
