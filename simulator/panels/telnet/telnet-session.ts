// One person at a Telnet panel: login, the menu, a page of living values, and the keys that lead from one to the other.
import type { Clock } from "#hardware/ports.ts";
import { clearScreen, drawPage, usableSize } from "../terminal/full-screen.ts";
import { LineEditor } from "../terminal/line-editor.ts";
import { processLines } from "../terminal/process-page.ts";
import { type MenuPanel, type Question, TelnetMenu } from "./telnet-menu.ts";
import { TelnetTerminal } from "./telnet-terminal.ts";

/** Between two pictures of the page of living values. */
const redrawMs = 1000;
const wrongLoginsMax = 3;
/** Without a key; then the panel hangs up. */
const idleMs = 600_000;
/** From the page of living values to the menu; the last is Ctrl-C. */
const leavingKeys: ReadonlySet<string> = new Set(["q", "Q", "0", "\x03"]);

export interface TelnetPanelState extends MenuPanel {
  /** Undefined: anybody may. */
  readonly account?: { readonly username: string; readonly password: string } | undefined;
  /** Says nothing, not even Telnet's options, before the first byte has come. */
  readonly waitsForInput: boolean;
  /** Asks for eight bits in both directions. */
  readonly asksForBinary: boolean;
  /** Shown first. */
  readonly banner: string;
  loggedIn(): void;
  heardBreak(): void;
}

export interface TelnetSessionEnds {
  send(bytes: Uint8Array): void;
  /** False while more output had better wait. */
  hasRoom(): boolean;
  end(): void;
}

export class TelnetSession {
  readonly terminal = new TelnetTerminal();
  readonly #panel: TelnetPanelState;
  readonly #ends: TelnetSessionEnds;
  readonly #editor: LineEditor;
  readonly #mainMenu: TelnetMenu;
  #question: Question | undefined;
  #isSecret = false;
  #isOnPage = false;
  #isLoggedIn = false;
  #wrongLogins = 0;
  #hasGreeted = false;
  #isOver = false;
  #pageTimer: ReturnType<Clock["setTimeout"]> | undefined;
  #idleTimer: ReturnType<Clock["setTimeout"]> | undefined;

  constructor(panel: TelnetPanelState, ends: TelnetSessionEnds) {
    this.#panel = panel;
    this.#ends = ends;
    this.#editor = new LineEditor({ show: (text) => this.#show(text) });
    this.#mainMenu = new TelnetMenu(panel, {
      show: (text) => this.#show(text),
      ask: (prompt, question) => this.#ask(prompt, question),
      watches: () => this.#watches(),
      logsOut: () => this.#hangUp("Goodbye."),
    });
    this.#isAwake();
    if (!panel.waitsForInput) this.#greets();
  }

  /** Throws ProtocolError for a client that breaks Telnet. */
  receive(bytes: Uint8Array): void {
    if (this.#isOver) return;
    this.#isAwake();
    for (const input of this.terminal.receive(bytes)) {
      if (this.#isOver) return;
      this.#greets();
      switch (input.kind) {
        case "text":
          for (const letter of input.text) this.#key(letter);
          break;
        case "send":
          this.#ends.send(input.bytes);
          break;
        case "size":
          if (this.#isOnPage) this.#drawPage();
          break;
        case "interrupt":
          this.#key("\x03");
          break;
        case "break":
          this.#break();
          break;
        case "are-you-there":
          this.#show(`\r\n[${this.#panel.title} is here]\r\n`);
          break;
        case "erase-character":
          this.#key("\x7f");
          break;
        case "erase-line":
          this.#key("\x15");
          break;
        default:
          input satisfies never;
      }
    }
  }

  /** The connection is gone. */
  closed(): void {
    this.#isOver = true;
    this.#panel.clock.clearTimeout(this.#pageTimer);
    this.#panel.clock.clearTimeout(this.#idleTimer);
  }

  #greets(): void {
    if (this.#hasGreeted) return;
    this.#hasGreeted = true;
    this.#ends.send(this.terminal.open({ binary: this.#panel.asksForBinary }));
    this.#show(`\r\n${this.#panel.banner}\r\n\r\n`);
    if (this.#panel.account === undefined) this.#enters();
    else this.#login();
  }

  #key(letter: string): void {
    if (this.#isOver) return;
    if (this.#isOnPage) {
      if (leavingKeys.has(letter)) this.#menu();
      return;
    }
    this.#editor.echo = !this.terminal.echoes || this.#isSecret ? "off" : "on";
    const event = this.#editor.take(letter);
    if (event?.kind === "line") this.#question?.(event.text.trim());
    else if (event?.kind === "interrupt") this.#goHome();
    else if (event?.kind === "end") this.#hangUp("Goodbye.");
  }

  #break(): void {
    this.#panel.heardBreak();
    this.#leavePage();
    this.#show("\r\n*** BREAK ***\r\n");
    this.#goHome();
  }

  #goHome(): void {
    if (this.#isLoggedIn) this.#menu();
    else this.#login();
  }

  #ask(prompt: string, question: Question, isSecret = false): void {
    this.#isSecret = isSecret;
    this.#question = question;
    this.#show(prompt);
  }

  #login(): void {
    this.#ask("login: ", (name) => this.#ask("Password: ", (password) => this.#judge(name, password), true));
  }

  #judge(name: string, password: string): void {
    const { account } = this.#panel;
    if (account !== undefined && name === account.username && password === account.password) {
      this.#enters();
      return;
    }
    this.#wrongLogins += 1;
    if (this.#wrongLogins >= wrongLoginsMax) this.#hangUp("Login incorrect");
    else {
      this.#show("Login incorrect\r\n");
      this.#login();
    }
  }

  #enters(): void {
    this.#isLoggedIn = true;
    this.#panel.loggedIn();
    this.#menu();
  }

  #menu(): void {
    this.#leavePage();
    this.#mainMenu.open();
  }

  #watches(): void {
    this.#isOnPage = true;
    this.#show(clearScreen);
    this.#drawPage();
  }

  #drawPage(): void {
    const { clock, process, title } = this.#panel;
    clock.clearTimeout(this.#pageTimer);
    this.#pageTimer = clock.setTimeout(() => this.#drawPage(), redrawMs);
    // A window that takes nothing is not drawn again until it does.
    if (!this.#ends.hasRoom()) return;
    process.advanceTo(clock.nowMs());
    const size = usableSize(this.terminal.size);
    const foot = { text: ` ${size.columns} x ${size.rows}   q menu`, style: "inverse" as const };
    this.#show(drawPage(processLines(title, process, clock.nowMs(), size), foot, size));
  }

  #leavePage(): void {
    if (!this.#isOnPage) return;
    this.#isOnPage = false;
    this.#panel.clock.clearTimeout(this.#pageTimer);
    this.#show(clearScreen);
  }

  #hangUp(words: string): void {
    this.#leavePage();
    if (this.#hasGreeted) this.#show(`${words}\r\n`);
    this.closed();
    this.#ends.end();
  }

  #isAwake(): void {
    const { clock } = this.#panel;
    clock.clearTimeout(this.#idleTimer);
    this.#idleTimer = clock.setTimeout(() => this.#hangUp("\r\nIdle for too long."), idleMs);
  }

  #show(text: string): void {
    if (!this.#isOver) this.#ends.send(this.terminal.write(text));
  }
}
