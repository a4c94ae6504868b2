// Asks whether the key that a panel shows is the one that the person expects.
import { IxButton } from "@siemens/ix-react";
import type { ReactNode } from "react";
import { Dialog } from "../frame/dialog.tsx";
import { initialFocus } from "../frame/text-field.tsx";

interface HostKeyDialogProps {
  readonly fingerprint: string;
  readonly algorithm: string;
  /** Fingerprint of a stored key of another algorithm. */
  readonly known?: string;
  readonly onAccept: () => void;
  readonly onCancel: () => void;
}

export function HostKeyDialog({ fingerprint, algorithm, known, onAccept, onCancel }: HostKeyDialogProps): ReactNode {
  return (
    <Dialog
      title="Is this the right device?"
      testId="host-key-dialog"
      size="600"
      onDismiss={onCancel}
      footer={
        <>
          <IxButton variant="secondary" onClick={onCancel} {...initialFocus} data-testid="host-key-cancel">
            Cancel
          </IxButton>
          <IxButton onClick={onAccept} data-testid="host-key-accept">
            Connect
          </IxButton>
        </>
      }
    >
      <p>
        The device shows a key that is not stored with this endpoint yet. Compare it with the one that the device or its
        owner tells you. If you connect, it is stored, and another key is refused from then on.
      </p>
      <dl className="facts host-key">
        <div>
          <dt>Algorithm</dt>
          <dd data-testid="host-key-algorithm">{algorithm}</dd>
        </div>
        <div>
          <dt>Fingerprint</dt>
          <dd className="fingerprint mono" data-testid="host-key-fingerprint">
            {fingerprint}
          </dd>
        </div>
        {known !== undefined && (
          <div>
            <dt>Stored until now</dt>
            <dd className="fingerprint mono" data-testid="host-key-known">
              {known}
            </dd>
          </div>
        )}
      </dl>
    </Dialog>
  );
}
