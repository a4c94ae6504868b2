// Whose gateways may come in by certificate: the tenant's own authority, and those that somebody put on the list.
import { iconCertificate, iconSuccessFilled, iconWarning } from "@siemens/ix-icons/icons";
import { IxButton, IxContentHeader, IxEmptyState, IxIcon } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { PolledContent } from "../frame/polled-content.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayChangeTrust, mayReadTrust } from "../sign-in/permissions.ts";
import { AddCertificateDialog } from "./add-certificate-dialog.tsx";
import {
  changeCertificate,
  fetchCertificates,
  makeAuthority,
  removeCertificate,
  renewAuthority,
  type Standing,
  standingOf,
  type TrustedCertificate,
} from "./certificates.ts";

const refreshEveryMs = 10_000;

export function CertificatesPage(): ReactNode {
  const user = useCurrentUser();
  usePageTitle("Certificates");
  if (!mayReadTrust(user)) {
    return (
      <IxEmptyState
        header="You may not see the trusted certificates"
        subHeader="That needs the permission “Read” for Tenant management. Ask an administrator for it."
        icon={iconCertificate}
      />
    );
  }
  return <Certificates mayChange={mayChangeTrust(user)} />;
}

function Certificates({ mayChange }: { readonly mayChange: boolean }): ReactNode {
  const polled = usePolled(fetchCertificates, refreshEveryMs);
  const [toRemove, setToRemove] = useState<TrustedCertificate>();
  const [isAdding, setIsAdding] = useState(false);
  return (
    <>
      <IxContentHeader headerTitle="Certificates" headerSubtitle="Authorities whose gateways may log in by certificate">
        {mayChange && (
          <IxButton onClick={() => setIsAdding(true)} data-testid="add-certificate">
            Add certificate
          </IxButton>
        )}
      </IxContentHeader>
      <PolledContent polled={polled} waitText="Reading the certificates">
        {(certificates) => (
          <>
            {mayChange && <OwnAuthority certificates={certificates} onChanged={polled.refresh} />}
            {certificates.length === 0 ? (
              <div data-testid="no-certificates">
                <IxEmptyState layout="compact" header="No authority is trusted" icon={iconCertificate} />
              </div>
            ) : (
              <CertificateTable
                certificates={certificates}
                mayChange={mayChange}
                onChanged={polled.refresh}
                onRemove={setToRemove}
              />
            )}
          </>
        )}
      </PolledContent>
      {isAdding && <AddCertificateDialog onAdded={polled.refresh} onClose={() => setIsAdding(false)} />}
      {toRemove !== undefined && (
        <ConfirmDialog
          title="Remove the certificate"
          testId="remove-certificate-dialog"
          confirmText="Remove"
          onConfirm={() => removeCertificate(toRemove.fingerprint)}
          onDone={polled.refresh}
          onClose={() => setToRemove(undefined)}
        >
          Gateways that <strong>{nameOf(toRemove)}</strong> vouches for are then disconnected and cannot log in any
          more.
        </ConfirmDialog>
      )}
    </>
  );
}

/** The tenant's own authority is made here, and renewed. */
function OwnAuthority(props: {
  readonly certificates: readonly TrustedCertificate[];
  readonly onChanged: () => void;
}): ReactNode {
  const own = props.certificates.find(({ tenantCertificateAuthority }) => tenantCertificateAuthority === true);
  const { run, isBusy, error } = useChange(props.onChanged);
  return (
    <div className="stack">
      <p className="help-line">
        {own === undefined
          ? "This cloud can be an authority itself: gateways then get their certificates from it with a one-time password."
          : "This cloud is an authority itself. A renewed one keeps its key, so gateways notice nothing."}
      </p>
      <div>
        <IxButton
          variant="secondary"
          loading={isBusy}
          onClick={() => void run(own === undefined ? makeAuthority : renewAuthority)}
          data-testid={own === undefined ? "make-authority" : "renew-authority"}
        >
          {own === undefined ? "Make the certificate authority" : "Renew the certificate authority"}
        </IxButton>
      </div>
      <div role="alert" className="form-error" data-testid="authority-error">
        {error}
      </div>
    </div>
  );
}

function CertificateTable(props: {
  readonly certificates: readonly TrustedCertificate[];
  readonly mayChange: boolean;
  readonly onChanged: () => void;
  readonly onRemove: (certificate: TrustedCertificate) => void;
}): ReactNode {
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="certificate-table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Subject</th>
            <th scope="col">Status</th>
            <th scope="col">Valid until</th>
            <th scope="col">New gateways</th>
            {props.mayChange && (
              <th scope="col" className="actions">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {props.certificates.map((certificate) => (
            <CertificateRow key={certificate.fingerprint} {...props} certificate={certificate} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const standings: Readonly<Record<Standing, { readonly text: string; readonly isGood: boolean }>> = {
  "in-force": { text: "Trusted", isGood: true },
  disabled: { text: "Disabled", isGood: false },
  "not-yet": { text: "Not valid yet", isGood: false },
  expired: { text: "Expired", isGood: false },
};

function CertificateRow(props: {
  readonly certificate: TrustedCertificate;
  readonly mayChange: boolean;
  readonly onChanged: () => void;
  readonly onRemove: (certificate: TrustedCertificate) => void;
}): ReactNode {
  const { certificate, mayChange, onRemove } = props;
  const { fingerprint, status, autoRegistrationEnabled } = certificate;
  const { run, isBusy, error } = useChange(props.onChanged);
  const standing = standings[standingOf(certificate, Date.now())];
  const isEnabled = status === "ENABLED";
  return (
    <tr data-testid={`certificate-${fingerprint}`} data-status={status}>
      <td className="breaks">
        {nameOf(certificate)}
        <div className="mono breaks">{fingerprint}</div>
      </td>
      <td className="breaks">{certificate.subject}</td>
      <td>
        <span className={`state ${standing.isGood ? "state-good" : "state-bad"}`}>
          <IxIcon name={standing.isGood ? iconSuccessFilled : iconWarning} size="16" aria-hidden="true" />
          <span>{standing.text}</span>
        </span>
        {error !== undefined && <div className="field-error">{error}</div>}
      </td>
      <td className="nowrap">{new Date(certificate.notAfter).toLocaleDateString()}</td>
      <td>{autoRegistrationEnabled ? "register by themselves" : "must be registered first"}</td>
      {mayChange && (
        <td className="actions">
          <IxButton
            variant="tertiary"
            loading={isBusy}
            onClick={() =>
              void run(() => changeCertificate(fingerprint, { status: isEnabled ? "DISABLED" : "ENABLED" }))
            }
            data-testid={`${isEnabled ? "disable" : "enable"}-certificate-${fingerprint}`}
          >
            {isEnabled ? "Disable" : "Enable"}
          </IxButton>
          <IxButton
            variant="tertiary"
            onClick={() => onRemove(certificate)}
            data-testid={`remove-certificate-${fingerprint}`}
          >
            Remove
          </IxButton>
        </td>
      )}
    </tr>
  );
}

function nameOf({ name, subject }: TrustedCertificate): string {
  return name === "" ? subject : name;
}

/** One change at a time; why the last one failed, in words. */
function useChange(onChanged: () => void) {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const run = async (change: () => Promise<void>): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      await change();
      onChanged();
    } catch (failure) {
      setError(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };
  return { run, isBusy, error };
}
