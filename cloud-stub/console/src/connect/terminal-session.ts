// One connection to a panel's shell: the session's websocket, a terminal on it, and the facts both give.
import type { ConnectionFact } from "./connection-state.ts";
import type { PanelQuestion } from "./panel-question.ts";
import { openSessionSocket } from "./session-socket.ts";
import { currentSearchLook, watchTheme } from "./terminal-look.ts";
import { createTerminal, handleShortcuts, takePastes, watchSize } from "./terminal-screen.ts";
import { terminalSize } from "./terminal-size.ts";
import { bytesOf, pasteable, pasteLengthMax, TypedText } from "./typed-text.ts";

interface TerminalSessionOptions {
  readonly deviceId: string;
  readonly configurationId: string;
  readonly stage: HTMLElement;
  readonly onFact: (fact: ConnectionFact) => void;
  readonly onQuestion: (question: PanelQuestion) => void;
  readonly onNotice: (text: string) => void;
  /** The person asked for the search box by its key. */
  readonly onSearch: () => void;
  /** The cloud refused the websocket, or does not answer: why has to be asked in another way. */
  readonly onRefused: () => void;
}

export interface SearchCount {
  /** Of the match that is marked, from 0; -1 when there is none. */
  readonly index: number;
  readonly count: number;
}

export interface TerminalSession {
  readonly kind: "terminal";
  acceptHostKey(fingerprint: string): void;
  /** Goes to the panel and is not kept. */
  answerPrompt(id: number, answers: readonly string[]): void;
  sendBreak(): void;
  selection(): string;
  paste(text: string): void;
  find(text: string, direction: "next" | "previous"): void;
  endSearch(): void;
  onSearchCount(listener: (count: SearchCount) => void): () => void;
  focus(): void;
  /** Ends the connection in order; sends no byte. What is on the screen stays. */
  close(): void;
  /** Takes the terminal away. */
  dispose(): void;
}

/** Received and not drawn yet. A page cannot stop a websocket from taking more, so beyond this it gives up. */
const undrawnBytesMax = 32 * 1024 * 1024;

export function startTerminalSession(options: TerminalSessionOptions): TerminalSession {
  const { stage, onFact } = options;
  const { terminal, fit, search } = createTerminal(stage);
  const typed = new TypedText();
  let undrawnBytes = 0;
  let isOpen = false;

  const socket = openSessionSocket({
    deviceId: options.deviceId,
    configurationId: options.configurationId,
    onFact: (fact) => {
      if (fact.type !== "cloud.step" || fact.step !== "open") return onFact(fact);
      isOpen = true;
      // There is nothing more to wait for: a shell may well wait for the person to speak first.
      return onFact({ type: "terminal.connected" });
    },
    onOpen: () => sayResize(),
    onBytes: (bytes) => draw(new Uint8Array(bytes)),
    onQuestion: options.onQuestion,
    onNotice: options.onNotice,
    onEnd: ({ code, reason, wasOpen }) => {
      isOpen = false;
      terminal.options.disableStdin = true;
      terminal.options.cursorBlink = false;
      if (wasOpen) onFact({ type: "socket.closed", code, text: reason });
      else options.onRefused();
    },
  });

  const sayResize = (): void => {
    const size = terminalSize(fit.proposeDimensions());
    if (size.columns !== terminal.cols || size.rows !== terminal.rows) terminal.resize(size.columns, size.rows);
    socket.say({ type: "resize", ...size });
  };
  /** The terminal keeps the beginning of a character until its end comes, however the frames cut it. */
  const draw = (bytes: Uint8Array): void => {
    undrawnBytes += bytes.length;
    if (undrawnBytes > undrawnBytesMax) {
      onFact({ type: "terminal.flooded" });
      socket.close();
      return;
    }
    terminal.write(bytes, () => {
      undrawnBytes -= bytes.length;
    });
  };
  const send = (text: string): void => {
    if (!isOpen) return;
    for (const piece of typed.encode(text)) socket.send(piece);
  };
  const paste = (text: string): void => {
    if (text.length > pasteLengthMax) {
      options.onNotice("That is too much to paste at once: more than a million characters.");
      return;
    }
    terminal.paste(pasteable(text));
  };

  terminal.onData(send);
  terminal.onBinary((binary) => {
    if (isOpen) socket.send(bytesOf(binary));
  });
  const stopWatching = [
    watchSize(stage, () => {
      const size = terminalSize(fit.proposeDimensions());
      if (size.columns !== terminal.cols || size.rows !== terminal.rows) sayResize();
    }),
    watchTheme((theme) => {
      terminal.options.theme = theme;
    }),
    takePastes(stage, paste),
  ];
  handleShortcuts(terminal, options.onSearch);

  return {
    kind: "terminal",
    acceptHostKey: (fingerprint) => socket.say({ type: "accept-host-key", fingerprint }),
    answerPrompt: (id, answers) => socket.say({ type: "answer", id, answers }),
    sendBreak: () => socket.say({ type: "break" }),
    selection: () => terminal.getSelection(),
    paste,
    find: (text, direction) => {
      if (direction === "next") search.findNext(text, currentSearchLook());
      else search.findPrevious(text, currentSearchLook());
    },
    endSearch: () => {
      search.clearDecorations();
      terminal.focus();
    },
    onSearchCount: (listener) => {
      const { dispose } = search.onDidChangeResults(({ resultIndex, resultCount }) =>
        listener({ index: resultIndex, count: resultCount }),
      );
      return () => dispose();
    },
    focus: () => terminal.focus(),
    close: () => {
      isOpen = false;
      socket.close();
    },
    dispose: () => {
      for (const stop of stopWatching) stop();
      terminal.dispose();
      stage.replaceChildren();
    },
  };
}
