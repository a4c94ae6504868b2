// The registration requests, each with its status in words and what the person can do.
import { iconHourglass, iconSuccessFilled, iconUserCheck, iconWarning } from "@siemens/ix-icons/icons";
import { IxButton, IxIcon } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { errorText } from "../cloud/api-error.ts";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { TextField } from "../frame/text-field.tsx";
import { TimeAgo } from "../frame/time-ago.tsx";
import { acceptRegistration, type RegistrationRequest, removeRegistration } from "./registration-requests.ts";
import { type StatusWords, statusWords } from "./status-words.ts";

interface RequestTableProps {
  readonly requests: readonly RegistrationRequest[];
  readonly mayChange: boolean;
  readonly onChanged: () => void;
}

export function RequestTable({ requests, mayChange, onChanged }: RequestTableProps): ReactNode {
  const [toRemove, setToRemove] = useState<RegistrationRequest>();
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="registration-table">
        <thead>
          <tr>
            <th scope="col">Device ID</th>
            <th scope="col">Status</th>
            <th scope="col">What happens next</th>
            <th scope="col">Added</th>
            {mayChange && (
              <th scope="col" className="actions">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {requests.map((request) => (
            <RequestRow
              key={request.id}
              request={request}
              mayChange={mayChange}
              onChanged={onChanged}
              onRemove={() => setToRemove(request)}
            />
          ))}
        </tbody>
      </table>
      {toRemove !== undefined && (
        <ConfirmDialog
          title="Remove the request"
          testId="remove-request-dialog"
          confirmText="Remove"
          onConfirm={() => removeRegistration(toRemove.id)}
          onDone={onChanged}
          onClose={() => setToRemove(undefined)}
        >
          The gateway <strong>{toRemove.id}</strong> can then no longer register, until you add it again.
        </ConfirmDialog>
      )}
    </div>
  );
}

interface RequestRowProps {
  readonly request: RegistrationRequest;
  readonly mayChange: boolean;
  readonly onChanged: () => void;
  readonly onRemove: () => void;
}

function RequestRow({ request, mayChange, onChanged, onRemove }: RequestRowProps): ReactNode {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const [token, setToken] = useState("");
  const [needsToken, setNeedsToken] = useState(false);
  const words = statusWords(request.status);
  const accept = async (): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      await acceptRegistration(request.id, needsToken ? token : undefined);
      onChanged();
    } catch (failure) {
      const text = errorText(failure);
      setError(text.replace(/^securityToken: /, ""));
      if (text.startsWith("securityToken: ")) setNeedsToken(true);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <tr data-testid={`request-${request.id}`} data-status={request.status}>
      <td className="mono breaks">{request.id}</td>
      <td>
        <RequestStatus words={words} />
      </td>
      <td>
        {words.next}
        {needsToken ? (
          <TextField
            id={`token-${request.id}`}
            label="Security token of the gateway"
            value={token}
            onChange={setToken}
            error={error}
          />
        ) : (
          error !== undefined && <div className="field-error">{error}</div>
        )}
      </td>
      <td className="nowrap">
        <TimeAgo iso={request.creationTime} />
      </td>
      {mayChange && (
        <td className="actions">
          {request.status === "PENDING_ACCEPTANCE" && (
            <IxButton onClick={() => void accept()} loading={isBusy} data-testid={`accept-${request.id}`}>
              Accept
            </IxButton>
          )}
          <IxButton variant="tertiary" onClick={onRemove} data-testid={`remove-request-${request.id}`}>
            Remove
          </IxButton>
        </td>
      )}
    </tr>
  );
}

const statusLooks = {
  waiting: { icon: iconHourglass, className: "state-off" },
  "needs-you": { icon: iconUserCheck, className: "state-attention" },
  good: { icon: iconSuccessFilled, className: "state-good" },
  bad: { icon: iconWarning, className: "state-bad" },
} as const;

function RequestStatus({ words }: { readonly words: StatusWords }): ReactNode {
  const look = statusLooks[words.kind];
  return (
    <span className={`state ${look.className}`}>
      <IxIcon name={look.icon} size="16" aria-hidden="true" />
      <span>{words.title}</span>
    </span>
  );
}
