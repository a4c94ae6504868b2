// Who is connected to what at this moment, with the way to end it.
import { iconConnections } from "@siemens/ix-icons/icons";
import { IxButton, IxContentHeader, IxEmptyState } from "@siemens/ix-react";
import { type ReactNode, useState } from "react";
import { Link } from "react-router";
import { ConfirmDialog } from "../frame/confirm-dialog.tsx";
import { PolledContent } from "../frame/polled-content.tsx";
import { readBytes } from "../frame/readable.ts";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { usePolled } from "../polling/use-polled.ts";
import { protocolText } from "../remote-access/endpoint.ts";
import { useCurrentUser } from "../sign-in/current-user.tsx";
import { mayEndSessions } from "../sign-in/permissions.ts";
import { endSession, fetchSessions, type LiveSession } from "./sessions.ts";

const refreshEveryMs = 2000;

export function SessionsPage(): ReactNode {
  usePageTitle("Sessions");
  if (!mayEndSessions(useCurrentUser())) {
    return (
      <IxEmptyState
        header="You may not see other people’s sessions"
        subHeader="That needs “Change” permission for Remote access. Ask an administrator for it."
        icon={iconConnections}
      />
    );
  }
  return <Sessions />;
}

function Sessions(): ReactNode {
  const polled = usePolled(fetchSessions, refreshEveryMs);
  const [toEnd, setToEnd] = useState<LiveSession>();
  return (
    <>
      <IxContentHeader headerTitle="Sessions" headerSubtitle="Connections that are open at this moment" />
      <PolledContent polled={polled} waitText="Reading the sessions">
        {(sessions) =>
          sessions.length === 0 ? (
            <div data-testid="no-sessions">
              <IxEmptyState layout="compact" header="Nobody is connected" icon={iconConnections} />
            </div>
          ) : (
            <SessionTable sessions={sessions} onEnd={setToEnd} />
          )
        }
      </PolledContent>
      {toEnd !== undefined && (
        <ConfirmDialog
          title="End the session"
          testId="end-session-dialog"
          confirmText="End"
          onConfirm={() => endSession(toEnd.id)}
          onDone={polled.refresh}
          onClose={() => setToEnd(undefined)}
        >
          <strong>{toEnd.userName}</strong> is then disconnected from <strong>{toEnd.endpointName}</strong>, and is told
          that an administrator ended the session.
        </ConfirmDialog>
      )}
    </>
  );
}

interface SessionTableProps {
  readonly sessions: readonly LiveSession[];
  readonly onEnd: (session: LiveSession) => void;
}

const stateTexts = { opening: "Opening", open: "Open", closing: "Closing" } as const;

function SessionTable({ sessions, onEnd }: SessionTableProps): ReactNode {
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="session-table">
        <thead>
          <tr>
            <th scope="col">Who</th>
            <th scope="col">Endpoint</th>
            <th scope="col">Protocol</th>
            <th scope="col" className="wide-only">
              From
            </th>
            <th scope="col">Since</th>
            <th scope="col">Received</th>
            <th scope="col">Sent</th>
            <th scope="col">State</th>
            <th scope="col" className="actions">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.id} data-testid={`live-session-${session.id}`} data-state={session.state}>
              <td className="breaks">{session.userName}</td>
              <td className="breaks">
                <Link to={`/devices/${session.deviceId}/remote-access`}>{session.endpointName}</Link>
              </td>
              <td>{protocolText(session.protocol)}</td>
              <td className="mono wide-only">{session.clientAddress}</td>
              <td className="nowrap">
                <TimeAgo iso={session.requestedTime} />
              </td>
              <td className="mono nowrap">{readBytes(session.bytesDown)}</td>
              <td className="mono nowrap">{readBytes(session.bytesUp)}</td>
              <td>{stateTexts[session.state] ?? session.state}</td>
              <td className="actions">
                <IxButton
                  variant="secondary"
                  onClick={() => onEnd(session)}
                  aria-label={`End the session of ${session.userName} to ${session.endpointName}`}
                  data-testid={`end-session-${session.id}`}
                >
                  End
                </IxButton>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
