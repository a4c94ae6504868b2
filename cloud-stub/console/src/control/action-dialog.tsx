// The frame of the forms with which something is asked of a gateway: fields, what went wrong, Cancel and the button that asks.
import { IxButton } from "@siemens/ix-react";
import type { FormEvent, ReactNode } from "react";
import { Dialog } from "../frame/dialog.tsx";
import { useDialogAction } from "../frame/use-dialog-action.ts";

/** What every one of these forms is given. */
export interface ActionProps {
  readonly deviceId: string;
  /** Empty while the gateway is online. */
  readonly offlineHint: string;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

interface ActionDialogProps extends Omit<ActionProps, "deviceId"> {
  readonly title: string;
  readonly testId: string;
  readonly confirmText: string;
  /** Whether what is in the fields can be sent. */
  readonly isReady: boolean;
  readonly onConfirm: () => Promise<void>;
  readonly children: ReactNode;
}

export function ActionDialog(props: ActionDialogProps): ReactNode {
  const { title, testId, confirmText, isReady, offlineHint, onConfirm, onDone, onClose, children } = props;
  const { isBusy, error, start } = useDialogAction(onConfirm, { onDone, onClose });
  // `start` never rejects.
  const ask = (): void => {
    if (isReady) void start();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask();
  };
  return (
    <Dialog
      title={title}
      testId={testId}
      onDismiss={onClose}
      size="600"
      footer={
        <>
          <IxButton variant="secondary" onClick={onClose} data-testid={`${testId}-cancel`}>
            Cancel
          </IxButton>
          <IxButton loading={isBusy} disabled={!isReady} onClick={ask} data-testid={`${testId}-confirm`}>
            {confirmText}
          </IxButton>
        </>
      }
    >
      <form id={`${testId}-form`} className="stack" onSubmit={submit} noValidate>
        {children}
        {/* So that the enter key works in any field; the footer's button stands outside the form. */}
        <button type="submit" hidden tabIndex={-1} aria-hidden="true" />
        {offlineHint !== "" && <p className="field-hint">{offlineHint}</p>}
        <div role="alert" className="form-error" data-testid={`${testId}-error`}>
          {error}
        </div>
      </form>
    </Dialog>
  );
}
