// Run command: one of those that the gateway's own configuration allows, by its name.
import { type ReactNode, useState } from "react";
import { ChoiceField, TextField } from "../frame/text-field.tsx";
import { ActionDialog, type ActionProps } from "./action-dialog.tsx";
import { commandLengthMax, runCommand } from "./management-requests.ts";

const another = "";

export function CommandDialog({
  deviceId,
  earlier,
  ...dialog
}: ActionProps & { readonly earlier: readonly string[] }): ReactNode {
  const [chosen, setChosen] = useState(earlier[0] ?? another);
  const [typed, setTyped] = useState("");
  const text = chosen === another ? typed.trim() : chosen;
  return (
    <ActionDialog
      {...dialog}
      title="Run command"
      testId="command-dialog"
      confirmText="Run"
      isReady={text !== "" && text.length <= commandLengthMax}
      onConfirm={() => runCommand(deviceId, text)}
    >
      {earlier.length > 0 && (
        <ChoiceField
          id="command-choice"
          label="Command"
          value={chosen}
          onChange={setChosen}
          choices={[
            ...earlier.map((command) => ({ value: command, text: command })),
            { value: another, text: "Another one …" },
          ]}
        />
      )}
      {chosen === another && (
        <TextField
          id="command-text"
          label={earlier.length > 0 ? "Its name" : "Command"}
          value={typed}
          onChange={setTyped}
          placeholder="for example uptime"
          hint="One of the names below [commands] in the gateway’s own configuration. It runs nothing else."
          hasInitialFocus
        />
      )}
    </ActionDialog>
  );
}
