// Asks before something is done that cannot be taken back, does it, and says why when it fails.
import { IxButton } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { Dialog } from "./dialog.tsx";
import { initialFocus } from "./text-field.tsx";
import { useDialogAction } from "./use-dialog-action.ts";

interface ConfirmDialogProps {
  readonly title: string;
  readonly testId: string;
  readonly confirmText: string;
  readonly onConfirm: () => Promise<void>;
  readonly onDone: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  const { title, testId, confirmText, onConfirm, onDone, onClose, children } = props;
  const { isBusy, error, start } = useDialogAction(onConfirm, { onDone, onClose });
  return (
    <Dialog
      title={title}
      testId={testId}
      onDismiss={onClose}
      footer={
        <>
          <IxButton variant="secondary" onClick={onClose} {...initialFocus} data-testid={`${testId}-cancel`}>
            Cancel
          </IxButton>
          <IxButton
            variant="danger-primary"
            loading={isBusy}
            onClick={() => void start()}
            data-testid={`${testId}-confirm`}
          >
            {confirmText}
          </IxButton>
        </>
      }
    >
      <p>{children}</p>
      <div role="alert" className="form-error">
        {error}
      </div>
    </Dialog>
  );
}
