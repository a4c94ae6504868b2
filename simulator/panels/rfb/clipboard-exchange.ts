// The clipboard between the panel and one viewer: plain cut text, or the extended one where the viewer has it.
import {
  type ClipboardMessage,
  clipboardActions,
  clipboardTextBytesMax,
  writeClipboardMessage,
} from "#protocol/rfb/extended-clipboard.ts";
import { writeServerCutText } from "#protocol/rfb/messages.ts";
import { clipboardZlib } from "./clipboard-zlib.ts";

const { request, peek, notify, provide } = clipboardActions;

export interface ClipboardEnds {
  readonly send: (bytes: Uint8Array) => void;
  /** What is on the panel's clipboard. */
  readonly own: () => string;
  readonly take: (text: string) => void;
}

export class ClipboardExchange {
  readonly #ends: ClipboardEnds;
  #isExtended = false;
  /** What the viewer does, of the actions; what it is taken to do until it says so. */
  #actions = request | notify | provide;

  constructor(ends: ClipboardEnds) {
    this.#ends = ends;
  }

  /** The viewer has the extended clipboard: the panel says what it does. */
  extends(): void {
    if (this.#isExtended) return;
    this.#isExtended = true;
    const actions = request | peek | notify | provide;
    this.#say({ kind: "capabilities", actions, textBytesMax: clipboardTextBytesMax });
  }

  /** The panel has copied something. */
  copied(text: string): void {
    if (!this.#isExtended) this.#ends.send(writeServerCutText(text));
    else if ((this.#actions & notify) !== 0) this.#say({ kind: "notify", hasText: true });
    else this.#say({ kind: "provide", text });
  }

  receive(message: ClipboardMessage): void {
    switch (message.kind) {
      case "capabilities":
        this.#actions = message.actions;
        return;
      case "peek":
        this.#say({ kind: "notify", hasText: this.#ends.own() !== "" });
        return;
      case "request":
        if (message.hasText) this.#say({ kind: "provide", text: this.#ends.own() });
        return;
      case "notify":
        if (message.hasText) this.#say({ kind: "request", hasText: true });
        return;
      case "provide":
        if (message.text !== undefined) this.#ends.take(message.text);
        return;
      default:
        message satisfies never;
    }
  }

  #say(message: ClipboardMessage): void {
    this.#ends.send(writeClipboardMessage(3, message, clipboardZlib));
  }
}
