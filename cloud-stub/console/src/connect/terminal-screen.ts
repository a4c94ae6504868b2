// The terminal itself: xterm.js with its parts, its size, what is pasted into it and the keys that are the person's own.
import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { Terminal } from "@xterm/xterm";
import { currentTheme } from "./terminal-look.ts";

const scrollbackLines = 10_000;

/** Draws into `stage`, which must have its place on the page already. */
export function createTerminal(stage: HTMLElement) {
  const place = document.createElement("div");
  place.className = "terminal-place";
  stage.append(place);
  const terminal = new Terminal({
    // For the Unicode version and the marks of the search, which xterm.js still calls proposed.
    allowProposedApi: true,
    cursorBlink: true,
    fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontSize: 14,
    // Programs choose colours for a background that they do not know.
    minimumContrastRatio: 4.5,
    macOptionClickForcesSelection: true,
    scrollback: scrollbackLines,
    theme: currentTheme(),
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = "11";
  terminal.open(place);
  return { terminal, fit, search };
}

/** Calls `changed` once a frame at most. Returns the way to stop that. */
export function watchSize(stage: HTMLElement, changed: () => void): () => void {
  let frame = 0;
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(changed);
  });
  observer.observe(stage);
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
}

/** Before the terminal itself does: a pasted text may not bring escape sequences with it. */
export function takePastes(stage: HTMLElement, paste: (text: string) => void): () => void {
  const take = (event: ClipboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
    paste(event.clipboardData?.getData("text/plain") ?? "");
  };
  stage.addEventListener("paste", take, { capture: true });
  return () => stage.removeEventListener("paste", take, { capture: true });
}

/** Ctrl+Shift with C, V and F are the person's; all other keys are the panel's. */
export function handleShortcuts(terminal: Terminal, onSearch: () => void): void {
  terminal.attachCustomKeyEventHandler((event) => {
    if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return true;
    switch (event.code) {
      case "KeyC":
        event.preventDefault();
        // Without the permission to copy there is the browser's own menu.
        if (event.type === "keydown") navigator.clipboard?.writeText(terminal.getSelection()).catch(() => undefined);
        return false;
      case "KeyV":
        // The browser makes a paste of it.
        return false;
      case "KeyF":
        event.preventDefault();
        if (event.type === "keydown") onSearch();
        return false;
      default:
        return true;
    }
  });
}
