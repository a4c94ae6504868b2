// The panel's clipboard beside its screen: what was copied there, and a text to paste there. Nothing goes by itself.
import { iconClose } from "@siemens/ix-icons/icons";
import { IxButton, IxIconButton } from "@siemens/ix-react";
import { type ReactNode, useEffect, useState } from "react";
import { CopyButton } from "../frame/copy-button.tsx";
import type { VncSession } from "./vnc-session.ts";

interface ClipboardPanelProps {
  readonly session: VncSession;
  readonly onClose: () => void;
}

export function ClipboardPanel({ session, onClose }: ClipboardPanelProps): ReactNode {
  const [text, setText] = useState("");
  const [note, setNote] = useState("");
  useEffect(
    () =>
      session.onClipboard((copied) => {
        setText(copied);
        setNote("This was copied at the panel.");
      }),
    [session],
  );
  const takeOwn = async (): Promise<void> => {
    try {
      setText(await navigator.clipboard.readText());
      setNote("This is on your own clipboard.");
    } catch {
      setNote("The browser does not let this page read your clipboard: paste into the field.");
    }
  };
  return (
    <aside className="clipboard-panel" aria-label="Clipboard" data-testid="clipboard-panel">
      <div className="field-head">
        <label htmlFor="clipboard-text" className="ix-form-label">
          Clipboard of the panel
        </label>
        <IxIconButton icon={iconClose} variant="subtle-tertiary" aria-label="Close" onClick={onClose} />
      </div>
      <textarea
        id="clipboard-text"
        data-testid="clipboard-text"
        className="ix-form-control key-text"
        rows={6}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setNote("");
        }}
        spellCheck={false}
      />
      <div className="field-hint" role="status" data-testid="clipboard-note">
        {note}
      </div>
      <div className="clipboard-buttons">
        <IxButton
          onClick={() => {
            session.sendClipboard(text);
            setNote("The panel has it. Paste it there.");
          }}
          data-testid="clipboard-send"
        >
          Send to the panel
        </IxButton>
        <IxButton variant="secondary" onClick={() => void takeOwn()} data-testid="clipboard-take">
          Take mine
        </IxButton>
        <CopyButton text={text} testId="clipboard-copy" />
      </div>
    </aside>
  );
}
