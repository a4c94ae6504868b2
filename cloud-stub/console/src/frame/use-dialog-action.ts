// What a dialog is there for, done once at a time: it closes when that is done, and stays with the reason when it fails.
import { useState } from "react";
import { errorText } from "../cloud/api-error.ts";

interface DialogAction {
  readonly isBusy: boolean;
  /** Why it failed, in words for people. */
  readonly error: string | undefined;
  /** Never rejects. */
  readonly start: () => Promise<void>;
}

export function useDialogAction(
  action: () => Promise<void>,
  { onDone, onClose }: { readonly onDone: () => void; readonly onClose: () => void },
): DialogAction {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const start = async (): Promise<void> => {
    if (isBusy) return;
    setIsBusy(true);
    setError(undefined);
    try {
      await action();
      onDone();
      onClose();
    } catch (failure) {
      setError(errorText(failure));
      setIsBusy(false);
    }
  };
  return { isBusy, error, start };
}
