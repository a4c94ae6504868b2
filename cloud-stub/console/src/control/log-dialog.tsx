// Get log: which one, from when to when, and what to look for in it.
import { type ReactNode, useState } from "react";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { ActionDialog, type ActionProps } from "./action-dialog.tsx";
import { getLog, logLinesMax } from "./management-requests.ts";

const spans = [
  { value: "1", text: "The last hour" },
  { value: "24", text: "The last day" },
  { value: "168", text: "The last week" },
  { value: "720", text: "The last 30 days" },
] as const;

const hourMs = 3_600_000;

export function LogDialog({
  deviceId,
  types,
  ...dialog
}: ActionProps & { readonly types: readonly string[] }): ReactNode {
  const [logFile, setLogFile] = useState(types[0] ?? "");
  const [hours, setHours] = useState<string>("24");
  const [searchText, setSearchText] = useState("");
  const [lines, setLines] = useState("1000");
  const maximumLines = /^[0-9]{1,5}$/.test(lines) ? Number(lines) : 0;
  const areLinesFine = maximumLines >= 1 && maximumLines <= logLinesMax;
  const ask = (): Promise<void> => {
    const nowMs = Date.now();
    return getLog(deviceId, {
      logFile,
      dateFrom: new Date(nowMs - Number(hours) * hourMs).toISOString(),
      dateTo: new Date(nowMs).toISOString(),
      searchText,
      maximumLines,
    });
  };
  return (
    <ActionDialog
      {...dialog}
      title="Get log"
      testId="log-dialog"
      confirmText="Get log"
      isReady={areLinesFine}
      onConfirm={ask}
    >
      <div className="two-fields">
        <ChoiceField
          id="log-type"
          label="Log"
          value={logFile}
          onChange={setLogFile}
          choices={types.map((type) => ({ value: type, text: type }))}
        />
        <ChoiceField id="log-span" label="Time" value={hours} onChange={setHours} choices={spans} />
      </div>
      <div className="two-fields">
        <TextField
          id="log-search"
          label="Only lines with (optional)"
          value={searchText}
          onChange={setSearchText}
          placeholder="for example tunnel"
        />
        <TextField
          id="log-lines"
          label="Lines at most"
          inputMode="numeric"
          value={lines}
          onChange={setLines}
          hint="The newest ones."
          error={areLinesFine ? undefined : `A whole number from 1 to ${logLinesMax}.`}
        />
      </div>
    </ActionDialog>
  );
}
