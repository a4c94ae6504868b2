// A modal dialog: opens when mounted, tells when the person dismissed it, returns the focus when it goes.
import { IxModal, IxModalContent, IxModalFooter, IxModalHeader } from "@siemens/ix-react";
import { type ReactNode, useEffect, useRef } from "react";

interface DialogProps {
  readonly title: string;
  readonly testId: string;
  readonly onDismiss: () => void;
  readonly footer: ReactNode;
  readonly children: ReactNode;
  readonly size?: "360" | "480" | "600";
}

export function Dialog({ title, testId, onDismiss, footer, children, size = "480" }: DialogProps): ReactNode {
  const modal = useRef<HTMLIxModalElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    // Never rejects: iX catches its own failures.
    if (modal.current !== null) void open(modal.current);
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <IxModal ref={modal} size={size} disableAnimation aria-label={title} onDialogDismiss={onDismiss}>
      <IxModalHeader>{title}</IxModalHeader>
      <IxModalContent>
        <div data-testid={testId}>{children}</div>
      </IxModalContent>
      <IxModalFooter>{footer}</IxModalFooter>
    </IxModal>
  );
}

async function open(modal: HTMLIxModalElement): Promise<void> {
  await modal.showModal();
  const active = document.activeElement;
  // Opening takes a few frames: a person who is quick may be in a field already.
  if (active !== modal && modal.contains(active)) return;
  modal.querySelector<HTMLElement>("[data-initial-focus]")?.focus();
}
