// Copies a text to the clipboard and says for a moment that it did, or why it could not.
import { iconCopy, iconSuccess } from "@siemens/ix-icons/icons";
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useEffect, useState } from "react";

interface CopyButtonProps {
  readonly text: string;
  readonly testId: string;
  readonly label?: string;
}

const shownForMs = 2500;

export function CopyButton({ text, testId, label = "Copy" }: CopyButtonProps): ReactNode {
  const [outcome, setOutcome] = useState<"none" | "copied" | "refused">("none");
  useEffect(() => {
    if (outcome === "none") return undefined;
    const timer = window.setTimeout(() => setOutcome("none"), shownForMs);
    return () => window.clearTimeout(timer);
  }, [outcome]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
    } catch {
      // No permission, or a page without TLS on another machine: there is no clipboard then.
      setOutcome("refused");
    }
  };
  const words = { none: label, copied: "Copied", refused: "Not allowed: select and copy" } as const;
  return (
    <IxButton
      variant="tertiary"
      icon={outcome === "copied" ? iconSuccess : iconCopy}
      onClick={() => void copy()}
      disabled={text === ""}
      data-testid={testId}
    >
      {words[outcome]}
    </IxButton>
  );
}
