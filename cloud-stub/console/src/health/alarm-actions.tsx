// What a person does about an alarm: takes note of it, or clears it after a question.
import { IxButton } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { type Alarm, setAlarmStatus } from "./alarms.ts";

interface AlarmActionsProps {
  readonly alarm: Alarm;
  readonly onChanged: () => void;
  readonly onClear: () => void;
}

export function AlarmActions({ alarm, onChanged, onClear }: AlarmActionsProps): ReactNode {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const acknowledge = async (): Promise<void> => {
    setIsBusy(true);
    setProblem(undefined);
    try {
      await setAlarmStatus(alarm.id, "ACKNOWLEDGED");
      onChanged();
    } catch (failure) {
      setProblem(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };
  if (alarm.status === "CLEARED") return null;
  return (
    <>
      {alarm.status === "ACTIVE" && (
        <IxButton
          variant="tertiary"
          loading={isBusy}
          // `acknowledge` answers with a problem in place of rejecting.
          onClick={() => void acknowledge()}
          data-testid={`acknowledge-${alarm.id}`}
        >
          Acknowledge
        </IxButton>
      )}
      <IxButton variant="tertiary" onClick={onClear} data-testid={`clear-${alarm.id}`}>
        Clear
      </IxButton>
      {problem !== undefined && (
        <div role="alert" className="field-error">
          {problem}
        </div>
      )}
    </>
  );
}

interface ClearDialogProps {
  readonly alarm: Alarm;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

export function ClearDialog({ alarm, onDone, onClose }: ClearDialogProps): ReactNode {
  return (
    <ConfirmDialog
      title="Clear this alarm?"
      testId="clear-alarm-dialog"
      confirmText="Clear"
      onConfirm={() => setAlarmStatus(alarm.id, "CLEARED")}
      onDone={onDone}
      onClose={onClose}
    >
      “{alarm.text}”: the gateway clears its alarms itself once their cause is gone. If you clear it before that, you
      may not be told of it again until it goes away and comes back.
    </ConfirmDialog>
  );
}
