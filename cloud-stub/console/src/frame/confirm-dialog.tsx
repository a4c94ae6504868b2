// Asks before something is done that cannot be taken back, does it, and says why when it fails.
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { Dialog } from "./dialog.tsx";
import { initialFocus } from "./text-field.tsx";

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
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const confirm = async (): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      onDone();
      onClose();
    } catch (failure) {
      setError(errorText(failure));
      setIsBusy(false);
    }
  };
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
            onClick={() => void confirm()}
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
