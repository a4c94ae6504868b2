// The Control tab: each operation with its status, times, who asked for it, and what became of it.
import { iconErrorFilled, iconHistory, iconHourglass, iconSuccessFilled } from "@siemens/ix-icons/icons";
import { IxEmptyState, IxIcon, IxSpinner } from "@siemens/ix-react";
import { type ReactNode, useCallback } from "react";
import { useDevice } from "../devices/device-page.tsx";
import { PolledContent } from "../frame/polled-content.tsx";
import { readDateTime } from "../frame/readable.ts";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayReadAudit, mayReadOperations } from "../sign-in/permissions.ts";
import "./control.css";
import { DeviceActions } from "./device-actions.tsx";
import { fetchEndedSessions, fetchOperations, operationsMax } from "./operation-requests.ts";
import { OperationResult } from "./operation-result.tsx";
import {
  failureText,
  type Operation,
  type OperationLook,
  operationStatus,
  operationText,
  type SessionRecord,
  sessionText,
} from "./operation-words.ts";

const refreshEveryMs = 3000;

export function ControlTab(): ReactNode {
  const user = useCurrentUser();
  if (!mayReadOperations(user)) {
    return (
      <IxEmptyState
        header="You may not see operations"
        subHeader="That needs the permission “Read” for Device control. Ask an administrator for it."
        icon={iconHistory}
      />
    );
  }
  return <Operations maySeeSessions={mayReadAudit(user)} />;
}

const noSessions: ReadonlyMap<string, SessionRecord> = new Map();

function Operations({ maySeeSessions }: { readonly maySeeSessions: boolean }): ReactNode {
  const device = useDevice();
  const load = useCallback(
    async (signal: AbortSignal) => {
      const [operations, sessions] = await Promise.all([
        fetchOperations(device.id, signal),
        maySeeSessions ? fetchEndedSessions(device.id, signal) : noSessions,
      ]);
      return { operations, sessions };
    },
    [device.id, maySeeSessions],
  );
  const polled = usePolled(load, refreshEveryMs);

  return (
    <>
      <DeviceActions operations={polled.value?.operations ?? []} onCreated={polled.refresh} />
      <p className="soft">
        Each connection, and all that you ask the gateway to do here, makes an operation in the name of the person who
        asks. The gateway keeps it up to date, and it ends successful or failed.
      </p>
      <PolledContent polled={polled} waitText="Reading the operations">
        {({ operations, sessions }) => (
          <>
            {operations.length === 0 ? (
              <IxEmptyState
                layout="compact"
                header="No operations yet"
                subHeader="Connect to an endpoint to see one."
                icon={iconHistory}
              />
            ) : (
              <OperationTable operations={operations} sessions={sessions} />
            )}
            {operations.length >= operationsMax && <p className="soft">These are the newest {operationsMax}.</p>}
          </>
        )}
      </PolledContent>
    </>
  );
}

interface OperationTableProps {
  readonly operations: readonly Operation[];
  readonly sessions: ReadonlyMap<string, SessionRecord>;
}

function OperationTable({ operations, sessions }: OperationTableProps): ReactNode {
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="operation-table">
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Operation</th>
            <th scope="col">Outcome</th>
            <th scope="col">Who</th>
            <th scope="col">Created</th>
            <th scope="col">Last updated</th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <tr key={operation.id} data-testid={`operation-${operation.id}`} data-status={operation.status}>
              <td>
                <Status status={operation.status} />
              </td>
              <td className="breaks">{operationText(operation)}</td>
              <td className="breaks">{outcomeText(operation, sessions.get(operation.id))}</td>
              <td>{operation.postern_User ?? "—"}</td>
              <td className="nowrap">{readDateTime(operation.creationTime) ?? "—"}</td>
              <td className="nowrap">
                <TimeAgo iso={operation.postern_LastUpdated ?? operation.creationTime} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function outcomeText(operation: Operation, session: SessionRecord | undefined): ReactNode {
  const failure = failureText(operation);
  if (failure !== undefined) return <span data-testid={`failure-${operation.id}`}>{failure}</span>;
  if (session !== undefined) return <span data-testid={`session-${operation.id}`}>{sessionText(session)}</span>;
  return <OperationResult operation={operation} />;
}

function Status({ status }: { readonly status: string }): ReactNode {
  const { text, look } = operationStatus(status);
  return (
    <span className={`state ${classes[look]}`}>
      <StatusIcon look={look} />
      <span>{text}</span>
    </span>
  );
}

const classes = { waiting: "state-off", busy: "state-attention", good: "state-good", bad: "state-bad" } as const;
const icons = { waiting: iconHourglass, good: iconSuccessFilled, bad: iconErrorFilled } as const;

function StatusIcon({ look }: { readonly look: OperationLook }): ReactNode {
  if (look === "busy") return <IxSpinner size="x-small" aria-hidden="true" />;
  return <IxIcon name={icons[look]} size="16" aria-hidden="true" />;
}
