// The form that announces a gateway by its device ID.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { TextField } from "../frame/text-field.tsx";
import { readDeviceIdError } from "./device-id-error.ts";
import { requestRegistration } from "./registration-requests.ts";

export function AddDeviceForm({ onAdded }: { readonly onAdded: () => void }): ReactNode {
  const [deviceId, setDeviceId] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setError(undefined);
    try {
      await requestRegistration(deviceId.trim());
      setDeviceId("");
      onAdded();
    } catch (failure) {
      setError(readDeviceIdError(errorText(failure)));
    } finally {
      setIsBusy(false);
    }
  };

  return (
    <form className="inline-form" onSubmit={submit} noValidate>
      <TextField
        id="registration-device-id"
        label="Device ID"
        value={deviceId}
        onChange={setDeviceId}
        placeholder="for example gw-0001"
        error={error}
      />
      <IxButton type="submit" loading={isBusy} data-testid="registration-add">
        Add device
      </IxButton>
    </form>
  );
}
