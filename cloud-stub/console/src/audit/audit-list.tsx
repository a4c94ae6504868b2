// The audit records with their filter, in pages, and the way to take them away as a table.
import { iconAuditReport, iconDownload } from "@siemens/ix-icons/icons";
import { IxButton, IxEmptyState } from "@siemens/ix-react";
import { type ReactNode, useCallback, useState } from "react";
import { Link } from "react-router";
import { closeReasons } from "#protocol/close-reason.ts";
import { errorText } from "../cloud/api-error.ts";
import { fileName } from "../frame/file-name.ts";
import { PolledContent } from "../frame/polled-content.tsx";
import { readBytes, readDateTime, readDuration } from "../frame/readable.ts";
import { saveFile } from "../frame/save-file.ts";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { type AuditFilter, noFilter } from "./audit-filter.ts";
import { type AuditRecord, fetchAudit, fetchAuditCsv } from "./audit-records.ts";
import "./audit.css";

const refreshEveryMs = 10_000;

const types = [
  { value: "", text: "All" },
  { value: "Operation", text: "Connections" },
  { value: "Inventory", text: "Devices and endpoints" },
  { value: "User", text: "Users" },
  { value: "Group", text: "Groups" },
  { value: "Tenant", text: "Tenant" },
  { value: "Option", text: "Options" },
  { value: "SYSTEM", text: "System" },
];

const reasons = [{ value: "", text: "All" }, ...closeReasons.map((reason) => ({ value: reason, text: reason }))];

/** `deviceId`: only what is about this device. */
export function AuditList({ deviceId }: { readonly deviceId?: string }): ReactNode {
  const [filter, setFilter] = useState<AuditFilter>(noFilter);
  const [page, setPage] = useState(1);
  const load = useCallback(
    (signal: AbortSignal) => fetchAudit(filter, { deviceId, page }, signal),
    [filter, deviceId, page],
  );
  const polled = usePolled(load, refreshEveryMs);
  const change = (part: Partial<AuditFilter>): void => {
    setPage(1);
    setFilter((last) => ({ ...last, ...part }));
  };
  return (
    <>
      <Filter filter={filter} onChange={change} deviceId={deviceId} />
      <PolledContent polled={polled} waitText="Reading the audit records">
        {({ records, totalPages }) => (
          <>
            {records.length === 0 ? (
              <div data-testid="no-audit-records">
                <IxEmptyState layout="compact" header="No records fit" icon={iconAuditReport} />
              </div>
            ) : (
              <RecordTable records={records} showsDevice={deviceId === undefined} />
            )}
            {totalPages > 1 && <Pages page={page} totalPages={totalPages} onPage={setPage} />}
          </>
        )}
      </PolledContent>
    </>
  );
}

interface FilterProps {
  readonly filter: AuditFilter;
  readonly onChange: (part: Partial<AuditFilter>) => void;
  readonly deviceId: string | undefined;
}

function Filter({ filter, onChange, deviceId }: FilterProps): ReactNode {
  return (
    <search className="audit-filter">
      <ChoiceField
        id="audit-type"
        label="About"
        value={filter.type}
        onChange={(type) => onChange({ type })}
        choices={types}
      />
      <TextField id="audit-user" label="Who" value={filter.user} onChange={(user) => onChange({ user })} />
      <ChoiceField
        id="audit-reason"
        label="Close reason"
        value={filter.reason}
        onChange={(reason) => onChange({ reason })}
        choices={reasons}
      />
      <DateField id="audit-from" label="From" value={filter.from} onChange={(from) => onChange({ from })} />
      <DateField id="audit-to" label="To" value={filter.to} onChange={(to) => onChange({ to })} />
      <Export filter={filter} deviceId={deviceId} />
    </search>
  );
}

interface DateFieldProps {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function DateField({ id, label, value, onChange }: DateFieldProps): ReactNode {
  return (
    <div className="field">
      <label htmlFor={id} className="ix-form-label">
        {label}
      </label>
      <input
        id={id}
        data-testid={id}
        className="ix-form-control"
        type="date"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

function Export({ filter, deviceId }: Omit<FilterProps, "onChange">): ReactNode {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const save = async (): Promise<void> => {
    setIsBusy(true);
    setProblem(undefined);
    try {
      const name = deviceId === undefined ? "audit" : `audit-device-${deviceId}`;
      saveFile(fileName(name, ".csv"), await fetchAuditCsv(filter, deviceId));
    } catch (failure) {
      setProblem(errorText(failure));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <div className="audit-export">
      <IxButton
        variant="secondary"
        icon={iconDownload}
        loading={isBusy}
        onClick={() => void save()}
        data-testid="audit-export"
      >
        Export as CSV
      </IxButton>
      {problem !== undefined && (
        <span role="alert" className="field-error" data-testid="audit-export-error">
          {problem}
        </span>
      )}
    </div>
  );
}

interface RecordTableProps {
  readonly records: readonly AuditRecord[];
  readonly showsDevice: boolean;
}

function RecordTable({ records, showsDevice }: RecordTableProps): ReactNode {
  return (
    <div className="table-scroll">
      <table className="ix-table" data-testid="audit-table">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Details</th>
            {showsDevice && <th scope="col">Device</th>}
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={record.id} data-testid={`audit-${record.id}`} data-type={record.type}>
              <td className="nowrap">{readDateTime(record.time ?? record.creationTime) ?? "—"}</td>
              <td className="breaks-small">{record.user ?? "—"}</td>
              <td className="breaks-small">{record.activity}</td>
              <td className="breaks">
                {record.text}
                <SessionLine session={record.postern_Session} />
              </td>
              {showsDevice && <td>{deviceLink(record)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** From where, how long and how much: the rest stands in the record's own text. */
function SessionLine({ session }: { readonly session: AuditRecord["postern_Session"] }): ReactNode {
  if (session === undefined) return null;
  const { clientAddress, durationMs, bytesDown, bytesUp } = session;
  const facts = [
    clientAddress === undefined ? undefined : `from ${clientAddress}`,
    durationMs === undefined ? undefined : readDuration(durationMs),
    bytesDown === undefined ? undefined : `${readBytes(bytesDown)} received`,
    bytesUp === undefined ? undefined : `${readBytes(bytesUp)} sent`,
  ].filter((fact) => fact !== undefined);
  return facts.length === 0 ? null : <div className="soft">{facts.join(", ")}</div>;
}

function deviceLink({ source }: AuditRecord): ReactNode {
  return source === undefined ? "—" : <Link to={`/devices/${source.id}`}>{source.id}</Link>;
}

interface PagesProps {
  readonly page: number;
  readonly totalPages: number;
  readonly onPage: (page: number) => void;
}

function Pages({ page, totalPages, onPage }: PagesProps): ReactNode {
  return (
    <nav className="pages" aria-label="Pages">
      <IxButton variant="tertiary" disabled={page <= 1} onClick={() => onPage(page - 1)} data-testid="audit-newer">
        Newer
      </IxButton>
      <span className="soft" data-testid="audit-page">
        Page {page} of {totalPages}
      </span>
      <IxButton
        variant="tertiary"
        disabled={page >= totalPages}
        onClick={() => onPage(page + 1)}
        data-testid="audit-older"
      >
        Older
      </IxButton>
    </nav>
  );
}
