// The alarms of a gateway: how bad they are, since when they stand, and what a person does about them.
import {
  iconErrorFilled,
  iconInfo,
  iconSuccessFilled,
  iconWarningFilled,
  iconWarningRhombFilled,
} from "@siemens/ix-icons/icons";
import { IxCheckbox, IxIcon } from "@siemens/ix-react";
import { type ReactNode, useCallback, useState } from "react";
import { PolledContent } from "../frame/polled-content.tsx";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { AlarmActions, ClearDialog } from "./alarm-actions.tsx";
import { type Alarm, alarmsMax, fetchAlarms } from "./alarms.ts";

const refreshEveryMs = 4000;

interface AlarmSectionProps {
  readonly deviceId: string;
  readonly mayChange: boolean;
}

export function AlarmSection({ deviceId, mayChange }: AlarmSectionProps): ReactNode {
  const [withCleared, setWithCleared] = useState(false);
  const load = useCallback(
    (signal: AbortSignal) => fetchAlarms(deviceId, withCleared, signal),
    [deviceId, withCleared],
  );
  const polled = usePolled(load, refreshEveryMs);
  return (
    <section aria-label="Alarms">
      <div className="section-head">
        <h2 className="section-title">Alarms</h2>
        <IxCheckbox
          label="Show cleared alarms"
          checked={withCleared}
          onCheckedChange={({ detail }) => setWithCleared(detail)}
          data-testid="alarms-cleared"
        />
      </div>
      <PolledContent polled={polled} waitText="Reading the alarms">
        {(alarms) =>
          alarms.length === 0 ? (
            <p className="with-icon state-good" data-testid="no-alarms">
              <IxIcon name={iconSuccessFilled} size="16" aria-hidden="true" />
              <span>{withCleared ? "There were no alarms yet." : "No alarms: nothing is wrong."}</span>
            </p>
          ) : (
            <>
              <AlarmTable alarms={alarms} mayChange={mayChange} onChanged={polled.refresh} />
              {alarms.length >= alarmsMax && <p className="soft">These are the newest {alarmsMax}.</p>}
            </>
          )
        }
      </PolledContent>
    </section>
  );
}

interface AlarmTableProps {
  readonly alarms: readonly Alarm[];
  readonly mayChange: boolean;
  readonly onChanged: () => void;
}

function AlarmTable({ alarms, mayChange, onChanged }: AlarmTableProps): ReactNode {
  const [clearing, setClearing] = useState<Alarm>();
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="alarm-table">
        <thead>
          <tr>
            <th scope="col">Severity</th>
            <th scope="col">Alarm</th>
            <th scope="col">Status</th>
            <th scope="col">Since</th>
            <th scope="col">Last raised</th>
            {mayChange && <th scope="col" aria-label="Actions" />}
          </tr>
        </thead>
        <tbody>
          {alarms.map((alarm) => (
            <AlarmRow key={alarm.id} alarm={alarm}>
              {mayChange && (
                <td className="actions">
                  <AlarmActions alarm={alarm} onChanged={onChanged} onClear={() => setClearing(alarm)} />
                </td>
              )}
            </AlarmRow>
          ))}
        </tbody>
      </table>
      {clearing !== undefined && (
        <ClearDialog alarm={clearing} onDone={onChanged} onClose={() => setClearing(undefined)} />
      )}
    </div>
  );
}

interface AlarmRowProps {
  readonly alarm: Alarm;
  /** Cells after those that say what it is. */
  readonly children: ReactNode;
}

function AlarmRow({ alarm, children }: AlarmRowProps): ReactNode {
  const { id, text, type, severity, status, count, time, firstOccurrenceTime } = alarm;
  return (
    <tr data-testid={`alarm-${id}`} data-status={status} data-severity={severity}>
      <td>
        <Severity severity={severity} isOver={status === "CLEARED"} />
      </td>
      <td className="breaks">
        {text}
        <div className="soft">{type}</div>
      </td>
      <td>{statusTexts[status] ?? status}</td>
      <td className="nowrap">
        <TimeAgo iso={firstOccurrenceTime} />
      </td>
      <td className="nowrap">
        <TimeAgo iso={time} />
        {count > 1 && <div className="soft">{count} times</div>}
      </td>
      {children}
    </tr>
  );
}

const statusTexts: Readonly<Record<string, string>> = {
  ACTIVE: "Active",
  ACKNOWLEDGED: "Acknowledged",
  CLEARED: "Cleared",
};

const severityLooks: Readonly<Record<string, { readonly text: string; readonly icon: string; readonly look: string }>> =
  {
    CRITICAL: { text: "Critical", icon: iconErrorFilled, look: "state-bad" },
    MAJOR: { text: "Major", icon: iconWarningRhombFilled, look: "state-bad" },
    MINOR: { text: "Minor", icon: iconWarningFilled, look: "state-attention" },
    WARNING: { text: "Warning", icon: iconInfo, look: "state-off" },
  };

function Severity({ severity, isOver }: { readonly severity: string; readonly isOver: boolean }): ReactNode {
  const { text, icon, look } = severityLooks[severity] ?? { text: severity, icon: iconInfo, look: "state-off" };
  return (
    <span className={`state ${isOver ? "state-off" : look}`}>
      <IxIcon name={icon} size="16" aria-hidden="true" />
      <span>{text}</span>
    </span>
  );
}
