// The form that lets a gateway get a certificate from this cloud with a one-time password.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { TextField } from "../frame/text-field.tsx";
import { makeOneTimePassword } from "./one-time-password.ts";
import { offerCertificate } from "./registration-requests.ts";

export function CertificateForm(): ReactNode {
  const [deviceId, setDeviceId] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [offered, setOffered] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setError(undefined);
    setOffered(undefined);
    try {
      await offerCertificate(deviceId.trim(), password);
      setOffered(deviceId.trim());
      setDeviceId("");
      setPassword("");
    } catch (failure) {
      setError(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };

  return (
    <form className="inline-form" onSubmit={submit} noValidate>
      <TextField
        id="certificate-device-id"
        label="Device ID"
        value={deviceId}
        onChange={setDeviceId}
        placeholder="for example gw-0001"
        error={error}
        hint={offered === undefined ? "" : `${offered} may now get its certificate.`}
      />
      <TextField
        id="certificate-one-time-password"
        label="One-time password"
        value={password}
        onChange={setPassword}
        hint="8 to 32 characters; the gateway needs the same one."
      />
      <IxButton
        variant="secondary"
        onClick={() => setPassword(makeOneTimePassword())}
        data-testid="certificate-make-password"
      >
        Make one up
      </IxButton>
      <IxButton type="submit" loading={isBusy} data-testid="certificate-offer">
        Let it enrol
      </IxButton>
    </form>
  );
}
