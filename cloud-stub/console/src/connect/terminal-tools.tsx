// What a person can do with a terminal, as buttons of the bar, and its search box.
import { iconChevronDown, iconChevronUp, iconClose, iconCopy, iconPaste, iconSearch } from "@siemens/ix-icons/icons";
import { IxButton, IxIconButton } from "@siemens/ix-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { SearchCount, TerminalSession } from "./terminal-session.ts";

interface TerminalToolsProps {
  readonly session: TerminalSession;
  readonly protocol: string;
  readonly isOpen: boolean;
  readonly onSearch: () => void;
  readonly onNotice: (text: string) => void;
}

export function TerminalTools({ session, protocol, isOpen, onSearch, onNotice }: TerminalToolsProps): ReactNode {
  const copy = async (): Promise<void> => {
    const text = session.selection();
    if (text === "")
      return onNotice("Select a text in the terminal first. With Shift where the program uses the mouse.");
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      onNotice("The browser does not let this page write to your clipboard: press Ctrl+Insert.");
    }
    return session.focus();
  };
  const paste = async (): Promise<void> => {
    try {
      session.paste(await navigator.clipboard.readText());
    } catch {
      onNotice("The browser does not let this page read your clipboard: press Ctrl+Shift+V.");
    }
    session.focus();
  };
  return (
    <>
      <IxIconButton
        icon={iconSearch}
        variant="subtle-tertiary"
        aria-label="Search (Ctrl+Shift+F)"
        title="Search (Ctrl+Shift+F)"
        onClick={onSearch}
        data-testid="terminal-search"
      />
      <IxIconButton
        icon={iconCopy}
        variant="subtle-tertiary"
        aria-label="Copy (Ctrl+Shift+C)"
        title="Copy (Ctrl+Shift+C)"
        onClick={() => void copy()}
        data-testid="terminal-copy"
      />
      {isOpen && (
        <IxIconButton
          icon={iconPaste}
          variant="subtle-tertiary"
          aria-label="Paste (Ctrl+Shift+V)"
          title="Paste (Ctrl+Shift+V)"
          onClick={() => void paste()}
          data-testid="terminal-paste"
        />
      )}
      {isOpen && protocol === "TELNET" && (
        <IxButton
          variant="tertiary"
          onClick={() => {
            session.sendBreak();
            session.focus();
          }}
          data-testid="terminal-break"
        >
          Break
        </IxButton>
      )}
    </>
  );
}

interface SearchBoxProps {
  readonly session: TerminalSession;
  readonly onClose: () => void;
}

export function SearchBox({ session, onClose }: SearchBoxProps): ReactNode {
  const [text, setText] = useState("");
  const [found, setFound] = useState<SearchCount>();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
    return session.onSearchCount(setFound);
  }, [session]);
  useEffect(() => () => session.endSearch(), [session]);
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onClose();
    if (event.key === "Enter") session.find(text, event.shiftKey ? "previous" : "next");
  };
  return (
    <search className="search-box" data-testid="search-box">
      <input
        ref={input}
        className="ix-form-control"
        aria-label="Search in the terminal"
        placeholder="Search"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          // From the newest text backwards, as one reads a terminal.
          session.find(event.target.value, "previous");
        }}
        onKeyDown={press}
        spellCheck={false}
        data-testid="search-text"
      />
      <span className="soft nowrap" role="status" data-testid="search-count">
        {text === "" ? "" : countText(found)}
      </span>
      <IxIconButton
        icon={iconChevronUp}
        variant="subtle-tertiary"
        aria-label="Previous match"
        onClick={() => session.find(text, "previous")}
        data-testid="search-previous"
      />
      <IxIconButton
        icon={iconChevronDown}
        variant="subtle-tertiary"
        aria-label="Next match"
        onClick={() => session.find(text, "next")}
        data-testid="search-next"
      />
      <IxIconButton
        icon={iconClose}
        variant="subtle-tertiary"
        aria-label="Close the search"
        onClick={onClose}
        data-testid="search-close"
      />
    </search>
  );
}

function countText(found: SearchCount | undefined): string {
  if (found === undefined || found.count === 0) return "No match";
  return found.index < 0 ? `${found.count} matches` : `${found.index + 1} of ${found.count}`;
}
