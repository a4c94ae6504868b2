// A dialog with a form: saves, says under the form why it could not, and keeps what was typed.
import { IxButton } from "@siemens/ix-react";
import type { FormEvent, ReactNode } from "react";
import { Dialog } from "../frame/dialog.tsx";
import { useDialogAction } from "../frame/use-dialog-action.ts";

interface FormDialogProps {
  readonly title: string;
  readonly testId: string;
  readonly saveText: string;
  readonly onSave: () => Promise<void>;
  readonly onSaved: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

export function FormDialog({
  title,
  testId,
  saveText,
  onSave,
  onSaved,
  onClose,
  children,
}: FormDialogProps): ReactNode {
  const { isBusy, error, start } = useDialogAction(onSave, { onDone: onSaved, onClose });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void start();
  };
  const formId = `${testId}-form`;
  return (
    <Dialog
      title={title}
      testId={testId}
      onDismiss={onClose}
      footer={
        <>
          <IxButton variant="secondary" onClick={onClose} data-testid={`${testId}-cancel`}>
            Cancel
          </IxButton>
          <IxButton type="submit" form={formId} loading={isBusy} data-testid={`${testId}-save`}>
            {saveText}
          </IxButton>
        </>
      }
    >
      <form id={formId} className="stack" onSubmit={submit} noValidate>
        {children}
        <div role="alert" className="form-error" data-testid={`${testId}-error`}>
          {error}
        </div>
      </form>
    </Dialog>
  );
}
